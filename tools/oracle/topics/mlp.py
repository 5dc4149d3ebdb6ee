"""Whole trainings of Dense networks: losses × SGD and Adam × activations, step by step and through `fit`."""

import copy

from backend import fresh, keras
from stream import Stream
from training import at_the_end, by_fit, by_steps, compiled, describe, require_benign, set_weights, weights

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam
losses = keras.losses
BATCH, STEPS = 8, 10

OPTIMIZERS = {
    "sgd": lambda: SGD(0.05),
    "momentum": lambda: SGD(0.02, momentum=0.9),
    "nesterov": lambda: SGD(0.02, momentum=0.8, nesterov=True),
    "adam": lambda: Adam(0.01),
    "adam_betas": lambda: Adam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4),
    "amsgrad": lambda: Adam(0.01, amsgrad=True),
}

# name, fan in, (units, activation) of each layer, kind of target, loss, metrics, optimizer
TRAININGS = [
    ("linear-regression-mse-sgd", 3, [(1, "linear")], "real", "mse", ["mae"], "sgd"),
    ("2-3-1-sigmoid-mse-sgd", 2, [(3, "sigmoid"), (1, "linear")], "real", losses.MeanSquaredError, ["mse"], "sgd"),
    ("2-3-3-1-sigmoid-mse-adam", 2, [(3, "sigmoid"), (3, "sigmoid"), (1, "sigmoid")], "unit", "mse", [], "adam"),
    ("relu-mse-momentum", 4, [(6, "relu"), (2, "linear")], "real", "mean_squared_error", ["mae", "mse"], "momentum"),
    ("tanh-mae-nesterov", 4, [(5, "tanh"), (2, "linear")], "real", losses.MeanAbsoluteError, ["mse"], "nesterov"),
    ("elu-mae-adam", 3, [(5, "elu"), (3, "linear")], "real", "mae", ["mae"], "adam"),
    ("softplus-mse-amsgrad", 3, [(4, "softplus"), (2, "softplus")], "positive", "mse", ["mae"], "amsgrad"),
    ("leaky-relu-mse-adam-betas", 5, [(6, "leaky_relu"), (1, "linear")], "real", "mse", [], "adam_betas"),
    ("tanh-bce-sigmoid-sgd", 3, [(4, "tanh"), (1, "sigmoid")], "binary", "binary_crossentropy", ["accuracy"], "sgd"),
    (
        "relu-bce-sigmoid-adam",
        4,
        [(6, "relu"), (3, "sigmoid")],
        "binary3",
        losses.BinaryCrossentropy,
        ["accuracy", "binary_accuracy"],
        "adam",
    ),
    (
        "relu-bce-logits-adam",
        4,
        [(6, "relu"), (1, "linear")],
        "binary",
        lambda: losses.BinaryCrossentropy(from_logits=True),
        ["mse"],
        "adam",
    ),
    (
        "elu-bce-smoothed-momentum",
        4,
        [(5, "elu"), (2, "sigmoid")],
        "binary2",
        lambda: losses.BinaryCrossentropy(label_smoothing=0.1),
        ["accuracy"],
        "momentum",
    ),
    (
        "bce-logits-smoothed-nesterov",
        3,
        [(5, "softplus"), (2, "linear")],
        "binary2",
        lambda: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
        [],
        "nesterov",
    ),
    ("relu-cce-softmax-adam", 4, [(6, "relu"), (3, "softmax")], "one_hot", "categorical_crossentropy", ["accuracy"], "adam"),
    (
        "relu-cce-softmax-sgd",
        5,
        [(5, "relu"), (4, "softmax")],
        "one_hot",
        losses.CategoricalCrossentropy,
        ["categorical_accuracy", "mse"],
        "sgd",
    ),
    (
        "tanh-cce-logits-momentum",
        4,
        [(6, "tanh"), (3, "linear")],
        "one_hot",
        lambda: losses.CategoricalCrossentropy(from_logits=True),
        ["accuracy"],
        "momentum",
    ),
    (
        "cce-smoothed-amsgrad",
        4,
        [(5, "leaky_relu"), (3, "softmax")],
        "one_hot",
        lambda: losses.CategoricalCrossentropy(label_smoothing=0.1),
        ["accuracy"],
        "amsgrad",
    ),
    (
        "cce-logits-smoothed-adam",
        4,
        [(5, "elu"), (3, None)],
        "one_hot",
        lambda: losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3),
        [],
        "adam",
    ),
    ("cce-soft-labels-adam", 3, [(4, "sigmoid"), (3, "softmax")], "simplex", "categorical_crossentropy", ["mae"], "adam"),
    ("scce-softmax-adam", 4, [(6, "relu"), (3, "softmax")], "class", "sparse_categorical_crossentropy", ["accuracy"], "adam"),
    (
        "scce-softmax-column-sgd",
        4,
        [(6, "tanh"), (4, "softmax")],
        "class_column",
        losses.SparseCategoricalCrossentropy,
        ["sparse_categorical_accuracy"],
        "sgd",
    ),
    (
        "scce-logits-adam-betas",
        4,
        [(6, "softplus"), (5, "linear")],
        "class",
        lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
        "adam_betas",
    ),
    ("hidden-softmax-mse-nesterov", 4, [(5, "softmax"), (2, "linear")], "real", "mse", ["mae"], "nesterov"),
    (
        "deep-narrow-adam",
        3,
        [(3, "relu"), (3, "tanh"), (3, "elu"), (3, "softplus"), (2, "softmax")],
        "one_hot",
        "categorical_crossentropy",
        ["accuracy"],
        "adam",
    ),
    ("one-unit-everywhere-sgd", 1, [(1, "tanh"), (1, "linear")], "real", "mse", [], "sgd"),
    ("multi-output-rank3-adam", (2, 3), [(4, "relu"), (2, "linear")], "real", "mse", ["mae"], "adam"),
]


def targets(stream, kind, rows, shape):
    """Targets of a kind for predictions of `shape`."""
    width = shape[-1]
    match kind:
        case "real":
            return stream.normal((rows, *shape))
        case "unit":
            return stream.uniform((rows, *shape), 0.1, 0.9)
        case "positive":
            return stream.uniform((rows, *shape), 0.2, 2.0)
        case "binary" | "binary2" | "binary3":
            return stream.integers((rows, *shape), 2).astype("float64")
        case "one_hot":
            return stream.one_hot(rows, width)
        case "simplex":
            return stream.simplex((rows, width))
        case "class":
            return stream.integers((rows,), width)
        case "class_column":
            return stream.integers((rows, 1), width)
    raise ValueError(kind)


def build(fan_in, layers, stream):
    fresh()
    shape = fan_in if isinstance(fan_in, tuple) else (fan_in,)
    stack = [keras.Input(shape)] + [keras.layers.Dense(units, activation=activation) for units, activation in layers]
    model = keras.Sequential(stack)
    set_weights(model, stream)
    return model


def compile_model(model, loss, metrics, optimizer):
    loss = loss if isinstance(loss, str) else loss()
    model.compile(optimizer=OPTIMIZERS[optimizer](), loss=loss, metrics=copy.deepcopy(metrics) or None)


def is_probability(layers):
    return layers[-1][1] in ("softmax", "sigmoid")


def training(seed, name, fan_in, layers, kind, loss, metrics, optimizer):
    """Ten `train_on_batch` steps, then `evaluate` and `predict` on the first three batches."""
    stream = Stream(seed, "mlp", name)
    model = build(fan_in, layers, stream)
    compile_model(model, loss, metrics, optimizer)
    rows = BATCH * STEPS
    x = stream.normal((rows, *model.input_shape[1:]))
    y = targets(stream, kind, rows, model.output_shape[1:])
    case = {
        "name": name,
        "kind": "steps",
        "batch_size": BATCH,
        "model": describe(model),
        "compile": compiled(model),
        "weights": weights(model),
        "x": x,
        "y": y,
    }
    batches = [(x[i : i + BATCH], y[i : i + BATCH], None) for i in range(0, rows, BATCH)]
    case |= by_steps(model, batches, keep=(1, STEPS))
    if is_probability(layers):
        require_benign(model, x, name)
    head = 3 * BATCH
    return case | {"end_rows": head} | at_the_end(model, x[:head], y[:head])


def running_logs(seed):
    """`train_on_batch` without resetting: its logs are running means over the calls."""
    stream = Stream(seed, "mlp", "running")
    model = build(3, [(4, "relu"), (2, "softmax")], stream)
    compile_model(model, "categorical_crossentropy", ["accuracy"], "sgd")
    x, y = stream.normal((15, 3)), stream.one_hot(15, 2)
    case = {
        "name": "running-logs",
        "kind": "running",
        "bounds": [0, 8, 11, 15],
        "model": describe(model),
        "compile": compiled(model),
        "weights": weights(model),
        "x": x,
        "y": y,
    }
    found = [model.train_on_batch(x[a:b], y[a:b], return_dict=True) for a, b in ((0, 8), (8, 11), (11, 15))]
    return case | {"logs": found}


# name, layers, target kind, loss, metrics, optimizer, fit options ("sample_weight": True draws weights, "validation"
# draws 11 rows of validation data, "weighted" ones with weights)
FITS = [
    ("fit-uneven-last-batch", [(5, "relu"), (1, "linear")], "real", "mse", ["mae"], "adam", {"epochs": 3, "batch_size": 8}),
    (
        "fit-validation-split",
        [(5, "tanh"), (3, "softmax")],
        "one_hot",
        "categorical_crossentropy",
        ["accuracy"],
        "sgd",
        {"epochs": 3, "batch_size": 6, "validation_split": 0.3},
    ),
    (
        "fit-sample-weight",
        [(5, "relu"), (2, "linear")],
        "real",
        "mse",
        ["mae"],
        "momentum",
        {"epochs": 3, "batch_size": 8, "sample_weight": True},
    ),
    (
        "fit-class-weight",
        [(5, "relu"), (3, "softmax")],
        "class",
        "sparse_categorical_crossentropy",
        ["accuracy"],
        "adam",
        {"epochs": 3, "batch_size": 7, "class_weight": {"0": 2.0, "2": 0.5}},
    ),
    (
        "fit-class-weight-one-hot",
        [(5, "relu"), (3, "softmax")],
        "one_hot",
        "categorical_crossentropy",
        ["accuracy"],
        "adam",
        {"epochs": 3, "batch_size": 7, "class_weight": {"0": 1.5, "1": 0.25, "2": 3.0}},
    ),
    (
        "fit-class-weight-binary",
        [(4, "elu"), (1, "sigmoid")],
        "binary",
        "binary_crossentropy",
        ["accuracy"],
        "nesterov",
        {"epochs": 3, "batch_size": 9, "class_weight": {"0": 0.5, "1": 4.0}},
    ),
    (
        "fit-split-and-sample-weight",
        [(4, "relu"), (1, "sigmoid")],
        "binary",
        "binary_crossentropy",
        ["accuracy"],
        "adam",
        {"epochs": 3, "batch_size": 5, "validation_split": 0.25, "sample_weight": True},
    ),
    ("fit-batch-larger-than-data", [(4, "relu"), (1, "linear")], "real", "mae", ["mse"], "adam", {"epochs": 4, "batch_size": 100}),
    ("fit-default-batch", [(4, "sigmoid"), (1, "linear")], "real", "mse", [], "sgd", {"epochs": 3}),
    (
        "fit-scce-logits-split",
        [(6, "leaky_relu"), (4, "linear")],
        "class",
        lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
        "amsgrad",
        {"epochs": 3, "batch_size": 8, "validation_split": 0.2},
    ),
    (
        "fit-validation-data",
        [(5, "relu"), (1, "linear")],
        "real",
        "mse",
        ["mae"],
        "adam",
        {"epochs": 3, "batch_size": 8, "validation": "plain"},
    ),
    (
        "fit-validation-data-weighted",
        [(5, "relu"), (1, "linear")],
        "real",
        "mse",
        ["mae"],
        "adam",
        {"epochs": 3, "batch_size": 8, "validation": "weighted", "validation_batch_size": 4},
    ),
    (
        "fit-validation-freq",
        [(5, "tanh"), (1, "linear")],
        "real",
        "mse",
        [],
        "sgd",
        {"epochs": 5, "batch_size": 8, "validation": "plain", "validation_freq": 2},
    ),
    (
        "fit-validation-freq-list",
        [(5, "tanh"), (1, "linear")],
        "real",
        "mse",
        [],
        "sgd",
        {"epochs": 5, "batch_size": 8, "validation_split": 0.3, "validation_freq": [1, 4]},
    ),
    (
        "fit-validation-steps",
        [(5, "tanh"), (1, "linear")],
        "real",
        "mse",
        [],
        "sgd",
        {"epochs": 2, "batch_size": 8, "validation": "plain", "validation_batch_size": 3, "validation_steps": 2},
    ),
    ("fit-initial-epoch", [(5, "tanh"), (1, "linear")], "real", "mse", [], "adam", {"epochs": 4, "batch_size": 8, "initial_epoch": 2}),
    ("fit-steps-per-epoch", [(5, "tanh"), (1, "linear")], "real", "mse", [], "adam", {"epochs": 2, "batch_size": 8, "steps_per_epoch": 2}),
]


def fitting(seed, name, layers, kind, loss, metrics, optimizer, options):
    """Three epochs or so of `fit(shuffle=False)` on 37 rows of 4."""
    stream = Stream(seed, "mlp", name)
    rows = 37
    model = build(4, layers, stream)
    compile_model(model, loss, metrics, optimizer)
    x = stream.normal((rows, 4))
    y = targets(stream, kind, rows, model.output_shape[1:])
    case = {
        "name": name,
        "kind": "fit",
        "fit": {**options, "shuffle": False},
        "model": describe(model),
        "compile": compiled(model),
        "weights": weights(model),
        "x": x,
        "y": y,
    }
    options = dict(options)
    if options.get("sample_weight"):
        case["sample_weight"] = options["sample_weight"] = stream.uniform((rows,), 0.2, 2.0, 2)
        case["fit"].pop("sample_weight")
    if "class_weight" in options:
        options["class_weight"] = {int(k): v for k, v in options["class_weight"].items()}
    if "validation" in options:
        drawn = case["validation_data"] = validation_data(stream, kind, model, options.pop("validation") == "weighted")
        case["fit"].pop("validation")
        options["validation_data"] = tuple(drawn.values())
    found = by_fit(model, x, y, **options)
    if is_probability(layers):
        require_benign(model, x, name)
    ending = at_the_end(model, x, y, case.get("sample_weight"), batch_size=10)
    return case | {"history": found["history"], "after_weights": found["weights"], "end_batch_size": 10} | ending


def validation_data(stream, kind, model, weighted):
    """Eleven more rows, with weights where `weighted`."""
    rows = 11
    drawn = {"x": stream.normal((rows, 4)), "y": targets(stream, kind, rows, model.output_shape[1:])}
    return drawn | ({"sample_weight": stream.uniform((rows,), 0.2, 2.0, 2)} if weighted else {})


def cases(seed):
    yield from (training(seed, *row) for row in TRAININGS)
    yield running_logs(seed)
    yield from (fitting(seed, *row) for row in FITS)
