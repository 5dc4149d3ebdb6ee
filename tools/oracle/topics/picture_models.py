"""Convolutional models drawn at random, and graphs of them, trained three epochs by `fit(shuffle=False)`; as `models` else."""

import numpy as np

from backend import keras
from topics.mlp import targets
from topics.models import TASKS, draw_advanced, draw_dense, draw_fit, draw_optimizer, drawn
from training import set_weights

layers, optimizers = keras.layers, keras.optimizers
RANDOM_MODELS = 60
ACTIVATIONS = ["relu", "tanh", "elu", "gelu", "silu", "leaky_relu"]
# Axes of places, and their lengths.
PICTURES = [(9,), (7,), (6, 5), (7, 6), (5, 6), (6, 6), (4, 5, 4)]


class Stack:
    """Layers of a model, and the shape that they have come to, so that no window is larger than what is left."""

    def __init__(self, stream, places, channels, data_format):
        self.stream, self.places, self.channels, self.data_format = stream, places, channels, data_format
        shape = (channels, *places) if data_format == "channels_first" else (*places, channels)
        self.layers = [keras.Input(shape)]

    def add(self, layer):
        self.layers.append(layer)
        shape = keras.Sequential(self.layers).output_shape[1:]
        self.places, self.channels = (shape[1:], shape[0]) if self.data_format == "channels_first" else (shape[:-1], shape[-1])

    def named(self, name, **options):
        """A layer of the right number of axes."""
        return getattr(layers, name.replace("*", f"{len(self.places)}D"))(data_format=self.data_format, **options)

    def window(self):
        """The kernel, step and padding of a convolution that fits."""
        stream, axes = self.stream, len(self.places)
        kernel = tuple(stream.choice([1, 2, 2, 3, 3]) for _ in range(axes))
        step = stream.choice([{}, {}, {}, {"strides": 2}, {"dilation_rate": 2}])
        reach = [(size - 1) * step.get("dilation_rate", 1) + 1 for size in kernel]
        fits = all(length > size for length, size in zip(self.places, reach))
        padding = "valid" if fits and stream.chance(0.5) else "same"
        return {"kernel_size": kernel, "padding": padding, **step}

    def convolution(self):
        stream, axes = self.stream, len(self.places)
        # PyTorch cannot derive a transposed convolution of one channel.
        kinds = ["Conv*"] * 4 + ["Conv*Transpose"] * (self.channels > 1) + ["DepthwiseConv*", "SeparableConv*"] * (axes < 3)
        kind, options = stream.choice(kinds), self.window()
        if kind != "DepthwiseConv*":
            options["filters"] = stream.choice([2, 3, 4])
        if kind == "Conv*Transpose":
            options["strides"], options["dilation_rate"] = stream.choice([1, 1, 2]), 1
        if kind == "Conv*" and self.channels % 2 == 0 and options["filters"] % 2 == 0 and stream.chance(0.5):
            options["groups"] = 2
        if kind == "Conv*" and stream.chance(0.2):
            options["kernel_regularizer"] = keras.regularizers.L2(0.01)
        return self.named(kind, use_bias=stream.chance(0.8), **options)

    def block(self):
        stream, axis = self.stream, 1 if self.data_format == "channels_first" else -1
        self.add(self.convolution())
        if stream.chance(0.3):
            self.add(layers.BatchNormalization(axis=axis, momentum=0.9))
        if stream.chance(0.9):
            self.add(layers.Activation(stream.choice(ACTIVATIONS)))
        if min(self.places) >= 2 and (stream.chance(0.5) or np.prod(self.places) > 60):
            self.add(self.pooling())
        if stream.chance(0.15):
            self.add(self.named("ZeroPadding*"))
        if stream.chance(0.1) and len(self.places) > 1:
            self.add(self.named("UpSampling*", size=(1,) * (len(self.places) - 1) + (2,)))

    def pooling(self):
        kind, step = self.stream.choice(["Max", "Average"]), self.stream.choice([None, 2])
        return self.named(f"{kind}Pooling*", pool_size=2, strides=step, padding=self.stream.choice(["valid", "same"]))

    def ending(self):
        stream = self.stream
        kind = stream.choice(["flat", "flat", "average", "max"])
        if kind == "flat":
            self.layers.append(layers.Flatten(data_format=self.data_format))
        else:
            self.layers.append(self.named({"average": "GlobalAveragePooling*", "max": "GlobalMaxPooling*"}[kind]))
        if stream.chance(0.4):
            self.layers += [draw_dense(stream, 4, stream.choice(ACTIVATIONS)), *draw_advanced(stream)]


def draw_convolutional(stream):
    """(model, x, y, fit options, sample weights) of one random draw, compiled."""
    kind, head, loss, metrics = stream.choice(TASKS)
    width = stream.choice([2, 3]) if kind in ("one_hot", "class", "simplex") else 1
    if "cosine_similarity" in metrics or "CosineSimilarity" in type(loss()).__name__:
        width = 3
    data_format = stream.choice(["channels_last", "channels_last", "channels_first"])
    stack = Stack(stream, stream.choice(PICTURES), stream.choice([1, 2, 2]), data_format)
    shape = stack.layers[0].shape[1:]
    for _ in range(stream.choice([1, 1, 2])):
        stack.block()
    stack.ending()
    model = keras.Sequential([*stack.layers, draw_dense(stream, width, head)])
    set_weights(model, stream, 0.4)
    metrics = [metric() if callable(metric) else metric for metric in metrics]
    model.compile(optimizer=draw_optimizer(stream), loss=loss(), metrics=metrics)
    rows = stream.choice([7, 10, 11])
    x, y = stream.normal((rows, *shape), decimals=1), targets(stream, kind, rows, (width,))
    return model, x, y, draw_fit(stream, rows, kind) | {"batch_size": stream.choice([3, 4, 32])}


def finish(stream, x0, outputs, loss, y, optimizer):
    model = keras.Model(x0, outputs)
    set_weights(model, stream, 0.4)
    model.compile(optimizer=optimizer, loss=loss, metrics=["mae"])
    return model, stream.normal((len(y), *x0.shape[1:]), decimals=1), y, {"epochs": 3, "batch_size": 4}


def residual_pictures(stream):
    x0 = keras.Input((6, 6, 2))
    h = layers.Conv2D(4, 3, padding="same", activation="relu")(x0)
    for stride in (1, 2):
        inner = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layers.Conv2D(4, 3, stride, "same", use_bias=False)(h)))
        inner = layers.BatchNormalization(momentum=0.9)(layers.Conv2D(4, 3, padding="same", use_bias=False)(inner))
        h = layers.ReLU()(layers.Add()([inner, layers.Conv2D(4, 1, stride)(h) if stride > 1 else h]))
    outputs = layers.Dense(2)(layers.GlobalAveragePooling2D()(h))
    return finish(stream, x0, outputs, "mse", stream.normal((9, 2)), optimizers.SGD(0.05, momentum=0.9))


def pictures_of_pictures(stream):
    """Down, up, and across: a small U-Net."""
    x0 = keras.Input((6, 4, 1))
    wide = layers.Conv2D(2, 3, padding="same", activation="elu")(x0)
    low = layers.Conv2D(3, 3, padding="same", activation="elu")(layers.MaxPooling2D()(wide))
    high = layers.Concatenate()([layers.Conv2DTranspose(2, 2, strides=2)(low), layers.UpSampling2D()(low), wide])
    outputs = layers.Conv2D(1, 1)(layers.SeparableConv2D(2, 3, padding="same", activation="tanh")(high))
    return finish(stream, x0, outputs, "mse", stream.normal((8, 6, 4, 1), decimals=1), optimizers.Adam(0.02))


def words_by_windows(stream):
    """Convolution over embedded words, the average over those that there are."""
    x0 = keras.Input((7,), dtype="int32")
    words = layers.Embedding(6, 3, mask_zero=True)(x0)
    windows = layers.Conv1D(3, 3, padding="causal", activation="relu")(layers.SpatialDropout1D(0.0)(words))
    joined = layers.Concatenate()([layers.GlobalAveragePooling1D()(words), layers.GlobalMaxPooling1D()(windows)])
    model, _, y, options = finish(stream, x0, layers.Dense(1)(joined), "mse", stream.normal((9, 1)), optimizers.Adam(0.02))
    x = stream.integers((9, 7), 6)
    x[:, 0] = 1 + x[:, 0] % 5
    return model, x, y, options


def framed_volumes(stream):
    x0 = keras.Input((3, 4, 3, 2))
    h = layers.Conv3D(3, (2, 3, 2), padding="same", activation="silu")(layers.ZeroPadding3D(((1, 0), (0, 0), (0, 1)))(x0))
    h = layers.AveragePooling3D((2, 2, 1))(layers.Cropping3D(((0, 0), (1, 1), (0, 0)))(h))
    outputs = layers.Dense(1)(layers.Flatten()(layers.AdaptiveMaxPooling3D((2, 1, 2))(h)))
    return finish(stream, x0, outputs, "mse", stream.normal((7, 1)), optimizers.RMSprop(0.01))


GRAPHS = [residual_pictures, pictures_of_pictures, words_by_windows, framed_volumes]


def cases(seed):
    yield from (drawn(seed, f"pictures-{index:02}", draw_convolutional) for index in range(RANDOM_MODELS))
    yield from (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in GRAPHS)
