/**
 * Text: UTF-8 without control characters. Which kind of text, the first character or the file's
 * name says.
 * @module
 */
const KINDS: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  htm: 'text/html',
  html: 'text/html',
  md: 'text/markdown',
  xml: 'application/xml'
}
/** All but tab, line feed and carriage return. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they tell text from other bytes
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

export interface RecognisedText {
  readonly mime: string
  /** Without a byte order mark; the last character may be cut off. */
  readonly text: string
}

/** Undefined when it is no text, or empty. */
export function recogniseText(first: Uint8Array, name: string): RecognisedText | undefined {
  if (first.length === 0) return undefined
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(first, { stream: true })
  } catch {
    return undefined
  }
  if (CONTROLS.test(text)) return undefined
  if (/^\s*[[{]/.test(text)) return { mime: 'application/json', text }
  if (/^MSH[^A-Za-z0-9\s]/.test(text)) return { mime: 'x-application/hl7-v2+er7', text }
  const extension = /\.([a-z]{1,8})$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  return { mime: KINDS[extension] ?? 'text/plain', text }
}
