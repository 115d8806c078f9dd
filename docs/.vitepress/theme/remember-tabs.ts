import { inBrowser, onContentUpdated } from 'vitepress'

const KEY = 'kinde-billing-tabs'
const TABS = '.vp-code-group .tabs label'

/** Remembers the tabs that a reader chooses (a framework, a module system), and shows them in every code group. */
export function rememberTabs(): void {
  if (!inBrowser) return
  let chosen = read()
  const show = (): void => {
    // the last choice last, so that it wins if a group has two of them
    for (const title of chosen) for (const label of document.querySelectorAll<HTMLElement>(TABS)) select(label, title)
  }
  document.addEventListener('click', ({ target, isTrusted }) => {
    if (!isTrusted || !(target instanceof Element)) return
    const title = findLabel(target)?.textContent?.trim()
    if (title === undefined) return
    chosen = [...chosen.filter((one) => one !== title), title].slice(-8)
    write(chosen)
    const top = target.getBoundingClientRect().top
    show()
    // groups above may have changed their height: keep the one that was clicked in place
    window.scrollBy(0, target.getBoundingClientRect().top - top)
  })
  onContentUpdated(show)
}

/** The label of a tab that was clicked, or chosen with the keyboard, which clicks the radio button. */
function findLabel(target: Element): Element | null {
  if (target.matches(TABS)) return target
  if (!target.matches('.vp-code-group input')) return null
  return document.querySelector(`label[for="${CSS.escape(target.id)}"]`)
}

function select(label: HTMLElement, title: string): void {
  if (label.textContent?.trim() !== title) return
  const input = document.getElementById(label.getAttribute('for') ?? '')
  if (input instanceof HTMLInputElement && !input.checked) input.click()
}

function read(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}

function write(titles: string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(titles))
  } catch {
    // storage is full or forbidden: the choice lasts until the page is left
  }
}
