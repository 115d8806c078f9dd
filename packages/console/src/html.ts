/** Markup that is safe to send. */
export interface Html {
  readonly markup: string
}

/** A value in a template: markup stands as it is, text is escaped, and `undefined` and `false` are left out. */
export type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[]

class SafeHtml implements Html {
  constructor(readonly markup: string) {}
}

/**
 * Builds markup from a template. Every text in it is escaped, and characters that hide or reorder text are shown by their
 * names: everything of an event is written by somebody else. This is the only way from text to markup, which is why it is
 * not the template of a library: there, a value would pass that has not been through {@link showHidden}.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new SafeHtml(strings.reduce((markup, string, index) => markup + toMarkup(values[index - 1]) + string))
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string' || typeof value === 'number') return escapeMarkup(showHidden(String(value)))
  // By its class: an object of an event that looks like markup is none.
  if (value instanceof SafeHtml) return value.markup
  if (Array.isArray(value)) return value.map(toMarkup).join('')
  throw new TypeError('Only markup and text can stand in a template')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeMarkup = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '')

// Joiners stay: they belong to emoji and to several scripts.
const HIDDEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu

/** Replaces control characters, also those that reverse the direction of text, by their names, such as `[U+202E]`. */
export function showHidden(text: string): string {
  return text.replace(HIDDEN, (char) => `[U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`)
}
