import type { Page } from 'playwright-core'

/** Every visible text whose contrast with what is behind it is lower (WCAG 2: 4.5 for text of normal size). */
export function contrastsBelow(page: Page, lowest: number): Promise<string[]> {
  return page.evaluate((limit) => {
    type Colour = [red: number, green: number, blue: number, alpha: number]

    const parse = (css: string): Colour => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = css.match(/[\d.]+/g)?.map(Number) ?? []
      return [red, green, blue, alpha]
    }
    const over = ([red, green, blue, alpha]: Colour, below: Colour): Colour => {
      const mix = (top: number, bottom: number) => top * alpha + bottom * (1 - alpha)
      return [mix(red, below[0]), mix(green, below[1]), mix(blue, below[2]), 1]
    }
    const behind = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1]
      const colour = parse(getComputedStyle(element).backgroundColor)
      return colour[3] === 1 ? colour : over(colour, behind(element.parentElement))
    }
    const luminance = ([red, green, blue]: Colour): number => {
      const linear = (value: number) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
    const found: string[] = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const { parentElement: element, textContent: text } = node
      if (!element?.checkVisibility() || !text?.trim() || element.closest('title, .unseen, script')) continue
      const { color, fill } = getComputedStyle(element)
      const ground = behind(element)
      const ink = over(parse(element instanceof SVGElement ? fill : color), ground)
      const [dark = 0, light = 0] = [luminance(ink), luminance(ground)].sort((a, b) => a - b)
      const contrast = (light + 0.05) / (dark + 0.05)
      if (contrast < limit) found.push(`${contrast.toFixed(2)}: ${text.trim()}`)
    }
    return found
  }, lowest)
}
