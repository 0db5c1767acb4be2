/** Colours only repeat what words and marks say already. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --soft: #f0f0f0; --line: #767676; --bad: #a40000; --here: #00408a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #161616; --soft: #262626; --line: #9a9a9a; --bad: #ff9c9c; --here: #9cc8ff; }
}
body { color: var(--ink); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; overflow-wrap: anywhere; }
code, #steps, .facts td, .place { font-family: ui-monospace, monospace; }
nav ul { columns: 20rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
button, select { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--line); border-radius: .25rem; padding: .25rem .5rem; max-width: 100%; }
:focus-visible { outline: 3px solid var(--here); outline-offset: 1px; }
kbd { border: 1px solid var(--line); border-radius: .2rem; padding: 0 .3rem; font-size: .85em; }
.panes { display: flex; flex-wrap: wrap; gap: 1rem; }
.pane { flex: 1 1 min(28rem, 100%); min-width: 0; }
#steps { list-style: none; padding: 0; max-height: 32rem; overflow-y: auto; border: 1px solid var(--line); }
#steps button { display: block; width: 100%; text-align: left; border: 0; border-radius: 0; background: none; white-space: pre-wrap; }
#steps [aria-current] button { background: var(--soft); font-weight: bold; border-left: .4rem solid var(--here); }
.fails { color: var(--bad); font-weight: bold; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); padding: .15rem .5rem .15rem 0; }
dt { font-weight: bold; }
@media (max-width: 62rem) { #steps { max-height: 12rem; } }
@media print {
  .skip, .buttons { display: none; }
  #steps { max-height: none; overflow: visible; }
  body { max-width: none; }
}
@media (forced-colors: active) { #steps [aria-current] button { border-left-color: Highlight; } }
`;
