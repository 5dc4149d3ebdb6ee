"""Transformers drawn at random, and some by name, trained three epochs by `fit(shuffle=False)`; as `models` else. Blocks are keras-hub's."""

from backend import keras
from topics.attention_layers import hub
from topics.mlp import targets
from topics.models import TASKS, draw_dense, draw_fit, draw_optimizer, drawn
from training import set_weights

layers, ops, optimizers = keras.layers, keras.ops, keras.optimizers
RANDOM_MODELS = 32


def draw_words(stream, vocabulary, steps, width):
    """Word numbers and what they are embedded as, with positions and perhaps padding."""
    blocks, ids = hub(), keras.Input((steps,), dtype="int32")
    padded = stream.chance(0.4)
    kind = stream.choice(["both", "both", "learnt", "sine"])
    if kind == "both":
        return ids, blocks.TokenAndPositionEmbedding(vocabulary, steps, width, mask_zero=padded)(ids), padded
    words = layers.Embedding(vocabulary, width, mask_zero=padded)(ids)
    places = blocks.PositionEmbedding(steps) if kind == "learnt" else blocks.SinePositionEncoding()
    return ids, layers.Add()([words, places(words)]) if not padded else words, padded


def draw_block(stream, x, width, padded):
    blocks = hub()
    kind = stream.choice(["encoder", "encoder", "decoder", "attention", "groups", "plain"])
    options = {"intermediate_dim": stream.choice([3, 5, 8]), "num_heads": stream.choice([1, 2]), "normalize_first": stream.chance(0.5)}
    options["activation"] = stream.choice(["relu", "gelu", "silu", "tanh"])
    if kind == "encoder":
        return blocks.TransformerEncoder(**options)(x)
    if kind == "decoder":
        return blocks.TransformerDecoder(**options)(x)
    causal = stream.chance(0.5)
    if kind == "attention":
        more = stream.choice([{}, {"value_dim": 2}, {"use_bias": False}, {"use_gate": True}, {"sliding_window": 2}])
        y = layers.MultiHeadAttention(num_heads=2, key_dim=3, **more)(x, x, use_causal_mask=causal)
    elif kind == "groups":
        y = layers.GroupQueryAttention(head_dim=2, num_query_heads=4, num_key_value_heads=stream.choice([1, 2]))(x, x, use_causal_mask=causal)
    else:
        attention = stream.choice([layers.Attention(use_scale=True), layers.AdditiveAttention()])
        y = attention([x, x], use_causal_mask=causal)
    norm = stream.choice([layers.LayerNormalization, layers.RMSNormalization])
    return norm()(layers.Add()([x, y]))


def draw_transformer(stream):
    """(model, x, y, fit options, sample weights) of one random draw, compiled."""
    kind, head, loss, metrics = stream.choice(TASKS)
    classes = stream.choice([2, 3]) if kind in ("one_hot", "class", "simplex") else 1
    if "cosine_similarity" in metrics or "CosineSimilarity" in type(loss()).__name__:
        classes = 3
    vocabulary, steps, width = stream.choice([6, 9]), stream.choice([1, 4, 5]), stream.choice([4, 6])
    ids, h, padded = draw_words(stream, vocabulary, steps, width)
    for _ in range(stream.choice([1, 1, 2])):
        h = draw_block(stream, h, width, padded)
    pool = stream.choice([layers.GlobalAveragePooling1D, layers.GlobalAveragePooling1D] + [layers.GlobalMaxPooling1D] * (not padded))
    model = keras.Model(ids, draw_dense(stream, classes, head)(pool()(h)))
    set_weights(model, stream, 0.4)
    metrics = [metric() if callable(metric) else metric for metric in metrics]
    model.compile(optimizer=draw_optimizer(stream), loss=loss(), metrics=metrics)
    rows = stream.choice([9, 12, 14])
    x = stream.integers((rows, steps), vocabulary)
    x[:, 0] = 1 + x[:, 0] % (vocabulary - 1)
    return model, x, targets(stream, kind, rows, (classes,)), draw_fit(stream, rows, kind) | {"batch_size": stream.choice([4, 5, 32])}


def finish(stream, inputs, outputs, loss, x, y, optimizer=None):
    model = keras.Model(inputs, outputs)
    set_weights(model, stream, 0.4)
    model.compile(optimizer=optimizer or optimizers.Adam(0.02), loss=loss)
    return model, x, y, {"epochs": 3, "batch_size": 5}


def words(stream, rows, steps, vocabulary):
    x = stream.integers((rows, steps), vocabulary)
    x[:, 0] = 1 + x[:, 0] % (vocabulary - 1)
    return x


def tied_language_model(stream):
    """The table that words go in by is the one that they come out by."""
    ids = keras.Input((5,), dtype="int32")
    table = layers.ReversibleEmbedding(7, 4)
    h = hub().TransformerDecoder(6, 2, normalize_first=True)(table(ids))
    logits = table(layers.LayerNormalization()(h), reverse=True)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return finish(stream, ids, logits, loss, words(stream, 11, 5, 7), words(stream, 11, 5, 7))


def untied_and_capped(stream):
    ids = keras.Input((4,), dtype="int32")
    table = layers.ReversibleEmbedding(6, 4, tie_weights=False, logit_soft_cap=2.0)
    h = hub().TransformerEncoder(5, 2)(table(ids))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return finish(stream, ids, table(h, reverse=True), loss, words(stream, 9, 4, 6), words(stream, 9, 4, 6))


def encoder_and_decoder(stream):
    """A small translator: padding on both sides, left out of the loss."""
    blocks = hub()
    source, target = keras.Input((5,), dtype="int32", name="source"), keras.Input((4,), dtype="int32", name="target")
    e = blocks.TransformerEncoder(6, 2)(blocks.TokenAndPositionEmbedding(8, 5, 4, mask_zero=True)(source))
    d = blocks.TokenAndPositionEmbedding(7, 4, 4, mask_zero=True)(target)
    d = blocks.TransformerDecoder(6, 2)(d, e)
    logits = layers.Dense(7, activation="softmax")(d)
    x = [words(stream, 10, 5, 8), words(stream, 10, 4, 7)]
    return finish(stream, [source, target], logits, "sparse_categorical_crossentropy", x, words(stream, 10, 4, 7))


def weights_are_seen(stream):
    """The weights of attention are an output as others are."""
    x0 = keras.Input((4, 3))
    y, seen = layers.MultiHeadAttention(2, 3)(x0, x0, return_attention_scores=True)
    x, targets = stream.normal((9, 4, 3)), [stream.normal((9, 4, 3)), stream.uniform((9, 2, 4, 4), 0, 1)]
    seen = layers.Identity(name="seen")(seen)
    return finish(stream, x0, [layers.Dense(3, name="y")(y), seen], ["mse", "mse"], x, targets)


def queries_and_keys_apart(stream):
    query, value, key = keras.Input((3, 4)), keras.Input((5, 2)), keras.Input((5, 3))
    h = layers.MultiHeadAttention(2, 3, value_dim=2, output_shape=5)(query, value, key)
    h = layers.Dropout(0.0)(layers.Attention()([h, h, h]))
    x = [stream.normal((9, 3, 4)), stream.normal((9, 5, 2)), stream.normal((9, 5, 3))]
    return finish(stream, [query, value, key], layers.Dense(2)(h), "mse", x, stream.normal((9, 3, 2)))


def pictures_as_words(stream):
    """A small vision transformer: patches by a convolution, a learnt place for each."""
    blocks, x0 = hub(), keras.Input((6, 6, 2))
    patches = layers.Reshape((9, 4))(layers.Conv2D(4, 2, strides=2)(x0))
    h = layers.Add()([patches, blocks.PositionEmbedding(9)(patches)])
    for _ in range(2):
        h = blocks.TransformerEncoder(6, 2, activation="gelu", normalize_first=True)(h)
    outputs = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(layers.LayerNormalization()(h)))
    x, y = stream.normal((8, 6, 6, 2), decimals=1), stream.integers((8,), 3)
    return finish(stream, x0, outputs, "sparse_categorical_crossentropy", x, y, optimizers.AdamW(0.01))


def products_in_a_graph(stream):
    """The op as a node: heads made and joined by reshapes."""
    x0 = keras.Input((4, 6))
    heads = ops.reshape(layers.Dense(12)(x0), (-1, 4, 3, 4))
    q, k, v = heads[:, :, :, :2], heads[:, :, :, 2:], heads
    y = ops.dot_product_attention(q, k, v, is_causal=True)
    return finish(stream, x0, layers.Dense(2)(ops.reshape(y, (-1, 4, 12))), "mse", stream.normal((9, 4, 6)), stream.normal((9, 4, 2)))


def trained_as_large_ones_are(stream):
    """Gradients of two batches added up, clipped by the norm of all, a rate that warms up and then falls along a cosine."""
    ids = keras.Input((5,), dtype="int32")
    h = hub().TokenAndPositionEmbedding(7, 5, 4, mask_zero=True)(ids)
    for _ in range(2):
        h = hub().TransformerDecoder(6, 2, normalize_first=True)(h)
    rate = keras.optimizers.schedules.CosineDecay(0.0, 12, alpha=0.1, warmup_target=0.05, warmup_steps=4)
    optimizer = optimizers.AdamW(rate, weight_decay=0.02, global_clipnorm=0.1, gradient_accumulation_steps=2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = words(stream, 11, 5, 7), words(stream, 11, 5, 7)
    made = finish(stream, ids, layers.Dense(7)(h), loss, x, y, optimizer)
    return *made[:-1], {"epochs": 5, "batch_size": 3}


GRAPHS = [
    tied_language_model,
    untied_and_capped,
    encoder_and_decoder,
    weights_are_seen,
    queries_and_keys_apart,
    pictures_as_words,
    products_in_a_graph,
    trained_as_large_ones_are,
]


def cases(seed):
    yield from (drawn(seed, f"attention-{index:02}", draw_transformer) for index in range(RANDOM_MODELS))
    yield from (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in GRAPHS)
