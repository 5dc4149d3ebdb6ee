"""Fine-tuning by low ranks: outputs, three training steps, and what is saved afterwards.

Keras keeps the factors in float32; here in float64, as all else.
"""

from backend import fresh, keras, np, numbers
from stream import Stream
from training import by_steps

layers, ops = keras.layers, keras.ops
L2 = keras.regularizers.L2

# class, options, shape of the input (whole numbers where the first length is a list), rank, alpha
CASES = [
    ("Dense", {"units": 4, "activation": "tanh"}, (5, 6), 2, None),
    ("Dense", {"units": 4, "kernel_regularizer": L2(0.1)}, (2, 3, 5), 3, 7.5),
    ("Dense", {"units": 3, "use_bias": False}, (5, 4), 1, 2),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"}, (2, 3, 5), 2, 3),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 2, 3)}, (2, 3, 5), 2, None),
    ("EinsumDense", {"equation": "abc,dc->abd", "output_shape": (None, 4)}, (2, 3, 5), 2, 4),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 4}, (3, 5), 2, 1),
    ("Embedding", {"input_dim": 6, "output_dim": 4}, (3, 4), 2, None),
    ("Embedding", {"input_dim": 6, "output_dim": 4, "embeddings_regularizer": L2(0.1)}, (3, 4), 3, 9),
    ("ReversibleEmbedding", {"input_dim": 6, "output_dim": 4}, (3, 4), 2, 5),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "activation": "tanh"}, (2, 5, 4), 2, None),
    ("Conv2D", {"filters": 4, "kernel_size": (2, 3), "groups": 2, "kernel_regularizer": L2(0.1)}, (2, 4, 4, 6), 2, 5),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "data_format": "channels_first"}, (2, 2, 3, 4), 1, 2),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "strides": 2, "padding": "same", "use_bias": False}, (1, 3, 3, 3, 2), 1, 3),
]
STEPS = 3


def in_float64(layer):
    add = layer.add_weight
    layer.add_weight = lambda **given: add(**{**given, "dtype": "float64"})


def named(layer):
    return {v.name: numbers(v.value).copy() for v in layer.weights}


def stored(layer):
    store = {}
    layer.save_own_variables(store)
    return [numbers(ops.convert_to_tensor(store[key])).copy() for key in sorted(store, key=int)]


def case(seed, index, class_name, options, shape, rank, alpha):
    fresh()
    name = f"{index:02}-{class_name}"
    stream = Stream(seed, "lora", name)
    ids = "Embedding" in class_name
    x = stream.integers(shape, options["input_dim"]) if ids else stream.normal(shape)
    layer = getattr(layers, class_name)(**options)
    config = keras.layers.serialize(layer)
    inputs = keras.Input(shape[1:], dtype="int32" if ids else "float64")
    model = keras.Model(inputs, layer(inputs))
    in_float64(layer)
    layer.enable_lora(rank, lora_alpha=alpha)
    for weight in layer.weights:
        weight.assign(stream.normal(weight.shape, 0.5))
    before, output = named(layer), numbers(model(x)).copy()
    target = stream.normal(output.shape)
    model.compile(keras.optimizers.Adam(0.02), "mse")
    losses = [logs['loss'] for logs in by_steps(model, [(x, target, None)] * STEPS, keep=())['logs']]
    row = {"name": name, "layer": config, "rank": rank, "alpha": alpha, "x": x, "weights": before, "output": output}
    row |= {"target": target, "losses": losses, "after": named(layer), "stored": stored(layer)}
    return row | {"config": {key: layer.get_config()[key] for key in ("lora_rank", "lora_alpha")}}


def cases(seed):
    return [case(seed, index, *one) for index, one in enumerate(CASES)]
