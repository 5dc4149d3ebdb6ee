"""Layers of sound: the output, and the gradient of `sum output * cotangent`, for the weights too. Keras has the bands of
MelSpectrogram in float32."""

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


FRAMES = {"frame_length": 6, "frame_step": 3}
SPECTROGRAMS = [
    ((2, 24, 1), FRAMES | {"mode": mode})
    for mode in ["log", "magnitude", "psd", "real", "imag", "angle", "stft"]
] + [
    ((2, 25, 3), {"frame_length": 5, "padding": "same", "window": "hamming", "scaling": "spectrum"}),
    ((2, 25, 2), {"frame_length": 8, "fft_length": 12, "expand_dims": True, "periodic": True, "scaling": None}),
    ((2, 2, 20), FRAMES | {"mode": "psd", "data_format": "channels_first", "window": None}),
    ((2, 2, 20), FRAMES | {"mode": "stft", "data_format": "channels_first", "expand_dims": True, "padding": "same"}),
    ((1, 20, 2), FRAMES | {"mode": "real", "window": [0.5, 1.0, 2.0, -1.0, 0.25, 0.0], "trainable": False}),
]


def case(seed, type, index, shape, options):
    fresh()
    name = f"{type.__name__}-{index}"
    stream = Stream(seed, "sound", name)
    layer, x = type(**options), stream.normal(shape)
    value, _ = value_and_gradients(layer, [x])
    cotangent = stream.normal(value.shape)
    weights = keras.ops.convert_to_tensor(cotangent)
    _, (gradient, *of_weights) = value_and_gradients(lambda x: layer(x) * weights, [x], layer.trainable_variables)
    row = {"name": name, "layer": layers.serialize(layer), "x": x, "output": value}
    row |= {"cotangent": cotangent, "gradient": gradient}
    if layer.weights:
        row |= {"weights": [keras.ops.convert_to_numpy(w) for w in layer.weights], "weight_gradients": of_weights}
    return row


def cases(seed):
    for index, one in enumerate(CASES):
        yield case(seed, layers.MelSpectrogram, index, *one) | {"tolerance": 2e-6, "reason": "bands in float32"}
    for index, one in enumerate(SPECTROGRAMS):
        yield case(seed, layers.STFTSpectrogram, index, *one)
