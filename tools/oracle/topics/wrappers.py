"""Layers around layers: SpectralNormalization in training and out of it, with three steps of each; Pipeline of preprocessing."""

from backend import fresh, keras, numbers
from stream import Stream
from topics.layers import differentiate, named
from topics.picture_layers import trained

layers, ops = keras.layers, keras.ops
L2 = keras.regularizers.L2

# the layer inside, options around it, shape of the input
NORMALIZED = [
    ("Dense", {"units": 4}, {}, (5, 3)),
    ("Dense", {"units": 2, "activation": "tanh", "use_bias": False}, {"power_iterations": 3}, (2, 3, 4)),
    ("Dense", {"units": 3, "kernel_regularizer": L2(0.1), "kernel_initializer": "zeros"}, {}, (4, 2)),
    ("Conv1D", {"filters": 3, "kernel_size": 2}, {}, (2, 5, 2)),
    ("Conv2D", {"filters": 2, "kernel_size": (3, 2), "padding": "same"}, {"power_iterations": 2}, (1, 4, 3, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, {}, (1, 2, 3, 3)),
    ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 2}, {}, (1, 3, 3, 2)),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"}, {}, (2, 3, 3)),
]

# the layers, shape of the input
PIPELINES = [
    ([("Rescaling", {"scale": 1 / 255.0}), ("CenterCrop", {"height": 3, "width": 2})], (2, 5, 4, 3)),
    ([("AutoContrast", {}), ("Rescaling", {"scale": 2.0, "offset": -1.0}), ("Resizing", {"height": 2, "width": 5})], (1, 3, 4, 3)),
]


def normalized(seed, class_name, options, around, shape):
    fresh()
    name = "-".join(["SpectralNormalization", class_name, *map(str, around.values()), "x".join(map(str, shape))])
    stream = Stream(seed, "wrappers", name)
    layer = layers.SpectralNormalization(getattr(layers, class_name)(**options), **around)
    x = stream.normal(shape, decimals=3)
    output = layer(ops.convert_to_tensor(x))
    for weight in layer.weights:
        if weight.name != "kernel" or options.get("kernel_initializer") != "zeros":
            weight.assign(stream.normal(weight.shape, 0.5))
    cotangent = stream.normal(output.shape, decimals=2)
    row = {
        "name": name,
        "layer": layers.serialize(layer),
        "inputs": [x],
        "weights": named(layer.weights),
        "trainable_weights": [w.name for w in layer.trainable_weights],
        "cotangent": cotangent,
        "modes": {mode: differentiate(layer, [x], cotangent, mode == "training") for mode in ("inference", "training")},
    }
    layer(ops.convert_to_tensor(x), training=True)
    row |= {"after": [numbers(w).copy() for w in layer.weights]}
    for weight, before in zip(layer.weights, row["weights"]):
        weight.assign(before["value"])
    return row | trained(stream, layer, x, cotangent)


def pipeline(seed, inner, shape):
    fresh()
    name = "-".join(["Pipeline", *(class_name for class_name, _ in inner), "x".join(map(str, shape))])
    stream = Stream(seed, "wrappers", name)
    layer = layers.Pipeline([getattr(layers, class_name)(**options) for class_name, options in inner])
    x = stream.uniform(shape, 0, 255, decimals=1)
    output = numbers(layer(ops.convert_to_tensor(x), training=False))
    return {
        "name": name,
        "layer": layers.serialize(layer),
        "inputs": [x],
        "weights": [],
        "trainable_weights": [],
        "modes": {"inference": {"output": output}},
    }


def cases(seed):
    yield from (normalized(seed, *row) for row in NORMALIZED)
    yield from (pipeline(seed, *row) for row in PIPELINES)
