"""`timeseries_dataset_from_array`, batch after batch."""

import numpy as np

from backend import fresh, keras
from stream import Stream

# steps, shape of a step, targets; options
CASES = [
    (20, (), None, {"sequence_length": 5}),
    (20, (2,), None, {"sequence_length": 4, "sequence_stride": 3, "sampling_rate": 2}),
    (30, (3,), 25, {"sequence_length": 6, "sequence_stride": 2}),
    (30, (), 30, {"sequence_length": 3, "sampling_rate": 4, "start_index": 5, "end_index": 27}),
    (12, (), 4, {"sequence_length": 2, "sequence_stride": 3}),
    (9, (2, 2), None, {"sequence_length": 9}),
]


def case(seed, index, steps, shape, targets, options):
    fresh()
    name = f"windows-{index}"
    stream = Stream(seed, "windows", name)
    data = stream.uniform((steps, *shape))
    answers = None if targets is None else stream.uniform((targets,))
    batches = keras.utils.timeseries_dataset_from_array(data, answers, batch_size=4, **options)
    rows = [row if targets is not None else (row,) for row in batches]
    x, *y = (np.concatenate([np.asarray(part) for part in parts]) for parts in zip(*rows))
    row = {"name": name, "options": options, "data": data, "x": x}
    return row if targets is None else row | {"targets": answers, "y": y[0]}


def cases(seed):
    return [case(seed, index, *one) for index, one in enumerate(CASES)]
