"""Recurrent layers and what wraps them: outputs, states, gradients of inputs, states and weights, and three training steps.

Shapes are small, since what may go wrong is how options meet: every layer goes through sequences and last outputs, both
directions, masks, initial states, and loops drawn out.
"""

import itertools

import numpy as np

from backend import fresh, keras, numbers, value_and_gradients
from stream import Stream
from topics.layers import fill, label, named, ops
from training import weights

layers = keras.layers
L1L2 = keras.regularizers.L1L2
optimizers = keras.optimizers
BATCH, STEPS, FEATURES, UNITS = 2, 4, 2, 3
X = (BATCH, STEPS, FEATURES)
# Padding at the end, and a sample that begins with it and has a gap.
MASK = np.array([[True, True, True, False], [False, True, False, True]])
# Of sequences of sequences: a short one, one with a gap, a whole one, one that is all padding.
WORDS = [[[True, True, False], [True, False, True]], [[True, True, True], [False, False, False]]]
CELLS = {
    "SimpleRNN": [{}],
    "LSTM": [{}],
    "GRU": [{}, {"reset_after": False}],
}
OPTIMIZERS = [lambda: optimizers.SGD(0.05, momentum=0.9), lambda: optimizers.Adam(0.02), lambda: optimizers.RMSprop(0.01)]


def every_way():
    """Sequences or the last output, both directions, with and without a mask: each layer through all of them."""
    for kind, variants in CELLS.items():
        for own in variants:
            for sequences, backwards, mask in itertools.product((False, True), repeat=3):
                options = {"units": UNITS, **own}
                options |= {"return_sequences": True} if sequences else {}
                options |= {"go_backwards": True} if backwards else {}
                yield kind, options, X, {"mask": mask}


def other_ways():
    for kind, variants in CELLS.items():
        states = 2 if kind == "LSTM" else 1
        for own in variants:
            base = {"units": UNITS, **own}
            yield kind, base | {"return_state": True, "return_sequences": True}, X, {"states": states, "mask": True}
            yield kind, base | {"return_state": True, "go_backwards": True}, X, {"states": states}
            yield kind, base | {"zero_output_for_mask": True, "return_sequences": True}, X, {"mask": True}
            yield kind, base | {"zero_output_for_mask": True, "return_state": True}, X, {"mask": True, "states": states}
            yield kind, base | {"unroll": True, "return_sequences": True}, X, {"mask": True}
            yield kind, base | {"unroll": True, "return_state": True}, X, {"states": states}
            yield kind, base | {"use_bias": False, "activation": "relu"}, X, {}
            yield kind, base, (BATCH, 1, FEATURES), {}
            yield kind, base | penalised(), X, {}
    for kind in ("LSTM", "GRU"):
        yield kind, {"units": UNITS, "recurrent_activation": "hard_sigmoid", "activation": "softsign"}, X, {"mask": True}
    yield "LSTM", {"units": UNITS, "unit_forget_bias": False}, X, {}


def penalised():
    return {
        "kernel_regularizer": L1L2(0.01, 0.02),
        "recurrent_regularizer": L1L2(l2=0.03),
        "bias_regularizer": L1L2(l1=0.03),
        "activity_regularizer": L1L2(l2=0.1),
        "kernel_constraint": keras.constraints.MaxNorm(0.8),
        "recurrent_constraint": keras.constraints.UnitNorm(),
        "bias_constraint": keras.constraints.NonNeg(),
    }


def cell(kind, units=UNITS, **options):
    return getattr(layers, f"{kind}Cell")(units, **options)


def of_cells():
    yield "RNN", lambda: {"cell": cell("LSTM"), "return_state": True}, X, {"mask": True, "states": 2}
    yield "RNN", lambda: {"cell": cell("GRU", reset_after=False), "return_sequences": True}, X, {}
    yield "RNN", lambda: {"cell": cell("SimpleRNN"), "go_backwards": True}, X, {"mask": True}
    for mask, options in ((False, {"return_sequences": True}), (True, {"return_state": True}), (True, {"unroll": True})):
        yield "RNN", lambda options=options: {"cell": layers.StackedRNNCells([cell("LSTM"), cell("GRU", 2), cell("SimpleRNN", 2)]), **options}, X, {"mask": mask}


def both_directions():
    for mode, sequences, mask in itertools.product(("concat", "sum", "mul", "ave", None), (False, True), (False, True)):
        yield "Bidirectional", lambda m=mode, s=sequences: {"layer": layers.GRU(2, return_sequences=s), "merge_mode": m}, X, {"mask": mask}
    for mode in ("sum", None):
        yield "Bidirectional", lambda m=mode: {"layer": layers.LSTM(2, return_state=True, return_sequences=True), "merge_mode": m}, X, {"states": 4, "units": 2, "mask": True}
    yield "Bidirectional", lambda: {"layer": layers.LSTM(2), "backward_layer": layers.SimpleRNN(3, go_backwards=True)}, X, {"mask": True}
    yield "Bidirectional", lambda: {"layer": layers.RNN(layers.StackedRNNCells([cell("LSTM", 2), cell("GRU", 2)]))}, X, {}


def at_every_step():
    yield "TimeDistributed", lambda: {"layer": layers.Dense(3, activation="tanh")}, X, {"mask": True}
    yield "TimeDistributed", lambda: {"layer": layers.Conv2D(2, 2)}, (1, 2, 3, 3, 2), {}
    yield "TimeDistributed", lambda: {"layer": layers.GRU(2)}, (2, 2, 3, 2), {}
    yield "TimeDistributed", lambda: {"layer": keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.LayerNormalization()])}, X, {}
    for inner in (lambda: layers.GRU(2), lambda: layers.LSTM(2, return_sequences=True), lambda: layers.Bidirectional(layers.SimpleRNN(2))):
        yield "TimeDistributed", lambda inner=inner: {"layer": inner()}, (2, 2, 3, 2), {"mask": WORDS}
    yield "TimeDistributed", lambda: {"layer": layers.Dense(2)}, (2, 2, 3, 2), {"mask": WORDS}


def rows():
    yield from every_way()
    yield from other_ways()
    yield from of_cells()
    yield from both_directions()
    yield from at_every_step()


def case(seed, index, class_name, options, input_shape, how):
    fresh()
    made = options() if callable(options) else options
    name = f"{index:03}-{class_name}" if callable(options) else f"{index:03}-{label(class_name, options, [input_shape])}"
    name += "".join(f"-{key}" for key, value in how.items() if value and key != "units")
    stream = Stream(seed, "recurrent_layers", name)
    layer = getattr(layers, class_name)(**made)
    x = stream.normal(input_shape, decimals=2)
    states = [stream.normal((BATCH, *np.atleast_1d(how.get("units", UNITS))), decimals=2) for _ in range(how.get("states", 0))]
    mask = np.array(WORDS) if how.get("mask") is WORDS else MASK if how.get("mask") else None

    def call(x, *states, training=False):
        keywords = {"mask": ops.convert_to_tensor(mask)} if mask is not None else {}
        keywords |= {"initial_state": [ops.convert_to_tensor(state) for state in states]} if states else {}
        found = layer(ops.convert_to_tensor(x), training=training, **keywords)
        return keras.tree.flatten(found)

    call(x, *states)
    fill(layer, stream)
    outputs = [numbers(output) for output in call(x, *states)]
    cotangents = [stream.normal(output.shape, decimals=2) for output in outputs]
    losses = [float(numbers(loss)) for loss in layer.losses]

    def total(x, *states):
        return sum(ops.sum(y * ops.convert_to_tensor(dy)) for y, dy in zip(call(x, *states), cotangents))

    _, gradients = value_and_gradients(total, [x, *states], layer.trainable_variables)
    row = {
        "name": name,
        "layer": layers.serialize(layer),
        "inputs": [x],
        **({"states": states} if states else {}),
        **({"mask": mask} if mask is not None else {}),
        "weights": named(layer.weights),
        "trainable_weights": [w.name for w in layer.trainable_weights],
        "outputs": outputs,
        "losses": losses,
        "cotangents": cotangents,
        "gradients": gradients[: 1 + len(states)],
        "weight_gradients": gradients[1 + len(states) :],
    }
    # An output of sequences carries its mask into the loss: that is asked for in models.
    carries = mask is not None and len(outputs[0].shape) > 2
    return row if carries else row | trained(stream, layer, x, states, mask, cotangents)


def trained(stream, layer, x, states, mask, targets):
    """Three steps of a model of the layer alone towards the cotangents as its targets."""
    optimizer = stream.choice(OPTIMIZERS)()
    described = optimizers.serialize(optimizer)
    inputs = keras.Input(x.shape[1:])
    firsts = [keras.Input(state.shape[1:]) for state in states]
    given = [keras.Input(mask.shape[1:], dtype="bool")] if mask is not None else []
    keywords = ({"initial_state": firsts} if firsts else {}) | ({"mask": given[0]} if given else {})
    model = keras.Model([inputs, *firsts, *given], keras.tree.flatten(layer(inputs, **keywords)))
    model.compile(optimizer=optimizer, loss=["mse"] * len(targets))
    losses = []
    for _ in range(3):
        model.reset_metrics()
        data = [x, *states, *([mask] if mask is not None else [])]
        losses.append(float(model.train_on_batch(data, targets, return_dict=True)["loss"]))
    return {"steps": {"optimizer": described, "losses": losses, "weights": weights(model)}}


def stepped(seed, kind, options):
    """A cell alone: one step from given states."""
    fresh()
    name = label(f"{kind}Cell", options, [(BATCH, FEATURES)])
    stream = Stream(seed, "recurrent_layers", name)
    layer = cell(kind, **options)
    x = stream.normal((BATCH, FEATURES), decimals=2)
    states = [stream.normal((BATCH, UNITS), decimals=2) for _ in range(2 if kind == "LSTM" else 1)]

    def call(x, *states):
        output, after = layer(ops.convert_to_tensor(x), [ops.convert_to_tensor(state) for state in states])
        return [output, *after]

    call(x, *states)
    fill(layer, stream)
    outputs = [numbers(output) for output in call(x, *states)]
    cotangents = [stream.normal(output.shape, decimals=2) for output in outputs]

    def total(x, *states):
        return sum(ops.sum(y * ops.convert_to_tensor(dy)) for y, dy in zip(call(x, *states), cotangents))

    _, gradients = value_and_gradients(total, [x, *states], layer.trainable_variables)
    return {
        "name": name,
        "kind": "cell",
        "layer": layers.serialize(layer),
        "inputs": [x],
        "states": states,
        "weights": named(layer.weights),
        "trainable_weights": [w.name for w in layer.trainable_weights],
        "outputs": outputs,
        "cotangents": cotangents,
        "gradients": gradients[: 1 + len(states)],
        "weight_gradients": gradients[1 + len(states) :],
    }


def remembered(seed, kind, options):
    """Three batches through a stateful layer, the states set back before the third."""
    return remembering(seed, label(kind, options, [X]), lambda: getattr(layers, kind)(**options, stateful=True), X)


def remembering(seed, name, make, shape):
    fresh()
    name += "-stateful"
    stream = Stream(seed, "recurrent_layers", name)
    layer = make()
    batches = [stream.normal(shape, decimals=2) for _ in range(3)]
    layer(ops.convert_to_tensor(batches[0]))
    fill(layer, stream)
    forget(layer)
    outputs = []
    for index, x in enumerate(batches):
        if index == 2:
            forget(layer)
        outputs.append(numbers(layer(ops.convert_to_tensor(x))).copy())
    return {"name": name, "kind": "stateful", "layer": layers.serialize(layer), "inputs": batches, "weights": named(layer.weights), "outputs": outputs}


def forget(layer):
    """`reset_state`, which Keras has not for the states of cells in cells."""
    for one in layer._flatten_layers():
        for state in keras.tree.flatten(getattr(one, "states", None) or []):
            state.assign(ops.zeros_like(state))


def cases(seed):
    yield from (case(seed, index, *row) for index, row in enumerate(rows()))
    for kind, variants in CELLS.items():
        for own in variants:
            yield stepped(seed, kind, {"activation": "tanh", **own})
            yield stepped(seed, kind, {"use_bias": False, **own})
            yield remembered(seed, kind, {"units": UNITS, **own})
    yield remembered(seed, "LSTM", {"units": UNITS, "return_sequences": True, "go_backwards": True})
    stacked = lambda: layers.StackedRNNCells([cell("LSTM"), cell("GRU", 2), cell("SimpleRNN", 2)])
    yield remembering(seed, "RNN-of-stacked-cells", lambda: layers.RNN(stacked(), stateful=True), X)
    backwards = {"go_backwards": True, "return_sequences": True}
    yield remembering(seed, "RNN-of-stacked-cells-backwards", lambda: layers.RNN(stacked(), stateful=True, **backwards), X)
    yield remembering(seed, "RNN-of-stacked-cells-unrolled", lambda: layers.RNN(stacked(), stateful=True, unroll=True), X)
    yield remembering(seed, "Bidirectional-of-stacked-cells", lambda: layers.Bidirectional(layers.RNN(stacked(), stateful=True)), X)
    for mode in ("concat", "ave"):
        yield remembering(seed, f"Bidirectional-{mode}", lambda m=mode: layers.Bidirectional(layers.LSTM(2, stateful=True, return_sequences=True), merge_mode=m), X)
    yield remembering(seed, "ConvLSTM1D", lambda: layers.ConvLSTM1D(2, 2, padding="same", stateful=True), (BATCH, STEPS, 4, 2))
    yield remembering(seed, "ConvLSTM2D", lambda: layers.ConvLSTM2D(2, 2, strides=2, stateful=True, return_sequences=True), (BATCH, STEPS, 4, 5, 2))
