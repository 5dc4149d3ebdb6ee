"""MelSpectrogram: the output, and the gradient of `sum output * cotangent`. Keras has its matrix of bands in float32."""

from backend import fresh, keras, value_and_gradients
from stream import Stream

layers = keras.layers
SMALL = {"fft_length": 32, "sequence_stride": 8, "num_mel_bins": 6, "sampling_rate": 8000}
CASES = [
    ((2, 90), SMALL),
    ((70,), SMALL | {"sequence_length": 20, "window": "hamming", "min_freq": 100.0, "max_freq": 3000.0}),
    ((2, 64), SMALL | {"power_to_db": False, "mag_exp": 1.0}),
    ((1, 100), SMALL | {"top_db": 20.0, "ref_power": 0.5, "min_power": 1e-3}),
]


def case(seed, index, shape, options):
    fresh()
    name = f"MelSpectrogram-{index}"
    stream = Stream(seed, "sound", name)
    layer, x = layers.MelSpectrogram(**options), stream.normal(shape)
    value, _ = value_and_gradients(layer, [x])
    cotangent = stream.normal(value.shape)
    weights = keras.ops.convert_to_tensor(cotangent)
    _, (gradient,) = value_and_gradients(lambda x: layer(x) * weights, [x])
    row = {"name": name, "layer": layers.serialize(layer), "x": x, "output": value}
    return row | {"cotangent": cotangent, "gradient": gradient, "tolerance": 2e-6, "reason": "bands in float32"}


def cases(seed):
    return [case(seed, index, *one) for index, one in enumerate(CASES)]
