/** Layers that bring pictures to one size, and that change them in training. */

export { AutoContrast, type AutoContrastOptions } from './auto-contrast.js'
export { Equalization, type EqualizationOptions } from './equalization.js'
export type { ImageLayerOptions } from './image-layer.js'
export { CutMix, type CutMixOptions, type LabelledImages, MixUp, type MixUpOptions } from './mixing.js'
export { RandAugment, type RandAugmentOptions } from './rand-augment.js'
export {
  RandomRotation,
  type RandomRotationOptions,
  RandomShear,
  type RandomShearOptions,
  RandomTranslation,
  type RandomTranslationOptions,
  RandomZoom,
  type RandomZoomOptions,
} from './random-affine.js'
export { RandomBrightness, type RandomBrightnessOptions } from './random-brightness.js'
export { RandomColorDegeneration, type RandomColorDegenerationOptions } from './random-color-degeneration.js'
export { RandomColorJitter, type RandomColorJitterOptions } from './random-color-jitter.js'
export { RandomContrast, type RandomContrastOptions } from './random-contrast.js'
export { RandomErasing, type RandomErasingOptions } from './random-erasing.js'
export { RandomFlip, type RandomFlipOptions } from './random-flip.js'
export { RandomGaussianBlur, type RandomGaussianBlurOptions } from './random-gaussian-blur.js'
export { RandomGrayscale, type RandomGrayscaleOptions } from './random-grayscale.js'
export { RandomHue, type RandomHueOptions } from './random-hue.js'
export { RandomInvert, type RandomInvertOptions } from './random-invert.js'
export { RandomPerspective, type RandomPerspectiveOptions } from './random-perspective.js'
export { RandomPosterization, type RandomPosterizationOptions } from './random-posterization.js'
export { RandomSaturation, type RandomSaturationOptions } from './random-saturation.js'
export { RandomSharpness, type RandomSharpnessOptions } from './random-sharpness.js'
export {
  CenterCrop,
  type CenterCropOptions,
  RandomCrop,
  type RandomCropOptions,
  Resizing,
  type ResizingOptions,
} from './resizing.js'
export { Solarization, type SolarizationOptions } from './solarization.js'
