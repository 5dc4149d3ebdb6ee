"""Fixtures on disk: one JSON file a topic, one case a line, every float64 written so that it reads back exactly."""

import json
import math

import keras
import numpy as np


def plain(value):
    """Any mixture of arrays, tensors, variables and Python values as JSON values; an array is `{shape, data}`."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return scalar(float(value))
    if isinstance(value, np.bool_):
        return bool(value)
    return array(value)


def scalar(value):
    """A float as JSON; the three that JSON lacks become the strings "NaN", "Infinity", "-Infinity"."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def element(value):
    """A number of an array: whole floats are written short. (Not so in configs: Keras refuses a momentum of 0.)"""
    value = plain(value)
    whole = isinstance(value, float) and value == int(value) and abs(value) < 2**53 and not is_negative_zero(value)
    return int(value) if whole else value


def is_negative_zero(value):
    return value == 0 and math.copysign(1, value) < 0


def array(value):
    """`{shape, data}`, row-major."""
    values = np.asarray(keras.ops.convert_to_numpy(value) if keras.ops.is_tensor(value) or isinstance(value, keras.Variable) else value)
    return {"shape": list(values.shape), "data": [element(v) for v in values.reshape(-1)]}


def write(path, header, cases):
    """Write `{…header, cases}`."""
    lines = [json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases]
    opening = json.dumps(header, separators=(",", ":"))[:-1]
    path.write_text(opening + ',"cases":[\n' + ",\n".join(lines) + "\n]}\n")
