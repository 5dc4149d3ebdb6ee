"""StringLookup, IntegerLookup and Discretization as whole layers; Keras runs their `adapt` with TensorFlow alone."""

import numpy as np

from backend import fresh, keras, numbers
from stream import Stream

layers = keras.layers
MODES = ["int", "one_hot", "multi_hot", "count"]
WORDS = ["red", "green", "blue", "grün", "漢字", "😀", "ﬀ", "", "a longer word than sixteen", "x" * 40, "y" * 70, "z" * 130]
UNKNOWN = ["pink", "", "ab", "abcdefgh", "seventeen letters", "unknown and of more than thirty-two letters", "q" * 64, "q" * 65, "ö" * 80]

# options, the words given
GIVEN_WORDS = [
    {},
    {"mask_token": ""},
    {"mask_token": "pink"},
    {"num_oov_indices": 0},
    {"num_oov_indices": 3},
    {"num_oov_indices": 5, "mask_token": ""},
    {"num_oov_indices": 7, "salt": 133},
    {"num_oov_indices": 4, "salt": [12, 9000000000]},
    {"oov_token": "?"},
    {"max_tokens": 9, "pad_to_max_tokens": True},
    {"max_tokens": 9, "pad_to_max_tokens": True, "num_oov_indices": 2, "mask_token": ""},
]
GIVEN_IDS = [
    {},
    {"mask_token": 0},
    {"num_oov_indices": 0},
    {"num_oov_indices": 3},
    {"num_oov_indices": 2, "mask_token": 0},
    {"oov_token": -7, "mask_token": 7},
    {"max_tokens": 8, "pad_to_max_tokens": True},
]
ADAPTED = [
    {},
    {"max_tokens": 4},
    {"max_tokens": 6, "num_oov_indices": 2},
    {"mask": True},
    {"mask": True, "max_tokens": 5},
    {"max_tokens": 40, "pad_to_max_tokens": True},
]
WEIGHTS = [0.25, 1.5, 0.75, 2.0]


def label(class_name, kind, options):
    return "-".join([class_name, kind, *(f"{k}={v}" for k, v in options.items())])


def readable(name):
    """Words of many letters shortened."""
    return name if len(name) < 120 else name[:117] + "..."


def looked_up(layer, x):
    """Keras's answer, as floats or integers."""
    return numbers(layer(np.array(x, dtype=object) if isinstance(first(x), str) else np.array(x)))


def first(x):
    return first(x[0]) if isinstance(x, list) else x


def case(layer, name, x, **more):
    return {"name": readable(name), "layer": layers.serialize(layer), **more, "x": x, "output": looked_up(layer, x), **state(layer)}


def state(layer):
    vocabulary = [v if isinstance(v, str) else int(v) for v in layer.get_vocabulary()]
    tokens = [v if isinstance(v, str) else int(v) for v in layer.get_vocabulary(include_special_tokens=False)]
    return {"vocabulary": vocabulary, "tokens": tokens, "size": layer.vocabulary_size()}


def given(class_name, vocabulary, inputs, options, mode):
    """A layer that was given its vocabulary."""
    fresh()
    weights = {"idf_weights": WEIGHTS[: len(vocabulary)]} if mode == "tf_idf" else {}
    options = {**options, "output_mode": mode}
    layer = getattr(layers, class_name)(vocabulary=vocabulary, **options, **weights)
    if options.get("num_oov_indices") == 0:
        inputs = [[v if v in vocabulary else vocabulary[0] for v in row] for row in inputs]
    return case(layer, label(class_name, "given", options), inputs)


def inverted(class_name, vocabulary, options):
    fresh()
    layer = getattr(layers, class_name)(vocabulary=vocabulary, invert=True, **options)
    x = [[0, 1, 2, 3], [4, 5, 30, 1]]
    output = layer(np.array(x))
    words = output.numpy().tolist()
    text = [[one.decode() if isinstance(one, bytes) else one for one in row] for row in words]
    found = {"name": label(class_name, "invert", options), "layer": layers.serialize(layer), "x": x, **state(layer)}
    return found | {"inverted": text}


def adapted(seed, class_name, pool, mask, options, mode):
    """A layer that learns its vocabulary: counts, ties, the largest size, special tokens in the data."""
    fresh()
    options = {**options, "output_mode": mode}
    if options.pop("mask", False):
        options["mask_token"] = mask
    name = label(class_name, "adapt", options)
    stream = Stream(seed, "lookups", name)
    layer = getattr(layers, class_name)(**options)
    data = drawn(stream, pool, 9, 6)
    before = layers.serialize(layer)
    layer.adapt(np.array(data, dtype=object) if isinstance(pool[0], str) else np.array(data))
    return {**case(layer, name, drawn(stream, pool, 4, 5)), "layer": before, "adapt": data}


def drawn(stream, pool, rows, length):
    """Some entries often, many as often as others."""
    chosen = stream.integers((rows, length), len(pool)) % stream.integers((rows, length), len(pool), 1)
    return [[pool[i] for i in row] for row in chosen]


def special_first(class_name, vocabulary, options, special):
    """The tokens of mask and unknown may stand before the vocabulary."""
    fresh()
    weights = {"idf_weights": [0.5] * len(special) + WEIGHTS} if options.get("output_mode") == "tf_idf" else {}
    layer = getattr(layers, class_name)(vocabulary=[*special, *vocabulary], **options, **weights)
    return case(layer, label(class_name, "special", options), [[*vocabulary[:2], vocabulary[0]]])


def words(seed):
    vocabulary = ["green", "漢字", "z" * 130, "red"]
    inputs = [[*UNKNOWN[:5], "green", "green"], [*UNKNOWN[5:], "漢字", "red", "green"], ["red", "green", "red", "漢字", "z" * 130, "z" * 130, "red"]]
    for options in GIVEN_WORDS:
        for mode in [*MODES, "tf_idf"]:
            rows = [[row[-1]] for row in inputs] if mode == "one_hot" else inputs
            yield given("StringLookup", vocabulary, rows, options, mode)
    for options in [{}, {"mask_token": ""}, {"num_oov_indices": 3}, {"oov_token": "?", "num_oov_indices": 0}]:
        yield inverted("StringLookup", vocabulary, options)
    for options in ADAPTED:
        for mode in ["int", "count", "tf_idf"]:
            yield adapted(seed, "StringLookup", [*WORDS, "[UNK]"], "", options, mode)
    yield special_first("StringLookup", vocabulary, {"mask_token": "", "num_oov_indices": 2}, ["", "[UNK]", "[UNK]"])
    yield special_first("StringLookup", vocabulary, {"output_mode": "tf_idf"}, ["[UNK]"])


def ids(seed):
    vocabulary = [12, -36, 1138, 42]
    inputs = [[12, 7, 0, 42, 42, -5], [-36, 1138, 9, 12, 0, 1001], [42, 42, 12, -36, 1138, 12]]
    for options in GIVEN_IDS:
        for mode in [*MODES, "tf_idf"]:
            rows = [[row[-1]] for row in inputs] if mode == "one_hot" else inputs
            yield given("IntegerLookup", vocabulary, rows, options, mode)
    for options in [{}, {"mask_token": 0}, {"num_oov_indices": 3, "oov_token": -9}]:
        yield inverted("IntegerLookup", vocabulary, options)
    for options in ADAPTED:
        for mode in ["int", "count", "tf_idf"]:
            yield adapted(seed, "IntegerLookup", [0, 5, 3, 9, 100, -4, 77, 8, 6, -1], 0, options, mode)
    yield special_first("IntegerLookup", vocabulary, {"mask_token": 0, "num_oov_indices": 2}, [0, -1, -1])


# bins, epsilon, values to adapt to
BINS = [
    (2, 0.01, 1),
    (3, 0.01, 9),
    (4, 0.01, 50),
    (10, 0.01, 99),
    (5, 0.01, 500),
    (4, 0.1, 1000),
    (6, 0.05, 37),
    (30, 0.01, 20),
    (3, 0.01, 237),
]


def discretized(seed, bins, epsilon, size, mode):
    """The layer, adapted."""
    fresh()
    name = f"Discretization-adapt-bins={bins}-epsilon={epsilon}-{size}-{mode}"
    stream = Stream(seed, "lookups", name)
    data = stream.normal((size,), 2.0, 3).astype("float32")
    layer = layers.Discretization(num_bins=bins, epsilon=epsilon, output_mode=mode)
    before = layers.serialize(layer)
    layer.adapt(data)
    x = stream.normal((4, 1) if mode == "one_hot" else (4, 5), 2.0, 3)
    found = {"name": name, "layer": before, "adapt": data, "boundaries": np.array(layer.bin_boundaries)}
    return found | {"adapted": layers.serialize(layer), "x": x, "output": numbers(layer(x))}


# bins, epsilon, how many values each piece has
PIECES = [(4, 0.01, [50, 30, 1]), (5, 0.01, [300, 200, 700]), (3, 0.1, [40, 40, 40, 7]), (10, 0.01, [99, 2, 150])]


def in_pieces(seed, bins, epsilon, sizes):
    """Adapted to a stream, piece by piece."""
    fresh()
    name = f"Discretization-stream-bins={bins}-epsilon={epsilon}-{sizes}"
    stream = Stream(seed, "lookups", name)
    pieces = [stream.normal((size,), 2.0 + i, 3).astype("float32") for i, size in enumerate(sizes)]
    layer = layers.Discretization(num_bins=bins, epsilon=epsilon)
    before = layers.serialize(layer)
    layer.adapt(pieces)
    return {"name": name, "layer": before, "pieces": pieces, "boundaries": np.array(layer.bin_boundaries)}


def cases(seed):
    yield from words(seed)
    yield from ids(seed)
    for row in BINS:
        for mode in MODES:
            yield discretized(seed, *row, mode)
    for row in PIECES:
        yield in_pieces(seed, *row)
