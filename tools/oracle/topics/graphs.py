"""Functional models: several inputs and outputs, shared layers, residuals, nesting. Each gives (model, x, y, fit options), compiled."""

from backend import keras
from training import set_weights

layers, optimizers = keras.layers, keras.optimizers
Input, Model, Dense = keras.Input, keras.Model, layers.Dense
ROWS, FIT = 22, {"epochs": 3, "batch_size": 8}


def finish(stream, inputs, outputs, compile_options, x, y, **fit_options):
    model = Model(inputs, outputs)
    set_weights(model, stream, 0.4)
    model.compile(**compile_options)
    return model, x, y, {**FIT, **fit_options}


def two_inputs_concatenated(stream):
    a, b = Input((3,), name="a"), Input((2,), name="b")
    joined = layers.Concatenate()([Dense(4, activation="relu")(a), Dense(3, activation="tanh")(b)])
    x = [stream.normal((ROWS, 3)), stream.normal((ROWS, 2))]
    return finish(
        stream,
        [a, b],
        Dense(1)(joined),
        {"optimizer": optimizers.Adam(0.02), "loss": "mse", "metrics": ["mae"]},
        x,
        stream.normal((ROWS, 1)),
    )


def residual_added(stream):
    x0 = Input((4,))
    h = Dense(4, activation="elu")(x0)
    h = layers.Add()([x0, Dense(4, activation="tanh")(h)])
    y = stream.one_hot(ROWS, 3)
    return finish(
        stream,
        x0,
        Dense(3, activation="softmax")(h),
        {"optimizer": optimizers.SGD(0.1, momentum=0.5), "loss": "categorical_crossentropy", "metrics": ["accuracy"]},
        stream.normal((ROWS, 4)),
        y,
    )


def two_residual_blocks_normalised(stream):
    x0 = Input((4,))
    h = x0
    for _ in range(2):
        inner = Dense(6, activation="gelu")(layers.LayerNormalization()(h))
        h = layers.Add()([h, Dense(4)(inner)])
    return finish(
        stream,
        x0,
        Dense(2)(h),
        {"optimizer": optimizers.AdamW(0.01, weight_decay=0.02, clipnorm=1.0), "loss": "huber", "metrics": ["mse"]},
        stream.normal((ROWS, 4)),
        stream.normal((ROWS, 2)),
        validation_split=0.25,
    )


def two_outputs_by_name(stream):
    x0 = Input((3,))
    h = Dense(5, activation="tanh")(x0)
    outputs = [Dense(1, name="size")(h), Dense(3, activation="softmax", name="kind")(h)]
    y = [stream.normal((ROWS, 1)), stream.integers((ROWS,), 3)]
    options = {
        "optimizer": optimizers.Adam(0.02),
        "loss": {"size": "mse", "kind": "sparse_categorical_crossentropy"},
        "loss_weights": {"size": 0.5, "kind": 2.0},
        "metrics": {"size": ["mae"], "kind": ["accuracy"]},
    }
    return finish(stream, x0, dict(zip(("size", "kind"), outputs)), options, stream.normal((ROWS, 3)), dict(zip(("size", "kind"), y)))


def two_outputs_in_a_list(stream):
    x0 = Input((3,))
    h = Dense(5, activation="softplus")(x0)
    outputs = [Dense(2, name="first")(h), Dense(1, activation="sigmoid", name="second")(h)]
    y = [stream.normal((ROWS, 2)), stream.integers((ROWS, 1), 2).astype("float64")]
    options = {
        "optimizer": optimizers.RMSprop(0.01),
        "loss": ["mae", "binary_crossentropy"],
        "loss_weights": [1.0, 0.3],
        "metrics": [["mse"], ["accuracy"]],
    }
    return finish(stream, x0, outputs, options, stream.normal((ROWS, 3)), y, validation_split=0.2)


def two_outputs_one_loss(stream):
    x0 = Input((3,))
    h = Dense(5, activation="silu")(x0)
    outputs = [Dense(2, name="left")(h), Dense(2, name="right")(h)]
    y = [stream.normal((ROWS, 2)), stream.normal((ROWS, 2))]
    return finish(stream, x0, outputs, {"optimizer": optimizers.Adamax(0.02), "loss": ["mse", "mse"]}, stream.normal((ROWS, 3)), y)


def inner_tensor_as_an_output(stream):
    x0 = Input((3,))
    h = Dense(2, activation="tanh", name="inner")(x0)
    outputs = [h, Dense(1, name="outer")(h)]
    y = [stream.uniform((ROWS, 2), -0.5, 0.5), stream.normal((ROWS, 1))]
    return finish(stream, x0, outputs, {"optimizer": optimizers.SGD(0.1), "loss": ["mse", "mae"]}, stream.normal((ROWS, 3)), y)


def shared_layer_twice(stream):
    a, b = Input((3,)), Input((3,))
    shared = Dense(4, activation="tanh")
    gap = layers.Subtract()([shared(a), shared(b)])
    x = [stream.normal((ROWS, 3)), stream.normal((ROWS, 3))]
    y = stream.integers((ROWS, 1), 2).astype("float64")
    return finish(
        stream,
        [a, b],
        Dense(1, activation="sigmoid")(gap),
        {"optimizer": optimizers.Adam(0.02), "loss": "binary_crossentropy", "metrics": ["accuracy"]},
        x,
        y,
    )


def layer_applied_to_its_own_output(stream):
    x0 = Input((4,))
    again = Dense(4, activation="elu")
    return finish(
        stream,
        x0,
        Dense(1)(again(again(again(x0)))),
        {"optimizer": optimizers.Nadam(0.01), "loss": "mse"},
        stream.normal((ROWS, 4)),
        stream.normal((ROWS, 1)),
    )


def sequential_inside(stream):
    inner = keras.Sequential([Input((3,)), Dense(4, activation="relu"), Dense(2, activation="tanh")])
    x0 = Input((3,))
    return finish(
        stream,
        x0,
        Dense(1)(inner(x0)),
        {"optimizer": optimizers.Adagrad(0.05), "loss": "mse"},
        stream.normal((ROWS, 3)),
        stream.normal((ROWS, 1)),
    )


def functional_inside_twice(stream):
    z = Input((2,))
    tower = Model(z, Dense(3, activation="sigmoid")(Dense(3, activation="tanh")(z)))
    a, b = Input((2,)), Input((2,))
    x = [stream.normal((ROWS, 2)), stream.normal((ROWS, 2))]
    joined = layers.Concatenate()([tower(a), tower(b)])
    return finish(
        stream,
        [a, b],
        Dense(2)(joined),
        {"optimizer": optimizers.Adam(0.02, global_clipnorm=1.0), "loss": "log_cosh", "metrics": ["mae"]},
        x,
        stream.normal((ROWS, 2)),
    )


def nested_three_deep(stream):
    z = Input((3,))
    innermost = Model(z, Dense(3, activation="softsign")(z))
    m = Input((3,))
    middle = Model(m, Dense(3, activation="elu")(innermost(m)))
    x0 = Input((3,))
    return finish(
        stream,
        x0,
        Dense(1)(layers.Add()([x0, middle(x0)])),
        {"optimizer": optimizers.Lion(0.003), "loss": "mse"},
        stream.normal((ROWS, 3)),
        stream.normal((ROWS, 1)),
    )


def two_towers_dot(stream):
    a, b = Input((3,)), Input((4,))
    score = layers.Dot(axes=1, normalize=True)([Dense(3)(a), Dense(3)(b)])
    x = [stream.normal((ROWS, 3)), stream.normal((ROWS, 4))]
    return finish(stream, [a, b], score, {"optimizer": optimizers.Adam(0.02), "loss": "mse"}, x, stream.uniform((ROWS, 1), -1, 1))


def embedded_and_numeric(stream):
    identity, numeric = Input((1,), dtype="int32"), Input((2,))
    vector = layers.Flatten()(layers.Embedding(6, 3)(identity))
    joined = layers.Concatenate()([vector, numeric])
    x = [stream.integers((ROWS, 1), 6), stream.normal((ROWS, 2))]
    return finish(
        stream,
        [identity, numeric],
        Dense(1)(Dense(4, activation="relu")(joined)),
        {"optimizer": optimizers.Adam(0.02), "loss": "mse"},
        x,
        stream.normal((ROWS, 1)),
    )


def counted_with_weights(stream):
    """The weights of counts are passed by name."""
    ids, weights = Input((3,), dtype="int32"), Input((3,))
    counts = layers.CategoryEncoding(num_tokens=5, output_mode="count")(ids, count_weights=weights)
    return finish(
        stream,
        [ids, weights],
        Dense(1)(Dense(4, activation="tanh")(counts)),
        {"optimizer": optimizers.Adam(0.02), "loss": "mse"},
        [stream.integers((ROWS, 3), 5), stream.uniform((ROWS, 3), 0.1, 2.0)],
        stream.normal((ROWS, 1)),
    )


def factorisation(stream):
    """User and item vectors with biases: a recommender."""
    user, item = Input((1,), dtype="int32"), Input((1,), dtype="int32")
    tables = [layers.Flatten()(layers.Embedding(5, 3)(user)), layers.Flatten()(layers.Embedding(7, 3)(item))]
    biases = [layers.Flatten()(layers.Embedding(5, 1)(user)), layers.Flatten()(layers.Embedding(7, 1)(item))]
    rating = layers.Add()([layers.Dot(axes=1)(tables), *biases])
    x = [stream.integers((ROWS, 1), 5), stream.integers((ROWS, 1), 7)]
    return finish(stream, [user, item], rating, {"optimizer": optimizers.Adagrad(0.1), "loss": "mse"}, x, stream.normal((ROWS, 1)))


def gate_multiplied(stream):
    x0 = Input((3,))
    gated = layers.Multiply()([Dense(4, activation="sigmoid")(x0), Dense(4, activation="tanh")(x0)])
    return finish(
        stream,
        x0,
        Dense(2)(gated),
        {"optimizer": optimizers.Adadelta(0.5), "loss": "mse"},
        stream.normal((ROWS, 3)),
        stream.normal((ROWS, 2)),
    )


def maximum_of_experts(stream):
    x0 = Input((3,))
    hidden = layers.Maximum()([Dense(3)(x0), Dense(3)(x0), Dense(3)(x0)])
    low = layers.Minimum()([hidden, Dense(3, activation="softplus")(x0)])
    return finish(
        stream,
        x0,
        Dense(1)(low),
        {"optimizer": optimizers.SGD(0.05, nesterov=True, momentum=0.6), "loss": "mae"},
        stream.normal((ROWS, 3)),
        stream.normal((ROWS, 1)),
    )


def average_of_towers(stream):
    x0 = Input((3,))
    towers = [Dense(2, activation="softmax")(Dense(width, activation="relu")(x0)) for width in (3, 4, 5)]
    return finish(
        stream,
        x0,
        layers.Average()(towers),
        {"optimizer": optimizers.Adam(0.02), "loss": "categorical_crossentropy", "metrics": ["accuracy"]},
        stream.normal((ROWS, 3)),
        stream.one_hot(ROWS, 2),
    )


def batch_normalised_branches(stream):
    x0 = Input((4,))
    left = layers.BatchNormalization(momentum=0.8)(Dense(3, use_bias=False)(x0))
    right = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(Dense(3, use_bias=False)(x0)))
    return finish(
        stream,
        x0,
        Dense(2)(layers.Add()([left, right])),
        {"optimizer": optimizers.SGD(0.05), "loss": "mse"},
        stream.normal((ROWS, 4)),
        stream.normal((ROWS, 2)),
        validation_split=0.3,
    )


def reshaped_and_permuted(stream):
    x0 = Input((6,))
    h = layers.Permute((2, 1))(layers.Reshape((2, 3))(x0))
    h = Dense(4, activation="tanh")(h)
    return finish(
        stream,
        x0,
        Dense(1)(layers.Flatten()(h)),
        {"optimizer": optimizers.Adam(0.02), "loss": "mse"},
        stream.normal((ROWS, 6)),
        stream.normal((ROWS, 1)),
    )


def repeated_vector(stream):
    x0 = Input((3,))
    h = layers.RepeatVector(2)(Dense(4, activation="relu")(x0))
    h = layers.EinsumDense("abc,cd->abd", output_shape=(None, 2), bias_axes="d")(h)
    return finish(stream, x0, h, {"optimizer": optimizers.Adam(0.02), "loss": "mse"}, stream.normal((ROWS, 3)), stream.normal((ROWS, 2, 2)))


def frozen_layer(stream):
    x0 = Input((3,))
    frozen = Dense(4, activation="tanh", trainable=False, kernel_regularizer="l2")
    return finish(
        stream,
        x0,
        Dense(1, kernel_regularizer="l2")(frozen(x0)),
        {"optimizer": optimizers.Adam(0.02), "loss": "mse"},
        stream.normal((ROWS, 3)),
        stream.normal((ROWS, 1)),
    )


def penalised_everywhere(stream):
    x0 = Input((3,))
    h = Dense(
        4,
        activation="tanh",
        kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02),
        bias_regularizer="l2",
        activity_regularizer=keras.regularizers.L1(0.01),
    )(x0)
    h = layers.ActivityRegularization(l2=0.05)(h)
    return finish(
        stream,
        x0,
        Dense(1)(h),
        {"optimizer": optimizers.Adam(0.02), "loss": "mse", "metrics": ["mae"]},
        stream.normal((ROWS, 3)),
        stream.normal((ROWS, 1)),
        validation_split=0.2,
    )


def weighted_two_outputs(stream):
    """One weight a row, for each output."""
    x0 = Input((3,))
    h = Dense(5, activation="tanh")(x0)
    outputs = [Dense(1, name="left")(h), Dense(2, name="right")(h)]
    y = [stream.normal((ROWS, 1)), stream.normal((ROWS, 2))]
    weights = [stream.uniform((ROWS,), 0.2, 2, 2), stream.uniform((ROWS,), 0.2, 2, 2)]
    options = {"optimizer": optimizers.Adam(0.02), "loss": ["mse", "mae"], "weighted_metrics": [["mae"], ["mse"]]}
    return finish(stream, x0, outputs, options, stream.normal((ROWS, 3)), y, sample_weight=weights)


GRAPHS = [
    made for made in list(globals().values()) if callable(made) and getattr(made, "__module__", "") == __name__ and made is not finish
]
