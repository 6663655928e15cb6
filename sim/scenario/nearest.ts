/**
 * The word that was meant: the nearest known one by edits (insert, delete, change, swap neighbours),
 * when it is near enough to be worth a question.
 * @module
 */

/** Undefined when nothing is near: more than a third of the letters would have to change. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestEdits = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const each of known) {
    const edits = editsBetween(word.toLowerCase(), each.toLowerCase())
    if (edits < bestEdits) {
      best = each
      bestEdits = edits
    }
  }
  return best
}

/** Optimal string alignment distance. */
function editsBetween(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let edits = Math.min(
        (above[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (above[j - 1] as number) + same
      )
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (before[j - 2] as number) + 1)
      }
      row.push(edits)
    }
    before = above
    above = row
  }
  return above[b.length] as number
}
