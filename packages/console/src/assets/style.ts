/** The page's style: text, for the reason that the script gives. */
export const STYLE = `:root {
  color-scheme: light dark;
  --ground: #f6f7f9;
  --paper: #fff;
  --raised: #f1f2f6;
  --line: #e1e4ea;
  --line-strong: #878e9c;
  --ink: #171a21;
  --soft: #596070;
  --accent: #4a4fd9;
  --accent-ink: #fff;
  --accent-soft: #ecedfd;
  --good: #14683f;
  --good-soft: #e2f4ea;
  --warn: #84500a;
  --warn-soft: #fcf0d9;
  --bad: #ae2330;
  --bad-soft: #fdebec;
  --busy: #1d5ba6;
  --busy-soft: #e5f0fb;
  --quiet-soft: #eceef2;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Segoe UI Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace;
  --radius: 8px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1015;
    --paper: #161920;
    --raised: #1d212a;
    --line: #282d38;
    --line-strong: #6f788a;
    --ink: #e9ebf0;
    --soft: #a0a8b8;
    --accent: #a5aaff;
    --accent-ink: #14162b;
    --accent-soft: #24274a;
    --good: #6fd7a0;
    --good-soft: #132e21;
    --warn: #f2bf6c;
    --warn-soft: #33270f;
    --bad: #ff9aa1;
    --bad-soft: #3b191d;
    --busy: #8dc1ff;
    --busy-soft: #152b45;
    --quiet-soft: #262b35;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 72px; }
body {
  margin: 0;
  min-height: 100vh;
  display: flex;
  flex-direction: column;
  background: var(--ground);
  color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 21px; line-height: 1.3; font-weight: 650; letter-spacing: -.012em; min-width: 0; overflow-wrap: anywhere; }
h2 { font-size: 14px; font-weight: 650; margin-bottom: 10px; }
code, pre, kbd { font-family: var(--mono); font-size: .925em; }
h1 code { font-size: .86em; font-weight: 600; letter-spacing: -.02em; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 3px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
[hidden] { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 12px; top: -60px; z-index: 10; padding: 8px 12px; background: var(--paper); border-radius: var(--radius); }
.skip:focus { top: 8px; }
.quiet, .none, .abs { color: var(--soft); }
.error { color: var(--bad); }
.wrap { overflow-wrap: anywhere; white-space: pre-wrap; }
.name { overflow-wrap: anywhere; unicode-bidi: isolate; }
time { white-space: nowrap; }
.abs { font-size: .93em; margin-left: 2px; }

.top {
  position: sticky; top: 0; z-index: 5;
  display: flex; align-items: center; gap: 4px 20px; flex-wrap: wrap;
  min-height: 54px; padding: 8px max(20px, calc((100vw - 1320px) / 2));
  background: var(--paper); border-bottom: 1px solid var(--line);
}
.brand { display: flex; align-items: center; gap: 9px; font-weight: 650; color: var(--ink); text-decoration: none; white-space: nowrap; min-height: 32px; }
.brand rect { fill: var(--accent); }
.brand path { fill: none; stroke: var(--accent-ink); stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
.top nav { display: flex; gap: 2px; }
.top nav a { padding: 5px 11px; border-radius: 6px; color: var(--soft); text-decoration: none; font-weight: 500; }
.top nav a:hover { background: var(--raised); color: var(--ink); }
.top nav a[aria-current] { color: var(--ink); background: var(--raised); }
.search { margin-left: auto; flex: 0 1 290px; min-width: 150px; }
.search input { width: 100%; }
.live { display: flex; align-items: center; gap: 7px; font-size: 12.5px; color: var(--soft); white-space: nowrap; }
.live::before { content: ''; width: 8px; height: 8px; border-radius: 50%; background: var(--good); }
.live[data-tone=warn]::before { background: var(--warn); }
.live[data-tone=bad]::before { background: var(--bad); }

main { flex: 1; width: 100%; max-width: 1360px; margin: 0 auto; padding: 22px 20px 40px; min-width: 0; }
.foot { display: flex; justify-content: space-between; align-items: center; gap: 12px; flex-wrap: wrap; max-width: 1360px; width: 100%; margin: 0 auto; padding: 12px 20px 20px; color: var(--soft); font-size: 12.5px; overflow-wrap: anywhere; }
.heading { display: flex; align-items: center; gap: 8px 14px; flex-wrap: wrap; margin-bottom: 16px; }
.heading .count { color: var(--soft); }
.crumb { margin-bottom: 4px; font-size: 13px; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius); padding: 16px 18px; margin-bottom: 16px; min-width: 0; }
section:empty, section:not(:has(*)) { display: none; }
section > p + p, section > p + form, section > p + details, section > p + .actions, section > p + .facts { margin-top: 10px; }
.split { display: grid; grid-template-columns: minmax(0, 1fr) minmax(300px, 380px); gap: 0 16px; align-items: start; }
.split > * { min-width: 0; }
.why { font-size: 16px; line-height: 1.45; max-width: 75ch; overflow-wrap: anywhere; }

.badge { display: inline-flex; align-items: center; gap: 6px; padding: 1px 9px 1px 8px; border-radius: 99px; font-size: 12.5px; font-weight: 550; line-height: 20px; white-space: nowrap; color: var(--soft); background: var(--quiet-soft); }
.badge::before { content: ''; width: 6px; height: 6px; border-radius: 50%; background: currentColor; }
.badge.good { color: var(--good); background: var(--good-soft); }
.badge.warn { color: var(--warn); background: var(--warn-soft); }
.badge.bad { color: var(--bad); background: var(--bad-soft); }
.badge.busy { color: var(--busy); background: var(--busy-soft); }
.badge.quiet { color: var(--soft); }
.tag { display: inline-block; max-width: 100%; padding: 0 7px; border-radius: 5px; background: var(--raised); font-size: 12.5px; }

.notice { border-radius: var(--radius); padding: 12px 16px; margin-bottom: 16px; border: 1px solid var(--line); background: var(--paper); border-left: 4px solid var(--soft); overflow-wrap: anywhere; }
.notice p { max-width: 95ch; }
.notice p + p { margin-top: 3px; }
.notice.quiet { color: var(--ink); }
.notice.good { border-left-color: var(--good); }
.notice.warn { border-left-color: var(--warn); }
.notice.bad { border-left-color: var(--bad); }
.empty { padding: 26px 16px; text-align: center; color: var(--soft); }
.empty strong { color: var(--ink); }
.empty p { max-width: 62ch; margin: 0 auto; overflow-wrap: anywhere; }

.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(168px, 1fr)); gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; margin-bottom: 16px; }
.numbers > div { background: var(--paper); padding: 12px 16px; min-width: 0; }
.numbers dt { color: var(--soft); font-size: 12.5px; }
.numbers dd { font-size: 15px; font-weight: 550; }
.numbers .number { font-size: 20px; line-height: 1.3; }
.numbers .abs { display: block; margin: 0; font-size: 12.5px; font-weight: 400; }
.counts li + li { border-top: 1px solid var(--line); }
.counts a { display: flex; justify-content: space-between; padding: 7px 0; color: var(--ink); text-decoration: none; }
.counts a:hover span:first-child { text-decoration: underline; }
.counts .number { font-weight: 600; }

.facts { display: grid; gap: 7px; }
.facts > div { display: grid; grid-template-columns: 118px minmax(0, 1fr); gap: 12px; }
.facts dt { color: var(--soft); }
.facts dd { min-width: 0; overflow-wrap: anywhere; }

.tools { display: flex; gap: 8px 16px; flex-wrap: wrap; align-items: end; justify-content: space-between; margin-bottom: 12px; }
#tools { margin-bottom: 12px; }
.tabs { display: flex; flex-wrap: wrap; gap: 2px; }
.tabs a { display: inline-flex; gap: 6px; padding: 5px 10px; border-radius: 6px; color: var(--soft); text-decoration: none; font-weight: 500; border: 1px solid transparent; }
.tabs a:hover { color: var(--ink); background: var(--quiet-soft); }
.tabs a[aria-current] { color: var(--ink); background: var(--paper); border-color: var(--line); }
.tabs .number { color: var(--soft); font-weight: 400; }
.searched { margin-top: 8px; overflow-wrap: anywhere; }
.filters { display: flex; gap: 8px; align-items: end; flex-wrap: wrap; }
.filters label { display: grid; min-width: 0; }
.filters label span, .reason span { font-size: 12.5px; color: var(--soft); }

input, select, button, .button {
  font: inherit; color: inherit; min-height: 32px; padding: 4px 10px; border-radius: 6px;
  border: 1px solid var(--line-strong); background: var(--paper); max-width: 100%; min-width: 0;
}
input::placeholder { color: var(--soft); opacity: 1; }
button, .button { cursor: pointer; font-weight: 550; display: inline-flex; align-items: center; gap: 8px; text-decoration: none; color: var(--ink); border-color: var(--line-strong); }
button:hover, .button:hover { background: var(--raised); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
button.primary:hover { filter: brightness(1.07); }
button.busy { opacity: .75; cursor: progress; }
button.plain { border-color: transparent; background: none; color: var(--soft); font-weight: 400; }
button.plain:hover { color: var(--ink); background: var(--raised); }
kbd { padding: 0 6px; border: 1px solid var(--line-strong); border-radius: 4px; background: var(--paper); color: var(--ink); }
.action { display: grid; gap: 10px; justify-items: start; }
.reason { display: grid; width: 100%; max-width: 420px; }
.check { display: flex; gap: 8px; align-items: center; }
.check input { min-height: 0; width: 16px; height: 16px; accent-color: var(--accent); }
.actions { display: flex; gap: 8px; flex-wrap: wrap; }
#notice .action { display: flex; flex-wrap: wrap; align-items: end; gap: 8px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius); padding: 12px 16px; margin-bottom: 12px; }
#notice .action p { flex: 1 1 260px; align-self: center; color: var(--soft); }
#notice .reason { width: auto; flex: 0 1 280px; }

#list { padding: 0; overflow: hidden; }
#list .empty { padding: 40px 16px; }
#failed { padding: 0; overflow: hidden; }
#failed h2 { padding: 14px 18px 0; }
#failed > p { padding: 10px 18px 14px; }
#open { padding: 0; overflow: hidden; }
#open h2 { padding: 14px 18px 0; }
.columns, .rows summary, .rows .row { display: grid; gap: 0 14px; align-items: center; padding: 0 18px; }
.deliveries .columns, .deliveries summary { grid-template-columns: 122px minmax(0, 1fr) minmax(0, 270px) 38px 200px; }
.customers .columns, .customers .row { grid-template-columns: 122px minmax(0, 1fr) minmax(0, 190px) 150px 200px; }
.columns { color: var(--soft); font-size: 12.5px; min-height: 32px; border-bottom: 1px solid var(--line); }
.rows summary, .rows .row { min-height: 38px; cursor: pointer; color: inherit; text-decoration: none; list-style: none; }
.rows summary::-webkit-details-marker { display: none; }
.rows li + li { border-top: 1px solid var(--line); }
.rows summary:hover, .rows .row:hover, .rows details[open] > summary { background: var(--raised); }
.rows summary:focus-visible, .rows .row:focus-visible { outline-offset: -2px; border-radius: 0; background: var(--accent-soft); }
.rows summary > *, .rows .row > * { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.rows summary .name, .rows .row .name { overflow-wrap: normal; }
.cell-main strong { font-weight: 550; margin-right: 6px; }
.cell-main code, .cell-customer { color: var(--soft); }
.customers .cell-main code { color: var(--ink); }
.deliveries .columns span:nth-child(4), .cell-count { text-align: right; }
.columns span:last-child, .cell-time { text-align: right; }
.opened { padding: 14px 18px 16px; background: var(--raised); border-top: 1px solid var(--line); }
.opened .facts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 7px 24px; }
.opened p { margin-top: 12px; }
@media (prefers-reduced-motion: no-preference) {
  .new { animation: arrive 2.2s ease-out; }
  @keyframes arrive { from { background: var(--accent-soft); } }
}
.pager { display: flex; gap: 8px; align-items: center; justify-content: flex-end; padding: 10px 18px; border-top: 1px solid var(--line); flex-wrap: wrap; }
.pager span { margin-right: auto; color: var(--soft); }

.timeline { position: relative; display: grid; gap: 14px; }
.timeline li { position: relative; padding-left: 20px; }
.timeline li::before { content: ''; position: absolute; left: 0; top: 6px; width: 9px; height: 9px; border-radius: 50%; border: 2px solid var(--accent); background: var(--paper); }
.timeline li:not(:last-child)::after { content: ''; position: absolute; left: 4px; top: 19px; bottom: -17px; width: 1px; background: var(--line); }
.timeline p { overflow-wrap: anywhere; }
.agreements li + li { border-top: 1px solid var(--line); margin-top: 12px; padding-top: 12px; }
.agreement-head { display: flex; justify-content: space-between; align-items: start; gap: 10px; margin-bottom: 8px; }
.agreement-head strong { min-width: 0; }
.log li { display: grid; grid-template-columns: minmax(0, 1.3fr) minmax(0, 2fr) minmax(0, 1fr) 178px; gap: 2px 14px; padding: 9px 18px; align-items: start; overflow-wrap: anywhere; }
.log li + li { border-top: 1px solid var(--line); }
.log strong { font-weight: 550; }
#list > .log, .log { background: var(--paper); }
div#list { border: 1px solid var(--line); border-radius: var(--radius); background: var(--paper); }
section .log li { padding-left: 0; padding-right: 0; }
.log.short li, section .log li { grid-template-columns: minmax(0, 1fr) auto; }
section .log li > :nth-child(2) { grid-column: 1 / -1; grid-row: 2; }
section .log li > :nth-child(3) { grid-row: 3; }
section .log .cell-time { grid-row: 3; grid-column: 2; }
section .log .abs { display: none; }

.usage + .usage { margin-top: 20px; }
.usage figcaption { margin-bottom: 6px; overflow-wrap: anywhere; }
.plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 10px; }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; color: var(--soft); font-size: 12px; line-height: 1; }
.plot svg { width: 100%; height: auto; display: block; overflow: visible; }
.plot line { stroke: var(--line); }
.plot polyline { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
.plot polygon { fill: var(--accent-soft); opacity: .6; }
.plot circle { fill: var(--paper); stroke: var(--accent); stroke-width: 2; }
details > summary { cursor: pointer; }
section > details, figure > details { margin-top: 8px; }
section > details > summary, figure > details > summary { color: var(--soft); min-height: 24px; width: fit-content; }
table { border-collapse: collapse; margin-top: 6px; }
th, td { text-align: left; padding: 4px 20px 4px 0; border-bottom: 1px solid var(--line); font-weight: 400; }
th { color: var(--soft); }
.amount { text-align: right; padding-right: 0; }
pre { margin: 8px 0 0; padding: 12px 14px; background: var(--raised); border-radius: 6px; max-height: 480px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }

.keys { border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; background: var(--paper); color: var(--ink); width: min(340px, calc(100vw - 32px)); box-shadow: 0 12px 48px rgb(0 0 0 / .28); }
.keys::backdrop { background: rgb(0 0 0 / .35); }
.keys dl { display: grid; gap: 6px; margin-bottom: 16px; }
.keys dl > div { display: flex; justify-content: space-between; flex-direction: row-reverse; }

@media (min-width: 901px) and (max-width: 1100px) {
  .deliveries .columns, .deliveries summary { grid-template-columns: 118px minmax(0, 1fr) minmax(0, 150px) 38px 92px; }
  .customers .columns, .customers .row { grid-template-columns: 118px minmax(0, 1fr) minmax(0, 150px) 92px 92px; }
  .rows .abs { display: none; }
}
.split .deliveries .columns, .split .deliveries summary { grid-template-columns: 118px minmax(0, 1fr) 38px 92px; }
.split .deliveries summary .abs, .split .deliveries .cell-customer, .split .deliveries .columns span:nth-child(3) { display: none; }
@media (max-width: 900px) {
  .split { grid-template-columns: minmax(0, 1fr); }
  .columns { display: none; }
  .rows .row, .deliveries summary, .split .deliveries summary { grid-template-columns: minmax(0, 1fr) auto; gap: 3px 12px; padding: 9px 14px; }
  .cell-status { order: 1; }
  .cell-time { order: 2; }
  .cell-main { order: 3; grid-column: 1 / -1; }
  .cell-plan { order: 4; }
  .cell-due, .cell-customer, .cell-count { display: none; }
  .rows summary .abs, .rows .row .abs { display: none; }
  .log li { grid-template-columns: minmax(0, 1fr) auto; }
  .log li > :nth-child(2) { grid-column: 1 / -1; grid-row: 2; }
  .log .abs { display: none; }
  .opened { padding: 12px 14px 14px; }
}
@media (max-width: 700px) {
  .top { position: static; padding: 8px 14px; gap: 6px 12px; }
  .brand { flex: 1; }
  .top nav { order: 3; width: 100%; justify-content: space-between; }
  .top nav a { padding: 5px 8px; }
  .search { order: 4; flex: 1 1 100%; }
  main { padding: 16px 14px 28px; }
  section { padding: 14px; }
  #failed h2, #open h2 { padding: 12px 14px 0; }
  #failed > p { padding: 10px 14px 12px; }
  .foot { padding: 10px 14px 18px; }
  .facts > div { grid-template-columns: 104px minmax(0, 1fr); gap: 8px; }
  .filters { width: 100%; }
  .filters label { flex: 1 1 120px; }
  .numbers { grid-template-columns: 1fr 1fr; }
  .numbers > div { padding: 10px 12px; }
  .log li, .pager { padding-left: 14px; padding-right: 14px; }
  [data-keys] { display: none; }
  aside { display: contents; }
}
@media (max-width: 350px) {
  .top nav a { padding: 5px 4px; }
}
@media print { .top, .foot, form { display: none; } }
`
