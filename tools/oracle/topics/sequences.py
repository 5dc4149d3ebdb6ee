"""`pad_sequences` in each of its ways, and `to_categorical`."""

from itertools import product

import numpy as np

from backend import keras
from stream import Stream


def padded(seed, padding, truncating, length, dtype):
    name = f"pad-{padding}-{truncating}-{length}-{dtype}"
    stream = Stream(seed, "sequences", name)
    counts = [0, *stream.integers((5,), 8)]
    whole = dtype == "int32"
    lists = [(stream.integers((n,), 100, -100) if whole else stream.uniform((n,), -9, 9)).tolist() for n in counts]
    value = int(stream.integers((), 9, -9)) if whole else float(stream.uniform(()))
    options = {"maxlen": length, "dtype": dtype, "padding": padding, "truncating": truncating, "value": value}
    rows = keras.utils.pad_sequences(lists, **options)
    assert rows.dtype == dtype
    return {"name": name, "sequences": lists, "options": options, "rows": np.asarray(rows, "float64")}


def categorical(seed, classes):
    name = f"categorical-{classes}"
    labels = Stream(seed, "sequences", name).integers((9,), classes or 6)
    rows = keras.utils.to_categorical(labels, classes)
    return {"name": name, "labels": labels.tolist(), "classes": classes, "rows": np.asarray(rows, "float64")}


def cases(seed):
    ways = product(["pre", "post"], ["pre", "post"], [None, 1, 4, 9], ["int32", "float32"])
    return [padded(seed, *way) for way in ways] + [categorical(seed, classes) for classes in [None, 1, 4, 12]]
