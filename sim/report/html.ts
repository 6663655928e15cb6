/**
 * HTML from templates: what is put in is text and is escaped, unless it is HTML already. A scenario's
 * question or a file of somebody else's can hold anything, and still can make no element.
 * @module
 */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | readonly Part[] | undefined

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((out, text, i) => out + show(parts[i - 1]) + text))
}

function show(part: Part): string {
  if (part == null) return ''
  if (part instanceof Html) return part.text
  if (Array.isArray(part)) return part.map(show).join('')
  return escaped(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string)

/** A table with a caption that says what it is; columns after the first can be of numbers. */
export function table(init: {
  readonly caption: string
  readonly head: readonly string[]
  /** Which columns are set to the right. */
  readonly numbers?: readonly number[]
  readonly rows: readonly (readonly Part[])[]
}): Html {
  const { caption, head, numbers = [], rows } = init
  const kind = (i: number) => (numbers.includes(i) ? new Html(' class="n"') : '')
  const cells = (row: readonly Part[]) =>
    row.map((cell, i) =>
      i === 0 ? html`<th scope="row">${cell}</th>` : html`<td${kind(i)}>${cell}</td>`
    )
  // not a <caption>: on a narrow screen that would be as wide as the table and be cut with it
  return html`<p class="caption">${caption}</p>
<div class="wide" role="region" tabindex="0" aria-label="${caption}"><table aria-label="${caption}">
<thead><tr>${head.map((name, i) => html`<th scope="col"${kind(i)}>${name}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${cells(row)}</tr>\n`)}</tbody>
</table></div>
`
}
