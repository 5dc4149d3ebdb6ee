"""ConvLSTM1D, 2D and 3D as the other recurrent layers: outputs, states, gradients, three training steps."""

import keras

from topics.recurrent_layers import BATCH, STEPS, case, penalised

ROW, PICTURE, VOLUME = (BATCH, STEPS, 5, 2), (BATCH, STEPS, 4, 5, 2), (BATCH, STEPS, 3, 2, 3, 1)
SAME = {"filters": 2, "kernel_size": 3, "padding": "same"}


def rows():
    """class, options, shape of the input, and how it is called"""
    yield "ConvLSTM1D", {"filters": 3, "kernel_size": 2}, ROW, {}
    yield "ConvLSTM1D", SAME | {"return_sequences": True}, ROW, {"mask": True}
    yield "ConvLSTM1D", SAME | {"strides": 2, "go_backwards": True}, ROW, {"mask": True}
    yield "ConvLSTM1D", SAME | {"dilation_rate": 2, "return_state": True}, ROW, {"states": 2, "units": (5, 2)}
    yield "ConvLSTM2D", {"filters": 2, "kernel_size": (2, 3)}, PICTURE, {}
    yield "ConvLSTM2D", SAME | {"return_sequences": True, "return_state": True}, PICTURE, {"mask": True, "states": 2, "units": (4, 5, 2)}
    yield "ConvLSTM2D", SAME | {"data_format": "channels_first", "strides": (1, 2)}, (BATCH, STEPS, 2, 4, 5), {}
    yield "ConvLSTM2D", {"filters": 2, "kernel_size": 2, "dilation_rate": (1, 2), "go_backwards": True}, PICTURE, {"mask": True}
    yield "ConvLSTM2D", SAME | penalised(), PICTURE, {}
    yield "ConvLSTM2D", SAME | {"use_bias": False, "activation": "relu", "recurrent_activation": "hard_sigmoid"}, PICTURE, {}
    yield "ConvLSTM2D", SAME | {"unit_forget_bias": False, "unroll": True, "zero_output_for_mask": True, "return_sequences": True}, PICTURE, {"mask": True}
    yield "ConvLSTM3D", {"filters": 2, "kernel_size": 2}, VOLUME, {}
    yield "ConvLSTM3D", {"filters": 1, "kernel_size": (1, 2, 3), "padding": "same", "return_sequences": True}, VOLUME, {"mask": True}
    yield "ConvLSTM3D", SAME | {"data_format": "channels_first"}, (BATCH, STEPS, 1, 2, 3, 2), {}
    yield "Bidirectional", lambda: {"layer": keras.layers.ConvLSTM1D(**SAME, return_sequences=True)}, ROW, {}


def cases(seed):
    return [case(seed, index, *row) for index, row in enumerate(rows())]
