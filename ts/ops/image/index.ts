/** Ops on pictures: (height, width, channels) or (batch, height, width, channels). */

export { type GaussianBlurOptions, gaussianBlur } from './blur.js'
export { hsvToRgb, rgbToGrayscale, rgbToHsv } from './color.js'
export type { Interpolation } from './interpolation.js'
export { type ExtractPatchesOptions, extractPatches } from './patches.js'
export type { PictureOptions } from './pictures.js'
export { type ResizeOptions, resize } from './resize.js'
export type { FillMode } from './sample.js'
export { affineTransform, type PerspectiveOptions, perspectiveTransform, type TransformOptions } from './transform.js'
