"""Every activation on a fixed grid: value and derivative, and row-wise ones with a fixed cotangent."""

import numpy as np

from backend import fresh, keras, numbers, value_and_gradients
from stream import Stream

# Off every kink (0, ±½, ±1, ±3, ±6 …), where one-sided derivatives differ and engines choose.
GRID = np.round(np.concatenate([np.arange(-8.0, 8.01, 0.37), [-45.3, -25.7, -12.1, 1e-3, -1e-3, 12.1, 25.7, 45.3]]) + 0.013, 4)
KINKS = np.array([0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.5, -2.5, 3.0, -3.0, 6.0, -6.0])

ELEMENTWISE = [
    ("linear", {}),
    ("relu", {}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 2.0}),
    ("relu", {"threshold": 0.7}),
    ("relu", {"negative_slope": 0.2, "max_value": 3.5, "threshold": 1.2}),
    ("sigmoid", {}),
    ("tanh", {}),
    ("softplus", {}),
    ("elu", {}),
    ("elu", {"alpha": 0.4}),
    ("selu", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.05}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("silu", {}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("relu6", {}),
    ("mish", {}),
    ("exponential", {}),
    ("softsign", {}),
    ("celu", {}),
    ("celu", {"alpha": 2.0}),
    ("hard_tanh", {}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 0.2}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 0.2}),
    ("tanh_shrink", {}),
    ("threshold", {"threshold": 0.3, "default_value": -1.0}),
    ("log_sigmoid", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 1.0}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
]
ROWWISE = [
    ("softmax", {}, (3, 5)),
    ("softmax", {"axis": 1}, (2, 3, 4)),
    ("softmax", {"axis": [1, 2]}, (2, 3, 2)),
    ("log_softmax", {}, (3, 5)),
    ("log_softmax", {"axis": 0}, (4, 3)),
    ("glu", {}, (3, 6)),
    ("sparsemax", {}, (3, 5)),
]


def label(name, options):
    return "-".join([name, *(f"{k}={v}" for k, v in options.items())])


def elementwise(name, options):
    fresh()
    function = getattr(keras.activations, name)
    value, (derivative,) = value_and_gradients(lambda x: function(x, **options), [GRID])
    return {
        "name": label(name, options),
        "activation": name,
        "options": options,
        "x": GRID,
        "value": value,
        "derivative": derivative,
        "kinks": KINKS,
        "kink_values": numbers(function(keras.ops.convert_to_tensor(KINKS), **options)),
    }


def rowwise(seed, name, options, shape):
    fresh()
    stream = Stream(seed, "activations", label(name, options))
    function = getattr(keras.activations, name)
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    x = stream.normal(shape, 2.0)
    value = numbers(function(keras.ops.convert_to_tensor(x), **options))
    cotangent = stream.normal(value.shape)
    _, (gradient,) = value_and_gradients(lambda x: function(x, **options) * keras.ops.convert_to_tensor(cotangent), [x])
    return {
        "name": label(name, options),
        "activation": name,
        "options": options,
        "x": x,
        "value": value,
        "cotangent": cotangent,
        "gradient": gradient,
    }


def cases(seed):
    yield from (elementwise(*row) for row in ELEMENTWISE)
    yield from (rowwise(seed, *row) for row in ROWWISE)
