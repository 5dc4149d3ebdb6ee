"""Layers of attention, of positions and blocks of transformers: outputs, weights of attention, gradients, losses, and three training steps.

The blocks and the positions are keras-hub's, which computes angles of rotary positions in float32; here in float64.
"""

from backend import fresh, keras, np, numbers, value_and_gradients
from stream import Stream
from topics.layers import fill, label, named, restore
from training import weights

layers, ops, optimizers = keras.layers, keras.ops, keras.optimizers
L1L2 = keras.regularizers.L1L2
OPTIMIZERS = [lambda: optimizers.SGD(0.05, momentum=0.9), lambda: optimizers.Adam(0.02), lambda: optimizers.RMSprop(0.01)]
Q, S, WIDE = (2, 3, 4), (2, 5, 4), (2, 5, 3)
# What a query of 3 steps may see of 5, no query nothing.
PAIRS = [[[1, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 1, 1, 0, 1]], [[1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [1, 0, 0, 1, 0]]]
SQUARE = [[[1, 0, 0], [1, 1, 0], [1, 0, 1]], [[1, 1, 1], [0, 1, 0], [0, 0, 1]]]
STEPS = [[1, 1, 0, 1, 0], [0, 0, 1, 1, 1]]
# The second query may see nothing. Keras then takes the mean of all values, or nothing where it makes weights of its own.
BLIND = [[[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 1]]]
FIRST = [[1, 1, 0], [1, 1, 1]]
ENDS = [[1, 0, 0, 1, 1], [1, 1, 0, 1, 1]]


class Float64:
    """`keras.ops` without a way to float32."""

    def __getattr__(self, name):
        found = getattr(ops, name)
        if name not in ("cast", "arange"):
            return found

        def wide(*args, **kwargs):
            to = lambda value: "float64" if isinstance(value, str) and value == "float32" else value
            return found(*map(to, args), **{k: to(v) for k, v in kwargs.items()})

        return wide


def hub():
    import keras_hub.src.layers.modeling.rotary_embedding as rotary

    import keras_hub

    rotary.ops = Float64()
    return keras_hub.layers


def heads(**more):
    return {"num_heads": 2, "key_dim": 3, **more}


def grouped(**more):
    return {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, **more}


EXTRAS = {
    "kernel_regularizer": L1L2(0.01, 0.02),
    "bias_regularizer": L1L2(l1=0.03),
    "activity_regularizer": L1L2(l2=0.1),
    "kernel_constraint": keras.constraints.MaxNorm(0.8),
    "bias_constraint": keras.constraints.NonNeg(),
}
# class, options, inputs, what the call is told
HEADED = [
    ("MultiHeadAttention", heads(), [Q, S], {}),
    ("MultiHeadAttention", heads(), [Q, S, WIDE], {}),
    ("MultiHeadAttention", heads(value_dim=2), [Q, WIDE, S], {}),
    ("MultiHeadAttention", heads(use_bias=False), [Q, Q], {}),
    ("MultiHeadAttention", heads(output_shape=5), [Q, S], {}),
    ("MultiHeadAttention", heads(output_shape=(2, 3)), [Q, S], {}),
    ("MultiHeadAttention", heads(use_gate=True), [Q, S], {}),
    ("MultiHeadAttention", heads(sliding_window=2), [S, S], {}),
    ("MultiHeadAttention", heads(sliding_window=2), [S, S], {"use_causal_mask": True}),
    ("MultiHeadAttention", heads(), [S, S], {"use_causal_mask": True}),
    ("MultiHeadAttention", heads(), [Q, S], {"use_causal_mask": True}),
    ("MultiHeadAttention", heads(), [Q, S], {"attention_mask": PAIRS}),
    ("MultiHeadAttention", heads(), [Q, S], {"attention_mask": PAIRS[0]}),
    ("MultiHeadAttention", heads(), [Q, S], {"attention_mask": [[PAIRS[0], PAIRS[1]]]}),
    ("MultiHeadAttention", heads(), [Q, S], {"attention_mask": PAIRS, "return_attention_scores": True}),
    ("MultiHeadAttention", heads(), [Q, Q], {"attention_mask": SQUARE, "use_causal_mask": True}),
    ("MultiHeadAttention", heads(), [Q, S], {"value_mask": STEPS}),
    ("MultiHeadAttention", heads(), [Q, S, S], {"value_mask": STEPS, "key_mask": STEPS[::-1]}),
    ("MultiHeadAttention", heads(dropout=0.3, seed=2), [Q, S], {"value_mask": STEPS, "use_causal_mask": False}),
    ("MultiHeadAttention", heads(num_heads=1), [(2, 1, 4), (2, 1, 4)], {"return_attention_scores": True}),
    ("MultiHeadAttention", heads(attention_axes=2), [(2, 2, 3, 4), (2, 2, 5, 4)], {}),
    ("MultiHeadAttention", heads(attention_axes=1), [(2, 3, 2, 4), (2, 4, 2, 4)], {"return_attention_scores": True}),
    ("MultiHeadAttention", heads(attention_axes=(1, 2)), [(2, 2, 3, 4), (2, 3, 1, 4)], {"return_attention_scores": True}),
    ("MultiHeadAttention", heads(), [(2, 2, 3, 4), (2, 2, 3, 4)], {}),
    ("MultiHeadAttention", heads(**EXTRAS), [Q, S], {}),
    ("MultiHeadAttention", heads(**EXTRAS, use_gate=True), [Q, Q], {"use_causal_mask": True}),
    ("GroupQueryAttention", grouped(), [Q, S], {}),
    ("GroupQueryAttention", grouped(num_key_value_heads=1), [Q, S, WIDE], {}),
    ("GroupQueryAttention", grouped(num_key_value_heads=4, use_bias=False), [Q, Q], {"use_causal_mask": True}),
    ("GroupQueryAttention", grouped(use_gate=True), [Q, S], {"attention_mask": PAIRS}),
    ("GroupQueryAttention", grouped(sliding_window=2), [S, S], {"return_attention_scores": True}),
    ("GroupQueryAttention", grouped(sliding_window=3), [S, S], {"use_causal_mask": True, "value_mask": [[1, 1, 1, 0, 1], [1, 1, 1, 1, 1]]}),
    ("GroupQueryAttention", grouped(dropout=0.2), [Q, S], {"value_mask": STEPS}),
    ("GroupQueryAttention", grouped(**EXTRAS), [Q, S], {}),
    ("MultiHeadAttention", heads(), [Q, S], {"query_mask": FIRST}),
    ("GroupQueryAttention", grouped(), [Q, S], {"query_mask": FIRST}),
    ("GroupQueryAttention", grouped(), [Q, S, WIDE], {"value_mask": STEPS, "key_mask": ENDS}),
    ("MultiHeadAttention", heads(), [Q, S], {"attention_mask": BLIND}),
    ("MultiHeadAttention", heads(), [Q, S], {"attention_mask": BLIND, "return_attention_scores": True}),
    ("MultiHeadAttention", heads(dropout=0.3, seed=2), [Q, S], {"attention_mask": BLIND}),
    ("MultiHeadAttention", heads(attention_axes=2), [(2, 2, 3, 4), (2, 2, 5, 4)], {"attention_mask": BLIND}),
    # Biases of keys have gradients of rounding alone, of which Adam makes steps.
    ("GroupQueryAttention", grouped(use_bias=False), [Q, S], {"attention_mask": BLIND}),
    ("GroupQueryAttention", grouped(), [Q, S], {"attention_mask": BLIND, "return_attention_scores": True}),
    ("GroupQueryAttention", grouped(dropout=0.2), [Q, S], {"attention_mask": BLIND}),
]
LISTED = [
    ("Attention", {}, [Q, S], {}),
    ("Attention", {"use_scale": True}, [Q, WIDE, S], {}),
    ("Attention", {"score_mode": "concat"}, [Q, S], {}),
    ("Attention", {"score_mode": "concat", "use_scale": True}, [Q, WIDE, S], {"return_attention_scores": True}),
    ("Attention", {"use_scale": True}, [S, S], {"use_causal_mask": True}),
    ("Attention", {"dropout": 0.3, "seed": 1}, [Q, S], {"return_attention_scores": True}),
    ("Attention", {}, [Q, S], {"mask": [FIRST, STEPS]}),
    ("Attention", {"use_scale": True}, [S, S], {"mask": [None, [[1, 1, 0, 1, 0], [1, 0, 1, 1, 1]]], "use_causal_mask": True}),
    ("Attention", {}, [Q, S], {"mask": [FIRST, None]}),
    ("AdditiveAttention", {}, [Q, S], {}),
    ("AdditiveAttention", {"use_scale": False}, [Q, WIDE, S], {"return_attention_scores": True}),
    ("AdditiveAttention", {}, [S, S], {"use_causal_mask": True}),
    ("AdditiveAttention", {"dropout": 0.4}, [Q, S], {"mask": [FIRST, STEPS]}),
]


def block(**more):
    return {"intermediate_dim": 5, "num_heads": 2, **more}


BLOCKS = [
    ("TransformerEncoder", block(), [Q], {}),
    ("TransformerEncoder", block(normalize_first=True, activation="gelu"), [Q], {}),
    ("TransformerEncoder", block(dropout=0.1, layer_norm_epsilon=1e-3), [S], {"padding_mask": STEPS}),
    ("TransformerEncoder", block(num_heads=3), [Q], {"attention_mask": SQUARE, "return_attention_scores": True}),
    ("TransformerEncoder", block(), [Q], {"attention_mask": SQUARE, "padding_mask": FIRST}),
    ("TransformerEncoder", block(), [Q], {"padding_mask": [[0, 0, 0], [1, 1, 1]]}),
    ("TransformerEncoder", block(dropout=0.1), [Q], {"padding_mask": [[0, 0, 0], [1, 1, 1]]}),
    ("TransformerDecoder", block(), [Q], {}),
    ("TransformerDecoder", block(normalize_first=True, activation="silu"), [Q], {"use_causal_mask": False}),
    ("TransformerDecoder", block(), [Q, WIDE], {}),
    ("TransformerDecoder", block(normalize_first=True), [Q, S], {"encoder_padding_mask": STEPS}),
    ("TransformerDecoder", block(dropout=0.2), [S], {"decoder_padding_mask": [[1, 1, 0, 1, 0], [1, 0, 1, 1, 1]]}),
    ("TransformerDecoder", block(), [Q, S], {"encoder_attention_mask": PAIRS, "decoder_attention_mask": SQUARE}),
]
POSITIONS = [
    ("AlibiBias", {}, [(2, 4, 3, 5)], {}),
    ("AlibiBias", {"alibi_bias_max": 4}, [(1, 6, 2, 3)], {}),
    ("AlibiBias", {}, [(2, 12, 1, 4)], {}),
    ("PositionEmbedding", {"sequence_length": 6}, [Q], {}),
    ("PositionEmbedding", {"sequence_length": 6}, [Q], {"start_index": 2}),
    ("PositionEmbedding", {"sequence_length": 6}, [(2, 2, 3, 4)], {}),
    ("PositionEmbedding", {"sequence_length": 6}, [Q], {"positions": [[0, 5, 2], [1, 1, 3]]}),
    ("SinePositionEncoding", {}, [(2, 4, 5)], {}),
    ("SinePositionEncoding", {"max_wavelength": 50}, [Q], {"start_index": 3}),
    ("SinePositionEncoding", {}, [Q], {"positions": [0.0, 7.0, 2.0]}),
    ("RotaryEmbedding", {}, [(2, 3, 2, 4)], {}),
    ("RotaryEmbedding", {"max_wavelength": 100, "scaling_factor": 2.0}, [(2, 3, 6)], {"start_index": 4}),
    ("RotaryEmbedding", {"rope_type": "default", "scaling_factor": 3.0}, [(2, 3, 2, 4)], {}),
    ("RotaryEmbedding", {"rope_type": "linear", "scaling_factor": 3.0}, [(2, 3, 2, 4)], {}),
    ("RotaryEmbedding", {"rope_type": "dynamic", "scaling_factor": 3.0}, [(2, 3, 2, 6)], {}),
    ("RotaryEmbedding", {"rope_type": "yarn", "scaling_factor": 4.0, "original_max_position_embeddings": 64}, [(1, 5, 2, 8)], {}),
    (
        "RotaryEmbedding",
        {"rope_type": "yarn", "scaling_factor": 4.0, "truncate": False, "beta_fast": 8.0, "original_max_position_embeddings": 64},
        [(1, 5, 2, 8)],
        {},
    ),
    ("RotaryEmbedding", {"sequence_axis": 2, "denominator_dim": 8}, [(2, 2, 3, 4)], {}),
    ("RotaryEmbedding", {"sequence_axis": 2, "feature_axis": 1}, [(2, 4, 3)], {"positions": [[0, 5, 2], [1, 1, 3]]}),
]
# Word numbers, some of them padding, in lists; what goes back to logits is drawn.
WORDS = [[3, 5, 0], [1, 0, 0]]
TABLE = {"input_dim": 6, "output_dim": 4}
TOKENS = {"vocabulary_size": 6, "sequence_length": 5, "embedding_dim": 4}
EMBEDDINGS = [
    ("ReversibleEmbedding", {**TABLE, "mask_zero": True}, [WORDS], {}),
    ("ReversibleEmbedding", {**TABLE, "tie_weights": False, "embeddings_regularizer": L1L2(0.01, 0.02)}, [WORDS], {}),
    ("ReversibleEmbedding", {**TABLE, "embeddings_constraint": keras.constraints.MaxNorm(0.8)}, [WORDS], {}),
    ("ReversibleEmbedding", TABLE, [Q], {"reverse": True}),
    ("ReversibleEmbedding", {**TABLE, "logit_soft_cap": 0.7}, [Q], {"reverse": True}),
    ("ReversibleEmbedding", {**TABLE, "tie_weights": False}, [Q], {"reverse": True}),
    ("ReversibleEmbedding", {**TABLE, "tie_weights": False, "logit_soft_cap": 2.0}, [(3, 4)], {"reverse": True}),
    ("TokenAndPositionEmbedding", TOKENS, [WORDS], {}),
    ("TokenAndPositionEmbedding", {**TOKENS, "mask_zero": True}, [WORDS], {}),
    ("TokenAndPositionEmbedding", {**TOKENS, "tie_weights": False}, [WORDS], {"start_index": 2}),
    ("TokenAndPositionEmbedding", TOKENS, [WORDS], {"positions": [[0, 4, 2], [1, 1, 3]]}),
]


def told(call):
    """What the call is told, masks as tensors."""

    def converted(name, value):
        if name == "mask":
            return [v if v is None else ops.convert_to_tensor(np.array(v, bool)) for v in value]
        if "mask" in name and not isinstance(value, bool):
            return ops.convert_to_tensor(np.array(value, bool))
        return ops.convert_to_tensor(value) if name == "positions" else value

    return {name: converted(name, value) for name, value in call.items()}


def first(results):
    return results[0] if isinstance(results, (list, tuple)) else results


def case(seed, listed, class_name, options, shapes, call):
    fresh()
    ids = isinstance(shapes[0], list)
    name = "-".join([label(class_name, options, map(np.shape, shapes) if ids else shapes), *(f"{k}{len(str(v))}" for k, v in call.items())])
    stream = Stream(seed, "attention_layers", name)
    # keras-hub has a ReversibleEmbedding as well.
    layer = getattr(layers, class_name, None) or getattr(hub(), class_name)
    layer = layer(**options)
    inputs = [np.array(shape, "int32") if ids else stream.normal(shape, decimals=3) for shape in shapes]
    keywords = told(call)

    # MultiHeadAttention reads this mask off the query alone, which the inputs of a model have not.
    on_query = "query_mask" in call and class_name == "MultiHeadAttention"

    def apply(*tensors):
        if on_query:
            keras.src.backend.set_keras_mask(tensors[0], keywords["query_mask"])
        return layer(list(tensors), **keywords) if listed else layer(*tensors, **keywords)

    def convert():
        return [ops.convert_to_tensor(x) for x in inputs]

    apply(*convert())
    fill(layer, stream)
    results = apply(*convert())
    losses = [float(numbers(loss)) for loss in layer.losses]
    output = first(results)
    cotangent = stream.normal(output.shape, decimals=2)
    row = {"name": name, "layer": layers.serialize(layer), "inputs": inputs, "listed": listed, "call": call}
    if ids:
        mask = keras.src.backend.get_keras_mask(output)
        row |= {"ids": True, "mask": None if mask is None else numbers(mask)}
    row |= {"weights": named(layer.weights), "trainable_weights": [w.name for w in layer.trainable_weights], "cotangent": cotangent}
    if isinstance(results, (list, tuple)):
        row["scores"] = numbers(results[1])
    leaves = [] if ids else inputs

    def weighed(*x):
        # What does not depend on its input has no gradient for PyTorch.
        return first(apply(*(x or convert()))) * ops.convert_to_tensor(cotangent) + (0 * ops.sum(x[0]) if x else 0)

    _, gradients = value_and_gradients(weighed, leaves, layer.trainable_variables)
    row |= {"output": numbers(output), "losses": losses}
    row |= {"input_gradients": gradients[: len(leaves)], "weight_gradients": gradients[len(leaves) :]}
    trains = layer.trainable_weights and not on_query
    return row | (trained(stream, layer, apply, inputs, cotangent) if trains else {})


def trained(stream, layer, apply, inputs, y):
    """Three steps of a model of the layer alone towards the cotangent as its target; dropout off."""
    if layer.get_config().get("dropout"):
        return {}
    optimizer = stream.choice(OPTIMIZERS)()
    described = optimizers.serialize(optimizer)
    ends = [keras.Input(batch_shape=x.shape, dtype=str(x.dtype)) for x in inputs]
    model = keras.Model(ends, first(apply(*ends)))
    model.compile(optimizer=optimizer, loss="mse")
    losses = []
    for _ in range(3):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(inputs, y, return_dict=True)["loss"]))
    return {"steps": {"optimizer": described, "losses": losses, "weights": weights(layer)}}


def products(seed):
    """The op alone: what it is told and what it gives, and its gradients."""
    q, k, kv = (2, 3, 4, 2), (2, 5, 4, 2), (2, 5, 2, 2)
    rows = [
        ("plain", [q, k, k], {}),
        ("scale", [q, k, (2, 5, 4, 3)], {"scale": 0.3}),
        ("causal", [q, k, k], {"is_causal": True}),
        ("groups", [q, kv, kv], {}),
        ("one-head-of-keys", [q, (2, 5, 1, 2), (2, 5, 1, 2)], {"is_causal": True}),
        ("mask", [q, k, k], {"mask": [[row] for row in PAIRS]}),
        ("mask-and-causal", [q, q, q], {"mask": [[row] for row in SQUARE], "is_causal": True}),
        ("all-masked", [q, k, k], {"mask": [[[[1, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]]]}),
        ("bias", [q, k, k], {"bias": Stream(seed, "attention", "bias").normal((1, 4, 3, 5), decimals=2)}),
    ]
    for name, shapes, call in rows:
        stream = Stream(seed, "attention", name)
        inputs = [stream.normal(shape, decimals=3) for shape in shapes]
        cotangent = stream.normal((*shapes[0][:3], shapes[2][3]), decimals=2)
        keywords = {"mask": ops.convert_to_tensor(np.array(call["mask"], bool))} if "mask" in call else {}
        keywords |= {k: v for k, v in call.items() if k not in ("mask", "bias")}
        # The bias has a gradient, too.
        given = inputs + [call["bias"]] if "bias" in call else inputs
        attend = lambda q, k, v, bias=None: ops.dot_product_attention(q, k, v, **keywords | ({} if bias is None else {"bias": bias}))
        output = numbers(attend(*[ops.convert_to_tensor(x) for x in given]))
        _, gradients = value_and_gradients(lambda *x: attend(*x) * ops.convert_to_tensor(cotangent), given)
        yield {"name": name, "inputs": inputs, "call": call, "cotangent": cotangent, "output": output, "gradients": gradients}


def cases(seed):
    return {
        "attention_layers": [case(seed, False, *row) for row in [*HEADED, *BLOCKS, *POSITIONS]]
        + [case(seed, True, *row) for row in LISTED]
        + [case(seed, False, *row) for row in EMBEDDINGS],
        "attention": products(seed),
    }
