"""Convolution and pooling as `keras.ops` draws them: the value, and the gradients of `sum value * cotangent`."""

from backend import fresh, keras, value_and_gradients
from stream import Stream

# op, inputs, kernel or window, options. PyTorch's average pooling is wrong where `same` pads unevenly, so it pads evenly here.
CASES = [
    ("conv", (2, 9, 3), (4, 3, 5), {}),
    ("conv", (2, 9, 4), (3, 2, 6), {"strides": 2, "padding": "same"}),
    ("conv", (2, 9, 3), (3, 3, 2), {"dilation_rate": 2}),
    ("conv", (2, 7, 6, 3), (3, 2, 3, 4), {"padding": "same"}),
    ("conv", (2, 7, 6, 3), (3, 3, 3, 4), {"strides": (2, 1), "padding": "same"}),
    ("conv", (1, 8, 9, 4), (2, 3, 2, 6), {"dilation_rate": (2, 3)}),
    ("conv", (2, 3, 6, 7), (2, 2, 3, 4), {"data_format": "channels_first"}),
    ("conv", (2, 5, 5, 4), (1, 1, 4, 3), {}),
    ("conv", (1, 4, 5, 6, 2), (2, 3, 2, 2, 3), {"strides": (1, 2, 2), "padding": "same"}),
    ("depthwise_conv", (2, 6, 7, 3), (3, 3, 3, 1), {"padding": "same"}),
    ("depthwise_conv", (2, 7, 7, 3), (3, 3, 3, 2), {"strides": 2}),
    ("depthwise_conv", (2, 9, 3), (3, 3, 2), {"dilation_rate": 2, "padding": "same"}),
    ("conv_transpose", (2, 5, 3), (3, 4, 3), {}),
    ("conv_transpose", (2, 4, 5, 3), (3, 2, 4, 3), {"strides": 2, "padding": "same"}),
    ("conv_transpose", (2, 4, 5, 3), (2, 3, 4, 3), {"strides": (3, 2)}),
    ("conv_transpose", (1, 4, 4, 2), (3, 3, 3, 2), {"strides": 2, "padding": "same", "output_padding": 1}),
    ("max_pool", (2, 7, 6, 3), (2, 2), {}),
    ("max_pool", (2, 7, 6, 3), (3, 3), {"strides": 2, "padding": "same"}),
    ("max_pool", (2, 9, 3), (3,), {"strides": 1, "padding": "same"}),
    ("average_pool", (2, 7, 6, 3), (2, 3), {}),
    ("average_pool", (2, 7, 7, 3), (3, 3), {"strides": 2, "padding": "same"}),
    ("average_pool", (1, 4, 6, 4, 2), (2, 3, 2), {}),
]


def case(seed, index, op, shape, other, options):
    fresh()
    name = f"{op}-{index}-" + "x".join(map(str, shape))
    stream = Stream(seed, "pictures", name)
    x, pools = stream.uniform(shape), op.endswith("pool")
    function = getattr(keras.ops, op)
    arrays = [x] if pools else [x, stream.uniform(other)]
    given = {"pool_size": other} if pools else {}

    def call(*tensors):
        return function(*tensors, **given, **options)

    probe, _ = value_and_gradients(call, arrays)
    cotangent = stream.uniform(probe.shape)
    weights = keras.ops.convert_to_tensor(cotangent)
    _, gradients = value_and_gradients(lambda *tensors: call(*tensors) * weights, arrays)
    row = {"name": name, "op": op, "options": options, "x": x, "value": probe, "cotangent": cotangent}
    return row | ({"pool_size": other} if pools else {"kernel": arrays[1]}) | {"gradients": gradients}


def cases(seed):
    return [case(seed, index, *one) for index, one in enumerate(CASES)]
