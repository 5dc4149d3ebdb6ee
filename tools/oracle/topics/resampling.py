"""Pictures of another size, whose cubic and whose windows are those of Keras on JAX: values and gradients. `KERAS_BACKEND=jax`."""

import itertools

from backend import fresh, keras, value_and_gradients
from stream import Stream

KINDS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
SIZES = ((3, 9), (11, 2))


def case(seed, kind, size, antialias):
    fresh()
    name = f"{kind}-{'x'.join(map(str, size))}" + ("-antialias" if antialias else "")
    stream = Stream(seed, "resampling", name)
    x, cotangent = stream.uniform((2, 6, 5, 2)), stream.uniform((2, *size, 2))

    def call(x):
        return keras.ops.image.resize(x, size, interpolation=kind, antialias=antialias, data_format="channels_last")

    value, _ = value_and_gradients(call, [x])
    _, gradients = value_and_gradients(lambda x: call(x) * keras.ops.convert_to_tensor(cotangent), [x])
    options = {"interpolation": kind, "antialias": antialias}
    return {"name": name, "size": size, "options": options, "x": x, "value": value, "cotangent": cotangent, "gradient": gradients[0]}


def cases(seed):
    return [case(seed, *row) for row in itertools.product(KINDS, SIZES, (False, True))]
