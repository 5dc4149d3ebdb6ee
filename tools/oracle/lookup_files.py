"""`.keras` files with vocabularies beside the weights, both ways; Keras runs these layers with TensorFlow alone.

    KERAS_BACKEND=tensorflow python tools/oracle/lookup_files.py             # real Keras writes → fixtures/lookup-files
    npx tsx tools/oracle/ours-lookups.ts DIR                                 # opens them and writes them again
    KERAS_BACKEND=tensorflow python tools/oracle/lookup_files.py check DIR   # has real Keras read those
"""

import json
import sys
from pathlib import Path

import numpy as np

from backend import fresh, keras

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


def asked(model, x):
    import tensorflow as tf

    # A stack that was called would have an input of text, which no graph of ours has.
    return np.asarray(model.layers[0](tf.constant(x.tolist())))


def plain(value):
    return {"shape": list(value.shape), "data": value.ravel().tolist()}


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = []
    for make in CASES:
        fresh()
        model, x = make()
        model.save(FOLDER / f"{make.__name__}.keras")
        made.append({"name": make.__name__, "x": plain(x), "value": plain(asked(model, x)), "vocabulary": [str(w) for w in model.get_layer("lookup").get_vocabulary()]})
    head = f'"keras": {json.dumps(keras.__version__)}'
    (FOLDER / "lookups.json").write_text(f"{{{head}, \"cases\": [\n" + ",\n".join(map(json.dumps, made)) + "\n]}\n")


def check(folder):
    for case in json.loads((FOLDER / "lookups.json").read_text())["cases"]:
        fresh()
        model = keras.saving.load_model(folder / f"{case['name']}.keras")
        x = np.array(case["x"]["data"], dtype=object).reshape(case["x"]["shape"])
        off = np.abs(asked(model, x) - np.array(case["value"]["data"]).reshape(case["value"]["shape"])).max()
        print(f"{case['name']}: {off:.1e}")
        if not off <= 1e-10:
            sys.exit(1)


if __name__ == "__main__":
    check(Path(sys.argv[2])) if sys.argv[1:2] == ["check"] else write()
