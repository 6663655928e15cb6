/**
 * Prints the longest files and functions of the source folders. It fails nothing: the point is that
 * the biggest ones are known and disliked (HOUSE.md §5).
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT, typescriptFiles } from './files.ts'

const SHOWN = 12
const FOLDERS = ['core', 'protocols', 'node', 'sim', 'web', 'bin']

interface Size {
  readonly lines: number
  readonly what: string
}

/** Names a function by itself or by what it is assigned to. */
function nameOf(node: ts.SignatureDeclaration, source: ts.SourceFile): string {
  if (node.name != null) return node.name.getText(source)
  const parent = node.parent
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) {
    return parent.name.getText(source)
  }
  return ts.isConstructorDeclaration(node) ? 'constructor' : '(anonymous)'
}

/** Measures each function of a file that has a body, nested ones too. */
function functionSizes(file: string, text: string): Size[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const sizes: Size[] = []
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body != null) {
      const first = lineAt(node.getStart(source))
      const lines = lineAt(node.end) - first + 1
      sizes.push({ lines, what: `${file}:${first + 1} ${nameOf(node, source)}` })
    }
    node.forEachChild(visit)
  }
  visit(source)
  return sizes
}

function print(title: string, sizes: readonly Size[]): void {
  const longest = sizes.toSorted((a, b) => b.lines - a.lines).slice(0, SHOWN)
  const rows = longest.map(({ lines, what }) => `${String(lines).padStart(6)}  ${what}\n`)
  process.stdout.write(`${title}\n${rows.join('')}`)
}

const texts = typescriptFiles(ROOT, FOLDERS).map(
  (file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const
)
const files = texts.map(([what, text]) => ({ what, lines: text.split('\n').length - 1 }))
print(`longest of ${files.length} files`, files)
print(
  'longest functions',
  texts.flatMap(([file, text]) => functionSizes(file, text))
)
