"""Whole models and weights in HDF5 files as Keras 2 wrote them, and what three further epochs make of each.

    python tools/oracle/legacy_files.py                          # tf_keras: Keras 2 itself
    KERAS_BACKEND=torch python tools/oracle/legacy_files.py 3    # Keras 3, which still writes them

Names of cases behind that make these alone anew. Writes __test__/fixtures/legacy-files: `*.h5`, and keras2.json or keras3.json that tell of them.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

THREE = sys.argv[1:2] == ["3"]
NAMED = sys.argv[2 if THREE else 1 :]
if THREE:
    import backend  # noqa: F401  float64 that stays float64
    import keras
    from keras.src.legacy.saving import legacy_h5_format
else:
    import tf_keras as keras

layers = keras.layers
FOLDER = Path(__file__).resolve().parents[2] / "__test__" / "fixtures" / "legacy-files"
NAME = "keras3" if THREE else "keras2"
ROWS = 12


def wave(shape, phase):
    return np.sin(np.arange(int(np.prod(shape))) * 12.9898 + phase).reshape(shape)


def stack(optimizer, **compiled):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(0.1),
            layers.Dense(3, activation="softmax", kernel_initializer="he_normal"),
        ],
        name="stack",
    )
    compiled = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled
    model.compile(optimizer, **compiled)
    return model, wave((ROWS, 4), 1), np.arange(ROWS) % 3


def adam():
    return stack(keras.optimizers.Adam(0.01))


def momentum():
    return stack(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss=keras.losses.SparseCategoricalCrossentropy())


def scheduled():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 5, 0.9)
    return stack(keras.optimizers.RMSprop(schedule), metrics=[keras.metrics.SparseCategoricalAccuracy("right")])


def old_adam():
    """An optimizer of before Keras 2.11: another order of its state, and a rate that decays by itself."""
    return stack(keras.optimizers.legacy.Adam(0.01, decay=0.1))


def old_momentum():
    return stack(keras.optimizers.legacy.SGD(0.05, momentum=0.9))


def old_rmsprop():
    return stack(keras.optimizers.legacy.RMSprop(0.01, momentum=0.5, centered=True))


def graph():
    """Two inputs, a layer used twice, a model inside, a frozen layer, two outputs."""
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    shared = layers.Dense(4, activation="tanh", name="shared")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inside"), layers.BatchNormalization()], name="inner")
    frozen = layers.Dense(4, name="frozen", trainable=False)
    joined = layers.Concatenate(name="joined")([inner(shared(left)), frozen(shared(right))])
    a = layers.Dense(2, name="a")(joined)
    b = layers.Dense(1, activation="sigmoid", name="b")(layers.Add(name="sum")([shared(left), shared(right)]))
    model = keras.Model([left, right], [a, b], name="graph")
    model.compile(keras.optimizers.Adam(0.01), loss=["mse", "binary_crossentropy"], loss_weights=[1.0, 0.5])
    return model, [wave((ROWS, 3), 2), wave((ROWS, 3), 3)], [wave((ROWS, 2), 4), (np.arange(ROWS) % 2).reshape(-1, 1)]


def words():
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="int32"),
            layers.Embedding(7, 4),
            layers.LayerNormalization(),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="words",
    )
    model.compile("sgd", "mse", metrics=["mae"])
    return model, np.arange(ROWS * 3).reshape(ROWS, 3) % 7, wave((ROWS, 1), 5)


def loops():
    """Both directions, padding, and the gates of today: one bias of two rows in a GRU."""
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(7, 3, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both"),
            layers.GRU(4, return_sequences=True, recurrent_dropout=0.0),
            layers.TimeDistributed(layers.Dense(3, activation="tanh")),
            layers.SimpleRNN(3, go_backwards=True),
            layers.Dense(2),
        ],
        name="loops",
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = np.arange(ROWS * 5).reshape(ROWS, 5) * 5 % 7
    x[::3, 3:] = 0
    return model, x, wave((ROWS, 2), 8)


def old_loops():
    """The gates of before Keras 2.3 (`reset_after=False`), cells in a loop, other ways to join, a state that is handed on."""
    inputs = keras.Input((4, 2), name="steps")
    sequence, *state = layers.LSTM(3, return_sequences=True, return_state=True, unit_forget_bias=False, name="first")(inputs)
    handed = layers.LSTM(3, return_sequences=True, name="second")(sequence, initial_state=state)
    both = layers.Bidirectional(
        layers.GRU(2, reset_after=False, return_sequences=True), merge_mode="sum", backward_layer=layers.GRU(2, return_sequences=True, go_backwards=True), name="both"
    )(handed)
    last = layers.GRU(3, reset_after=False, use_bias=False, name="last")(both)
    stacked = layers.RNN(layers.StackedRNNCells([layers.LSTMCell(2), layers.GRUCell(3)]), name="stacked")(both)
    joined = layers.Concatenate()([last, stacked])
    # A mode that a call was told holds in Keras 2; Keras 3 goes by that of the model.
    joined = joined if THREE else layers.Dropout(0.5)(joined, training=False)
    model = keras.Model(inputs, layers.Dense(1, name="end")(joined), name="old_loops")
    model.compile(keras.optimizers.RMSprop(0.01), "mse")
    return model, wave((ROWS, 4, 2), 9), wave((ROWS, 1), 10)


def long_names():
    """More names than an attribute holds: they are in several, layer_names0, layer_names1, …."""
    rows = [layers.Activation("tanh", name=f"layer_{i:02}_{'x' * 1650}") for i in range(40)]
    model = keras.Sequential([keras.Input((1,)), *rows[:20], layers.Dense(2), *rows[20:], layers.Dense(1)], name="long")
    model.compile("sgd", "mse")
    return model, wave((ROWS, 1), 6), wave((ROWS, 1), 7)


BOTH = [adam, momentum, scheduled, graph, words, loops, old_loops]
CASES = BOTH if THREE else [*BOTH, long_names, old_adam, old_momentum, old_rmsprop]


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    value = np.asarray(value)
    return {"shape": value.shape, "data": value.ravel().tolist()}


def fill(model):
    """The same weights whoever draws: nothing depends on an engine's random numbers."""
    model.set_weights([0.3 * wave(w.shape, i) + (1 if "variance" in v.name or "gamma" in v.name else 0)
                       for i, (w, v) in enumerate(zip(model.get_weights(), model.weights))])


def save_weights(model, path):
    if not THREE:
        return model.save_weights(path)
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def told(make):
    keras.backend.clear_session()
    print(make.__name__)
    name = f"{NAME}-{make.__name__.replace('_', '-')}"
    model, x, y = make()
    fill(model)
    fit = {"epochs": 3, "batch_size": 5, "shuffle": False}
    model.fit(x, y, verbose=0, **fit | {"epochs": 1})
    model.save(FOLDER / f"{name}.h5")
    save_weights(model, FOLDER / f"{name}-weights.h5")
    case = {"name": name, "x": plain(x), "y": plain(y), "fit": fit, "saved_weights": plain(model.get_weights())}
    case["predicted"] = plain(model.predict(x, verbose=0))
    history = model.fit(x, y, verbose=0, **fit).history
    return case | {"history": {key: [float(v) for v in values] for key, values in history.items()},
                   "after_weights": plain(model.get_weights())}


def packed(source, target):
    """The same file as tools that compress leave it: in chunks, shuffled and deflated."""
    with h5py.File(source) as file, h5py.File(target, "w") as copy:
        copy.attrs.update(file.attrs)

        def visit(name, item):
            if isinstance(item, h5py.Group):
                new = copy.create_group(name)
            elif item.shape:
                new = copy.create_dataset(name, data=item[()], chunks=tuple(max(1, n // 2) for n in item.shape),
                                          compression="gzip", shuffle=True)
            else:
                new = copy.create_dataset(name, data=item[()])
            new.attrs.update(item.attrs)

        file.visititems(visit)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    keras.backend.set_floatx("float64")
    path = FOLDER / f"{NAME}.json"
    known = {case["name"]: case for case in json.loads(path.read_text())["cases"]} if NAMED else {}
    made = [told(make) for make in CASES if not NAMED or make.__name__ in NAMED]
    lines = [json.dumps(case) for case in (known | {case["name"]: case for case in made}).values()]
    head = f'"keras": {json.dumps(keras.__version__)}'
    path.write_text(f"{{{head}, \"cases\": [\n" + ",\n".join(lines) + "\n]}\n")
    if not THREE and not NAMED:
        packed(FOLDER / "keras2-adam.h5", FOLDER / "keras2-packed.h5")
