"""Models that real Keras trained, saved to `.keras` files, and what three further epochs make of each: `keras-files/*.keras`.

Weights and the optimizer's state are float64, so that whoever opens a file must go on to the last digits.
"""

import pathlib

from backend import fresh
from stream import Stream
from topics import file_models, graphs, picture_models, recurrent_models
from topics.models import NUDGE, apart, benign, draw_sequential, flat, run, sound
from training import at_the_end

SEQUENTIAL, CONVOLUTIONAL = 18, 4
# The first but one has Huber's loss, whose delta Keras leaves out of a file.
SEQUENCES = (0, 2, 3)
FOLDER = pathlib.Path(__file__).resolve().parents[3] / "__test__" / "fixtures" / "keras-files"
# Trained on after a file, two trainings of six epochs lie between the numbers.
ALLOWED = 1e-9


def steady(make, found):
    model, x, y, options = make()
    for weight in model.trainable_weights:
        weight.assign(weight * (1 + NUDGE) + NUDGE)
    first = {k: v for k, v in options.items() if k != "sample_weight"} | {"epochs": 1}
    model.fit(x, y, shuffle=False, verbose=0, **first)
    again = run(model, x, y, options)
    return flat(again).shape == flat(found).shape and apart(found, again) <= ALLOWED


def saved(make, path, steady=steady):
    """One epoch, the file, three epochs more; None where the numbers run away or hang on rounding."""
    model, x, y, options = make()
    if options is None:
        return still(model, x, y, path)
    first = {k: v for k, v in options.items() if k != "sample_weight"} | {"epochs": 1}
    model.fit(x, y, shuffle=False, verbose=0, **first)
    model.save(path)
    calm = benign(model, x)
    found = run(model, x, y, options)
    if not (calm and benign(model, x) and sound(found)) or not steady(make, found):
        return None
    case = {"x": x, "y": y, "fit": {**{k: v for k, v in options.items() if k != "sample_weight"}, "shuffle": False}}
    case |= {k: v for k, v in options.items() if k == "sample_weight"}
    return case | {"file": path.name, **found}


def still(model, x, y, path):
    """One epoch and the file, and what it computes out of training."""
    model.fit(x, y, verbose=0)
    model.save(path)
    ending = at_the_end(model, x, y, batch_size=10)
    return {"x": x, "y": y, "file": path.name, "end_batch_size": 10, **ending}


def drawn(seed, name, draw):
    for attempt in range(20):

        def make(attempt=attempt):
            fresh()
            return draw(Stream(seed, "files", name, str(attempt)))

        case = saved(make, FOLDER / f"{name}.keras")
        if case is not None:
            return {"name": name, **case}
    raise ValueError(f"{name}: no sound draw")


def cases(seed):
    FOLDER.mkdir(parents=True, exist_ok=True)
    yield from (drawn(seed, f"stack-{index:02}", draw_sequential) for index in range(SEQUENTIAL))
    yield from (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in [*graphs.GRAPHS, *picture_models.GRAPHS])
    yield from (drawn(seed, f"pictures-{index:02}", picture_models.draw_convolutional) for index in range(CONVOLUTIONAL))
    yield from (drawn(seed, f"sequences-{index:02}", recurrent_models.draw_sequence) for index in SEQUENCES)
    yield from (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in [*recurrent_models.GRAPHS, *file_models.GRAPHS])
