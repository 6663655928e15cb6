/**
 * Why an operation failed, in a word for the operations table: a refuse code, or an error's name.
 * @module
 */
export function reasonOf(err: unknown): string {
  const { name, code } = err as { readonly name?: string; readonly code?: unknown }
  if (name === 'AccessDeniedError' && typeof code === 'number') return String(code)
  if (name === 'TimeoutError') return 'timeout'
  if (name === 'AbortError') return 'unfinished'
  return name ?? 'Error'
}
