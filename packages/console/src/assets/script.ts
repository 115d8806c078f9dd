/**
 * The page's script. Everything can be read and done without it: it adds live updates, keys, and times that go on. It is
 * text, because a bundler of the application has no part in what the browser gets.
 */
export const SCRIPT = `(() => {
'use strict'
const $ = (selector, root = document) => root.querySelector(selector)
const all = (selector, root = document) => [...root.querySelectorAll(selector)]
const liveUrl = document.body.dataset.live
let version = $('#main').dataset.version

// Times
const STEPS = [[60, 's'], [60, 'min'], [24, 'h'], [Infinity, 'd']]
const relative = (ms) => {
  let amount = Math.abs(ms) / 1000
  if (amount < 10) return 'just now'
  for (const [size, unit] of STEPS) {
    if (amount < size) return ms < 0 ? Math.floor(amount) + ' ' + unit + ' ago' : 'in ' + Math.floor(amount) + ' ' + unit
    amount /= size
  }
}
const tick = () => {
  for (const time of all('time')) {
    const rel = $('.rel', time)
    const text = relative(Date.parse(time.dateTime) - Date.now())
    if (rel && text && rel.textContent !== text) rel.textContent = text
    time.title = new Date(time.dateTime).toLocaleString() + ' here, ' + new Date(time.dateTime).toUTCString()
  }
}
setInterval(tick, 5000)

// Live: the server says that something has changed, and the page takes over the regions that differ.
const plain = (region) => {
  const copy = region.cloneNode(true)
  for (const part of all('.rel, input[name=token]', copy)) part.remove()
  for (const part of all('details', copy)) part.removeAttribute('open')
  for (const part of all('time', copy)) part.removeAttribute('title')
  for (const part of all('.new', copy)) part.classList.remove('new')
  for (const part of all('[class=""]', copy)) part.removeAttribute('class')
  return copy.innerHTML
}
const isTyping = (region) => {
  const active = document.activeElement
  return region.contains(active) && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName)
}
let missed = false
const takeOver = (next) => {
  for (const region of all('[data-live][id]', next)) {
    const old = document.getElementById(region.id)
    if (!old) { insert(region, next); continue }
    if (plain(old) === plain(region)) continue
    if (isTyping(old)) { missed = true; continue }
    const known = new Set(all('[id]', old).map((element) => element.id))
    const opened = new Set(all('details[open][id]', old).map((element) => element.id))
    const focused = old.contains(document.activeElement) ? focusPath(old) : undefined
    for (const details of all('details[id]', region)) details.open = opened.has(details.id)
    if (known.size > 0) for (const row of all('[id^=row-]', region)) if (!known.has(row.id)) row.classList.add('new')
    old.replaceWith(document.importNode(region, true))
    if (focused) restoreFocus(document.getElementById(region.id), focused)
  }
  for (const region of all('main [data-live][id]')) if (!next.getElementById(region.id)) region.remove()
  tick()
}
const insert = (region, next) => {
  const before = region.previousElementSibling
  const anchor = before && before.id && document.getElementById(before.id)
  const copy = document.importNode(region, true)
  if (anchor) anchor.after(copy)
  else if (region.parentElement.id === 'main') $('#main').append(copy)
  else { const column = all('.split > *')[all('.split > *', next).indexOf(region.parentElement)]; if (column) column.append(copy) }
}
const focusable = 'a, button, summary, input, select, textarea, pre'
const focusPath = (region) => {
  const element = document.activeElement
  const holder = element.closest('[id^=row-]')
  return { id: holder && holder.id, index: all(focusable, holder || region).indexOf(element) }
}
const restoreFocus = (region, { id, index }) => {
  const holder = (id && document.getElementById(id)) || region
  const target = holder.matches(focusable) ? holder : all(focusable, holder)[Math.max(index, 0)]
  if (target) target.focus({ preventScroll: true })
}
let isLoading = false
const refresh = async () => {
  if (isLoading) { missed = true; return }
  isLoading = true
  missed = false
  try {
    const url = new URL(location.href)
    url.searchParams.delete('check')
    const response = await fetch(url, { headers: { accept: 'text/html' }, redirect: 'manual' })
    if (response.status === 403 || response.type === 'opaqueredirect') return say('bad', 'Signed out: reload')
    if (response.status === 503) return say('warn', 'Database unavailable')
    if (!response.ok && response.status !== 404) return
    const next = new DOMParser().parseFromString(await response.text(), 'text/html')
    const main = next.getElementById('main')
    if (!main) return
    version = main.dataset.version
    takeOver(next)
    return true
  } catch {
    say('warn', 'Reconnecting')
  } finally {
    isLoading = false
    if (missed) setTimeout(refresh, 1000)
  }
}
const status = $('.live')
const say = (tone, text) => {
  status.hidden = false
  if (status.textContent !== text) status.textContent = text
  status.dataset.tone = tone
}
let source
let poll
const startPolling = () => { poll ??= setInterval(async () => { if (!document.hidden && await refresh()) say('good', 'Updating') }, 3000) }
const stopPolling = () => { clearInterval(poll); poll = undefined }
const connect = () => {
  if (source) source.close()
  source = new EventSource(liveUrl + '?page=' + encodeURIComponent(location.pathname + location.search))
  // A proxy that holds events back looks like silence.
  const silence = setTimeout(startPolling, 5000)
  const onVersion = (event) => {
    clearTimeout(silence)
    stopPolling()
    say('good', 'Live')
    if (event.data !== version) refresh()
  }
  source.addEventListener('version', onVersion)
  source.addEventListener('unavailable', () => say('warn', 'Database unavailable'))
  source.onerror = () => {
    say('warn', 'Reconnecting')
    if (source.readyState === EventSource.CLOSED) { startPolling(); setTimeout(connect, 15000) }
  }
}
// A hidden page holds no connection: browsers allow few of them.
const visible = () => {
  if (!document.hidden) return connect()
  if (source) source.close()
  stopPolling()
}
document.addEventListener('visibilitychange', visible)
addEventListener('pagehide', () => source && source.close())
addEventListener('pageshow', (event) => event.persisted && refresh().then(connect))

// Keys
const dialog = $('dialog.keys')
const move = (step) => {
  const rows = all('[data-row]').filter((row) => row.checkVisibility())
  if (rows.length === 0) return
  const active = document.activeElement
  const inside = active.closest('li')
  let index = rows.findIndex((row) => row === active || (inside && inside.contains(row)))
  index = index === -1 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, index + step))
  rows[index].focus()
  rows[index].scrollIntoView({ block: 'nearest' })
}
const go = (section) => { const link = $('nav a[data-section=' + section + ']'); if (link) link.click() }
const KEYS = {
  '/': () => { const field = $('[data-search]'); field.focus(); field.select() },
  j: () => move(1),
  k: () => move(-1),
  h: () => go('health'),
  d: () => go('deliveries'),
  c: () => go('customers'),
  a: () => go('activity'),
  '?': () => dialog.showModal(),
}
document.addEventListener('keydown', (event) => {
  const { target, key } = event
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return
  const isField = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
  if (key === 'Escape') {
    if (isField) target.blur()
    else { const opened = target.closest('details[open]'); if (opened) { opened.open = false; $('summary', opened).focus() } }
    return
  }
  if (isField || !Object.hasOwn(KEYS, key)) return
  event.preventDefault()
  KEYS[key]()
})
const keysButton = $('[data-keys]')
keysButton.hidden = false
keysButton.addEventListener('click', () => dialog.showModal())

// Forms
document.addEventListener('change', (event) => { if (event.target.matches('[data-submit]')) event.target.form.requestSubmit() })
document.addEventListener('submit', (event) => {
  // The button stays in place, so that the focus does, too.
  if (event.target.method === 'post') {
    if (event.target.dataset.sent) event.preventDefault()
    event.target.dataset.sent = 'yes'
    const button = $('button', event.target)
    button.setAttribute('aria-disabled', 'true')
    button.classList.add('busy')
  }
})

tick()
visible()
})()
`
