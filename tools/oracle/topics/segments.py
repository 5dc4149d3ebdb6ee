"""Segments of `keras.ops`: values, and the gradients of `sum value * cotangent`."""

from backend import fresh, keras, np, value_and_gradients
from stream import Stream

ROWS = 9
SHUFFLED = [2, 0, 1, 2, 4, 0, 2, 4, 0]
ASCENDING = [0, 0, 0, 1, 2, 2, 2, 4, 4]
OUTSIDE = [2, -1, 1, 2, 7, 0, 2, 4, 5]
# ids, the rest of the shape, number of segments, sorted
CASES = [
    (SHUFFLED, (), 5, False),
    (SHUFFLED, (3,), 5, False),
    (SHUFFLED, (2, 2), 6, False),
    (SHUFFLED, (3,), None, False),
    (ASCENDING, (3,), 5, True),
    (OUTSIDE, (3,), 5, False),
    ([0] * ROWS, (2,), 1, True),
]


def data(stream, tail):
    """Some rows are alike, so that maxima are shared."""
    rows = stream.normal((ROWS, *tail))
    rows[6], rows[8] = rows[3], rows[5]
    return rows


def case(seed, op, index, ids, tail, segments, ascending):
    fresh()
    name = f"{op}-{index}"
    stream = Stream(seed, "segments", name)
    x, function = data(stream, tail), getattr(keras.ops, op)
    apply = lambda rows: function(rows, np.array(ids, "int32"), num_segments=segments, sorted=ascending)
    value, _ = value_and_gradients(apply, [x])
    cotangent = stream.normal(value.shape)
    # An empty segment has no maximum to weigh.
    there = np.isfinite(value)
    weigh = lambda rows: keras.ops.where(there, apply(rows), 0.0) * keras.ops.convert_to_tensor(cotangent)
    _, gradients = value_and_gradients(lambda rows: keras.ops.sum(weigh(rows)), [x])
    row = {"name": name, "op": op, "data": x, "segment_ids": ids, "num_segments": segments, "sorted": ascending}
    return row | {"value": value, "cotangent": cotangent, "gradient": gradients[0]}


def cases(seed):
    return [case(seed, op, i, *one) for op in ("segment_sum", "segment_max") for i, one in enumerate(CASES)]
