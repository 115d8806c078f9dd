export const STYLE = `:root { color-scheme: light dark; --ground: #f7f6f2; --paper: #fff; --line: #e2dfd6; --ink: #1c1b18; --soft: #625e54; --accent: #0b6b57; --bad: #a32432; }
@media (prefers-color-scheme: dark) { :root { --ground: #141412; --paper: #1d1c1a; --line: #33312c; --ink: #eceae4; --soft: #aaa598; --accent: #66cdb2; --bad: #ff9aa1; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
header { display: flex; gap: 8px 24px; flex-wrap: wrap; padding: 14px max(20px, calc((100vw - 980px) / 2)); border-bottom: 1px solid var(--line); background: var(--paper); }
header nav { display: flex; gap: 20px; flex-wrap: wrap; }
a { color: var(--accent); text-underline-offset: 3px; }
header a { text-decoration: none; } header a:hover, header a[aria-current] { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
main { display: grid; grid-template-columns: minmax(0, 1fr) 260px; gap: 20px; max-width: 1020px; margin: 0 auto; padding: 20px; align-items: start; }
.tools, .said { grid-column: 1 / -1; }
article, aside, .tools, .said { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 20px 24px; margin: 0; }
.tools { padding: 12px 16px; border-style: dashed; } .tools p { margin: 0 0 8px; font-size: 14px; } .tools div { display: flex; flex-wrap: wrap; gap: 6px; }
button { font: inherit; font-size: 14px; min-height: 32px; padding: 4px 12px; border-radius: 7px; border: 1px solid var(--soft); background: none; color: inherit; cursor: pointer; }
button:hover { background: var(--ground); }
h1 { font-size: 30px; line-height: 1.25; margin: 4px 0 8px; display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; } h2 { font-size: 16px; margin: 24px 0 6px; } aside h2 { margin-top: 0; }
.quiet { color: var(--soft); font-size: 14px; margin: 0; }
.badge { font-size: 14px; font-weight: 600; padding: 2px 10px; border: 1px solid currentColor; border-radius: 99px; color: var(--soft); }
.badge.active { color: var(--accent); } .badge.past_due, .badge.suspended { color: var(--bad); }
.usage { margin: 0; } .usage strong { font-size: 22px; }
meter { width: 100%; height: 14px; }
ul { list-style: none; margin: 0; padding: 0; }
.features li { display: flex; justify-content: space-between; gap: 12px; padding: 8px 0; border-top: 1px solid var(--line); }
.features .lacks { color: var(--soft); }
aside li { padding: 5px 0; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 8px; } aside a[aria-current] { font-weight: 600; }
@media (max-width: 760px) { main { grid-template-columns: minmax(0, 1fr); padding: 14px; gap: 14px; } article, aside { padding: 16px; } }
`
