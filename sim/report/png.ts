/**
 * An SVG as PNG, with a font that is part of the installation: the same letters on every machine.
 * @module
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Resvg } from '@resvg/resvg-js'

const FONTS = join(
  dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')),
  'ttf'
)

/** Twice the size in px, for print. */
export function png(svg: string): Uint8Array {
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: 2 },
    font: {
      loadSystemFonts: false,
      fontFiles: [join(FONTS, 'DejaVuSans.ttf')],
      defaultFontFamily: 'DejaVu Sans'
    }
  })
  return image.render().asPng()
}
