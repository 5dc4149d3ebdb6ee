"""JAX in its best form: the whole step, Adam included, is one compiled function whose buffers are donated.

Called with `step`, it calls that function for each batch; with `scan`, `lax.scan` takes the steps of an epoch in one
call. Random bits come from the `rbg` generator, which is faster on a CPU than the default.
"""

import sys
from functools import partial

from common import Characters, Prediction, character_table, data, kernel, last_kernel, recurrent_kernels, repeat, serve

import jax
import jax.numpy as jnp
import jax_pictures as pictures
import jax_transformers as transformers
import numpy as np

jax.config.update("jax_default_prng_impl", "rbg")

LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def recurrent_parameters(workload):
    sizes, made = workload["layers"], []
    biases = 1 if workload["recurrent"]["cell"] == "lstm" else 2
    for index in range(len(sizes) - 2):
        matrices = recurrent_kernels(workload, index)
        made.append([{"w": jnp.asarray(w), "u": jnp.asarray(u), "b": jnp.zeros((biases, w.shape[1]))} for w, u in matrices])
    last = {"w": jnp.asarray(last_kernel(workload)), "b": jnp.zeros(sizes[-1])}
    if workload["recurrent"].get("characters"):
        last["table"] = jnp.asarray(character_table(workload))
    return made + [last]


def lstm_step(direction, carry, x):
    """`x` times the kernel is given."""
    h, c = carry
    i, f, g, o = jnp.split(x + h @ direction["u"], 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def lstm(direction, x):
    step = partial(lstm_step, direction)
    zeros = jnp.zeros((x.shape[1], direction["u"].shape[0]))
    return jax.lax.scan(step, (zeros, zeros), x @ direction["w"] + direction["b"][0])[1]


def gru(direction, x):
    def step(h, x):
        xz, xr, xh = jnp.split(x, 3, axis=-1)
        hz, hr, hh = jnp.split(h @ direction["u"] + direction["b"][1], 3, axis=-1)
        z, r = jax.nn.sigmoid(xz + hz), jax.nn.sigmoid(xr + hr)
        h = z * h + (1 - z) * jnp.tanh(xh + r * hh)
        return h, h

    zeros = jnp.zeros((x.shape[1], direction["u"].shape[0]))
    return jax.lax.scan(step, zeros, x @ direction["w"] + direction["b"][0])[1]


def recurrent_forward(workload, params, x):
    """(batch, steps, features) → the outputs of the dense layer; inside, steps come first. Of characters (batch · steps, classes)."""
    cell = lstm if workload["recurrent"]["cell"] == "lstm" else gru
    characters = workload["recurrent"].get("characters")
    x = (params[-1]["table"][x] if characters else x).swapaxes(0, 1)
    for layer in params[:-1]:
        there = cell(layer[0], x)
        back = [jnp.flip(cell(direction, jnp.flip(x, 0)), 0) for direction in layer[1:]]
        ends = jnp.concatenate([there[-1]] + [way[0] for way in back], axis=-1)
        x = jnp.concatenate([there] + back, axis=-1)
    if characters:
        ends = x.swapaxes(0, 1).reshape(-1, x.shape[-1])
    return ends @ params[-1]["w"] + params[-1]["b"]


def parameters(workload):
    if "recurrent" in workload:
        return recurrent_parameters(workload)
    if "transformer" in workload:
        return transformers.parameters(workload)
    if "pictures" in workload:
        return pictures.parameters(workload)
    sizes, made = workload["layers"], []
    for index, fan_out in enumerate(sizes[1:]):
        layer = {"w": jnp.asarray(kernel(workload, index)), "b": jnp.zeros(fan_out)}
        if workload.get("batchNorm") and index < len(sizes) - 2:
            layer |= {"gamma": jnp.ones(fan_out), "beta": jnp.zeros(fan_out)}
        made.append(layer)
    return made


def statistics(workload):
    if "pictures" in workload:
        return pictures.statistics(workload)
    if not workload.get("batchNorm"):
        return []
    return [{"mean": jnp.zeros(size), "variance": jnp.ones(size)} for size in workload["layers"][1:-1]]


def forward(workload, params, stats, key, x):
    """Outputs before a softmax, and the moving statistics of batch normalization."""
    if "recurrent" in workload:
        return recurrent_forward(workload, params, x), []
    if "transformer" in workload:
        return transformers.forward(workload, params, x), []
    if "pictures" in workload:
        return pictures.forward(workload, params, stats, key, x)
    act = jax.nn.relu if workload["activation"] == "relu" else jax.nn.sigmoid
    moved = []
    for index, layer in enumerate(params):
        x = x @ layer["w"] + layer["b"]
        if index == len(params) - 1:
            return x, moved
        if workload.get("batchNorm"):
            mean, variance = x.mean(0), x.var(0)
            x = (x - mean) * jax.lax.rsqrt(variance + 1e-3) * layer["gamma"] + layer["beta"]
            old = stats[index]
            moved.append({"mean": 0.99 * old["mean"] + 0.01 * mean, "variance": 0.99 * old["variance"] + 0.01 * variance})
        x = act(x)
        if workload.get("dropout"):
            keep = 1 - workload["dropout"]
            mask = jax.random.bernoulli(jax.random.fold_in(key, index), keep, x.shape)
            x = jnp.where(mask, x / keep, 0)


def step_of(workload):
    def loss_of(params, stats, key, x, y):
        out, moved = forward(workload, params, stats, key, x)
        if workload["loss"] == "meanSquaredError":
            return jnp.mean((out - y) ** 2), moved
        picked = jnp.take_along_axis(jax.nn.log_softmax(out), y.reshape(*out.shape[:-1], 1), axis=-1)
        return -jnp.mean(picked), moved

    def step(state, batch):
        params, m, v, t, stats, key = state
        now, key = (jax.random.split(key) if workload.get("dropout") else (key, key))
        (loss, stats), grads = jax.value_and_grad(loss_of, has_aux=True)(params, stats, now, *batch)
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, grads)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, grads)
        rate = LEARNING_RATE * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), params, m, v)
        return (params, m, v, t, stats, key), loss

    return step


class Training:
    def __init__(self, workload):
        params = parameters(workload)
        zeros = lambda: jax.tree.map(jnp.zeros_like, params)
        self.state = (params, zeros(), zeros(), jnp.float32(0), statistics(workload), jax.random.key(1))
        x, y = data(workload)
        rows = (workload["batches"], workload["batch"])
        self.epoch_data = tuple(jnp.asarray(values.reshape(*rows, *values.shape[1:])) for values in (x, y))
        self.batches = [(self.epoch_data[0][i], self.epoch_data[1][i]) for i in range(workload["batches"])]
        step = step_of(workload)
        self.step = jax.jit(step, donate_argnums=0)
        self.scan = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0)
        self.epoch = self.epoch_by_scan if sys.argv[2] == "scan" else self.epoch_by_steps

    def epoch_by_steps(self):
        losses = []
        for batch in self.batches:
            self.state, loss = self.step(self.state, batch)
            losses.append(loss)
        jax.block_until_ready((self.state, losses))
        return losses

    def epoch_by_scan(self):
        self.state, losses = self.scan(self.state, self.epoch_data)
        jax.block_until_ready((self.state, losses))
        return losses

    def agree(self, epochs):
        return [float(np.mean(np.asarray(self.epoch()))) for _ in range(epochs)]

    def chunk(self, seconds, least):
        def run():
            self.epoch()
            return len(self.batches)

        return {"microseconds": repeat(run, seconds, least)}


class JaxPrediction(Prediction):
    def __init__(self, workload):
        super().__init__(workload)
        self.params = parameters(workload)
        stats = statistics(workload)
        self.run = jax.jit(lambda params, x: jax.nn.softmax(forward(workload, params, stats, None, x)[0]))

    def predict(self, x):
        return np.asarray(self.run(self.params, x))


class JaxCharacters(Characters):
    def __init__(self, workload):
        self.params, self.zeros = parameters(workload), jnp.zeros((1, workload["layers"][1]))
        self.step = jax.jit(self.after)

    @staticmethod
    def after(params, token, carry):
        direction, last = params[0][0], params[-1]
        carry, h = lstm_step(direction, carry, last["table"][token] @ direction["w"] + direction["b"][0])
        return (h @ last["w"] + last["b"]).argmax(-1), carry

    def run(self, count):
        token, carry, said = jnp.zeros((1,), jnp.int32), (self.zeros, self.zeros), []
        for _ in range(count):
            token, carry = self.step(self.params, token, carry)
            said.append(int(token[0]))
        return said


TASKS = {
    "train": Training,
    "predict": JaxPrediction,
    "attention": transformers.Attention,
    "generate": transformers.Generation,
    "characters": JaxCharacters,
}
serve(f"JAX {jax.__version__}", lambda workload: TASKS[workload["task"]](workload))
