/** What in a sample a model answers to. */
export { type ActivationsOptions, activations } from './activations.js'
export { type GradCamOptions, gradCam } from './grad-cam.js'
export { type IntegratedGradientsOptions, integratedGradients } from './integrated-gradients.js'
export type { LayerChoice } from './layer.js'
export { type SaliencyOptions, saliency } from './saliency.js'
export type { Target } from './target.js'
