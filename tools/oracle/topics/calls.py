"""Functional models whose graphs hold ops and named arguments: operators, reductions, slices, constants, masks, inputs and outputs by name."""

from backend import keras
from topics.models import drawn
from training import set_weights

layers, optimizers, ops = keras.layers, keras.optimizers, keras.ops
Input, Model, Dense = keras.Input, keras.Model, layers.Dense
ROWS, FIT = 18, {"epochs": 2, "batch_size": 7}


def finish(stream, inputs, outputs, x=None, y=None, loss="mse", **compile_options):
    """A model of one input (rows, 4) and one output, unless told otherwise."""
    model = Model(inputs, outputs)
    set_weights(model, stream, 0.4)
    model.compile(optimizer=compile_options.pop("optimizer", None) or optimizers.SGD(0.05), loss=loss, **compile_options)
    x = stream.normal((ROWS, 4)) if x is None else x
    y = stream.normal((ROWS, *outputs.shape[1:])) if y is None else y
    return model, x, y, dict(FIT)


def operators_with_numbers(stream):
    x = Input((4,))
    h = Dense(4, activation="tanh")(x)
    return finish(stream, x, Dense(2)((1 - h) * 2 + h / 3 - 0.5))


def operators_between_tensors(stream):
    x = Input((4,))
    a, b = Dense(3)(x), Dense(3, activation="tanh")(x)
    return finish(stream, x, a * b + a - b)


def powers_and_roots(stream):
    x = Input((4,))
    h = Dense(3)(x)
    return finish(stream, x, Dense(1)(ops.sqrt(h**2 + 1) + ops.square(h) * ops.rsqrt(ops.abs(h) + 0.5)))


def exponentials(stream):
    x = Input((4,))
    h = Dense(3, activation="tanh")(x)
    return finish(stream, x, ops.log(ops.exp(h) + 1) + ops.log1p(ops.square(h)) - ops.expm1(-h) * ops.sigmoid(h) + ops.softplus(h))


def trigonometry(stream):
    x = Input((4,))
    h = Dense(3)(x)
    return finish(stream, x, ops.sin(h) * ops.cos(h) + ops.tanh(-h) + ops.erf(h))


def means_over_axes(stream):
    x = Input((4,))
    h = layers.Reshape((4, 3))(Dense(12, activation="tanh")(x))
    return finish(stream, x, Dense(2)(ops.mean(h, axis=1) + ops.sum(h, axis=1) - ops.max(h, axis=1) + ops.min(h, axis=[1])))


def centred_by_hand(stream):
    x = Input((4,))
    h = Dense(6)(x)
    centre = ops.mean(h, axis=-1, keepdims=True)
    return finish(stream, x, Dense(2)((h - centre) / ops.sqrt(ops.var(h, axis=-1, keepdims=True) + 1e-3)))


def reshaped_and_transposed(stream):
    x = Input((4,))
    h = ops.transpose(ops.reshape(Dense(6)(x), (-1, 2, 3)), (0, 2, 1))
    return finish(stream, x, Dense(2)(ops.reshape(h, (-1, 6))))


def expanded_and_squeezed(stream):
    x = Input((4,))
    h = ops.expand_dims(Dense(3)(x), axis=1)
    return finish(stream, x, ops.squeeze(ops.tanh(h), axis=1))


def joined_by_ops(stream):
    x = Input((4,))
    a, b = Dense(3)(x), Dense(3, activation="relu")(x)
    joined = ops.concatenate([a, b, x], axis=-1)
    stacked = ops.stack([a, b], axis=1)
    return finish(stream, x, Dense(2)(joined) + Dense(2)(ops.sum(stacked, axis=1)))


def split_into_parts(stream):
    x = Input((4,))
    a, b, c = ops.split(Dense(6)(x), 3, axis=-1)
    return finish(stream, x, a * ops.sigmoid(c) + b)


def sliced_as_numpy(stream):
    x = Input((4,))
    h = ops.reshape(Dense(12, activation="tanh")(x), (-1, 4, 3))
    return finish(stream, x, Dense(2)(h[:, 0]) + Dense(2)(h[:, -1, :]) + Dense(2)(h[:, 1:3, 0]))


def gathered(stream):
    x = Input((4,))
    h = Dense(5, activation="tanh")(x)
    return finish(stream, x, Dense(2)(ops.take(h, [0, 3, 3], axis=1)))


def chosen_elementwise(stream):
    x = Input((4,))
    h = Dense(4)(x)
    return finish(stream, x, Dense(2)(ops.where(x > 0, h, -h) + ops.maximum(h, 0.1) - ops.minimum(h, x)))


def clipped(stream):
    x = Input((4,))
    return finish(stream, x, Dense(2)(ops.clip(Dense(4)(x), -0.5, 0.7)))


def gated_by_comparison(stream):
    x = Input((4,))
    gate = ops.cast(ops.logical_and(x > -1, ops.logical_not(x > 1)), "float64")
    return finish(stream, x, Dense(2)(Dense(4)(x) * gate))


def matrix_products(stream):
    x = Input((4,))
    h = ops.reshape(Dense(6)(x), (-1, 2, 3))
    scores = ops.softmax(ops.matmul(h, ops.transpose(h, (0, 2, 1))), axis=-1)
    return finish(stream, x, ops.reshape(ops.matmul(scores, h), (-1, 6)))


def summed_by_einstein(stream):
    x = Input((4,))
    h = ops.reshape(Dense(6)(x), (-1, 2, 3))
    return finish(stream, x, Dense(2)(ops.einsum("bij,bkj->bik", h, h)[:, 0]))


def a_constant_tensor(stream):
    x = Input((4,))
    matrix = ops.convert_to_tensor(stream.normal((4, 3)))
    return finish(stream, x, Dense(2)(ops.matmul(x, matrix)))


def activations_of_ops(stream):
    x = Input((4,))
    h = Dense(4)(x)
    return finish(stream, x, Dense(2)(ops.relu(h) + ops.softmax(h) + ops.log_softmax(h, axis=-1)))


def running_sums(stream):
    x = Input((4,))
    return finish(stream, x, Dense(2)(ops.cumsum(ops.tanh(Dense(4)(x)), axis=1)))


def sorted_features(stream):
    x = Input((4,))
    return finish(stream, x, Dense(2)(ops.sort(Dense(4)(x), axis=-1) + ops.flip(x, axis=1)))


def padded_and_tiled(stream):
    x = Input((4,))
    h = ops.pad(Dense(2)(x), [[0, 0], [1, 2]])
    return finish(stream, x, Dense(2)(ops.tile(h, [1, 2])) + Dense(2)(ops.repeat(x, 2, axis=1)))


def gradient_stopped(stream):
    x = Input((4,))
    h = Dense(4, activation="tanh")(x)
    return finish(stream, x, Dense(2)(h + ops.stop_gradient(h) * 0.5))


def op_twice_and_shared_layer(stream):
    x = Input((4,))
    shared = Dense(4, activation="tanh")
    return finish(stream, x, Dense(1)(ops.add(shared(ops.add(shared(x), x)), x)))


def mode_by_name(stream):
    """Keras writes the mode that a call was given; these layers compute the same in both."""
    x = Input((4,))
    h = layers.LayerNormalization()(layers.Dropout(0.0)(Dense(4, activation="tanh")(x), training=False))
    return finish(stream, x, Dense(2)(layers.Dropout(0.0)(h, training=True)))


def mask_by_name(stream):
    x = Input((3, 2))
    mask = ops.any(ops.greater(x, -0.8), axis=-1)
    h = layers.BatchNormalization(momentum=0.8)(x, mask=mask)
    return finish(stream, x, Dense(2)(layers.Flatten()(h)), x=stream.normal((ROWS, 3, 2)))


def weights_by_name(stream):
    ids, w = Input((3,), name="ids", dtype="int32"), Input((3,), name="w")
    h = layers.CategoryEncoding(num_tokens=4, output_mode="count")(ids, count_weights=w)
    x = [stream.integers((ROWS, 3), 4), stream.uniform((ROWS, 3), 0.5, 2)]
    return finish(stream, [ids, w], Dense(2)(h), x=x)


def inputs_and_outputs_by_name(stream):
    a, b = Input((4,), name="a"), Input((2,), name="b")
    h = ops.concatenate([Dense(3, activation="tanh")(a), b], axis=-1)
    outputs = {"size": Dense(1, name="size")(h), "kind": Dense(3, activation="softmax", name="kind")(h)}
    x = {"a": stream.normal((ROWS, 4)), "b": stream.normal((ROWS, 2))}
    y = {"size": stream.normal((ROWS, 1)), "kind": stream.integers((ROWS,), 3)}
    loss = {"size": "mse", "kind": "sparse_categorical_crossentropy"}
    return finish(stream, {"a": a, "b": b}, outputs, x=x, y=y, loss=loss, metrics={"size": ["mae"]})


def op_as_an_output(stream):
    x = Input((4,))
    h = Dense(2)(x)
    outputs = [ops.tanh(h), Dense(1)(ops.relu(h))]
    return finish(stream, x, outputs, y=[stream.normal((ROWS, 2)), stream.normal((ROWS, 1))], loss=["mse", "mae"])


CALLS = [made for made in list(globals().values()) if callable(made) and getattr(made, "__module__", "") == __name__ and made is not finish]


def cases(seed):
    return {"calls": (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in CALLS)}
