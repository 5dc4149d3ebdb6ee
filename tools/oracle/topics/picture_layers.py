"""Layers of sequences, pictures and volumes: outputs, gradients of inputs and weights, losses, and three training steps.

Shapes are small, since what may go wrong is where windows lie; every layer goes through its paddings, strides,
dilations, groups and formats.
"""

import itertools

from backend import fresh, keras, numbers
from stream import Stream
from topics.layers import differentiate, fill, label, layers, named, ops
from training import weights

L1L2 = keras.regularizers.L1L2
optimizers = keras.optimizers
FORMATS = ("channels_last", "channels_first")
# strides and dilation, which exclude each other
STEPS = ({}, {"strides": 2}, {"dilation_rate": 2})
# places of inputs by the number of axes
PLACES = {1: (7,), 2: (5, 4), 3: (3, 2, 3)}
KERNELS = {1: 3, 2: (3, 2), 3: (2, 1, 2)}


def shape(axes, channels, data_format):
    batch, places = 2 if axes == 1 else 1, PLACES[axes]
    return (batch, channels, *places) if data_format == "channels_first" else (batch, *places, channels)


def formatted(data_format):
    return {"data_format": data_format} if data_format == "channels_first" else {}


def all_of(*factors):
    return itertools.product(*factors)


def convolutions(axes):
    """Every padding, step, number of groups and format."""
    paddings = ("valid", "same", "causal") if axes == 1 else ("valid", "same")
    rows = all_of(paddings, STEPS, (1, 2), FORMATS)
    for padding, steps, groups, data_format in rows:
        options = {"filters": 2, "kernel_size": KERNELS[axes], "padding": padding, **steps, **formatted(data_format)}
        yield f"Conv{axes}D", options | ({"groups": 2} if groups == 2 else {}), shape(axes, 2, data_format)


def transposed(axes):
    """Every padding and step, with places more where there is a stride."""
    steps = (*STEPS, {"strides": 2, "output_padding": 1}, {"strides": 3})
    for padding, step, data_format in all_of(("valid", "same"), steps, FORMATS):
        options = {"filters": 2, "kernel_size": KERNELS[axes], "padding": padding, **step, **formatted(data_format)}
        places = (2, 3, 2)[:axes]
        yield f"Conv{axes}DTranspose", options, (1, 2, *places) if data_format == "channels_first" else (1, *places, 2)


def depthwise(axes):
    for padding, steps, multiplier, data_format in all_of(("valid", "same"), STEPS, (1, 2), FORMATS):
        options = {"kernel_size": KERNELS[axes], "padding": padding, "depth_multiplier": multiplier, **steps, **formatted(data_format)}
        yield f"DepthwiseConv{axes}D", options, shape(axes, 2, data_format)


def separable(axes):
    for padding, steps, data_format in all_of(("valid", "same"), STEPS, FORMATS):
        options = {"filters": 3, "kernel_size": KERNELS[axes], "padding": padding, **steps, **formatted(data_format)}
        yield f"SeparableConv{axes}D", options | ({"depth_multiplier": 2} if steps else {}), shape(axes, 2, data_format)


def pooled(axes):
    for kind, padding, strides, data_format in all_of(("Max", "Average"), ("valid", "same"), (None, 1, 3), FORMATS):
        size = {1: 3, 2: (2, 3), 3: 2}[axes]
        options = {"pool_size": size, "padding": padding, **({"strides": strides} if strides else {}), **formatted(data_format)}
        yield f"{kind}Pooling{axes}D", options, shape(axes, 2, data_format)


def pooled_whole(axes):
    for kind, keepdims, data_format in itertools.product(("Max", "Average"), (False, True), FORMATS):
        options = ({"keepdims": True} if keepdims else {}) | formatted(data_format)
        yield f"Global{kind}Pooling{axes}D", options, shape(axes, 3, data_format)


def pooled_to_a_size(axes):
    sizes = {1: (7, 3, 10), 2: ((5, 2), (2, 3), 1), 3: ((3, 1, 1), (2, 2, 2))}[axes]
    for kind, size, data_format in itertools.product(("Max", "Average"), sizes, FORMATS):
        yield f"Adaptive{kind}Pooling{axes}D", {"output_size": size} | formatted(data_format), shape(axes, 2, data_format)


FRAMED = [
    ("ZeroPadding1D", {}, (2, 3, 2)),
    ("ZeroPadding1D", {"padding": (2, 0)}, (2, 3, 2)),
    ("ZeroPadding1D", {"padding": 1, "data_format": "channels_first"}, (2, 2, 3)),
    ("ZeroPadding2D", {}, (1, 2, 3, 2)),
    ("ZeroPadding2D", {"padding": (0, 2)}, (1, 2, 3, 2)),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3)), "data_format": "channels_first"}, (1, 2, 2, 3)),
    ("ZeroPadding3D", {}, (1, 2, 1, 2, 2)),
    ("ZeroPadding3D", {"padding": (0, 1, 2)}, (1, 2, 1, 2, 2)),
    ("ZeroPadding3D", {"padding": ((1, 0), (0, 0), (0, 2)), "data_format": "channels_first"}, (1, 2, 2, 1, 2)),
    ("Cropping1D", {}, (2, 5, 2)),
    ("Cropping1D", {"cropping": (0, 2)}, (2, 5, 2)),
    ("Cropping2D", {}, (1, 3, 4, 2)),
    ("Cropping2D", {"cropping": 1}, (1, 3, 4, 2)),
    ("Cropping2D", {"cropping": (0, 1)}, (1, 3, 4, 2)),
    ("Cropping2D", {"cropping": ((2, 0), (1, 2)), "data_format": "channels_first"}, (1, 2, 3, 4)),
    ("Cropping3D", {}, (1, 3, 3, 4, 2)),
    ("Cropping3D", {"cropping": (0, 1, 1)}, (1, 3, 3, 4, 2)),
    ("Cropping3D", {"cropping": ((2, 0), (1, 1), (0, 2)), "data_format": "channels_first"}, (1, 2, 3, 3, 4)),
    ("UpSampling1D", {}, (2, 3, 2)),
    ("UpSampling1D", {"size": 3}, (2, 3, 2)),
    ("UpSampling2D", {}, (1, 2, 3, 2)),
    ("UpSampling2D", {"size": (3, 1), "data_format": "channels_first"}, (1, 2, 2, 3)),
    ("UpSampling2D", {"interpolation": "bilinear"}, (1, 3, 4, 2)),
    ("UpSampling2D", {"interpolation": "bilinear", "size": (3, 2), "data_format": "channels_first"}, (1, 2, 2, 3)),
    ("UpSampling3D", {}, (1, 2, 2, 1, 2)),
    ("UpSampling3D", {"size": (1, 2, 3), "data_format": "channels_first"}, (1, 2, 2, 1, 2)),
    ("SpatialDropout1D", {"rate": 0.4}, (2, 3, 2)),
    ("SpatialDropout2D", {"rate": 0.4}, (1, 2, 3, 2)),
    ("SpatialDropout2D", {"rate": 0.0, "data_format": "channels_first", "seed": 3}, (1, 2, 3, 2)),
    ("SpatialDropout3D", {"rate": 0.4}, (1, 2, 1, 2, 2)),
]

# Windows that differ from axis to axis, groups of several sizes, and channels beyond a vector's.
UNEVEN = [
    ("Conv1D", {"filters": 2, "kernel_size": 2, "strides": 3, "padding": "causal"}, (1, 8, 2)),
    ("Conv1D", {"filters": 6, "kernel_size": 2, "groups": 3, "padding": "same"}, (1, 5, 6)),
    ("Conv2D", {"filters": 2, "kernel_size": (1, 3), "strides": (3, 2), "padding": "same"}, (1, 7, 6, 2)),
    ("Conv2D", {"filters": 2, "kernel_size": (4, 1), "strides": (1, 2), "data_format": "channels_first"}, (1, 2, 5, 4)),
    ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": (1, 3), "padding": "same"}, (1, 3, 6, 2)),
    ("Conv2D", {"filters": 2, "kernel_size": 2, "strides": 3, "padding": "same"}, (1, 8, 7, 2)),
    ("Conv2D", {"filters": 6, "kernel_size": (2, 3), "groups": 3, "strides": 2, "padding": "same"}, (1, 5, 5, 6)),
    ("Conv2D", {"filters": 8, "kernel_size": 3, "groups": 4, "padding": "same"}, (1, 3, 4, 4)),
    ("Conv2D", {"filters": 17, "kernel_size": 3, "padding": "same"}, (1, 4, 5, 5)),
    ("Conv2D", {"filters": 5, "kernel_size": (2, 3), "strides": 2}, (1, 4, 5, 17)),
    ("Conv3D", {"filters": 2, "kernel_size": (1, 2, 3), "strides": (1, 2, 3), "padding": "same"}, (1, 2, 3, 4, 2)),
    ("Conv3D", {"filters": 3, "kernel_size": 2, "groups": 3, "padding": "same", "data_format": "channels_first"}, (1, 3, 2, 3, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": (3, 2), "strides": (1, 3), "padding": "same"}, (1, 3, 2, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": (3, 2), "output_padding": (2, 0)}, (1, 2, 2, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": (2, 1), "padding": "same"}, (1, 3, 3, 2)),
    ("Conv2DTranspose", {"filters": 9, "kernel_size": 3, "strides": 2, "padding": "same"}, (1, 3, 2, 5)),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same"}, (1, 4, 5, 17)),
    ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 3, "strides": 3, "padding": "same"}, (1, 7, 5, 3)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 9, "padding": "same"}, (1, 3, 4, 3)),
    ("DepthwiseConv2D", {"kernel_size": (2, 1), "dilation_rate": (2, 3), "padding": "same", "data_format": "channels_first"}, (1, 3, 4, 3)),
    ("SeparableConv2D", {"filters": 2, "kernel_size": (2, 3), "strides": 3, "padding": "same", "depth_multiplier": 3}, (1, 7, 4, 2)),
    ("MaxPooling2D", {"pool_size": (2, 3), "strides": (3, 1), "padding": "same"}, (1, 5, 4, 17)),
    ("AveragePooling2D", {"pool_size": (3, 2), "strides": (1, 3), "padding": "same"}, (1, 5, 4, 17)),
    ("MaxPooling3D", {"pool_size": (1, 2, 2), "strides": (1, 1, 2), "padding": "same", "data_format": "channels_first"}, (1, 2, 2, 3, 3)),
    ("AveragePooling3D", {"pool_size": (2, 1, 2), "strides": (1, 2, 1)}, (1, 3, 3, 3, 2)),
]

# What else a convolution is told.
TOLD = [
    ("Conv2D", {"filters": 3, "kernel_size": 1, "activation": "relu", "use_bias": False}, (2, 3, 3, 2)),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "strides": (2, 1), "padding": "same", "activation": "softmax", "data_format": "channels_first"}, (2, 2, 3, 4)),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "strides": 3}, (2, 3, 4, 3)),
    (
        "Conv1D",
        {
            "filters": 2,
            "kernel_size": 2,
            "activation": "tanh",
            "kernel_regularizer": L1L2(0.01, 0.02),
            "bias_regularizer": L1L2(l1=0.03),
            "activity_regularizer": L1L2(l2=0.1),
            "kernel_constraint": keras.constraints.MaxNorm(0.8),
            "bias_constraint": keras.constraints.NonNeg(),
        },
        (2, 5, 3),
    ),
    (
        "Conv2DTranspose",
        {
            "filters": 2,
            "kernel_size": 2,
            "strides": 2,
            "activation": "elu",
            "use_bias": False,
            "kernel_regularizer": L1L2(l2=0.02),
            "kernel_constraint": keras.constraints.UnitNorm(axis=[0, 1, 2]),
        },
        (1, 2, 3, 2),
    ),
    (
        "DepthwiseConv2D",
        {
            "kernel_size": 2,
            "activation": "gelu",
            "depthwise_regularizer": L1L2(l1=0.02),
            "depthwise_constraint": keras.constraints.NonNeg(),
            "activity_regularizer": L1L2(l1=0.05),
        },
        (1, 3, 3, 2),
    ),
    (
        "SeparableConv2D",
        {
            "filters": 2,
            "kernel_size": 2,
            "activation": "silu",
            "use_bias": False,
            "depthwise_regularizer": L1L2(l2=0.02),
            "pointwise_regularizer": L1L2(l1=0.03),
            "depthwise_constraint": keras.constraints.MaxNorm(1.0),
            "pointwise_constraint": keras.constraints.NonNeg(),
        },
        (1, 3, 3, 2),
    ),
]

OPTIMIZERS = [lambda: optimizers.SGD(0.05, momentum=0.9), lambda: optimizers.Adam(0.02), lambda: optimizers.RMSprop(0.01)]


def rows():
    for axes in (1, 2, 3):
        yield from convolutions(axes)
        yield from transposed(axes)
        yield from pooled(axes)
        yield from pooled_whole(axes)
        yield from pooled_to_a_size(axes)
    for axes in (1, 2):
        yield from depthwise(axes)
        yield from separable(axes)
    yield from FRAMED
    yield from UNEVEN
    yield from TOLD


def case(seed, class_name, options, input_shape):
    fresh()
    name = label(class_name, options, [input_shape])
    stream = Stream(seed, "picture_layers", name)
    layer = getattr(layers, class_name)(**options)
    x = stream.normal(input_shape, decimals=3)
    output = layer(ops.convert_to_tensor(x))
    fill(layer, stream)
    cotangent = stream.normal(output.shape, decimals=2)
    row = {
        "name": name,
        "layer": layers.serialize(layer),
        "inputs": [x],
        "weights": named(layer.weights),
        "trainable_weights": [w.name for w in layer.trainable_weights],
        "cotangent": cotangent,
        "modes": {"inference": differentiate(layer, [x], cotangent, False)},
    }
    return row | (trained(stream, layer, x, cotangent) if layer.trainable_weights else {})


def trained(stream, layer, x, y):
    """Three steps of a model of the layer alone towards the cotangent as its target."""
    optimizer = stream.choice(OPTIMIZERS)()
    described = optimizers.serialize(optimizer)
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile(optimizer=optimizer, loss="mse")
    losses = []
    for _ in range(3):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y, return_dict=True)["loss"]))
    return {"steps": {"optimizer": described, "losses": losses, "weights": weights(model)}}


def masked_average(seed):
    """Steps that the mask leaves out do not count."""
    for data_format in FORMATS:
        fresh()
        stream = Stream(seed, "picture_layers", f"masked-{data_format}")
        layer = layers.GlobalAveragePooling1D(data_format=data_format)
        x = stream.normal((2, 3, 3), decimals=2)
        mask = [[True, False, True], [False, True, False]]
        output = numbers(layer(ops.convert_to_tensor(x), mask=ops.convert_to_tensor(mask)))
        yield {
            "name": f"GlobalAveragePooling1D-mask-{data_format}",
            "layer": layers.serialize(layer),
            "inputs": [x],
            "mask": ops.convert_to_tensor(mask),
            "weights": [],
            "trainable_weights": [],
            "modes": {"inference": {"output": output}},
        }


def cases(seed):
    yield from (case(seed, *row) for row in rows())
    yield from masked_average(seed)
