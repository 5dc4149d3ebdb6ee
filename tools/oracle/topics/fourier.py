"""Fourier transforms of `keras.ops`: values, and the gradients of `sum value * cotangent` over all outputs."""

from backend import fresh, keras, value_and_gradients
from stream import Stream

HANN = {"sequence_length": 8, "sequence_stride": 2, "fft_length": 8}
# op, shapes of the parts, options, and whether the argument is a pair
CASES = [
    ("fft", (2, 6), {}, True),
    ("fft", (3, 7), {}, True),
    ("rfft", (2, 8), {}, False),
    ("rfft", (2, 3, 9), {}, False),
    ("rfft", (2, 8), {"fft_length": 12}, False),
    ("rfft", (2, 8), {"fft_length": 5}, False),
    ("irfft", (2, 5), {}, True),
    ("irfft", (2, 5), {"fft_length": 9}, True),
    ("irfft", (2, 5), {"fft_length": 6}, True),
    ("extract_sequences", (2, 11), {"sequence_length": 4, "sequence_stride": 3}, False),
    ("stft", (2, 21), HANN, False),
    ("stft", (30,), {"sequence_length": 6, "sequence_stride": 4, "fft_length": 9, "window": "hamming"}, False),
    ("stft", (1, 2, 20), {"sequence_length": 5, "sequence_stride": 5, "fft_length": 8, "center": False}, False),
    ("stft", (2, 20), {"sequence_length": 6, "sequence_stride": 3, "fft_length": 6, "window": None}, False),
    ("istft", (2, 6, 5), HANN, True),
    ("istft", (6, 5), HANN | {"length": 9}, True),
    ("istft", (1, 2, 5, 5), HANN | {"window": "hamming"}, True),
]


def case(seed, index, op, shape, options, pair):
    fresh()
    name = f"{index:02}-{op}-" + "x".join(map(str, shape))
    stream = Stream(seed, "fourier", name)
    arrays = [stream.normal(shape) for _ in range(2 if pair else 1)]
    function = getattr(keras.ops, op)

    def call(*parts):
        found = function(tuple(parts) if pair else parts[0], **options)
        return list(found) if isinstance(found, tuple) else [found]

    count = len(call(*arrays))
    values = [value_and_gradients(lambda *parts, i=i: call(*parts)[i], arrays)[0] for i in range(count)]
    cotangents = [stream.normal(value.shape) for value in values]

    def total(*parts):
        terms = [keras.ops.sum(y * keras.ops.convert_to_tensor(dy)) for y, dy in zip(call(*parts), cotangents)]
        return sum(terms)

    _, gradients = value_and_gradients(total, arrays)
    row = {"name": name, "op": op, "options": options, "inputs": arrays, "values": values}
    return row | {"cotangents": cotangents, "gradients": gradients}


def cases(seed):
    return [case(seed, index, *one) for index, one in enumerate(CASES)]
