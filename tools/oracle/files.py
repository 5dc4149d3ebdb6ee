"""Has h5py, Keras, NumPy, safetensors and Python's zipfile write small files, and tells what is in them.

    KERAS_BACKEND=torch python tools/oracle/files.py

Writes __test__/fixtures/files: the files, and `files.json` with the arrays and attributes of each.
"""

import json
import zipfile
from pathlib import Path

import h5py
import keras
import ml_dtypes
import numpy as np
import torch
from safetensors.torch import save_file

FILES = Path(__file__).resolve().parents[2] / "__test__/fixtures/files"
TYPES = ("b1", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8")


def numbers(dtype, shape=(2, 3)):
    count = int(np.prod(shape))
    values = np.arange(count) * 3 - 4 if np.dtype(dtype).kind in "if" else np.arange(count) % 2
    return values.reshape(shape).astype(dtype)


def encode(array):
    array = np.asarray(array)
    if array.dtype == ml_dtypes.bfloat16:
        return {"dtype": "bfloat16", "shape": array.shape, "data": array.astype("f4").ravel().tolist()}
    return {"dtype": array.dtype.name, "shape": array.shape, "data": array.ravel().tolist()}


def attribute(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [attribute(item) for item in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value


def tell_hdf5(path):
    arrays, attributes = {}, {}

    def visit(name, item):
        if item.attrs:
            attributes[name] = {key: attribute(value) for key, value in item.attrs.items()}
        if isinstance(item, h5py.Dataset):
            value = item[()]
            if item.attrs.get("dtype") == "bfloat16":
                value = np.asarray(value).view(ml_dtypes.bfloat16)
            arrays[name] = encode(value)

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return {"arrays": arrays, "attributes": attributes}


def fill(file):
    for dtype in TYPES:
        file[f"types/{dtype}"] = numbers(dtype)
    for dtype in (">f4", ">i2"):
        file[f"types/big-{dtype[1:]}"] = numbers(dtype)
    file["scalar"] = np.float32(0.5)
    file["empty"] = np.zeros((0, 3), "f4")
    file["deep/er/and/deeper"] = numbers("f4", (4,))
    for index in range(40):
        file[f"many/{index}"] = np.int32(index)
    half = file.create_dataset("half", data=np.array([1, -2.5], ml_dtypes.bfloat16).view("V2"))
    half.attrs["dtype"] = "bfloat16"
    group = file["deep"]
    group.attrs["text"] = "größer"
    group.attrs["bytes"] = np.bytes_("fixed")
    group.attrs["texts"] = ["a", "", "bc"]
    group.attrs["fixed"] = np.array([b"ab", b"c"])
    group.attrs["number"] = np.int64(7)
    group.attrs["numbers"] = np.array([0.5, -1], "f4")
    file.attrs["root"] = "yes"


def compact(file):
    """An array inside its header."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((3,))
    dataset = h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_FLOAT, space, properties)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2, 3], "f4"))


def packed(file):
    """In chunks, shuffled and deflated, as tools leave arrays that pack a file anew."""
    file.create_dataset("chunks", data=numbers("f4", (5, 7)), chunks=(2, 3))
    file.create_dataset("deflated", data=numbers("f8", (4, 6)), chunks=(3, 4), compression="gzip")
    file.create_dataset("shuffled", data=numbers("i4", (3, 4, 5)), chunks=(2, 2, 2), compression="gzip", shuffle=True)
    file.create_dataset("big", data=numbers(">f4", (9,)), chunks=(4,), shuffle=True)
    file.create_dataset("larger", data=numbers("u1", (3,)), maxshape=(None,), chunks=(8,), compression="gzip")
    # More chunks than one node of the tree holds.
    file.create_dataset("many", data=numbers("i2", (200, 2)), chunks=(1, 2))
    file.create_dataset("none", (0, 3), "f4", maxshape=(None, 3), chunks=(2, 3))


REFUSED = {
    "soft": lambda file: file.__setitem__("link", h5py.SoftLink("/a")),
    "external": lambda file: file.__setitem__("link", h5py.ExternalLink("other.h5", "/a")),
    "missing": lambda file: file.create_dataset("b", (4, 3), "f4", chunks=(1, 3)).write_direct(numbers("f4", (1, 3)), None, np.s_[1:2]),
    "filters": lambda file: file.create_dataset("b", data=numbers("f4"), compression="lzf"),
    "storage": lambda file: file.create_dataset("b", (3,), "f4", external=[("raw.bin", 0, 12)]),
    "virtual": lambda file: file.create_virtual_dataset("b", virtual_layout()),
    "hard": lambda file: file.__setitem__("b", file["a"]),
    "text": lambda file: file.__setitem__("b", ["x", "y"]),
}


def virtual_layout():
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "a", (2, 3))
    return layout


def hdf5(told):
    for version, libver in (("earliest", None), ("latest", "latest")):
        path = FILES / f"{version}.h5"
        with h5py.File(path, "w", libver=libver) as file:
            fill(file)
            compact(file)
            if version == "latest":
                # More than eight links or attributes go to dense storage, which is refused.
                del file["many"], file["types"]
                for dtype in TYPES[:6]:
                    file[f"types/{dtype}"] = numbers(dtype)
        told[path.name] = tell_hdf5(path)
    path = FILES / "packed.h5"
    with h5py.File(path, "w") as file:
        packed(file)
    told[path.name] = tell_hdf5(path)
    for name, break_it in REFUSED.items():
        with h5py.File(FILES / f"refused-{name}.h5", "w") as file:
            file["a"] = numbers("f4")
            break_it(file)


def models(told):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(FILES / "model.keras")
    model.save_weights(FILES / "model.weights.h5")
    model.save(FILES / "model.h5")
    for name in ("model.weights.h5", "model.h5"):
        told[name] = tell_hdf5(FILES / name)
    with zipfile.ZipFile(FILES / "model.keras") as archive:
        told["model.keras"] = archive.namelist()


def tensors(told):
    types = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
    values = {name: torch.arange(6).reshape(2, 3).to(getattr(torch, name)) for name in types}
    save_file(values, FILES / "torch.safetensors", {"format": "pt", "naïve": "\"quoted\""})
    arrays = {name: {"dtype": name, "shape": [2, 3], "data": value.tolist()} for name, value in values.items()}
    told["torch.safetensors"] = arrays


def numpy(told):
    arrays = {dtype: numbers(dtype) for dtype in (*TYPES, ">f4")}
    arrays["fortran"] = np.asfortranarray(numbers("f4", (2, 3, 4)))
    arrays["scalar"] = np.array(0.5)
    arrays["line"] = numbers("f4", (5,))
    np.savez(FILES / "stored.npz", **arrays)
    np.savez_compressed(FILES / "deflated.npz", **arrays)
    told["npz"] = {name: encode(array) for name, array in arrays.items()}
    with open(FILES / "objects.npy", "wb") as file:
        np.lib.format.write_array(file, np.array([{}], dtype=object))
    with open(FILES / "version3.npy", "wb") as file:
        np.lib.format.write_array(file, numbers("f4"), version=(3, 0))


if __name__ == "__main__":
    FILES.mkdir(parents=True, exist_ok=True)
    told = {}
    for write in (hdf5, models, tensors, numpy):
        write(told)
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(told.items())]
    (FILES / "files.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
