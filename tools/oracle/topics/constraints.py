"""Constraints: the value that a weight is put to."""

from backend import fresh, keras, numbers
from stream import Stream

constraints = keras.constraints
CONSTRAINTS = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.8}),
    ("MaxNorm", {"max_value": 1.1, "axis": [0, 1]}),
    ("MaxNorm", {"max_value": 0.7, "axis": 1}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("NonNeg", {}),
    ("MinMaxNorm", {"min_value": 0.9, "max_value": 1.4}),
    ("MinMaxNorm", {"min_value": 0.9, "max_value": 1.4, "rate": 0.3}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.0, "axis": 1}),
]


def weight(seed, name):
    """A (4, 5) kernel with a column of zeros, which has no direction, and a zero of each sign."""
    kernel = Stream(seed, "constraints", name).normal((4, 5), 0.7)
    kernel[:, 2] = 0.0
    kernel[0, 0] = -0.0
    return kernel


def case(seed, class_name, options):
    fresh()
    name = "-".join([class_name, *(f"{k}={v}" for k, v in options.items())])
    made = getattr(constraints, class_name)(**options)
    kernel = weight(seed, name)
    return {
        "name": name,
        "constraint": constraints.serialize(made),
        "weight": kernel,
        "value": numbers(made(keras.ops.convert_to_tensor(kernel))),
    }


def cases(seed):
    yield from (case(seed, *row) for row in CONSTRAINTS)
