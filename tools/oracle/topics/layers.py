"""Every layer of the shelf, in training and in inference: outputs, gradients of inputs and weights, losses, moving statistics."""

import numpy as np

from backend import fresh, keras, numbers, value_and_gradients
from stream import Stream

layers, ops = keras.layers, keras.ops
BOTH, INFERENCE = (False, True), (False,)
L1L2 = keras.regularizers.L1L2

# class, options, shapes of the inputs, modes
DIFFERENTIABLE = [
    ("Dense", {"units": 4}, [(5, 3)], BOTH),
    ("Dense", {"units": 4, "activation": "tanh", "use_bias": False}, [(5, 3)], BOTH),
    ("Dense", {"units": 2, "activation": "softmax"}, [(3, 2, 4)], BOTH),
    (
        "Dense",
        {"units": 3, "kernel_regularizer": L1L2(0.01, 0.02), "bias_regularizer": L1L2(l1=0.03), "activity_regularizer": L1L2(l2=0.1)},
        [(5, 3)],
        BOTH,
    ),
    (
        "Dense",
        {
            "units": 3,
            "activation": "selu",
            "kernel_constraint": keras.constraints.MaxNorm(1.0),
            "bias_constraint": keras.constraints.NonNeg(),
        },
        [(5, 3)],
        INFERENCE,
    ),
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"}, [(5, 3)], INFERENCE),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 4], "bias_axes": "d", "activation": "relu"}, [(2, 3, 5)], INFERENCE),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 4, "bias_axes": "y"}, [(2, 3, 2, 3)], INFERENCE),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"}, [(2, 3, 4)], INFERENCE),
    ("EinsumDense", {"equation": "abc,bcd->ad", "output_shape": 3}, [(4, 2, 3)], INFERENCE),
    ("BatchNormalization", {}, [(6, 3)], BOTH),
    ("BatchNormalization", {"momentum": 0.8, "epsilon": 0.01}, [(6, 3)], BOTH),
    ("BatchNormalization", {"center": False, "scale": False}, [(6, 3)], BOTH),
    ("BatchNormalization", {"axis": 1}, [(4, 3, 2)], BOTH),
    ("BatchNormalization", {"momentum": 0.5}, [(2, 3, 2, 3)], BOTH),
    ("BatchNormalization", {"axis": 1}, [(2, 3, 2, 3)], BOTH),
    ("BatchNormalization", {"axis": 1, "momentum": 0.7}, [(2, 3, 2, 1, 2)], BOTH),
    ("BatchNormalization", {"axis": -2, "scale": False}, [(3, 2, 3, 2)], BOTH),
    ("BatchNormalization", {"renorm": True}, [(6, 3)], BOTH),
    (
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"rmin": 0.8, "rmax": 1.2, "dmax": 0.3}, "renorm_momentum": 0.6, "momentum": 0.8},
        [(2, 3, 2, 3)],
        BOTH,
    ),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmax": 1.1}, "center": False, "axis": 1}, [(2, 3, 2, 2)], BOTH),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"dmax": 0.1}, "scale": False, "trainable": False}, [(6, 3)], BOTH),
    ("BatchNormalization", {"trainable": False}, [(6, 3)], BOTH),
    ("BatchNormalization", {"gamma_regularizer": L1L2(l2=0.1), "beta_regularizer": L1L2(l1=0.1)}, [(6, 3)], BOTH),
    ("BatchNormalization", {"activity_regularizer": L1L2(0.1, 0.2)}, [(6, 3)], BOTH),
    ("LayerNormalization", {}, [(4, 5)], BOTH),
    ("LayerNormalization", {"epsilon": 0.1, "center": False}, [(4, 5)], INFERENCE),
    ("LayerNormalization", {"scale": False}, [(4, 5)], INFERENCE),
    ("LayerNormalization", {"axis": [1, 2]}, [(3, 2, 4)], INFERENCE),
    ("LayerNormalization", {"axis": [1, 2, 3]}, [(2, 2, 3, 2)], BOTH),
    ("LayerNormalization", {"axis": [2, 3]}, [(2, 2, 3, 2)], INFERENCE),
    ("GroupNormalization", {"groups": 2}, [(3, 6)], BOTH),
    ("GroupNormalization", {"groups": 2, "axis": 1}, [(2, 4, 2, 3)], BOTH),
    ("GroupNormalization", {"groups": 3, "axis": -1}, [(1, 2, 2, 2, 6)], INFERENCE),
    ("GroupNormalization", {"groups": -1, "axis": 1}, [(2, 3, 2, 2)], INFERENCE),
    ("GroupNormalization", {"groups": 3, "epsilon": 0.01}, [(2, 4, 6)], INFERENCE),
    ("GroupNormalization", {"groups": -1}, [(2, 3, 2, 4)], INFERENCE),
    ("GroupNormalization", {"groups": 1, "center": False}, [(2, 3, 4)], INFERENCE),
    ("GroupNormalization", {"groups": 2, "axis": 1, "scale": False}, [(2, 4, 3)], INFERENCE),
    ("RMSNormalization", {}, [(4, 5)], BOTH),
    ("RMSNormalization", {"epsilon": 0.1}, [(2, 3, 4)], INFERENCE),
    ("RMSNormalization", {"axis": [1, 2, 3]}, [(2, 2, 3, 2)], BOTH),
    ("UnitNormalization", {}, [(4, 5)], BOTH),
    ("UnitNormalization", {"axis": [1, 2, 3]}, [(2, 2, 3, 2)], INFERENCE),
    ("UnitNormalization", {"axis": [1, 2]}, [(2, 3, 4)], INFERENCE),
    ("Dropout", {"rate": 0.4}, [(4, 3)], INFERENCE),
    ("Dropout", {"rate": 0.0}, [(4, 3)], BOTH),
    ("GaussianNoise", {"stddev": 0.4}, [(4, 3)], INFERENCE),
    ("GaussianDropout", {"rate": 0.4}, [(4, 3)], INFERENCE),
    ("AlphaDropout", {"rate": 0.4}, [(4, 3)], INFERENCE),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, [(4, 3)], BOTH),
    ("Activation", {"activation": "gelu"}, [(4, 3)], INFERENCE),
    ("Activation", {"activation": "softmax"}, [(4, 3)], INFERENCE),
    ("ReLU", {}, [(4, 5)], INFERENCE),
    ("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2}, [(4, 5)], INFERENCE),
    ("LeakyReLU", {}, [(4, 5)], INFERENCE),
    ("LeakyReLU", {"negative_slope": 0.05}, [(4, 5)], INFERENCE),
    ("LeakyReLU", {"activity_regularizer": L1L2(l2=0.3)}, [(2, 3, 4)], BOTH),
    ("ELU", {}, [(4, 5)], INFERENCE),
    ("ELU", {"alpha": 0.3}, [(4, 5)], INFERENCE),
    ("PReLU", {}, [(4, 5)], BOTH),
    ("PReLU", {"alpha_regularizer": L1L2(l2=0.2)}, [(2, 3, 4)], INFERENCE),
    ("PReLU", {"shared_axes": [1]}, [(2, 3, 4)], INFERENCE),
    ("PReLU", {"shared_axes": [1, 2]}, [(2, 3, 2, 4)], INFERENCE),
    ("Softmax", {}, [(4, 5)], INFERENCE),
    ("Softmax", {"axis": 1}, [(2, 3, 4)], INFERENCE),
    ("Softmax", {"axis": [1, 2]}, [(2, 3, 4)], INFERENCE),
    ("Flatten", {}, [(2, 3, 4)], INFERENCE),
    ("Flatten", {}, [(3,)], INFERENCE),
    ("Flatten", {"data_format": "channels_first"}, [(2, 3, 2, 2)], INFERENCE),
    ("Reshape", {"target_shape": [4, 3]}, [(2, 3, 4)], INFERENCE),
    ("Reshape", {"target_shape": [-1, 2]}, [(2, 3, 4)], INFERENCE),
    ("Permute", {"dims": [2, 1]}, [(2, 3, 4)], INFERENCE),
    ("Permute", {"dims": [3, 1, 2]}, [(2, 3, 2, 4)], INFERENCE),
    ("RepeatVector", {"n": 3}, [(2, 4)], INFERENCE),
    ("Identity", {}, [(2, 4)], INFERENCE),
    ("Add", {}, [(3, 4), (3, 4), (3, 4)], INFERENCE),
    ("Add", {}, [(3, 2, 4), (3, 1, 4)], INFERENCE),
    ("Subtract", {}, [(3, 4), (3, 4)], INFERENCE),
    ("Multiply", {}, [(3, 4), (3, 4), (3, 4)], INFERENCE),
    ("Average", {}, [(3, 4), (3, 4), (3, 4)], INFERENCE),
    ("Maximum", {}, [(3, 4), (3, 4), (3, 4)], INFERENCE),
    ("Minimum", {}, [(3, 4), (3, 4), (3, 4)], INFERENCE),
    ("Concatenate", {}, [(3, 4), (3, 2), (3, 1)], INFERENCE),
    ("Concatenate", {"axis": 1}, [(2, 3, 4), (2, 1, 4)], INFERENCE),
    ("Dot", {"axes": 1}, [(3, 4), (3, 4)], INFERENCE),
    ("Dot", {"axes": 1, "normalize": True}, [(3, 4), (3, 4)], INFERENCE),
    ("Dot", {"axes": [2, 1]}, [(2, 3, 4), (2, 4, 5)], INFERENCE),
    ("Dot", {"axes": 2}, [(2, 3, 4), (2, 5, 4)], INFERENCE),
    ("Rescaling", {"scale": 0.25, "offset": -1.0}, [(3, 4)], INFERENCE),
    ("Rescaling", {"scale": [0.5, 2.0], "offset": [1.0, -1.0]}, [(3, 2)], INFERENCE),
    ("Normalization", {"mean": [0.5, -1.0, 2.0], "variance": [0.25, 4.0, 0.0]}, [(4, 3)], INFERENCE),
    ("Normalization", {"mean": 0.5, "variance": 2.25, "axis": None}, [(4, 3)], INFERENCE),
    ("Normalization", {"mean": [0.5, -1.0, 2.0], "variance": [0.25, 4.0, 1.0], "invert": True}, [(4, 3)], INFERENCE),
]

# class, options, inputs as lists
INTEGERS = [
    ("Embedding", {"input_dim": 6, "output_dim": 3}, [[[0, 5, 2], [2, 2, 1]]]),
    ("Embedding", {"input_dim": 4, "output_dim": 2, "embeddings_regularizer": L1L2(l2=0.1)}, [[3, 0, 3, 3, 1]]),
    ("Embedding", {"input_dim": 4, "output_dim": 2, "mask_zero": True}, [[[1, 0, 3], [2, 0, 0]]]),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, [[3, 2, 0, 1]]),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, [[[3], [2], [0]]]),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "multi_hot"}, [[[0, 1], [0, 0], [1, 2], [3, 1]]]),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, [[[0, 1, 0], [3, 3, 3]]]),
    ("Discretization", {"bin_boundaries": [-1.0, 0.5, 2.0]}, [[[-1.5, -1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 2.0]]]),
    ("Discretization", {"bin_boundaries": [-1.0, 0.5, 2.0], "output_mode": "one_hot"}, [[-1.5, 0.6, 2.0, 7.0]]),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "multi_hot"}, [[[-1.5, 1.0, 3.4], [0.0, 0.5, 0.2]]]),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "count"}, [[[-1.5, 1.0, 3.4], [0.0, 0.5, 0.2]]]),
]

# layer options, rows to adapt to, inputs
ADAPTED = [
    ({}, (20, 3), (4, 3)),
    ({"axis": None}, (20, 3), (4, 3)),
    ({"axis": 1}, (10, 3, 2), (2, 3, 2)),
    ({"axis": [1, 2]}, (10, 3, 2), (2, 3, 2)),
    ({"invert": True}, (20, 3), (4, 3)),
]


def spelled(value):
    return type(value).__name__ if isinstance(value, (keras.regularizers.Regularizer, keras.constraints.Constraint)) else value


def label(class_name, options, shapes):
    shapes = "+".join("x".join(map(str, shape)) for shape in shapes)
    return "-".join([class_name, *(f"{k}={spelled(v)}" for k, v in options.items()), shapes])


def make(class_name, options):
    options = {k: tuple(v) if k in ("output_shape", "dims", "target_shape") and isinstance(v, list) else v for k, v in options.items()}
    return getattr(layers, class_name)(**options)


def fill(layer, stream):
    """Weights off their initial zeros and ones; variances stay positive."""
    for weight in layer.weights:
        if weight.dtype == "float64" and layer.__class__.__name__ != "Normalization":
            low = 0.5 if weight.name in ("moving_variance", "gamma", "scale") else -0.9
            weight.assign(stream.uniform(weight.shape, low, 1.5))


def one_or_list(items):
    return items[0] if len(items) == 1 else list(items)


def differentiate(layer, inputs, cotangent, training):
    """Output, gradients of `Σ output·cotangent` for inputs and trainable weights, and the layer's losses."""
    keywords = {"training": training} if layer._call_has_training_arg else {}
    weights = layer.trainable_variables

    def function(*tensors):
        return layer(one_or_list(tensors), **keywords) * ops.convert_to_tensor(cotangent)

    before = [numbers(w).copy() for w in layer.weights]
    output = numbers(layer(one_or_list([ops.convert_to_tensor(x) for x in inputs]), **keywords))
    losses = [float(numbers(loss)) for loss in layer.losses]
    restore(layer, before)
    _, gradients = value_and_gradients(function, inputs, weights)
    restore(layer, before)
    return {"output": output, "losses": losses, "input_gradients": gradients[: len(inputs)], "weight_gradients": gradients[len(inputs) :]}


def restore(layer, values):
    for weight, value in zip(layer.weights, values):
        weight.assign(value)


def differentiable(seed, class_name, options, shapes, modes):
    fresh()
    name = label(class_name, options, shapes)
    stream = Stream(seed, "layers", name)
    layer = make(class_name, options)
    inputs = [stream.normal(shape) for shape in shapes]
    output = layer(one_or_list([ops.convert_to_tensor(x) for x in inputs]))
    fill(layer, stream)
    cotangent = stream.normal(output.shape)
    case = {
        "name": name,
        "layer": layers.serialize(layer),
        "inputs": inputs,
        "weights": named(layer.weights),
        "trainable_weights": [w.name for w in layer.trainable_weights],
        "cotangent": cotangent,
    }
    case["modes"] = {("training" if training else "inference"): differentiate(layer, inputs, cotangent, training) for training in modes}
    if class_name == "BatchNormalization":
        case["moving"] = moving_statistics(layer, inputs[0])
    return case


def named(weights):
    return [{"name": w.name, "value": numbers(w).copy()} for w in weights]


def moving_statistics(layer, x):
    """Moving mean and variance, and what `renorm` keeps, after each of three training calls on x, 2x + 1, 3x + 2."""
    found = []
    renorm = ("moving_stddev", "renorm_mean", "renorm_stddev") if layer.renorm else ()
    for call in range(3):
        layer(ops.convert_to_tensor(x * (call + 1) + call), training=True)
        found.append([numbers(getattr(layer, name)).copy() for name in ("moving_mean", "moving_variance", *renorm)])
    return found


def integers(seed, class_name, options, inputs):
    fresh()
    inputs = [np.array(x) for x in inputs]
    name = label(class_name, options, [x.shape for x in inputs])
    stream = Stream(seed, "layers", name)
    layer = make(class_name, options)
    output = numbers(layer(inputs[0]))
    fill(layer, stream)
    case = {
        "name": name,
        "layer": layers.serialize(layer),
        "inputs": inputs,
        "weights": named(layer.weights),
        "trainable_weights": [w.name for w in layer.trainable_weights],
    }
    if not layer.weights:
        return case | {"modes": {"inference": {"output": output}}}
    cotangent = stream.normal(output.shape)
    value, gradients = value_and_gradients(lambda: layer(inputs[0]) * ops.convert_to_tensor(cotangent), [], layer.trainable_variables)
    found = {
        "output": numbers(layer(inputs[0])),
        "losses": [float(numbers(loss)) for loss in layer.losses],
        "input_gradients": [],
        "weight_gradients": gradients,
    }
    if layer.supports_masking:
        found["mask"] = None if layer.compute_mask(inputs[0]) is None else numbers(layer.compute_mask(ops.convert_to_tensor(inputs[0])))
    return case | {"cotangent": cotangent, "modes": {"inference": found}}


def counted(seed):
    """CategoryEncoding with weights for its counts."""
    fresh()
    layer = layers.CategoryEncoding(num_tokens=4, output_mode="count")
    x, weights = np.array([[0, 1, 0], [3, 3, 1]]), np.array([[0.5, 1.0, 2.0], [0.1, 0.2, 0.3]])
    output = numbers(layer(x, count_weights=weights))
    return {
        "name": "CategoryEncoding-count_weights",
        "layer": layers.serialize(layer),
        "inputs": [x],
        "count_weights": weights,
        "weights": [],
        "trainable_weights": [],
        "modes": {"inference": {"output": output}},
    }


def adapted(seed, options, rows, shape):
    fresh()
    name = "-".join(["Normalization-adapt", *(f"{k}={v}" for k, v in options.items()), "x".join(map(str, rows))])
    stream = Stream(seed, "layers", name)
    data, x = stream.normal(rows, 2.0), stream.normal(shape, 2.0)
    layer = layers.Normalization(**options)
    before = layers.serialize(layer)
    layer.adapt(data)
    output = numbers(layer(ops.convert_to_tensor(x)))
    statistics = {"mean": numbers(layer.mean), "variance": numbers(layer.variance)}
    return {
        "name": name,
        "layer": before,
        "adapt": data,
        "statistics": statistics,
        "inputs": [x],
        "modes": {"inference": {"output": output}},
    }


def masked_softmax(seed):
    fresh()
    stream = Stream(seed, "layers", "masked-softmax")
    x, mask = stream.normal((3, 4)), np.array([[True, True, False, True], [False, True, False, False], [True] * 4])
    layer = layers.Softmax()
    return {
        "name": "Softmax-mask",
        "layer": layers.serialize(layer),
        "inputs": [x],
        "mask": mask,
        "weights": [],
        "trainable_weights": [],
        "modes": {"inference": {"output": numbers(layer(ops.convert_to_tensor(x), mask=ops.convert_to_tensor(mask)))}},
    }


def cases(seed):
    yield from (differentiable(seed, *row) for row in DIFFERENTIABLE)
    yield from (integers(seed, *row) for row in INTEGERS)
    yield from (adapted(seed, *row) for row in ADAPTED)
    yield counted(seed)
    yield masked_softmax(seed)
