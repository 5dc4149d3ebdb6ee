"""As `keras_files`, in float32: models that real Keras trained in its usual type, saved, and trained on: `keras-files-32/*.keras`.

A model is taken where float64 gives the same to 3e-5, so that no other rounding of float32 can lead far away.
"""

from contextlib import contextmanager

from backend import ENGINE, fresh, keras
from stream import Stream
from topics import graphs, keras_files, picture_models
from topics.models import apart, draw_sequential, flat, run

FOLDER = keras_files.FOLDER.parent / "keras-files-32"
STACKS, CONVOLUTIONAL = 4, 2
GRAPHS = [graphs.shared_layer_twice]
ALLOWED = 3e-5


@contextmanager
def narrow():
    """Everything in float32."""
    set_type("float32")
    try:
        yield
    finally:
        set_type("float64")


def set_type(name):
    keras.config.set_floatx(name)
    if ENGINE == "torch":
        import torch

        torch.set_default_dtype(getattr(torch, name))


def steady(make, found):
    model, x, y, options = make()
    first = {k: v for k, v in options.items() if k != "sample_weight"} | {"epochs": 1}
    model.fit(x, y, shuffle=False, verbose=0, **first)
    wide = run(model, x, y, options)
    found = {name: found[name] for name in wide}
    return flat(wide).shape == flat(found).shape and apart(wide, found) <= ALLOWED


def drawn(seed, name, draw):
    path = FOLDER / f"{name}.keras"
    for attempt in range(20):

        def make(attempt=attempt):
            fresh()
            return draw(Stream(seed, "files", name, str(attempt)))

        with narrow():
            case = keras_files.saved(make, path, steady=lambda *_: True)
        if case is not None and steady(make, case):
            return {"name": name, "tolerance": 1e-4, "reason": "float32", **case}
    raise ValueError(f"{name}: no sound draw")


def cases(seed):
    FOLDER.mkdir(parents=True, exist_ok=True)
    yield from (drawn(seed, f"stack-{index:02}", draw_sequential) for index in range(STACKS))
    yield from (drawn(seed, f"pictures-{index:02}", picture_models.draw_convolutional) for index in range(CONVOLUTIONAL))
    yield from (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in GRAPHS)
