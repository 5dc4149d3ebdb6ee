"""Initializers: constant ones by value, random ones by the distribution that Keras asks its engine to draw from."""

from unittest import mock

import keras.src.initializers.random_initializers as drawing

from backend import fresh, keras, numbers

initializers = keras.initializers
SHAPES = [(7,), (4, 6), (6, 4), (3, 4, 6), (3, 5, 4, 6), (10, 1)]

CONSTANT = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {"value": 0.25}),
    ("Identity", {}),
    ("Identity", {"gain": 0.5}),
    ("STFT", {}),
    ("STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}),
    ("STFT", {"side": "imag", "window": None}),
]
CONSTANT_SHAPES = {"Identity": [4, 4], "STFT": [6, 1, 5]}
RANDOM = [
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": -0.3, "maxval": 0.8}),
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 0.4, "stddev": 0.2}),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": -0.4, "stddev": 0.2}),
    ("GlorotUniform", {}),
    ("GlorotNormal", {}),
    ("HeUniform", {}),
    ("HeNormal", {}),
    ("LecunUniform", {}),
    ("LecunNormal", {}),
    *[
        ("VarianceScaling", {"scale": scale, "mode": mode, "distribution": distribution})
        for scale, mode in ((1.0, "fan_in"), (2.0, "fan_out"), (0.5, "fan_avg"))
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ],
]


def label(class_name, options):
    return "-".join([class_name, *(f"{k}={v}" for k, v in options.items())])


def constant(class_name, options, shape):
    fresh()
    made = getattr(initializers, class_name)(**options)
    return {"name": label(class_name, options), "initializer": initializers.serialize(made), "shape": shape, "value": numbers(made(shape))}


def draws(initializer, shape):
    """The one draw that the initializer asks for: its distribution and parameters."""
    asked = []

    def record(distribution):
        def draw(shape, seed=None, dtype=None, **parameters):
            asked.append({"distribution": distribution, **parameters})

        return draw

    # `mean` and `minval` go by name everywhere in Keras's initializers.
    with mock.patch.multiple(
        drawing.random, uniform=record("uniform"), normal=record("normal"), truncated_normal=record("truncated_normal")
    ):
        initializer(shape)
    (draw,) = asked
    return {k: float(v) if k != "distribution" else v for k, v in draw.items()}


def random(class_name, options):
    fresh()
    made = getattr(initializers, class_name)(**options)
    return {
        "name": label(class_name, options),
        "initializer": initializers.serialize(made),
        "draws": [{"shape": list(shape), **draws(made, shape)} for shape in SHAPES],
    }


def cases(seed):
    for class_name, options in CONSTANT:
        yield constant(class_name, options, CONSTANT_SHAPES.get(class_name, [3, 2]))
    yield from (random(*row) for row in RANDOM)
