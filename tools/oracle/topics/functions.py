"""Functions of one number in `keras.ops`: value and derivative on a grid, and values at the ends of what floats hold."""

import numpy as np

from backend import fresh, keras, numbers, value_and_gradients

GRID = np.round(np.concatenate([np.arange(-6.0, 6.01, 0.43), [-1e4, -57.3, -1e-3, 1e-3, 57.3, 1e4]]) + 0.013, 4)
ENDS = np.array([0.0, -0.0, 1e-300, -1e-300, 1e30, -1e30, 1e300, np.inf, -np.inf, np.nan])
FUNCTIONS = ["arcsinh"]


def case(name):
    fresh()
    function = getattr(keras.ops, name)
    value, (derivative,) = value_and_gradients(function, [GRID])
    return {
        "name": name,
        "x": GRID,
        "value": value,
        "derivative": derivative,
        "ends": ENDS,
        "end_values": numbers(function(keras.ops.convert_to_tensor(ENDS))),
    }


def cases(_seed):
    yield from map(case, FUNCTIONS)
