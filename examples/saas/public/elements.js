const SVG = 'http://www.w3.org/2000/svg'

/** An HTML element. Children are elements and text; text is never read as markup. */
export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children)
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children)
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false))
  return element
}

/** What an element was made from, as text. */
const sources = new WeakMap()

/**
 * Makes a list show these items. Elements of items that have not changed stay where they are, and with them the focus, and
 * what a screen reader is reading.
 */
export function showList(list, items, keyOf, render) {
  const before = new Map([...list.children].map((element) => [element.dataset.key, element]))
  for (const [index, item] of items.entries()) {
    const key = String(keyOf(item))
    const source = JSON.stringify(item)
    const old = before.get(key)
    before.delete(key)
    if (old && sources.get(old) === source) {
      if (list.children[index] !== old) list.insertBefore(old, list.children[index])
      continue
    }
    const element = render(item)
    element.dataset.key = key
    sources.set(element, source)
    if (old) replace(old, element)
    if (list.children[index] !== element) list.insertBefore(element, list.children[index])
  }
  for (const element of before.values()) element.remove()
}

function replace(old, element) {
  const hadFocus = old.contains(document.activeElement)
  old.replaceWith(element)
  if (hadFocus) element.querySelector('a, button')?.focus()
}
