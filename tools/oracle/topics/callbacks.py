"""Callbacks driven on synthetic logs: when EarlyStopping stops and restores, how ReduceLROnPlateau turns the rate down,
which epochs ModelCheckpoint saves."""

import numpy as np

from backend import fresh, keras, numbers
from stream import Stream
from training import by_fit, compiled, describe, set_weights, weights

LOSSES = {
    "improves-then-flat": [1.0, 0.8, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    "constant": [1.0] * 10,
    "worsens": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    "small-steps": [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55],
    "zigzag": [1.0, 1.2, 0.9, 1.1, 0.8, 1.3, 0.85, 0.79, 0.9, 0.9, 0.9, 0.9],
    "late": [1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6],
    "with-nan": [1.0, 0.9, float("nan"), 0.8, float("nan"), float("nan"), float("nan"), 0.7],
    "negative": [0.5, 0.0, -0.5, -0.4, -0.45, -0.5, -0.5001, -0.4],
}
ACCURACIES = [0.3, 0.5, 0.45, 0.6, 0.6, 0.59, 0.6, 0.605, 0.6, 0.5, 0.4]

EARLY_STOPPING = [
    {},
    {"patience": 2},
    {"patience": 3, "restore_best_weights": True},
    {"patience": 2, "min_delta": 0.06},
    {"patience": 2, "min_delta": -0.06},
    {"patience": 1, "baseline": 0.7},
    {"patience": 3, "baseline": 0.7, "restore_best_weights": True},
    {"patience": 2, "start_from_epoch": 4},
    {"patience": 2, "start_from_epoch": 3, "restore_best_weights": True},
    {"patience": 2, "mode": "max"},
    {"patience": 2, "mode": "min", "restore_best_weights": True},
    {"patience": 30, "restore_best_weights": True},
]
REDUCE = [
    {"patience": 2, "factor": 0.5},
    {"patience": 2, "factor": 0.5, "cooldown": 2},
    {"patience": 1, "factor": 0.1, "min_lr": 0.0078125},
    {"patience": 2, "factor": 0.5, "min_delta": 0.06},
    {"patience": 2, "factor": 0.5, "min_delta": 0.0},
    {"patience": 0, "factor": 0.5},
    {"patience": 3, "factor": 0.2, "mode": "max"},
]
CHECKPOINT = [
    {},
    {"save_best_only": True},
    {"save_best_only": True, "mode": "max"},
    {"save_best_only": True, "initial_value_threshold": 0.85},
]


def trained_model():
    """One weight, one trained batch: the callbacks ask the model which way its metrics improve."""
    fresh()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mse", metrics=["binary_accuracy"])
    model.train_on_batch(np.ones((2, 1)), np.ones((2, 1)))
    return model


def drive(callback, model, monitor, values):
    """Call the hooks as `fit` does, yielding the epoch after each; the weight holds the epoch's number."""
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.layers[0].kernel.assign([[float(epoch)]])
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {monitor: value})
        yield epoch
        if model.stop_training:
            break
    callback.on_train_end()


def case(callback_name, monitor, sequence, values, options, measured):
    return {
        "name": "-".join([callback_name, monitor, sequence, *(f"{k}={v}" for k, v in options.items())]),
        "callback": callback_name,
        "options": {"monitor": monitor, **options},
        "values": values,
        **measured,
    }


def early_stopping(monitor, sequence, values, options):
    model = trained_model()
    callback = keras.callbacks.EarlyStopping(monitor=monitor, **options)
    last = list(drive(callback, model, monitor, values))[-1]
    weight = int(numbers(model.layers[0].kernel)[0, 0])
    measured = {
        "last_epoch": last,
        "stopped": bool(model.stop_training),
        "stopped_epoch": callback.stopped_epoch,
        "best": None if callback.best is None else float(callback.best),
        "weights_of_epoch": weight,
    }
    return case("EarlyStopping", monitor, sequence, values, options, measured)


def reduce_on_plateau(monitor, sequence, values, options):
    """The rate that each epoch trained with, then the rate after the last."""
    model = trained_model()
    callback = keras.callbacks.ReduceLROnPlateau(monitor=monitor, **options)
    rates = [1.0] + [float(numbers(model.optimizer.learning_rate)) for _ in drive(callback, model, monitor, values)]
    return case("ReduceLROnPlateau", monitor, sequence, values, options, {"learning_rates": rates})


def checkpoint(monitor, sequence, values, options):
    model = trained_model()
    saved = []
    model.save_weights = lambda *_, **__: saved.append(int(numbers(model.layers[0].kernel)[0, 0]))
    callback = keras.callbacks.ModelCheckpoint("never-written.weights.h5", monitor=monitor, save_weights_only=True, **options)
    list(drive(callback, model, monitor, values))
    return case("ModelCheckpoint", monitor, sequence, values, options, {"saved_epochs": saved})


def fitted(seed, name, callback, options, optimizer):
    """A real `fit(shuffle=False)` with validation data under one callback."""
    fresh()
    stream = Stream(seed, "callbacks", name)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    set_weights(model, stream)
    model.compile(optimizer=optimizer, loss="mse")
    x, y, validation_x, validation_y = (stream.normal(shape) for shape in ((20, 3), (20, 1), (8, 3), (8, 1)))
    made = {
        "name": name,
        "callback": callback,
        "options": options,
        "model": describe(model),
        "compile": compiled(model),
        "weights": weights(model),
    }
    made |= {"x": x, "y": y, "validation_x": validation_x, "validation_y": validation_y}
    options = options or {"schedule": halved_at_odd_epochs}
    run = {"epochs": 6, "batch_size": 8}
    found = by_fit(
        model, x, y, validation_data=(validation_x, validation_y), callbacks=[getattr(keras.callbacks, callback)(**options)], **run
    )
    return made | {"fit": {**run, "shuffle": False}, "history": found["history"], "after_weights": found["weights"]}


def halved_at_odd_epochs(epoch, rate):
    return rate * 0.5 if epoch % 2 else rate


def fits(seed):
    SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam
    averaging = {"use_ema": True, "ema_momentum": 0.8}
    yield fitted(seed, "LearningRateScheduler-halved-at-odd-epochs", "LearningRateScheduler", {}, SGD(0.1))
    yield fitted(
        seed,
        "ReduceLROnPlateau-in-fit",
        "ReduceLROnPlateau",
        {"monitor": "val_loss", "factor": 0.3, "patience": 1, "min_delta": 0.05},
        Adam(0.05),
    )
    yield fitted(
        seed,
        "EarlyStopping-in-fit",
        "EarlyStopping",
        {"monitor": "val_loss", "patience": 1, "min_delta": 0.05, "restore_best_weights": True},
        SGD(0.1),
    )
    yield fitted(seed, "SwapEMAWeights-evaluation", "SwapEMAWeights", {"swap_on_epoch": False}, Adam(0.02, **averaging))
    yield fitted(seed, "SwapEMAWeights-epoch", "SwapEMAWeights", {"swap_on_epoch": True}, Adam(0.02, **averaging))


def monitored():
    """(monitor, sequence name, values): losses for every mode; accuracies where the mode is found by itself."""
    for sequence, values in LOSSES.items():
        yield "val_loss" if sequence == "zigzag" else "loss", sequence, values
    yield "val_binary_accuracy", "accuracy", ACCURACIES


def cases(seed):
    for make, variants in ((early_stopping, EARLY_STOPPING), (reduce_on_plateau, REDUCE), (checkpoint, CHECKPOINT)):
        for options in variants:
            for monitor, sequence, values in monitored():
                # Keras takes a NaN that comes first for the best so far; with us the first finite value is.
                if np.isnan(values[options.get("start_from_epoch", 0)]):
                    continue
                yield make(monitor, sequence, values, options)
    yield from fits(seed)
