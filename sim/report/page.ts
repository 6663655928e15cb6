/**
 * The page around a report: one file, no script, nothing from elsewhere. Colours are named once for
 * light and dark; figures in it use the names, their files keep paper's colours.
 * @module
 */
import { INKS } from './colours.ts'
import type { DrawnFigure } from './figure.ts'
import { Html, html, table } from './html.ts'

export interface Section {
  readonly id: string
  readonly title: string
  readonly body: Html
}

export function page(title: string, header: Html, sections: readonly Section[]): string {
  const links = sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>\n`)
  const bodies = sections.map(
    ({ id, title, body }) => html`<section id="${id}"><h2>${title}</h2>
${body}</section>
`
  )
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the answer</a>
<header>
${header}</header>
<nav aria-label="Sections"><ul>
${links}</ul></nav>
<main id="main">
${bodies}</main>
</body>
</html>
`.text
}

/** A figure with its words; the drawing in the page's colours. */
export function figureElement(figure: DrawnFigure): Html {
  const { data } = figure
  return html`<figure id="figure-${figure.id}">
<h3>${figure.title}</h3>
<div class="wide" role="region" tabindex="0" aria-label="${figure.title}, drawing">${new Html(inked(figure.svg))}</div>
<figcaption>${figure.caption}</figcaption>
${data == null ? '' : html`<details><summary>As a table</summary>${table({ caption: figure.title, ...data })}</details>`}</figure>
`
}

/** Colours by name in place of colours by number. */
function inked(svg: string): string {
  return INKS.reduce((out, { name, light }) => out.replaceAll(`"${light}"`, `"var(${name})"`), svg)
}

const variables = (dark: boolean): string =>
  INKS.map(({ name, light, dark: other }) => `${name}:${dark ? other : light}`).join(';')

const STYLE = `
:root{${variables(false)};color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{${variables(true)}}}
*{box-sizing:border-box}
html{font:100%/1.55 system-ui,"DejaVu Sans",Verdana,sans-serif;background:var(--paper);color:var(--text)}
body{margin:0 auto;padding:1.5rem clamp(1rem,4vw,2.5rem) 4rem;max-width:62rem;overflow-wrap:break-word}
h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 .4rem}
h2{font-size:1.35rem;line-height:1.3;margin:2.6rem 0 .8rem;padding-top:.9rem;border-top:1px solid var(--rule)}
h3{font-size:1.08rem;margin:0 0 .5rem}
p,ul,ol,dl{margin:.6rem 0;max-width:46rem}
a{color:var(--blue)}
a:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--blue);outline-offset:2px}
code,pre{font:.92em/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,monospace}
pre{padding:.9rem 1rem;border:1px solid var(--rule);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
.skip{position:absolute;left:-99rem}
.skip:focus{position:static}
.over{color:var(--quiet);margin:0;font-size:.95rem}
.question{font-size:1.2rem;margin:.4rem 0 1rem}
.verdict{display:inline-block;margin:.2rem 0;padding:.25rem .8rem;border:2px solid;border-radius:99px;font-weight:600}
.good{color:var(--good)}
.bad{color:var(--bad)}
.open{color:var(--quiet)}
.stamp{border-left:5px solid var(--blue);padding:.5rem 1rem;margin:1rem 0;max-width:46rem}
.stamp.warn{border-color:var(--vermilion)}
.stamp p{margin:.2rem 0}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:0;margin:1.2rem 0 0;max-width:none}
figure{margin:2.2rem 0;max-width:none}
figure .wide{border:1px solid var(--rule);border-radius:6px}
figure svg{display:block;width:100%;min-width:34rem;height:auto}
figcaption{color:var(--quiet);font-size:.95rem;max-width:46rem;margin-top:.5rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.95rem;min-width:min(100%,30rem);margin:.3rem 0 .8rem;font-variant-numeric:tabular-nums}
.caption{color:var(--quiet);font-size:.95rem;margin:1.2rem 0 0}
th,td{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0;border-bottom:1px solid var(--rule)}
thead th{color:var(--quiet);font-weight:600;white-space:nowrap}
tbody th{font-weight:400;min-width:7rem}
.n{text-align:right;white-space:nowrap}
td small{display:block;color:var(--quiet);font-size:.82rem}
details{margin:1rem 0}
summary{cursor:pointer;color:var(--blue)}
@media print{
:root{${variables(false)};color-scheme:light}
html{font-size:10pt}
body{max-width:none;padding:0}
nav,.skip{display:none}
figure,tr,.stamp{break-inside:avoid}
h2,h3{break-after:avoid}
figure svg{min-width:0}
.wide{overflow:visible}
details:not([open]){display:none}
}
`
