"""Has h5py, Keras, NumPy, safetensors and Python's zipfile read what ferrograd writes.

    cargo test -p ferrograd-formats -- --ignored
    KERAS_BACKEND=torch python tools/oracle/check_files.py

Writes __test__/fixtures/files/ours/accepted.json: the files that were read and were right.
"""

import json
import zipfile

import h5py
import keras
import ml_dtypes
import numpy as np
from safetensors import safe_open
from safetensors.torch import load_file

from files import FILES, encode, tell_hdf5

OURS = FILES / "ours"
TYPES = ["bool", "uint8", "int8", "uint16", "int16", "float16", "bfloat16", "uint32", "int32", "float32", "uint64"]
TYPES += ["int64", "float64"]
SIX = [0, 1, 0, 0, 1, 0]


def expected(types):
    arrays = {f"types/{name}": {"dtype": name, "shape": (2, 3), "data": SIX} for name in types}
    arrays["scalar"] = {"dtype": "float32", "shape": (), "data": [0.5]}
    arrays["deep/er/and/empty"] = {"dtype": "float64", "shape": (0, 3), "data": []}
    for index in range(40):
        arrays[f"many/{index}"] = {"dtype": "int32", "shape": (1,), "data": [index]}
    return arrays


def hdf5(path):
    told = tell_hdf5(path)
    assert told["arrays"] == expected(TYPES)
    assert told["attributes"] == {
        "": {"root": "größer"},
        "deep": {"number": 7, "numbers": [0.5, -1.0], "texts": ["a", "", "bc"]},
        "nothing/inside": {"name": "a group without arrays"},
        "types/bfloat16": {"dtype": "bfloat16"},
    }
    with h5py.File(path) as file:
        assert isinstance(file.attrs["root"], str)


def tensors(path):
    arrays = {name: tensor for name, tensor in load_file(path).items()}
    told = {name: encode(as_numpy(tensor)) for name, tensor in arrays.items()}
    assert told == expected(TYPES)
    with safe_open(path, "np") as file:
        assert file.metadata() == {"format": "ours", "ü": '"'}


def as_numpy(tensor):
    name = str(tensor.dtype).removeprefix("torch.")
    return tensor.float().numpy().astype(ml_dtypes.bfloat16) if name == "bfloat16" else tensor.numpy()


def npz(path):
    with np.load(path, allow_pickle=False) as arrays:
        assert {name: encode(arrays[name]) for name in arrays} == expected([t for t in TYPES if t != "bfloat16"])


def archive(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.txt": b"text", "folder/ü": b""}


def model(path):
    ours, theirs = keras.saving.load_model(path), keras.saving.load_model(FILES / "model.keras")
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    assert np.array_equal(ours.predict(x, verbose=0), theirs.predict(x, verbose=0))
    for mine, its in zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True):
        assert np.array_equal(keras.ops.convert_to_numpy(mine), keras.ops.convert_to_numpy(its))
    assert int(ours.optimizer.iterations) == 1
    ours.fit(x, np.ones((4, 2)), verbose=0)


if __name__ == "__main__":
    checks = {"ours.h5": hdf5, "ours.safetensors": tensors, "ours.npz": npz, "ours.zip": archive, "ours.keras": model}
    for name, check in checks.items():
        check(OURS / name)
    (OURS / "accepted.json").write_text(json.dumps(dict.fromkeys(checks, True)) + "\n")
