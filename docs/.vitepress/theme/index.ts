import { inBrowser, type Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'
import { rememberTabs } from './remember-tabs.js'
import './style.css'
import { loadWholePages } from './whole-pages.js'

export default {
  extends: DefaultTheme,
  enhanceApp: ({ router }) => {
    if (inBrowser && import.meta.env.PROD) loadWholePages(router)
  },
  setup: rememberTabs,
} satisfies Theme
