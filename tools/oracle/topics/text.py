"""TextVectorization and Hashing as whole layers; Keras runs them with TensorFlow alone."""

import numpy as np

from backend import fresh, keras, numbers

layers = keras.layers
TEXTS = [
    "The cat sat on the mat.",
    "The DOG sat, too!  (and\tbarked)",
    "the cat's mat; ÄÖÜ äöü naïve_word",
    "",
    "cat cat cat 漢字 漢字 😀",
]
NEW = ["the cat ran", "", "A dog's mat, and the mat again and again.", "漢字 ÄÖÜ [UNK]"]
VOCABULARY = ["the", "cat", "mat", "漢字", "dog sat"]
LEARNT = [
    {},
    {"max_tokens": 6},
    {"output_sequence_length": 3},
    {"output_sequence_length": 12},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation"},
    {"standardize": None},
    {"split": "character"},
    {"split": "character", "ngrams": 2, "max_tokens": 30},
    {"ngrams": 2},
    {"ngrams": (3, 1), "output_sequence_length": 5},
    {"split": None},
    {"output_mode": "multi_hot"},
    {"output_mode": "count", "max_tokens": 7},
    {"output_mode": "count", "ngrams": 2, "max_tokens": 60, "pad_to_max_tokens": True},
    {"output_mode": "tf_idf"},
    {"output_mode": "tf_idf", "max_tokens": 8, "pad_to_max_tokens": False},
]
GIVEN = [
    {"vocabulary": VOCABULARY},
    {"vocabulary": VOCABULARY, "ngrams": 2, "output_mode": "count"},
    {"vocabulary": ["", "[UNK]", *VOCABULARY], "output_sequence_length": 4},
    {"vocabulary": VOCABULARY, "output_mode": "tf_idf", "idf_weights": [0.25, 1.5, 0.75, 2.0, 1.0]},
    {"vocabulary": VOCABULARY, "output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
]
HASHED = [
    {},
    {"mask_value": "cat"},
    {"salt": 133},
    {"salt": [12, 9000000000]},
    {"mask_value": "", "salt": 7},
    {"output_mode": "one_hot"},
    {"output_mode": "multi_hot", "mask_value": "cat"},
    {"output_mode": "count"},
]
WORDS = [["cat", "dog", "漢字"], ["", "a longer word than sixteen", "cat"]]
IDS = [[3, -7, 0], [1138, 2147483647, 3]]


def label(kind, options):
    return "-".join([kind, *(f"{k}={v}" for k, v in options.items())])[:90]


def vectorized(vectorization, name, **more):
    x = NEW[:2] if vectorization._split is None else NEW
    tokens = {"vocabulary": vectorization.get_vocabulary(), "size": vectorization.vocabulary_size()}
    return {"name": name, **more, "x": x, "output": numbers(vectorization(np.array(x, dtype=object))), **tokens}


def learnt(options):
    fresh()
    layer = layers.TextVectorization(**options)
    before = layers.serialize(layer)
    layer.adapt(TEXTS)
    return vectorized(layer, label("TextVectorization", options), layer=before, adapt=TEXTS)


def given(options):
    fresh()
    layer = layers.TextVectorization(**options)
    return vectorized(layer, label("TextVectorization-given", options), layer=layers.serialize(layer))


def hashed(options, kind, x):
    fresh()
    layer = layers.Hashing(num_bins=5, **options)
    x = [[row[0]] for row in x] if options.get("output_mode") == "one_hot" else x
    array = np.array(x, dtype=object) if kind == "words" else np.array(x)
    return {"name": label(f"Hashing-{kind}", options), "layer": layers.serialize(layer), "x": x, "output": numbers(layer(array))}


def crossed(options, name, features):
    fresh()
    layer = layers.HashedCrossing(**options)
    arrays = [np.array(x, dtype=object) if isinstance(np.array(x).flat[0], str) else np.array(x) for x in features]
    return {"name": label(f"HashedCrossing-{name}", options), "layer": layers.serialize(layer), "x": features, "output": numbers(layer(arrays))}


CITIES, HOURS = ["Rome", "Oslo", "", "Zürich", "Rome"], [101, -7, 0, 102, 9007199254740991]


def column(values):
    return [[value] for value in values]


def cases(seed):
    yield from (learnt(options) for options in LEARNT)
    yield from (given(options) for options in GIVEN)
    yield from (hashed(options, "words", WORDS) for options in HASHED)
    for options in ({}, {"mask_value": 3}, {"salt": 5}, {"output_mode": "count", "mask_value": 3}):
        yield hashed(options, "ids", IDS)
    for options in ({"num_bins": 5}, {"num_bins": 1000}, {"num_bins": 7, "output_mode": "one_hot"}):
        yield crossed(options, "rows", [CITIES, HOURS])
        yield crossed(options, "columns", [column(HOURS), column(CITIES), column(HOURS)])
