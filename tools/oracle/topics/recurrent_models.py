"""Recurrent models drawn at random, and graphs of them, trained three epochs by `fit(shuffle=False)`; as `models` else."""

from backend import keras
from topics.mlp import targets
from topics.models import TASKS, draw_dense, draw_fit, draw_optimizer, drawn
from training import set_weights

layers, optimizers = keras.layers, keras.optimizers
RANDOM_MODELS = 44
WORDS = 6
# Losses of one number a sample: their targets have as many axes as the outputs, whatever the mask.
AT_EVERY_STEP = [task for task in TASKS if task[0] in ("real", "class")]


def draw_recurrent(stream, sequences):
    kind = stream.choice(["LSTM", "LSTM", "GRU", "GRU", "SimpleRNN", "RNN"])
    options = {"return_sequences": sequences}
    if stream.chance(0.2):
        options["zero_output_for_mask"] = True
    if stream.chance(0.15):
        options["unroll"] = True
    if kind == "RNN":
        cells = [getattr(layers, f"{stream.choice(['LSTM', 'GRU', 'SimpleRNN'])}Cell")(stream.choice([2, 3])) for _ in range(2)]
        return layers.RNN(layers.StackedRNNCells(cells), **options)
    if stream.chance(0.2):
        options["use_bias"] = False
    if stream.chance(0.2):
        options["kernel_regularizer"] = keras.regularizers.L2(0.01)
    if stream.chance(0.15):
        options["recurrent_constraint"] = keras.constraints.MaxNorm(1.0)
    if kind == "GRU" and stream.chance(0.4):
        options["reset_after"] = False
    if kind != "SimpleRNN" and stream.chance(0.2):
        options["recurrent_activation"] = "hard_sigmoid"
    return getattr(layers, kind)(stream.choice([2, 3, 4]), activation=stream.choice(["tanh", "tanh", "tanh", "softsign"]), **options)


def draw_block(stream, sequences):
    layer = draw_recurrent(stream, sequences)
    if not layer.unroll and stream.chance(0.4):
        return layers.Bidirectional(layer, merge_mode=stream.choice(["concat", "concat", "sum", "mul", "ave"]))
    # Backwards, a sequence of outputs would have the mask the wrong way round.
    if not sequences and stream.chance(0.2):
        # Keras's PyTorch cannot turn a mask round in a loop that is drawn out.
        return layer.__class__.from_config(layer.get_config() | {"go_backwards": True, "unroll": False})
    return layer


def draw_beginning(stream, rows):
    """The first layers, and what they take: words with padding, features with steps that are masked, or all."""
    steps = stream.choice([3, 4, 5])
    kind = stream.choice(["words", "masked", "all", "all"])
    if kind == "words":
        x = stream.integers((rows, steps), WORDS)
        x[:, 0] = 1 + x[:, 0] % (WORDS - 1)
        return [keras.Input((steps,), dtype="int32"), layers.Embedding(WORDS, 3, mask_zero=stream.chance(0.8))], x
    features = stream.choice([1, 2, 3])
    x = stream.normal((rows, steps, features), decimals=1)
    if kind == "all":
        return [keras.Input((steps, features))], x
    x[:, 1:] *= (stream.uniform((rows, steps - 1), 0, 1) > 0.35)[..., None]
    return [keras.Input((steps, features)), layers.Masking(0.0)], x


def draw_sequence(stream):
    """(model, x, y, fit options, sample weights) of one random draw, compiled."""
    everywhere = stream.chance(0.35)
    kind, head, loss, metrics = stream.choice(AT_EVERY_STEP if everywhere else TASKS)
    width = stream.choice([2, 3]) if kind in ("one_hot", "class", "simplex") else 1
    if "cosine_similarity" in metrics or "CosineSimilarity" in type(loss()).__name__:
        width = 3
    rows = stream.choice([7, 9, 11])
    stack, x = draw_beginning(stream, rows)
    for _ in range(stream.choice([0, 0, 1])):
        stack.append(draw_block(stream, True))
        if stream.chance(0.3):
            stack.append(layers.TimeDistributed(layers.Dense(3, activation="tanh")))
    stack.append(draw_block(stream, everywhere))
    model = keras.Sequential([*stack, draw_dense(stream, width, head)])
    set_weights(model, stream, 0.4)
    metrics = [metric() if callable(metric) else metric for metric in metrics]
    if everywhere:
        metrics = [metric for metric in metrics if metric in ("mae", "mse", "accuracy", "sparse_categorical_accuracy")]
    model.compile(optimizer=draw_optimizer(stream), loss=loss(), metrics=metrics)
    options = draw_fit(stream, rows, kind) | {"batch_size": stream.choice([3, 4, 32])}
    if everywhere:
        options.pop("class_weight", None)
        options.pop("sample_weight", None)
    return model, x, answers(stream, kind, rows, x.shape[1] if everywhere else None, width), options


def answers(stream, kind, rows, steps, width):
    if steps is None:
        return targets(stream, kind, rows, (width,))
    if kind == "class":
        return stream.integers((rows, steps), width).astype("float64")
    return stream.normal((rows, steps, width), decimals=2)


def finish(stream, inputs, outputs, x, y, optimizer, loss="mse"):
    model = keras.Model(inputs, outputs)
    set_weights(model, stream, 0.4)
    model.compile(optimizer=optimizer, loss=loss, metrics=["mae"])
    return model, x, y, {"epochs": 3, "batch_size": 4}


def words(stream, rows, steps):
    x = stream.integers((rows, steps), WORDS)
    x[:, 0] = 1 + x[:, 0] % (WORDS - 1)
    return x


def encoder_and_decoder(stream):
    """The states of one are those that the other begins with."""
    source, given = keras.Input((4, 2)), keras.Input((3, 2))
    _, h, c = layers.LSTM(3, return_state=True)(source)
    decoded = layers.LSTM(3, return_sequences=True)(given, initial_state=[h, c])
    outputs = layers.TimeDistributed(layers.Dense(1))(decoded)
    x = [stream.normal((9, 4, 2), decimals=1), stream.normal((9, 3, 2), decimals=1)]
    return finish(stream, [source, given], outputs, x, stream.normal((9, 3, 1), decimals=1), optimizers.Adam(0.02))


def read_both_ways(stream):
    """Words with padding, both directions twice, and the mask up to the average."""
    inputs = keras.Input((5,), dtype="int32")
    h = layers.Embedding(WORDS, 3, mask_zero=True)(inputs)
    h = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(h)
    h = layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode="sum")(h)
    outputs = layers.Dense(1)(layers.GlobalAveragePooling1D()(h))
    return finish(stream, inputs, outputs, words(stream, 9, 5), stream.normal((9, 1), decimals=1), optimizers.RMSprop(0.01))


def states_as_outputs(stream):
    """All that both directions return, each with its loss."""
    inputs = keras.Input((4, 2))
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True, return_state=True))(inputs)
    # Keras calls all outputs of one layer the same.
    found = [layers.Rescaling(1.5, name=name)(part) for name, part in zip(("all", "first", "second"), both)]
    y = [stream.normal((9, *output.shape[1:]), decimals=1) for output in found]
    model = keras.Model(inputs, list(found))
    set_weights(model, stream, 0.4)
    model.compile(optimizer=optimizers.SGD(0.05, momentum=0.9), loss=["mse"] * len(y))
    return model, stream.normal((9, 4, 2), decimals=1), y, {"epochs": 3, "batch_size": 4}


def tags(stream):
    """A class for each word; padding counts neither in the loss nor in the metrics."""
    inputs = keras.Input((5,), dtype="int32")
    h = layers.Embedding(WORDS, 3, mask_zero=True)(inputs)
    h = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(h)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(h))
    set_weights(model, stream, 0.4)
    model.compile(optimizer=optimizers.Adam(0.02), loss="sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    return model, words(stream, 9, 5), stream.integers((9, 5), 3).astype("float64"), {"epochs": 3, "batch_size": 4}


GRAPHS = [encoder_and_decoder, read_both_ways, states_as_outputs, tags]


def cases(seed):
    yield from (drawn(seed, f"recurrent-{index:02}", draw_sequence) for index in range(RANDOM_MODELS))
    yield from (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in GRAPHS)
