"""Masks on their way from an Embedding or Masking layer through a model into its loss and metrics."""

from backend import fresh, keras
from stream import Stream
from training import at_the_end, by_fit, compiled, describe, set_weights, weights

layers = keras.layers
ROWS, STEPS, WORDS = 23, 5, 7


def embedded(**options):
    return layers.Embedding(WORDS, 4, mask_zero=True, **options)


def tagging():
    """A word's class at each step."""
    model = keras.Sequential([keras.Input((STEPS,)), embedded(), layers.Dense(6, activation="tanh"), layers.Dense(3, activation="softmax")])
    return model, ["sparse_categorical_crossentropy", ["accuracy"]], "labels"


def normalised():
    """Masked batch statistics, then other layers that hand the mask on."""
    model = keras.Sequential(
        [
            keras.Input((STEPS, 4)),
            layers.Masking(0.0),
            layers.BatchNormalization(momentum=0.7),
            layers.Dense(5),
            layers.LeakyReLU(),
            layers.LayerNormalization(),
            layers.Dropout(0.0),
            layers.Dense(2),
        ]
    )
    return model, ["mse", ["mae"]], "real"


def ended():
    """Reshaping ends a mask: every step counts again."""
    model = keras.Sequential([keras.Input((STEPS,)), embedded(), layers.Dense(4), layers.Reshape((STEPS * 4,)), layers.Dense(2)])
    return model, ["mse", []], "flat"


def summed():
    """A step counts where it does in either input."""
    x = keras.Input((STEPS,))
    other = layers.Rescaling(1.0)(layers.Masking(0.3)(layers.Reshape((STEPS, 4))(layers.Dense(STEPS * 4)(x))))
    merged = layers.Add()([embedded()(x), other])
    return keras.Model(x, layers.Dense(2)(merged)), ["mse", ["mse"]], "real"


def joined():
    """Along the features a step counts where any feature does."""
    x = keras.Input((STEPS,))
    first = embedded()(x)
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()([first, layers.ReLU()(first)]))), ["mae", []], "real"


CASES = [tagging, normalised, ended, summed, joined]


def inputs(stream, build):
    """Words, about a third of them padding, or features with steps that are all zero."""
    words = stream.integers((ROWS, STEPS), WORDS) * (stream.uniform((ROWS, STEPS), 0, 1) > 0.3)
    words[:, 0] = 1 + stream.integers((ROWS,), WORDS - 1)
    if build is not normalised:
        return words.astype("float64")
    return stream.normal((ROWS, STEPS, 4)) * (words > 0)[..., None]


def targets(stream, kind):
    if kind == "labels":
        return stream.integers((ROWS, STEPS), 3).astype("float64")
    return stream.normal((ROWS, 2)) if kind == "flat" else stream.normal((ROWS, STEPS, 2))


def case(seed, build, weighted):
    fresh()
    name = build.__name__ + ("-weighted" if weighted else "")
    stream = Stream(seed, "masks", name)
    model, (loss, metrics), kind = build()
    set_weights(model, stream)
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss, metrics=metrics)
    x, y = inputs(stream, build), targets(stream, kind)
    options = {"epochs": 3, "batch_size": 8}
    made = {
        "name": name,
        "fit": options | {"shuffle": False},
        "model": describe(model),
        "compile": compiled(model),
        "weights": weights(model),
        "x": x,
        "y": y,
    }
    if weighted:
        made["sample_weight"] = stream.uniform((ROWS, STEPS), 0.2, 2.0, 2)
    found = by_fit(model, x, y, **options, **({"sample_weight": made["sample_weight"]} if weighted else {}))
    ending = at_the_end(model, x, y, made.get("sample_weight"), batch_size=10)
    return made | {"history": found["history"], "after_weights": found["weights"], "end_batch_size": 10} | ending


def cases(seed):
    yield from (case(seed, build, False) for build in CASES)
    yield from (case(seed, build, True) for build in (tagging, normalised))
