import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'
import { rememberTabs } from './remember-tabs.js'
import './style.css'

export default {
  extends: DefaultTheme,
  setup: rememberTabs,
} satisfies Theme
