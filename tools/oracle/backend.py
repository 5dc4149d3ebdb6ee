"""Real Keras, made to compute in float64 throughout; import this before anything else of Keras.

The engine is PyTorch on one CPU thread; `KERAS_BACKEND=jax` gives a second opinion (see compare.py), and
`KERAS_BACKEND=tensorflow` has the layers that run on TensorFlow alone (topic `lookups`).
"""

import os
from unittest import mock

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras.src.backend.common.dtypes as dtypes

# Keras narrows every 64-bit float to 32 bits by this table, whatever `floatx` says.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
for _rule in (dtypes.result_type, dtypes._lattice_result_type):
    getattr(_rule, "cache_clear", lambda: None)()

import keras
import numpy as np

ENGINE = keras.backend.backend()
keras.config.set_floatx("float64")


def dot_product_attention(query, key, value, bias=None, mask=None, scale=None, is_causal=False, flash_attention=None, attn_logits_soft_cap=None):
    """As Keras has it on TensorFlow; gradients of PyTorch's are wrong where a query may see no key, and JAX's goes through float32."""
    ops, groups = keras.ops, query.shape[2] // key.shape[2]
    key, value = (ops.repeat(x, groups, axis=2) for x in (key, value))
    scores = ops.einsum("btnh,bsnh->bnts", query, key) * (query.shape[-1] ** -0.5 if scale is None else scale)
    scores = scores if bias is None else scores + bias
    seen = ops.ones_like(scores, dtype="bool")
    seen = seen if mask is None else ops.logical_and(seen, mask)
    seen = ops.tril(seen) if is_causal else seen
    weights = ops.softmax(ops.where(seen, scores, -0.7 * np.finfo("float64").max), axis=-1)
    return ops.einsum("bnts,bsnh->btnh", weights, value)


if ENGINE == "torch":
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    ENGINE_VERSION = torch.__version__.split("+")[0]
    import keras.src.backend.torch.math as torch_math
    import keras.src.backend.torch.nn as torch_nn

    # torch.nn.functional.softplus turns linear above 20, which costs up to 2e-9 of the derivative.
    torch_nn.softplus = lambda x: torch.logaddexp(x, torch.zeros_like(x))
    # torch.nn.functional.hardsigmoid keeps 1/6 as a float32 in its derivative.
    torch_nn.hard_sigmoid = lambda x: torch.nn.functional.relu6(x + 3) / 6

    plain_segments = torch_math._segment_reduction_fn

    def segments(*args):
        """Sums and maxima by segment; Keras's own go through float32."""
        with mock.patch.object(torch.Tensor, "float", lambda self: self):
            return plain_segments(*args)

    torch_math._segment_reduction_fn = segments
    plain_average_pool = torch_nn.average_pool

    def average_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
        """Means of the places that there are; Keras's own counts copies of the edge where `same` pads unevenly."""
        if padding != "same":
            return plain_average_pool(inputs, pool_size, strides, padding, data_format)
        first = torch_nn.backend.standardize_data_format(data_format) == "channels_first"
        strides = strides or pool_size
        margins = []
        for length, size, stride in zip(inputs.shape[2:] if first else inputs.shape[1:-1], pool_size, strides):
            total = max((-(-length // stride) - 1) * stride + size - length, 0)
            margins = [total // 2, total - total // 2, *margins]
        margins = margins if first else [0, 0, *margins]

        def padded(x):
            return plain_average_pool(torch.nn.functional.pad(x, margins), pool_size, strides, "valid", data_format)

        return padded(inputs) / padded(torch.ones_like(inputs))

    torch_nn.average_pool = average_pool

    torch_nn.dot_product_attention = dot_product_attention
elif ENGINE == "tensorflow":
    import tensorflow

    ENGINE_VERSION = tensorflow.__version__
else:
    import jax

    jax.config.update("jax_enable_x64", True)
    ENGINE_VERSION = jax.__version__
    import keras.src.backend.jax.nn as jax_nn
    import keras.src.backend.jax.numpy as jax_numpy

    jax_nn.dot_product_attention = dot_product_attention

    def absolute(x):
        """Its slope at 0 is 1 to JAX, 0 to PyTorch and TensorFlow; a weight that NonNeg cut to 0 meets L1 there."""
        x = keras.ops.convert_to_tensor(x)
        return x * jax.lax.stop_gradient(jax.numpy.sign(x))

    jax_numpy.absolute = absolute


def fresh():
    """Forget names and seeds, so that a case is the same whatever ran before it."""
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(1)


def numbers(value):
    """A tensor, variable or scalar as a NumPy array."""
    return np.asarray(keras.ops.convert_to_numpy(value))


def value_and_gradients(function, arrays, variables=()):
    """`f(*arrays)` and the gradients of `sum f` with respect to the arrays, then the variables, as NumPy arrays.

    `function` takes tensors, may read `variables`, and returns a tensor.
    """
    if ENGINE == "torch":
        return _by_torch(function, arrays, variables)
    return _by_jax(function, arrays, variables)


def _by_torch(function, arrays, variables):
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    parameters = [v.value for v in variables]
    for parameter in parameters:
        parameter.grad = None
    value = function(*leaves)
    wanted = leaves + parameters
    found = torch.autograd.grad(value.sum(), wanted, allow_unused=True)
    gradients = [np.zeros(w.shape) if g is None else g.detach().numpy() for w, g in zip(wanted, found)]
    return value.detach().numpy(), gradients


def _by_jax(function, arrays, variables):
    import jax.numpy as jnp

    def pure(leaves, states):
        with keras.StatelessScope(state_mapping=list(zip(variables, states))):
            value = function(*leaves)
        return jnp.sum(value), value

    leaves = [jnp.asarray(a, dtype="float64") for a in arrays]
    states = [v.value for v in variables]
    gradients, value = jax.grad(pure, argnums=(0, 1), has_aux=True)(leaves, states)
    return np.asarray(value), [np.asarray(g) for part in gradients for g in part]
