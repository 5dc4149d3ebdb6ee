"""FeatureSpace: features of a table, learnt and encoded; it runs on TensorFlow."""

import numpy as np
import tensorflow as tf

from backend import fresh, keras, numbers
from stream import Stream

FeatureSpace = keras.utils.FeatureSpace
ROWS = 300
CITIES = ["Rome", "Oslo", "", "München", "東京", "Lima", "Rom"]
CODES = [3, 9, 12, 400, -7, 0]


def drawn(stream, pool, rows):
    """Some entries often, others seldom."""
    chosen = stream.integers((rows,), len(pool)) % stream.integers((rows,), len(pool) + 1, 1)
    return [pool[i] for i in chosen]


def eighths(values):
    """Exact in float32, and short."""
    return (np.round(values * 8) / 8).astype("float32")


def table(stream, rows, cities, codes):
    """Columns of a table."""
    return {
        "age": eighths(40 + stream.normal((rows,), 15.0)),
        "income": eighths(8 * np.exp(stream.normal((rows,)))),
        "score": eighths(stream.normal((rows,), 2.0)),
        "city": np.array(drawn(stream, cities, rows), dtype=object),
        "code": np.array(drawn(stream, codes, rows), dtype="int32"),
        "device": np.array([f"device {i}" for i in stream.integers((rows,), 50)], dtype=object),
        "campaign": stream.integers((rows,), 1000).astype("int32"),
    }


def spaces():
    """How features are made, and crossed."""
    f = FeatureSpace
    yield "numbers", {"age": f.float_normalized(), "income": f.float(), "score": f.float_rescaled(scale=0.5, offset=1.0)}, {}
    yield "bins", {"age": f.float_discretized(num_bins=5), "income": f.float_discretized(num_bins=3)}, {}
    yield "categories", {"city": f.string_categorical(), "code": f.integer_categorical(num_oov_indices=1)}, {}
    yield "most", {"city": f.string_categorical(max_tokens=4, num_oov_indices=2), "code": f.integer_categorical(max_tokens=4)}, {}
    yield "hashes", {"device": f.string_hashed(num_bins=8), "campaign": f.integer_hashed(num_bins=6)}, {}
    yield "crosses", {"age": f.float_discretized(num_bins=4), "city": f.string_categorical(), "code": f.integer_categorical()}, {
        "crosses": [["age", "city"], f.cross(["city", "code"], crossing_dim=7)],
        "crossing_dim": 11,
    }
    yield "all", {
        "income": f.float_normalized(),
        "age": f.float_discretized(num_bins=6),
        "score": f.float(),
        "code": f.integer_categorical(),
        "city": f.string_categorical(),
        "device": f.string_hashed(num_bins=5),
    }, {"crosses": [["age", "device"]], "crossing_dim": 9}
    yield "ints", {
        "city": f.string_categorical(output_mode="int"),
        "age": f.float_discretized(num_bins=4, output_mode="int"),
        "device": f.string_hashed(num_bins=9, output_mode="int"),
        "income": f.float_normalized(),
    }, {"output_mode": "dict", "crosses": [f.cross(["city", "age"], crossing_dim=13, output_mode="int")]}


def chosen(columns, features):
    return {name: column for name, column in columns.items() if name in features}


def as_lists(data):
    return {name: column.tolist() for name, column in data.items()}


def case(seed, name, features, options):
    """Learnt from some rows, asked about others, which have entries of their own."""
    fresh()
    stream = Stream(seed, "feature_space", name)
    data = chosen(table(stream, ROWS, CITIES, CODES), features)
    others = chosen(table(stream, 12, [*CITIES, "Paris"], [*CODES, 77]), features)
    space = FeatureSpace(features=features, **options)
    space.adapt(tf.data.Dataset.from_tensor_slices(data).batch(ROWS))
    output = space(others)
    found = {"name": name, "adapt": as_lists(data), "x": as_lists(others)}
    if isinstance(output, dict):
        return found | {"parts": {key: numbers(part) for key, part in output.items()}}
    return found | {"output": numbers(output)}


def cases(seed):
    for name, features, options in spaces():
        yield case(seed, name, features, options)
