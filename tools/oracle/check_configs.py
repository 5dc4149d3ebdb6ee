"""Does real Keras take what ferrograd wrote? `python tools/oracle/check_configs.py [folder]`

Reads every `*.json` of the folder (default `__test__/fixtures/ours`): a list of `{name, object, …}`, `object` being the
JSON of one serialized object (model, layer, optimizer, loss, metric, schedule, initializer, regularizer, constraint).
An entry passes when Keras rebuilds the object and serializes it back to the same: every field that ferrograd wrote is
there with the same value. A model's entry names the `fixture` that it came from; the rebuilt model, with the case's
trained weights, must predict the case's predictions to 1e-10. What passed is written to `accepted.json` in the folder; anything else fails the run.
"""

import argparse
import functools
import json
import pathlib
import sys

import numpy as np

from backend import fresh, keras

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "__test__" / "fixtures" / "ours"
# Where an object was found and what became of it, not what it is.
NOT_COMPARED = {"module", "registered_name", "build_config", "compile_config", "build_input_shape"}


def forgotten(owner, value, key):
    """What ops lose in Keras: `ExtractPatches` its name, `Normalize` the type of what it gives and of parts of that."""
    if key == "name":
        return owner == "ExtractPatches"
    return key == "dtype" and str(value.get("keras_history", [""])[0]).startswith(("normalize", "get_item"))


def disagreements(ours, theirs, path="", owner=None):
    """The paths of what ferrograd wrote and Keras, having read it, writes otherwise; `owner` is the class around."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        owner = ours.get("class_name", owner)
        for key in ours.keys() - NOT_COMPARED:
            if forgotten(owner, ours, key) and ours[key] != theirs.get(key):
                continue
            if key in theirs:
                yield from disagreements(ours[key], theirs[key], f"{path}.{key}", owner)
            elif ours[key] is not None:
                yield f"{path}.{key}: Keras does not write it"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (a, b) in enumerate(zip(ours, theirs)):
            yield from disagreements(a, b, f"{path}[{index}]", owner)
    elif not same(ours, theirs):
        yield f"{path}: {json.dumps(ours)[:80]} became {json.dumps(theirs)[:80]}"


def same(ours, theirs):
    """Equal, or two spellings of one thing: a dtype's name and its policy, a name and the object it names."""
    if isinstance(ours, str) and isinstance(theirs, dict):
        return named(ours) == named(theirs.get("config", {}).get("name") or theirs["class_name"]) or named(ours) == named(
            theirs["class_name"]
        )
    if isinstance(ours, dict) and isinstance(theirs, str):
        return same(theirs, ours)
    return ours == theirs


def named(name):
    return name.replace("_", "").lower()


def filled(ours, theirs):
    """The names of fields that Keras adds, being its defaults."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in theirs.keys() - NOT_COMPARED:
            if key not in ours:
                yield key
            else:
                yield from filled(ours[key], theirs[key])
    elif isinstance(ours, list) and isinstance(theirs, list):
        for a, b in zip(ours, theirs):
            yield from filled(a, b)


def array(value):
    return np.array(value["data"]).reshape(value["shape"])


def trained_case(fixture, name):
    """(weights, inputs, predictions, rows of a batch) of a case of a training fixture."""
    (case,) = (case for case in load(FOLDER.parent / f"{fixture}.json")["cases"] if case["name"] == name)
    weights = case["after"]["10"]["weights"] if "after" in case else case.get("after_weights")
    if weights is None:
        return None
    x = case["x"]
    parts = x if isinstance(x, list) else [x] if "data" in x else [x[name] for name in sorted(x)]
    inputs = [array(x) for x in parts]
    # What a model says of a row may depend on the rows beside it.
    rows = case.get("end_batch_size", len(inputs[0]))
    return [array(w) for w in weights], inputs, listed(case["predict"], array), rows


@functools.cache
def load(path):
    return json.loads(path.read_text())


def prediction_error(model, weights, inputs, expected, rows):
    """The worst relative difference of the rebuilt model's predictions; the case may hold those of the first rows alone."""
    model.set_weights(weights)
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=rows, verbose=0)
    return max(relative(values, wanted) for values, wanted in zip(listed(found, np.asarray), expected, strict=True))


def listed(outputs, read):
    """One output, several in a list or several by name, as a list of arrays."""
    if isinstance(outputs, dict) and "shape" not in outputs:
        return [read(outputs[name]) for name in sorted(outputs)]
    return [read(one) for one in (outputs if isinstance(outputs, list) else [outputs])]


def relative(found, expected):
    return float(np.max(np.abs(found[: len(expected)] - expected) / np.maximum(1e-3, np.abs(expected))))


def check(entry):
    """What is recorded of an accepted entry; raises where Keras refuses or disagrees."""
    fresh()
    ours = entry["object"]
    rebuilt = keras.saving.deserialize_keras_object(json.loads(json.dumps(ours)))
    theirs = json.loads(json.dumps(keras.saving.serialize_keras_object(rebuilt)))
    parted = list(disagreements(ours, theirs))
    if parted:
        raise ValueError("; ".join(parted[:5]))
    record = {"name": entry["name"], "class_name": theirs["class_name"], "filled_in": sorted(set(filled(ours, theirs)))}
    case = trained_case(entry["fixture"], entry["name"]) if "fixture" in entry else None
    if case is not None:
        error = prediction_error(rebuilt, *case)
        if error > 1e-10:
            raise ValueError(f"predictions differ by {error:.2g}")
        record["predicts_within"] = 1e-10
    return record


def check_file(path):
    accepted, refused = [], []
    for entry in json.loads(path.read_text()):
        try:
            accepted.append(check(entry) | {"file": path.name})
        except Exception as error:
            refused.append(f"{path.name} {entry['name']}: {type(error).__name__}: {error}")
    return accepted, refused


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=FOLDER)
    folder = parser.parse_args().folder
    files = sorted(path for path in folder.glob("*.json") if path.name != "accepted.json")
    if not files:
        parser.error(f"no *.json in {folder}")
    results = [check_file(path) for path in files]
    accepted = [record for found, _ in results for record in found]
    refused = [line for _, found in results for line in found]
    lines = ",\n".join(json.dumps(record) for record in accepted)
    (folder / "accepted.json").write_text(f'{{"keras":"{keras.__version__}","accepted":[\n{lines}\n]}}\n')
    print(f"{len(accepted)} accepted, {len(refused)} refused")
    for line in refused:
        print(line)
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
