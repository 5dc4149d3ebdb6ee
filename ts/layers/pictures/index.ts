/** Layers of sequences, pictures and volumes: convolution, pooling, and what changes their size. */

export {
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
  type AdaptivePoolingOptions,
} from './adaptive-pooling.js'
export { Conv1D, type Conv1DOptions, Conv2D, Conv3D, type ConvOptions } from './conv.js'
export { Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, type ConvTransposeOptions } from './conv-transpose.js'
export {
  Cropping1D,
  type Cropping1DOptions,
  Cropping2D,
  type Cropping2DOptions,
  Cropping3D,
  type Cropping3DOptions,
} from './cropping.js'
export { DepthwiseConv1D, DepthwiseConv2D, type DepthwiseConvOptions } from './depthwise-conv.js'
export {
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
  type GlobalPoolingOptions,
} from './global-pooling.js'
export {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  type AveragePoolingOptions,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
  type MaxPoolingOptions,
} from './pooling.js'
export { SeparableConv1D, SeparableConv2D, type SeparableConvOptions } from './separable-conv.js'
export {
  SpatialDropout1D,
  type SpatialDropout1DOptions,
  SpatialDropout2D,
  SpatialDropout3D,
  type SpatialDropoutOptions,
} from './spatial-dropout.js'
export {
  UpSampling1D,
  type UpSampling1DOptions,
  UpSampling2D,
  type UpSampling2DOptions,
  UpSampling3D,
  type UpSampling3DOptions,
} from './up-sampling.js'
export {
  ZeroPadding1D,
  type ZeroPadding1DOptions,
  ZeroPadding2D,
  type ZeroPadding2DOptions,
  ZeroPadding3D,
  type ZeroPadding3DOptions,
} from './zero-padding.js'
