/** The colours of charts and pages, light and dark. */
export const PALETTE = `
:root {
  color-scheme: light dark;
  --back: #ffffff; --panel: #f5f6f8; --text: #1b1f24; --soft: #57606a; --line: #d5d9df; --warn: #8a4b00; --warn-back: #fff4e0;
  --c1: #1f6fb4; --c2: #c4500c; --c3: #1a7f4b; --c4: #7a4fc4; --c5: #b3246b; --c6: #5f6b12; --c7: #0b7a83; --c8: #6b5344;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171b; --panel: #1d2127; --text: #e7eaee; --soft: #a2abb6; --line: #363d46; --warn: #ffc36b; --warn-back: #33270f;
    --c1: #6ab3f2; --c2: #ff9a57; --c3: #58c98a; --c4: #b698f5; --c5: #f27fb6; --c6: #c3cf5b; --c7: #4fc9d3; --c8: #c9ab97;
  }
}
`;

/** The report's only style sheet. Charts take their colours from its variables, so that they follow light, dark and print. */
export const STYLE = `${PALETTE}* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; }
p { margin: .4rem 0; }
.soft, figcaption { color: var(--soft); font-size: .9rem; }
.conclusion { background: var(--panel); border-left: .3rem solid var(--c1); padding: .8rem 1rem; margin: 1rem 0; }
.conclusion p:first-child { font-size: 1.15rem; font-weight: 600; margin-top: 0; }
.warning { background: var(--warn-back); color: var(--warn); border-left: .3rem solid var(--warn); padding: .5rem 1rem;
  margin: .5rem 0; }
figure { margin: .5rem 0 0; }
figure svg { display: block; width: 100%; height: auto; }
figure .narrow { display: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { vertical-align: bottom; color: var(--soft); font-weight: 600; }
th.text, td.text { text-align: left; }
tbody th { color: var(--text); font-weight: 400; vertical-align: baseline; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
button:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; }
th[aria-sort] button::after { content: " \\2195"; content: " \\2195" / ""; opacity: .45; }
th[aria-sort=ascending] button::after { content: " \\2191"; content: " \\2191" / ""; opacity: 1; }
th[aria-sort=descending] button::after { content: " \\2193"; content: " \\2193" / ""; opacity: 1; }
.copy { border: 1px solid var(--line); border-radius: .3rem; padding: .25rem .7rem; margin: .5rem 0; background: var(--panel); }
@media (max-width: 46rem) {
  body { padding: 1rem .75rem 3rem; }
  figure .wide { display: none; }
  figure .narrow { display: block; }
}
@page { margin: 12mm; }
@media print {
  :root { --back: #fff; --panel: #f5f6f8; --text: #000; --soft: #444; --line: #bbb; --warn: #6b3a00; --warn-back: #fff;
    --c1: #1f6fb4; --c2: #c4500c; --c3: #1a7f4b; --c4: #7a4fc4; --c5: #b3246b; --c6: #5f6b12; --c7: #0b7a83; --c8: #6b5344; }
  body { max-width: none; padding: 0; font-size: .85rem; }
  .copy, .screen { display: none; }
  th[aria-sort=none] button::after { content: none; }
  section:has(figure), .conclusion, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  figure .wide { display: block; }
  figure .narrow { display: none; }
  .scroll { overflow: visible; }
  .raw table { font-size: .5rem; }
  .raw th, .raw td { padding: .1rem .25rem; }
  .raw th, .raw td.text { white-space: normal; }
  .raw td.text { min-width: 16em; }
}
`;
