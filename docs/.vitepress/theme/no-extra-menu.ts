/** Takes the place of the theme's menu of further entries: this site has none, and every page would hold it. */
export default { render: () => null }
