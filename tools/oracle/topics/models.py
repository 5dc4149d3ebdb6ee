"""Whole models drawn at random, and functional graphs of every kind, trained three epochs by `fit(shuffle=False)`.

Some draws are ill-conditioned: a weight whose gradient is zero but for rounding, under an optimizer that scales by the
gradient's size, wanders at random. Each draw is trained again from weights nudged by 1e-13 and drawn anew when that
shows, so that a disagreement is a disagreement.
"""

import numpy as np

from backend import ENGINE, fresh, keras
from stream import Stream
from topics import graphs
from topics.mlp import targets
from training import at_the_end, by_fit, compiled, describe, predictions, set_weights, weights

layers, losses, optimizers = keras.layers, keras.losses, keras.optimizers
schedules = optimizers.schedules
RANDOM_MODELS, END_ROWS = 110, 10
NUDGE, ALLOWED = 1e-13, 1e-10

# kind of target, activation of the head, loss, metrics that fit it
TASKS = [
    ("real", "linear", lambda: "mse", ["mae", "root_mean_squared_error", "cosine_similarity"]),
    ("real", "linear", lambda: losses.MeanAbsoluteError(), ["mse", "r2_score"]),
    ("real", "linear", lambda: losses.Huber(delta=0.7), ["mae"]),
    ("real", "linear", lambda: losses.LogCosh(), ["mse"]),
    ("real", "tanh", lambda: losses.MeanSquaredError(reduction="sum"), ["mae"]),
    ("real", "elu", lambda: losses.CosineSimilarity(), ["mse"]),
    ("positive", "softplus", lambda: losses.MeanSquaredLogarithmicError(), ["mape"]),
    ("positive", "exponential", lambda: losses.Poisson(), ["mae"]),
    ("positive", "softplus", lambda: losses.MeanAbsolutePercentageError(), ["mse"]),
    ("binary", "sigmoid", lambda: "binary_crossentropy", ["accuracy", "auc", "precision"]),
    ("binary", "linear", lambda: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), ["mse"]),
    ("binary", "sigmoid", lambda: losses.BinaryFocalCrossentropy(gamma=1.5), ["binary_accuracy", "recall"]),
    ("binary", "tanh", lambda: "hinge", ["mse"]),
    ("binary", "linear", lambda: losses.SquaredHinge(), ["mae"]),
    ("one_hot", "softmax", lambda: "categorical_crossentropy", ["accuracy", lambda: keras.metrics.F1Score(average="macro")]),
    (
        "one_hot",
        "softmax",
        lambda: losses.CategoricalCrossentropy(label_smoothing=0.15),
        [lambda: keras.metrics.TopKCategoricalAccuracy(k=2), "accuracy"],
    ),
    ("one_hot", "linear", lambda: losses.CategoricalCrossentropy(from_logits=True), ["categorical_accuracy"]),
    ("one_hot", "softmax", lambda: losses.CategoricalFocalCrossentropy(), ["accuracy"]),
    ("one_hot", "linear", lambda: losses.CategoricalHinge(), ["accuracy"]),
    ("class", "softmax", lambda: "sparse_categorical_crossentropy", ["accuracy"]),
    ("class", "linear", lambda: losses.SparseCategoricalCrossentropy(from_logits=True), ["sparse_categorical_accuracy"]),
    ("simplex", "softmax", lambda: "kl_divergence", ["mse", "categorical_crossentropy"]),
]
RATES = {
    "SGD": 0.03,
    "RMSprop": 0.01,
    "Adam": 0.02,
    "AdamW": 0.02,
    "Adagrad": 0.05,
    "Adadelta": 0.5,
    "Adamax": 0.02,
    "Nadam": 0.02,
    "Ftrl": 0.05,
    "Lion": 0.005,
    "Lamb": 0.01,
    "Adafactor": 0.02,
}
EXTRAS = {
    "SGD": [{"momentum": 0.8}, {"momentum": 0.7, "nesterov": True}],
    "RMSprop": [{"momentum": 0.5}, {"centered": True}],
    "Adam": [{"amsgrad": True}, {"beta_1": 0.7, "beta_2": 0.95}],
    "Adafactor": [{"relative_step": False}],
}
ACTIVATIONS = ["relu", "tanh", "sigmoid", "elu", "selu", "softplus", "leaky_relu", "gelu", "silu", "softsign", "mish", "linear"]


def draw_optimizer(stream):
    class_name = stream.choice(list(RATES))
    options = {"learning_rate": draw_rate(stream, RATES[class_name])}
    if class_name in EXTRAS and stream.chance(0.5):
        options |= stream.choice(EXTRAS[class_name])
    if stream.chance(0.4):
        options |= stream.choice([{"clipnorm": 0.5}, {"clipvalue": 0.1}, {"global_clipnorm": 0.8}])
    if stream.chance(0.2):
        options["weight_decay"] = 0.01
    if stream.chance(0.15):
        options["gradient_accumulation_steps"] = 2
    if stream.chance(0.15):
        options |= {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": stream.choice([None, 4])}
    return getattr(optimizers, class_name)(**options)


def draw_rate(stream, rate):
    if stream.chance(0.7):
        return rate
    return stream.choice(
        [
            schedules.ExponentialDecay(rate, 5, 0.8),
            schedules.CosineDecay(rate, 12, alpha=0.1),
            schedules.PiecewiseConstantDecay([3, 8], [rate, rate / 2, rate / 10]),
            schedules.InverseTimeDecay(rate, 4, 0.5),
            schedules.PolynomialDecay(rate, 10, rate / 10, 2.0),
        ]
    )


def draw_dense(stream, units, activation, with_bias=True):
    options = {}
    if stream.chance(0.2):
        options["kernel_regularizer"] = stream.choice(
            [keras.regularizers.L2(0.01), keras.regularizers.L1(0.005), keras.regularizers.L1L2(0.002, 0.01)]
        )
    if stream.chance(0.1):
        options["activity_regularizer"] = keras.regularizers.L2(0.01)
    if stream.chance(0.1):
        options["kernel_constraint"] = stream.choice(
            [keras.constraints.MaxNorm(1.2), keras.constraints.UnitNorm(), keras.constraints.MinMaxNorm(0.5, 1.5, 0.8)]
        )
    return layers.Dense(units, activation=activation, use_bias=with_bias and not stream.chance(0.1), **options)


def draw_block(stream):
    """A Dense layer, perhaps normalised, perhaps with its activation apart."""
    units = stream.choice([2, 4, 6])
    normal = stream.choice(["none"] * 4 + ["batch", "layer", "rms", "group"])
    if normal == "none":
        return [draw_dense(stream, units, stream.choice(ACTIVATIONS)), *draw_advanced(stream)]
    made = {
        "batch": lambda: layers.BatchNormalization(momentum=0.9),
        "layer": lambda: layers.LayerNormalization(),
        "rms": lambda: layers.RMSNormalization(),
        "group": lambda: layers.GroupNormalization(groups=units // 2),
    }[normal]()
    return [draw_dense(stream, units, None, with_bias=normal != "batch"), made, layers.Activation(stream.choice(ACTIVATIONS))]


def draw_advanced(stream):
    if not stream.chance(0.25):
        return []
    return [
        stream.choice(
            [
                layers.LeakyReLU(),
                layers.ELU(alpha=0.5),
                layers.PReLU(),
                layers.Dropout(0.0),
                layers.UnitNormalization(),
                layers.Rescaling(0.5, 0.1),
            ]
        )
    ]


def draw_sequential(stream):
    """(model, x, y, fit options, sample weights) of one random draw, compiled."""
    kind, head, loss, metrics = stream.choice(TASKS)
    many = kind in ("one_hot", "class", "simplex")
    fan_in, width = stream.choice([1, 2, 3, 5]), stream.choice([2, 3, 4]) if many else stream.choice([1, 2])
    if "cosine_similarity" in metrics or "CosineSimilarity" in type(loss()).__name__:
        width = 3
    stack = [keras.Input((fan_in,))]
    for _ in range(stream.choice([0, 1, 1, 2, 2, 3])):
        stack += draw_block(stream)
    model = keras.Sequential([*stack, draw_dense(stream, width, head)])
    set_weights(model, stream, 0.4)
    metrics = [metric() if callable(metric) else metric for metric in metrics]
    kind_of_metrics = "weighted_metrics" if stream.chance(0.3) else "metrics"
    model.compile(optimizer=draw_optimizer(stream), loss=loss(), **{kind_of_metrics: metrics})
    rows = stream.choice([13, 20, 24, 29])
    x, y = stream.normal((rows, fan_in)), targets(stream, kind, rows, (width,))
    return model, x, y, draw_fit(stream, rows, kind)


def draw_fit(stream, rows, kind):
    options = {"epochs": 3, "batch_size": stream.choice([4, 7, 10, 32])}
    if stream.chance(0.3):
        options["validation_split"] = stream.choice([0.2, 0.35])
    if stream.chance(0.35):
        options["sample_weight"] = stream.uniform((rows,), 0.2, 2.0, 2)
    elif kind in ("class", "one_hot") and stream.chance(0.5):
        options["class_weight"] = {0: 2.0, 1: 0.5}
    return options


def trained(make):
    """The case, or None where its numbers run away or hang on rounding."""
    model, x, y, options = make()
    case = {"model": describe(model), "compile": compiled(model), "weights": weights(model), "x": x, "y": y}
    case |= {k: v for k, v in options.items() if k == "sample_weight"}
    case["fit"] = {**{k: v for k, v in options.items() if k != "sample_weight"}, "shuffle": False}
    calm = benign(model, x)
    found = run(model, x, y, options)
    calm = calm and benign(model, x) and sound(found)
    return case | found if calm and steady(make, found) else None


def steady(make, found):
    """The same from nudged weights; a second engine takes that on trust."""
    if ENGINE != "torch":
        return True
    model, x, y, options = make()
    nudge(model)
    return apart(found, run(model, x, y, options)) <= ALLOWED


def run(model, x, y, options):
    found = by_fit(model, x, y, **options)
    ending = at_the_end(model, x, y, options.get("sample_weight"), batch_size=10)
    return {
        "history": found["history"],
        "after_weights": found["weights"],
        "end_batch_size": 10,
        "evaluate": ending["evaluate"],
        "predict_rows": END_ROWS,
        "predict": predictions(model, head(x)),
    }


def head(x):
    if isinstance(x, dict):
        return {name: part[:END_ROWS] for name, part in x.items()}
    return [part[:END_ROWS] for part in x] if isinstance(x, list) else x[:END_ROWS]


def nudge(model):
    for weight in model.trainable_weights:
        weight.assign(weight * (1 + NUDGE) + NUDGE)


def flat(value):
    """All numbers of a nested structure in one array."""
    if isinstance(value, dict):
        value = [value[k] for k in sorted(value)]
    if isinstance(value, (list, tuple)):
        return np.concatenate([flat(v) for v in value]) if value else np.zeros(0)
    return np.asarray(value, dtype="float64").reshape(-1)


def sound(found):
    """Finite and of ordinary size."""
    values = flat(found)
    return bool(np.isfinite(values).all() and np.abs(values).max() < 1e4)


def benign(model, x):
    """Probabilities stay off the clip at 1e-7, where fused and unfused cross-entropies part."""
    found = predictions(model, x)
    named = found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
    return all(values.min() > 1e-6 and values.max() < 1 - 1e-6 for values, output in zip(named, model.outputs) if is_probability(output))


def is_probability(output):
    activation = getattr(output._keras_history.operation, "activation", None)
    return getattr(activation, "__name__", None) in ("softmax", "sigmoid")


def apart(one, two):
    one, two = flat(one), flat(two)
    return float(np.max(np.abs(one - two) / np.maximum(1e-2, np.abs(one))))


def drawn(seed, name, draw):
    """The first sound draw under the name."""
    for attempt in range(20):

        def make(attempt=attempt):
            fresh()
            return draw(Stream(seed, "models", name, str(attempt)))

        case = trained(make)
        if case is not None:
            return {"name": name, "attempt": attempt, "tolerance": 1e-8, "reason": "three epochs amplify rounding", **case}
    raise ValueError(f"{name}: no sound draw")


def cases(seed):
    return {
        "models": (drawn(seed, f"random-{index:03}", draw_sequential) for index in range(RANDOM_MODELS)),
        "graphs": (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in graphs.GRAPHS),
    }
