"""What in a sample a model answers to: Grad-CAM, saliency and integrated gradients, by formula on Keras's gradients."""

import numpy as np

from backend import fresh, keras, numbers, value_and_gradients
from stream import Stream
from training import describe, set_weights, weights

layers, ops = keras.layers, keras.ops
Input, Model = keras.Input, keras.Model


def convnet():
    x = Input((8, 9, 2))
    h = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    h = layers.MaxPooling2D(2)(h)
    h = layers.Conv2D(6, 3, activation="tanh", name="last")(h)
    return Model(x, layers.Dense(3)(layers.GlobalAveragePooling2D()(h)))


def residual():
    """Batch normalisation, a shortcut, a softmax; what is asked about is no convolution."""
    x = Input((7, 6, 3))
    h = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
    h = layers.Activation("relu")(h)
    h = layers.Add(name="sum")([h, layers.Conv2D(4, 1)(x)])
    y = layers.Dense(4, activation="softmax")(layers.Flatten()(layers.AveragePooling2D(2)(h)))
    return Model(x, y)


def channels_first():
    x = Input((2, 6, 7))
    h = layers.Conv2D(5, 3, strides=2, padding="same", data_format="channels_first", activation="elu", name="last")(x)
    return Model(x, layers.Dense(3)(layers.Flatten()(h)))


def table():
    x = Input((5,))
    h = layers.Dense(6, activation="tanh")(x)
    return Model(x, layers.Dense(3)(layers.Dense(4, activation="sigmoid")(h)))


def two_inputs():
    a, b = Input((3,), name="a"), Input((4, 2), name="b")
    h = layers.Concatenate()([layers.Dense(4, activation="tanh")(a), layers.Flatten()(b)])
    return Model([a, b], layers.Dense(1)(layers.Dense(5, activation="gelu")(h)))


def words():
    x = Input((6,), dtype="int32")
    h = layers.Embedding(9, 4, name="words")(x)
    return Model(x, layers.Dense(2)(layers.LSTM(5)(h)))


SAMPLES = 3


def batch(stream, model):
    found = []
    for one in model.inputs:
        shape = (SAMPLES, *one.shape[1:])
        found.append(stream.integers(shape, 9) if one.dtype == "int32" else stream.uniform(shape))
    return found


def score(model, classes):
    """The sum of the scores of all samples, a function of the inputs."""

    def of(*x):
        y = model(list(x) if len(x) > 1 else x[0])
        return ops.sum(ops.take_along_axis(y, ops.convert_to_tensor(classes.reshape(-1, 1)), axis=1))

    return of


def slopes(function, arrays):
    return [np.asarray(one) for one in value_and_gradients(function, arrays)[1]]


def best(model, x):
    return np.argmax(numbers(model(x if len(x) > 1 else x[0])), axis=1)


def integrated(function, ends, starts, steps):
    """`(x - x0)` times the mean gradient, by the nodes of Gauss and Legendre."""
    nodes, shares = np.polynomial.legendre.leggauss(steps)
    total = [np.zeros_like(end) for end in ends]
    for node, share in zip(nodes, shares):
        between = [start + (1 + node) / 2 * (end - start) for start, end in zip(starts, ends)]
        total = [sum_ + share / 2 * slope for sum_, slope in zip(total, slopes(function, between))]
    return [(end - start) * sum_ for start, end, sum_ in zip(starts, ends, total)]


def bilinear(maps, height, width):
    """Between the centres of places, the edge going on."""

    def places(length, count):
        at = np.clip((np.arange(count) + 0.5) * length / count - 0.5, 0, length - 1)
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, length - 1), at - low

    low, high, share = places(maps.shape[1], height)
    maps = maps[:, low] * (1 - share)[None, :, None] + maps[:, high] * share[None, :, None]
    low, high, share = places(maps.shape[2], width)
    return maps[:, :, low] * (1 - share) + maps[:, :, high] * share


def grad_cam(model, layer, x, classes, first):
    features = Model(model.inputs[0], layer.output)
    head = Model(layer.output, model.outputs[0])
    inside = numbers(features(x[0]))
    slope = slopes(score(head, classes), [inside])[0]
    if first:
        inside, slope = (np.moveaxis(one, 1, -1) for one in (inside, slope))
    maps = np.maximum((inside * slope.mean(axis=(1, 2), keepdims=True)).sum(-1), 0)
    height, width = x[0].shape[2:] if first else x[0].shape[1:3]
    most = maps.max(axis=(1, 2), keepdims=True)
    sized = bilinear(maps, height, width)
    peak = sized.max(axis=(1, 2), keepdims=True)
    return {"map": maps, "normalized": maps / np.where(most > 0, most, 1), "drawn": sized / np.where(peak > 0, peak, 1)}


def case(seed, make, asks):
    fresh()
    name = make.__name__.replace("_", "-")
    stream = Stream(seed, "explain", name)
    model = make()
    set_weights(model, stream, 0.6)
    x = batch(stream, model)
    row = {"name": name, "model": describe(model), "weights": weights(model), "x": x, "steps": 20}
    row["best"] = best(model, x)
    classes = stream.integers((SAMPLES,), model.outputs[0].shape[-1])
    row["classes"] = classes
    if "cam" in asks:
        layer = model.get_layer(asks["cam"])
        row["layer"], first = layer.name, "first" in name
        row["cam"] = grad_cam(model, layer, x, classes, first)
        row["cam_of_best"] = grad_cam(model, layer, x, row["best"], first)["map"]
    if "embedding" in asks:
        layer = model.get_layer(asks["embedding"])
        row["layer"] = layer.name
        features, head = Model(model.inputs[0], layer.output), Model(layer.output, model.outputs[0])
        ends, start = [numbers(features(x[0]))], [numbers(features(np.zeros_like(x[0])))]
        row["saliency"] = slopes(score(head, classes), ends)
        row["integrated"] = integrated(score(head, classes), ends, start, row["steps"])
        return row
    row["baseline"] = [stream.uniform(one.shape) for one in x]
    row["saliency"] = slopes(score(model, classes), x)
    row["saliency_of_best"] = slopes(score(model, row["best"]), x)
    row["integrated"] = integrated(score(model, classes), x, row["baseline"], row["steps"])
    return row


def cases(seed):
    asked = [
        (convnet, {"cam": "last"}),
        (residual, {"cam": "sum"}),
        (channels_first, {"cam": "last"}),
        (table, {}),
        (two_inputs, {}),
        (words, {"embedding": "words"}),
    ]
    return [case(seed, *one) for one in asked]
