"""Has real Keras open the files that `ours-models.ts` wrote, train on, and compares: `python tools/oracle/check_models.py DIR`.

Writes how far apart they are to __test__/fixtures/keras-files/accepted.json.
"""

import json
import pathlib
import sys

import numpy as np

from backend import fresh, keras

FIXTURE = pathlib.Path(__file__).resolve().parents[2] / "__test__" / "fixtures" / "keras_files.json"
ACCEPTED = FIXTURE.parent / "keras-files" / "accepted.json"
TOLERANCE = 1e-10


def array(value):
    if isinstance(value, dict) and "shape" in value:
        return np.array([float(v) for v in value["data"]]).reshape(value["shape"])
    if isinstance(value, list):
        return [array(v) for v in value]
    return {name: array(v) for name, v in value.items()}


def apart(got, wanted):
    got, wanted = np.asarray(got, dtype="float64").reshape(-1), np.asarray(wanted, dtype="float64").reshape(-1)
    return float(np.max(np.abs(got - wanted) / np.maximum(1e-2, np.abs(wanted)))) if got.size else 0.0


def still(folder, case):
    """What a model that draws in training computes out of it."""
    fresh()
    model = keras.saving.load_model(folder / case["file"])
    off = apart(model.predict(array(case["x"]), verbose=0), array(case["predict"]))
    print(f"{case['file']}: {off:.1e}, out of training")
    return off


def record(path, apart_by):
    lines = ",\n".join(f"{json.dumps(name)}: {float(f'{off:.1e}')}" for name, off in sorted(apart_by.items()))
    path.write_text(f'{{"keras": {json.dumps(keras.__version__)}, "apart": {{\n{lines}\n}}}}\n')


def main(folder):
    cases = {case["file"]: case for case in json.loads(FIXTURE.read_text())["cases"]}
    apart_by = {case["file"]: still(folder, case) for case in cases.values() if "history" not in case}
    for ours in json.loads((folder / "expected.json").read_text()):
        fresh()
        case = cases[ours["file"]]
        model = keras.saving.load_model(folder / ours["file"])
        weight = case.get("sample_weight")
        history = model.fit(
            array(case["x"]), array(case["y"]), verbose=0, **case["fit"],
            **({} if weight is None else {"sample_weight": array(weight)}),
        ).history
        off = [apart(w, o) for w, o in zip(model.get_weights(), ours["weights"])]
        off += [apart(history[name], ours["history"][name]) for name in history]
        print(f"{ours['file']}: {max(off):.1e}")
        apart_by[ours["file"]] = max(off)
    worst = max(apart_by.values())
    print(f"worst: {worst:.1e}")
    if not worst <= TOLERANCE or apart_by.keys() != cases.keys():
        sys.exit(1)
    record(ACCEPTED, apart_by)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
