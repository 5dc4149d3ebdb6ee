"""`Discretization.adapt`: the boundaries that Keras's NumPy code finds (its layer runs them on TensorFlow alone)."""

import numpy as np
from keras.src.layers.preprocessing.discretization import get_bin_boundaries, merge_summaries, summarize

from stream import Stream

# values, bins, epsilon
SIZES = [(1, 2, 0.01), (9, 3, 0.01), (50, 4, 0.01), (99, 10, 0.01), (500, 5, 0.01), (1000, 4, 0.1), (37, 6, 0.05), (20, 30, 0.01)]


def case(seed, size, bins, epsilon):
    name = f"{size}-bins={bins}-epsilon={epsilon}"
    data = Stream(seed, "discretization", name).normal((size,), 2.0, 3).astype("float32")
    summary = merge_summaries(summarize(data, epsilon), np.array([[], []], dtype="float32"), epsilon)
    return {"name": name, "bins": bins, "epsilon": epsilon, "data": data, "boundaries": get_bin_boundaries(summary, bins)}


def cases(seed):
    yield from (case(seed, *row) for row in SIZES)
