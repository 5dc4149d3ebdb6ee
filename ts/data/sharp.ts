/** Formats of pictures that the core does not decode: by `sharp`, where that is installed. */

import { readFile } from 'node:fs/promises'
import type { ImageSource } from '../core/native.js'
import { FerrogradError, fail } from '../errors.js'

/** What is used of the package `sharp`, which is to be installed beside this one. */
export type Sharp = (input: Uint8Array, options?: { readonly limitInputPixels?: number }) => SharpImage

/** A picture of sharp. */
export interface SharpImage {
  toColourspace(space: string): SharpImage
  raw(): SharpImage
  toBuffer(options: { readonly resolveWithObject: true }): Promise<DecodedImage>
}

/** What `raw().toBuffer({ resolveWithObject: true })` of sharp gives: bytes of (height, width, channels). */
export interface DecodedImage {
  readonly data: Uint8Array
  readonly info: { readonly width: number; readonly height: number; readonly channels: number }
}

/** A file of a format by its name, or why there is no picture in it; throws where sharp is not there. */
export async function decodedBySharp(
  { path, bytes }: ImageSource,
  format: string,
  { sharp: given, maxPixels }: { readonly sharp: Sharp | undefined; readonly maxPixels: number },
): Promise<DecodedImage | FerrogradError> {
  const sharp = given ?? (await imported(path ?? 'the picture', format))
  try {
    const input = path === undefined ? bytes! : await readFile(path)
    const picture = sharp(input, { limitInputPixels: maxPixels }).toColourspace('srgb').raw()
    return await picture.toBuffer({ resolveWithObject: true })
  } catch (cause) {
    return new FerrogradError('ERR_FORMAT', `sharp cannot read it as ${format}: ${(cause as Error).message}`, { cause })
  }
}

async function imported(where: string, format: string): Promise<Sharp> {
  const name = 'sharp'
  try {
    return ((await import(name)) as { readonly default: Sharp }).default
  } catch {
    const hint = `JPEG and PNG are decoded without it; for ${format}: npm install sharp`
    return fail('ERR_CONFIG', where, 'sharp', { text: 'a package that is not installed' }, hint)
  }
}
