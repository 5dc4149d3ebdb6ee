"""Regularizers: penalty and its gradient."""

from backend import fresh, keras, value_and_gradients
from stream import Stream

regularizers = keras.regularizers
REGULARIZERS = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("L1L2", {"l2": 0.2}),
    ("OrthogonalRegularizer", {"factor": 0.1}),
    ("OrthogonalRegularizer", {"factor": 0.1, "mode": "columns"}),
]


def case(seed, class_name, options):
    fresh()
    name = "-".join([class_name, *(f"{k}={v}" for k, v in options.items())])
    made = getattr(regularizers, class_name)(**options)
    weight = Stream(seed, "regularizers", name).normal((4, 3))
    value, (gradient,) = value_and_gradients(made, [weight])
    return {"name": name, "regularizer": regularizers.serialize(made), "weight": weight, "value": value, "gradient": gradient}


def cases(seed):
    yield from (case(seed, *row) for row in REGULARIZERS)
