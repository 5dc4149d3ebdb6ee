"""PyTorch and Keras as they save and load 100 MB of weights: a line `{ side, what, path }` in, the seconds out."""

import json
import os
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch

UNITS, LAYERS = 2560, 4
model = keras.Sequential([keras.Input((UNITS,)), *[keras.layers.Dense(UNITS) for _ in range(LAYERS)]])
state = {f"w{i}": torch.rand(UNITS, UNITS) for i in range(LAYERS)}

ACTS = {
    ("torch", "save"): lambda path: torch.save(state, path),
    ("torch", "load"): lambda path: torch.load(path, weights_only=True),
    ("keras", "save"): lambda path: model.save_weights(path),
    ("keras", "load"): lambda path: model.load_weights(path),
}

for line in sys.stdin:
    request = json.loads(line)
    act = ACTS[request["side"], request["what"]]
    began = time.perf_counter()
    act(request["path"])
    print(json.dumps(time.perf_counter() - began), flush=True)
