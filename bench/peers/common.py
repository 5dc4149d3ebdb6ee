"""What the Python sides of the bench share: the data, the initial weights and the protocol.

A side reads lines of JSON from its input and answers each with one line. Every side of the bench makes the same numbers
from the same integer formula, so nothing is handed over but the workload.
"""

import json
import sys
import time

import numpy as np

CHUNK = 1 << 16


def uniform(count, seed):
    """`count` float32 in [0, 1): a 32-bit hash of the position (the finaliser of MurmurHash3), its upper 24 bits."""
    values = np.empty(count, np.float32)
    for first in range(0, count, CHUNK):
        last = min(first + CHUNK, count)
        h = np.arange(first, last, dtype=np.uint32) + np.uint32((seed * 0x9E3779B9) & 0xFFFFFFFF)
        h = (h ^ (h >> 16)) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> 13)) * np.uint32(0xC2B2AE35)
        values[first:last] = ((h ^ (h >> 16)) >> 8).astype(np.float64) / 2.0**24
    return values


def kernel(workload, index):
    """The initial kernel of a dense layer, (fan_in, fan_out): uniform within Glorot's limit."""
    fan_in, fan_out = workload["layers"][index : index + 2]
    return glorot(fan_in, fan_out, 100 + index)


def glorot(fan_in, fan_out, seed):
    """A matrix (fan_in, fan_out): uniform within Glorot's limit."""
    limit = (6 / (fan_in + fan_out)) ** 0.5
    values = uniform(fan_in * fan_out, seed)
    for first in range(0, values.size, CHUNK):
        part = values[first : first + CHUNK]
        part[:] = (2 * part.astype(np.float64) - 1) * limit
    return values.reshape(fan_in, fan_out)


def recurrent_kernels(workload, index):
    """The initial kernel and recurrent kernel of each direction of a recurrent layer, in Keras's order of gates."""
    layers, cell = workload["layers"], workload["recurrent"]
    directions, gates = 2 if cell.get("bidirectional") else 1, 4 if cell["cell"] == "lstm" else 3
    fan_in, units = layers[index] * (directions if index > 0 else 1), layers[index + 1]
    seeds = [200 + 10 * index + 2 * direction for direction in range(directions)]
    return [(glorot(fan_in, gates * units, seed), glorot(units, gates * units, seed + 1)) for seed in seeds]


def last_kernel(workload):
    """The initial kernel of the dense layer behind recurrent ones."""
    layers, directions = workload["layers"], 2 if workload["recurrent"].get("bidirectional") else 1
    return glorot(layers[-2] * directions, layers[-1], 100 + len(layers) - 2)


def transformer_matrices(workload):
    """The initial matrices of a transformer: of tokens or patches, of places, of each block, of the dense layer at the end."""
    layers, how = workload["layers"], workload["transformer"]
    first, width, outputs = layers[0], layers[1], layers[-1]
    block = [(width, width)] * 4 + [(width, 4 * width), (4 * width, width)]
    shapes = [(first, width), (how["steps"], width), *block * how["blocks"], (width, outputs)]
    tokens, places, *rest, head = [glorot(*shape, 300 + index) for index, shape in enumerate(shapes)]
    return tokens, places, [rest[6 * i : 6 * i + 6] for i in range(how["blocks"])], head


def character_table(workload):
    """The initial table of characters in front of recurrent layers."""
    return glorot(workload["layers"][-1], workload["layers"][0], 300)


SIDE, PATCH = 32, 4
# What is generated, and after how long a prompt.
TOKENS, PROMPT = 200, 8
# How many characters a turn generates.
CHARACTERS = 1000


def transformer_data(workload):
    """Tokens (rows, steps) and those that are wanted: the next one each, or the same backwards. Pictures and their classes."""
    layers, how = workload["layers"], workload["transformer"]
    rows, steps = workload["batch"] * workload["batches"], how["steps"]
    if how["kind"] == "vit":
        x = uniform(rows * SIDE * SIDE * 3, 1).reshape(rows, SIDE, SIDE, 3)
        return x, np.floor(x[:, 0, 0, 0].astype(np.float64) * layers[-1]).astype(np.int64)
    ids = tokens(rows, steps, layers[0])
    return ids, np.roll(ids, -1, 1) if how["kind"] == "gpt" else ids[:, ::-1].copy()


def tokens(rows, steps, vocabulary):
    return np.floor(uniform(rows * steps, 1).astype(np.float64) * vocabulary).astype(np.int64).reshape(rows, steps)


# Filters and stride of each block.
RESIDUAL = [(filters, 2 if stage and not block else 1) for stage, filters in enumerate((16, 32, 64)) for block in range(3)]
SEPARABLE = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]


def residual_shapes(channels, classes):
    shapes, came = [(3, 3, channels, 16)], 16
    for filters, stride in RESIDUAL:
        shapes += [(3, 3, came, filters), (3, 3, filters, filters)]
        if stride > 1 or came != filters:
            shapes.append((1, 1, came, filters))
        came = filters
    return [*shapes, (came, classes)]


def separable_shapes(channels, classes):
    shapes, came = [(3, 3, channels, 32)], 32
    for filters, _ in SEPARABLE:
        shapes += [(3, 3, came, 1), (1, 1, came, filters)]
        came = filters
    return [*shapes, (came, classes)]


def unet_shapes(channels, classes):
    twice = lambda came, filters: [(3, 3, came, filters), (3, 3, filters, filters)]
    down = [*twice(channels, 16), *twice(16, 32), *twice(32, 64)]
    return [*down, (2, 2, 32, 64), *twice(64, 32), (2, 2, 16, 32), *twice(32, 16), (1, 1, 16, classes)]


SHAPES = {
    "lenet": lambda channels, classes: [(5, 5, channels, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, classes)],
    "convnet": lambda channels, classes: [(3, 3, channels, 32), (3, 3, 32, 64), (1600, classes)],
    "resnet": residual_shapes,
    "separable": separable_shapes,
    "unet": unet_shapes,
}


def picture_kernels(workload):
    """The initial kernels of a network for pictures, in the order of its layers, laid out as Keras's."""
    shapes = SHAPES[workload["pictures"]["kind"]](workload["layers"][0], workload["layers"][-1])
    return [spread(shape, 400 + index) for index, shape in enumerate(shapes)]


def spread(shape, seed):
    """A kernel: uniform within Glorot's limit."""
    window = int(np.prod(shape[:-2]))
    limit = (6 / (window * (shape[-2] + shape[-1]))) ** 0.5
    values = uniform(int(np.prod(shape)), seed)
    return ((2 * values.astype(np.float64) - 1) * limit).astype(np.float32).reshape(shape)


def picture_data(workload):
    """Pictures (rows, side, side, channels), and a class of each, or of each of their pixels."""
    side, channels, classes = workload["pictures"]["side"], workload["layers"][0], workload["layers"][-1]
    rows = workload["batch"] * workload["batches"]
    x = uniform(rows * side * side * channels, 1).reshape(rows, side, side, channels)
    told = x[..., 0] if workload["pictures"]["kind"] == "unet" else x[:, 0, 0, 0]
    return x, np.floor(told.astype(np.float64) * classes).astype(np.int64)


def attention_inputs(workload):
    """Query, key and value of attention alone, (1, steps, heads, width) each, around 0."""
    how, width = workload["transformer"], workload["layers"][0]
    shape = (1, how["steps"], how["heads"], width)
    return [(4 * uniform(np.prod(shape), seed).astype(np.float64) - 2).astype(np.float32).reshape(shape) for seed in (1, 2, 3)]


class Characters:
    """The likeliest character, again and again, from the first one on: a side says what `run(count)` gives."""

    def agree(self, epochs):
        return [character + 1 for character in self.run(40)]

    def chunk(self, seconds, least):
        return {"microseconds": repeat(lambda: len(self.run(CHARACTERS)), seconds, least)}


class Called:
    """A task that is one call, `run()`; a side says what it is, and `agree`."""

    def chunk(self, seconds, least):
        def run():
            self.run()
            return 1

        return {"microseconds": repeat(run, seconds, least)}


def data(workload):
    """Inputs (rows, width) and what they determine: a number (rows, 1) or a class (rows,); characters and those that follow."""
    if "transformer" in workload:
        return transformer_data(workload)
    if "pictures" in workload:
        return picture_data(workload)
    features, outputs = workload["layers"][0], workload["layers"][-1]
    rows, steps = workload["batch"] * workload["batches"], workload.get("recurrent", {}).get("steps", 1)
    if workload.get("recurrent", {}).get("characters"):
        ids = tokens(rows, steps, outputs)
        return ids, np.roll(ids, -1, 1)
    x = uniform(rows * steps * features, 1).reshape(rows, steps * features)
    if workload["loss"] == "meanSquaredError":
        y = (x[:, :1] - np.float32(0.5)).copy()
        return (x.reshape(rows, steps, features) if "recurrent" in workload else x), y
    return x, np.floor(x[:, 0].astype(np.float64) * outputs).astype(np.int64)


def repeat(run, seconds, least):
    """Microseconds of a step where `run()` does some steps and says how many; at least `seconds` and `least` steps."""
    start, steps = time.perf_counter(), 0
    while True:
        steps += run()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds and steps >= least:
            return elapsed * 1e6 / steps


class Prediction:
    """Rows arrive as NumPy arrays, and probabilities leave as such; a side says how `predict` makes them."""

    def __init__(self, workload):
        x, batch = data(workload)[0], workload["batch"]
        self.batches = [x[first : first + batch] for first in range(0, len(x), batch)]
        self.next = 0

    def step(self):
        x = self.batches[self.next]
        self.next = (self.next + 1) % len(self.batches)
        return self.predict(x)

    def agree(self, epochs):
        return self.step()[0].tolist() + self.step()[0].tolist()

    def chunk(self, seconds, least):
        def run():
            self.step()
            return 1

        return {"microseconds": repeat(run, seconds, least)}


def peak_megabytes():
    """The most memory that this process held resident; nothing where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        return None


def serve(version, prepare):
    """Answers until the input ends. `prepare(workload)` gives a side with `agree(epochs)` and `chunk(seconds, least)`."""
    side, name = None, None
    for line in sys.stdin:
        request = json.loads(line)
        kind = request["kind"]
        if kind == "version":
            answer = version
        elif kind == "peak":
            answer = peak_megabytes()
        elif kind == "agree":
            side, name = None, None
            answer = prepare(request["workload"]).agree(request["epochs"])
        else:
            workload = request["workload"]
            if name != workload["name"]:
                side, name = None, None
                side, name = prepare(workload), workload["name"]
            answer = side.chunk(request["seconds"], request["steps"])
        print(json.dumps(answer), flush=True)
