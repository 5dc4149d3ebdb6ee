"""Networks for pictures in JAX, channels last."""

from common import RESIDUAL, SEPARABLE, picture_kernels

import jax
import jax.numpy as jnp
from jax.nn import relu

NORMALIZED = ("resnet", "separable")


def parameters(workload):
    """A list for the layers: kernels with a bias, or with what batch normalization learns."""
    kernels = picture_kernels(workload)
    normalized = workload["pictures"]["kind"] in NORMALIZED
    return [layer(kernel, normalized and index < len(kernels) - 1) for index, kernel in enumerate(kernels)]


def layer(kernel, normalized):
    size = filters(kernel)
    rest = {"gamma": jnp.ones(size), "beta": jnp.zeros(size)} if normalized else {"b": jnp.zeros(size)}
    return {"w": jnp.asarray(kernel)} | rest


def filters(kernel):
    if kernel.ndim == 2:
        return kernel.shape[1]
    # Transposed ones and depthwise ones have them before the last axis.
    return kernel.shape[2] if kernel.shape[:2] == (2, 2) or kernel.shape[3] == 1 else kernel.shape[3]


def statistics(workload):
    if workload["pictures"]["kind"] not in NORMALIZED:
        return []
    sizes = [filters(kernel) for kernel in picture_kernels(workload)[:-1]]
    return [{"mean": jnp.zeros(size), "variance": jnp.ones(size)} for size in sizes]


def convolve(x, kernel, stride=1, padding="SAME"):
    depthwise = kernel.shape[3] == 1 and kernel.shape[2] > 1
    kernel = kernel.transpose(0, 1, 3, 2) if depthwise else kernel
    groups = x.shape[3] if depthwise else 1
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, kernel, (stride,) * 2, padding, dimension_numbers=numbers, feature_group_count=groups)


def pooled(x):
    """The largest of two by two."""
    batch, height, width, channels = x.shape
    even = x[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(batch, height // 2, 2, width // 2, 2, channels).max((2, 4))


class Layers:
    """The layers one after the other; `moved` has the moving statistics as they become."""

    def __init__(self, params, stats, training):
        self.params, self.stats, self.training = iter(params), iter(stats), training
        self.moved = []

    def conv(self, x, padding="SAME"):
        params = next(self.params)
        return convolve(x, params["w"], 1, padding) + params["b"]

    def dense(self, x):
        params = next(self.params)
        return x @ params["w"] + params["b"]

    def up(self, x):
        """Twice as large: each pixel becomes two by two."""
        params = next(self.params)
        batch, height, width, _ = x.shape
        y = jnp.einsum("bhwc,klfc->bhkwlf", x, params["w"])
        return y.reshape(batch, 2 * height, 2 * width, -1) + params["b"]

    def normalized(self, x, stride=1):
        params, old = next(self.params), next(self.stats)
        x = convolve(x, params["w"], stride)
        mean, variance = (x.mean((0, 1, 2)), x.var((0, 1, 2))) if self.training else (old["mean"], old["variance"])
        if self.training:
            self.moved.append({"mean": 0.99 * old["mean"] + 0.01 * mean, "variance": 0.99 * old["variance"] + 0.01 * variance})
        return (x - mean) * (jax.lax.rsqrt(variance + 1e-3) * params["gamma"]) + params["beta"]


def lenet(layers, x, drop):
    x = pooled(relu(layers.conv(x)))
    x = pooled(relu(layers.conv(x, "VALID")))
    x = relu(layers.dense(x.reshape(x.shape[0], -1)))
    return layers.dense(relu(layers.dense(x)))


def convnet(layers, x, drop):
    for _ in range(2):
        x = pooled(relu(layers.conv(x, "VALID")))
    return layers.dense(drop(x.reshape(x.shape[0], -1)))


def resnet(layers, x, drop):
    x = relu(layers.normalized(x))
    for size, stride in RESIDUAL:
        h = layers.normalized(relu(layers.normalized(x, stride)))
        past = layers.normalized(x, stride) if stride > 1 or x.shape[-1] != size else x
        x = relu(h + past)
    return layers.dense(x.mean((1, 2)))


def separable(layers, x, drop):
    x = relu(layers.normalized(x))
    for _, stride in SEPARABLE:
        x = relu(layers.normalized(relu(layers.normalized(x, stride))))
    return layers.dense(x.mean((1, 2)))


def unet(layers, x, drop):
    twice = lambda x: relu(layers.conv(relu(layers.conv(x))))
    first = twice(x)
    second = twice(pooled(first))
    x = twice(pooled(second))
    for skip in (second, first):
        x = twice(jnp.concatenate([layers.up(x), skip], -1))
    return layers.conv(x)


NETWORKS = {"lenet": lenet, "convnet": convnet, "resnet": resnet, "separable": separable, "unet": unet}


def forward(workload, params, stats, key, x):
    """Logits, and the moving statistics; in training where there is a key."""
    rate = workload.get("dropout", 0)

    def drop(x):
        if key is None or not rate:
            return x
        return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)

    layers = Layers(params, stats, key is not None)
    return NETWORKS[workload["pictures"]["kind"]](layers, x, drop), layers.moved
