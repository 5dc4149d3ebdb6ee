"""`.keras` files with vocabularies beside the weights, both ways; Keras runs these layers with TensorFlow alone.

    KERAS_BACKEND=tensorflow python tools/oracle/lookup_files.py             # real Keras writes → fixtures/lookup-files
    npx tsx tools/oracle/ours-lookups.ts DIR                                 # opens them and writes them again
    KERAS_BACKEND=tensorflow python tools/oracle/lookup_files.py check DIR   # has real Keras read those
"""

import json
import sys
from pathlib import Path

import numpy as np

from backend import fresh, keras, numbers
from check_models import record
from stream import Stream

layers = keras.layers
FOLDER = Path(__file__).resolve().parents[2] / "__test__" / "fixtures" / "lookup-files"
WORDS = [["red", "green"], ["blue", "red"], ["grün", "red"]]
TEXTS = ["the cat sat", "the dog", "a cat"]


def words():
    layer = layers.StringLookup(mask_token="", num_oov_indices=2, name="lookup")
    layer.adapt(np.array(WORDS))
    return keras.Sequential([layer]), np.array([["red", "pink"], ["", "grün"]], dtype=object)


def texts():
    layer = layers.TextVectorization(output_mode="count", name="lookup")
    layer.adapt(TEXTS)
    return keras.Sequential([layer]), np.array([["the cat"], ["an unknown dog"]], dtype=object)


CASES = [words, texts]

TOKENS = np.array([[3, 7, 7], [7, 900, -4], [7, 3, -4]])
IDS = np.array([[3, 7, 5], [-4, 7, 7], [900, 3, 3], [6, 8, -4], [7, 900, 7]])
NAMES = np.array([["red", "pink"], ["", "grün"], ["blue", "red"], ["green", "grey"], ["red", "red"]], dtype=object)
LINES = np.array([["the cat"], ["an unknown dog"], ["A cat, a dog!"], ["sat"], ["the the dog"]], dtype=object)
Y = np.sin(np.arange(10)).reshape(5, 2)


def ids_graph():
    """A graph behind ids of 64 bits, whose lookup learnt them."""
    x = keras.Input((3,), dtype="int64")
    lookup = layers.IntegerLookup(name="lookup")
    lookup.adapt(TOKENS)
    y = layers.Flatten()(layers.Embedding(lookup.vocabulary_size(), 2)(lookup(x)))
    return keras.Model(x, layers.Dense(2, name="head")(y)), IDS


def ids_tf_idf():
    x = keras.Input((3,), dtype="int64")
    lookup = layers.IntegerLookup(output_mode="tf_idf", num_oov_indices=2, name="lookup")
    lookup.adapt(TOKENS)
    return keras.Model(x, layers.Dense(2, name="head")(lookup(x))), IDS


def ids_32():
    """Ids of 32 bits, a vocabulary that was given, a mask."""
    x = keras.Input((3,), dtype="int32")
    y = layers.IntegerLookup(vocabulary=[7, 3, -4], mask_token=5, num_oov_indices=2)(x)
    y = layers.GlobalAveragePooling1D()(layers.Embedding(6, 3, mask_zero=True)(y))
    return keras.Model(x, layers.Dense(2)(y)), IDS


def bytes_graph():
    """Small whole numbers that are no ids."""
    x = keras.Input((3,), dtype="uint8")
    return keras.Model(x, layers.Dense(2)(layers.Rescaling(1 / 256)(x))), np.arange(15).reshape(5, 3) * 17


def words_graph():
    x = keras.Input((2,), dtype="string")
    lookup = layers.StringLookup(mask_token="", num_oov_indices=2, name="lookup")
    lookup.adapt(np.array(WORDS))
    y = layers.Flatten()(layers.Embedding(lookup.vocabulary_size(), 2)(lookup(x)))
    return keras.Model(x, layers.Dense(2, name="head")(y)), NAMES


def words_tf_idf():
    """What is unknown has a weight of its own."""
    lookup = layers.StringLookup(
        output_mode="tf_idf", vocabulary=["[UNK]", "red", "blue"], idf_weights=[0.3, 0.5, 1.25], name="lookup"
    )
    return keras.Sequential([keras.Input((2,), dtype="string"), lookup, layers.Dense(2)]), NAMES


def texts_tf_idf():
    lookup = layers.TextVectorization(output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True, name="lookup")
    lookup.adapt(TEXTS)
    return keras.Sequential([keras.Input((1,), dtype="string"), lookup, layers.Dense(2)]), LINES


def texts_and_ids():
    """Two inputs, by name."""
    text, ids = keras.Input((1,), dtype="string", name="text"), keras.Input((3,), dtype="int64", name="ids")
    lookup = layers.TextVectorization(output_sequence_length=4, name="lookup")
    lookup.adapt(TEXTS)
    words = layers.GlobalAveragePooling1D()(layers.Embedding(lookup.vocabulary_size(), 3)(lookup(text)))
    counts = layers.IntegerLookup(output_mode="count", vocabulary=[7, 3])(ids)
    y = layers.Dense(2)(layers.Concatenate()([words, counts]))
    return keras.Model({"text": text, "ids": ids}, y), {"text": LINES, "ids": IDS}


MODELS = [ids_graph, ids_tf_idf, ids_32, bytes_graph, words_graph, words_tf_idf, texts_tf_idf, texts_and_ids]
FIT = {"batch_size": 2, "epochs": 3, "shuffle": False, "verbose": 0}


def asked(model, x):
    import tensorflow as tf

    # A stack that was called would have an input of text, which no graph of ours has.
    return np.asarray(model.layers[0](tf.constant(x.tolist())))


def plain(value):
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return {"shape": list(value.shape), "data": value.ravel().tolist()}


def given(x):
    """Data as TensorFlow takes them."""
    import tensorflow as tf

    if isinstance(x, dict):
        return {name: given(one) for name, one in x.items()}
    return tf.constant(x.tolist()) if x.dtype == object else tf.constant(x)


def array(told):
    if "shape" not in told:
        return {name: array(one) for name, one in told.items()}
    data = told["data"]
    return np.array(data, dtype=object if isinstance(data[0], str) else None).reshape(told["shape"])


def further(model, x):
    """Three epochs more, and what the model says then."""
    history = model.fit(given(x), Y, **FIT).history
    return {
        "history": {name: [float(v) for v in values] for name, values in history.items()},
        "after_weights": [plain(numbers(w)) for w in model.trainable_weights],
        "predict": plain(np.asarray(model.predict(given(x), verbose=0))),
    }


def trained(make):
    fresh()
    model, x = make()
    stream = Stream(1, "lookups", make.__name__)
    for weight in model.trainable_weights:
        weight.assign(stream.normal(weight.shape, 0.5))
    # On TensorFlow Keras takes rates through float32, where these lose nothing, and moments of tables row by row as they come.
    tables = any(isinstance(layer, layers.Embedding) for layer in model.layers)
    optimizer = keras.optimizers.SGD(1 / 8) if tables else keras.optimizers.Adam(1 / 16, beta_1=7 / 8, beta_2=31 / 32, epsilon=2.0**-20)
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(given(x), Y, **{**FIT, "epochs": 1})
    model.save(FOLDER / f"{make.__name__}.keras")
    return {"name": make.__name__, "x": plain(x), "y": plain(Y), "fit": {"batch_size": 2, "epochs": 3, "shuffle": False}, **further(model, x)}


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = []
    for make in CASES:
        fresh()
        model, x = make()
        model.save(FOLDER / f"{make.__name__}.keras")
        made.append({"name": make.__name__, "x": plain(x), "value": plain(asked(model, x)), "vocabulary": [str(w) for w in model.get_layer("lookup").get_vocabulary()]})
    models = [trained(make) for make in MODELS]
    head = f'"keras": {json.dumps(keras.__version__)}'
    lines = ",\n".join(map(json.dumps, made)), ",\n".join(map(json.dumps, models))
    (FOLDER / "lookups.json").write_text(f"{{{head}, \"cases\": [\n{lines[0]}\n], \"models\": [\n{lines[1]}\n]}}\n")


def check(folder):
    told = json.loads((FOLDER / "lookups.json").read_text())
    apart_by = {}
    for case in told["cases"]:
        fresh()
        model = keras.saving.load_model(folder / f"{case['name']}.keras")
        off = np.abs(asked(model, array(case["x"])) - array(case["value"])).max()
        print(f"{case['name']}: {off:.1e}")
        apart_by[f"{case['name']}.keras"] = off
    for case in told["models"]:
        fresh()
        model = keras.saving.load_model(folder / f"{case['name']}.keras")
        found = further(model, array(case["x"]))
        off = max(np.abs(array(w) - array(o)).max() for w, o in zip(found["after_weights"], case["after_weights"]))
        off = max(off, *(np.abs(np.subtract(found["history"][k], v)).max() for k, v in case["history"].items()))
        off = max(off, np.abs(array(found["predict"]) - array(case["predict"])).max())
        print(f"{case['name']}: {off:.1e}, three epochs on")
        apart_by[f"{case['name']}.keras"] = off
    if not max(apart_by.values()) <= 1e-10:
        sys.exit(1)
    record(FOLDER / "accepted.json", apart_by)


if __name__ == "__main__":
    check(Path(sys.argv[2])) if sys.argv[1:2] == ["check"] else write()
