"""As `keras_files`, in float32: models that real Keras trained in its usual type, saved, and trained on: `keras-files-32/*.keras`.

A model is taken where float64 gives the same to 3e-5, so that no other rounding of float32 can lead far away.
"""

from contextlib import contextmanager

from backend import ENGINE, fresh, keras
from stream import Stream
from topics import file_models, graphs, keras_files, picture_models, recurrent_models
from topics.models import apart, draw_sequential, flat, run

FOLDER = keras_files.FOLDER.parent / "keras-files-32"
STACKS, CONVOLUTIONAL = 4, 2
GRAPHS = [graphs.shared_layer_twice]
layers = keras.layers


def attending(attention, name):
    """Attention on its input, added and normalised: all kinds of it in one model multiply the rounding of each."""

    def draw(stream):
        inputs = keras.Input((4, 6))
        h = layers.LayerNormalization()(layers.Add()([inputs, attention(inputs)]))
        outputs = layers.Dense(2)(layers.GlobalAveragePooling1D()(h))
        x, y = stream.normal((9, 4, 6), decimals=1), stream.normal((9, 2), decimals=1)
        return recurrent_models.finish(stream, inputs, outputs, x, y, keras.optimizers.Adam(0.01))

    draw.__name__ = name
    return draw


# Loops and attention, of every kind.
SEQUENCES = [
    *(getattr(recurrent_models, name) for name in ("encoder_and_decoder", "read_both_ways", "states_as_outputs", "tags")),
    file_models.cells_on_cells,
    file_models.words_both_ways,
    file_models.loops_over_pictures,
    attending(lambda x: layers.MultiHeadAttention(2, 3, value_dim=2, use_gate=True)(x, x, use_causal_mask=True), "heads"),
    attending(lambda x: layers.GroupQueryAttention(head_dim=2, num_query_heads=4, num_key_value_heads=2)(x, x), "grouped_heads"),
    attending(lambda x: layers.Attention(use_scale=True, score_mode="concat")([x, x]), "scored"),
    attending(lambda x: layers.AdditiveAttention()([x, x]), "additive"),
]
ALLOWED = 3e-5


@contextmanager
def narrow():
    """Everything in float32."""
    set_type("float32")
    try:
        yield
    finally:
        set_type("float64")


def set_type(name):
    keras.config.set_floatx(name)
    if ENGINE == "torch":
        import torch

        torch.set_default_dtype(getattr(torch, name))


def steady(make, found):
    model, x, y, options = make()
    first = {k: v for k, v in options.items() if k != "sample_weight"} | {"epochs": 1}
    model.fit(x, y, shuffle=False, verbose=0, **first)
    wide = run(model, x, y, options)
    found = {name: found[name] for name in wide}
    return flat(wide).shape == flat(found).shape and apart(wide, found) <= ALLOWED


def calm(draw):
    """The same with an optimizer that does not make steps of rounding, where a gradient is nothing but that: a bias of keys has none."""

    def draw_calm(stream):
        made = draw(stream)
        made[0].optimizer.epsilon = 1e-2
        return made

    return draw_calm


def drawn(seed, name, draw):
    path = FOLDER / f"{name}.keras"
    for attempt in range(20):

        def make(attempt=attempt):
            fresh()
            return draw(Stream(seed, "files", name, str(attempt)))

        with narrow():
            case = keras_files.saved(make, path, steady=lambda *_: True)
        if case is not None and steady(make, case):
            return {"name": name, "tolerance": 1e-4, "reason": "float32", **case}
    raise ValueError(f"{name}: no sound draw")


def cases(seed):
    FOLDER.mkdir(parents=True, exist_ok=True)
    yield from (drawn(seed, f"stack-{index:02}", draw_sequential) for index in range(STACKS))
    yield from (drawn(seed, f"pictures-{index:02}", picture_models.draw_convolutional) for index in range(CONVOLUTIONAL))
    yield from (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in GRAPHS)
    yield from (drawn(seed, draw.__name__.replace("_", "-"), calm(draw)) for draw in SEQUENCES)
