import type { Router } from 'vitepress'

/**
 * Makes each link load its page from the server. VitePress would load the page's content as a script instead, and so the site
 * would hold every page twice.
 */
export function loadWholePages(router: Router): void {
  let opened = false
  router.onBeforeRouteChange = (to) => {
    if (!opened) return true
    location.assign(to)
    return false
  }
  // called for the first page, and when the reader goes back within a page, where the browser scrolls by itself
  router.onBeforePageLoad = () => {
    if (opened) return false
    opened = true
    return true
  }
}
