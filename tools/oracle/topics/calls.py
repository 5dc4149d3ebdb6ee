"""Functional models whose graphs hold ops and named arguments: operators, reductions, slices, constants, masks, inputs and outputs by name."""

from backend import keras
from topics.models import drawn
from training import set_weights

layers, optimizers, ops = keras.layers, keras.optimizers, keras.ops
Input, Model, Dense = keras.Input, keras.Model, layers.Dense
ROWS, FIT = 18, {"epochs": 2, "batch_size": 7}


def finish(stream, inputs, outputs, x=None, y=None, loss="mse", **compile_options):
    """A model of one input (rows, 4) and one output, unless told otherwise."""
    model = Model(inputs, outputs)
    set_weights(model, stream, 0.4)
    model.compile(optimizer=compile_options.pop("optimizer", None) or optimizers.SGD(0.05), loss=loss, **compile_options)
    x = stream.normal((ROWS, 4)) if x is None else x
    y = stream.normal((ROWS, *outputs.shape[1:])) if y is None else y
    return model, x, y, dict(FIT)


def operators_with_numbers(stream):
    x = Input((4,))
    h = Dense(4, activation="tanh")(x)
    return finish(stream, x, Dense(2)((1 - h) * 2 + h / 3 - 0.5))


def operators_between_tensors(stream):
    x = Input((4,))
    a, b = Dense(3)(x), Dense(3, activation="tanh")(x)
    return finish(stream, x, a * b + a - b)


def powers_and_roots(stream):
    x = Input((4,))
    h = Dense(3)(x)
    return finish(stream, x, Dense(1)(ops.sqrt(h**2 + 1) + ops.square(h) * ops.rsqrt(ops.abs(h) + 0.5)))


def exponentials(stream):
    x = Input((4,))
    h = Dense(3, activation="tanh")(x)
    return finish(stream, x, ops.log(ops.exp(h) + 1) + ops.log1p(ops.square(h)) - ops.expm1(-h) * ops.sigmoid(h) + ops.softplus(h))


def trigonometry(stream):
    x = Input((4,))
    h = Dense(3)(x)
    return finish(stream, x, ops.sin(h) * ops.cos(h) + ops.tanh(-h) + ops.erf(h))


def means_over_axes(stream):
    x = Input((4,))
    h = layers.Reshape((4, 3))(Dense(12, activation="tanh")(x))
    return finish(stream, x, Dense(2)(ops.mean(h, axis=1) + ops.sum(h, axis=1) - ops.max(h, axis=1) + ops.min(h, axis=[1])))


def centred_by_hand(stream):
    x = Input((4,))
    h = Dense(6)(x)
    centre = ops.mean(h, axis=-1, keepdims=True)
    return finish(stream, x, Dense(2)((h - centre) / ops.sqrt(ops.var(h, axis=-1, keepdims=True) + 1e-3)))


def reshaped_and_transposed(stream):
    x = Input((4,))
    h = ops.transpose(ops.reshape(Dense(6)(x), (-1, 2, 3)), (0, 2, 1))
    return finish(stream, x, Dense(2)(ops.reshape(h, (-1, 6))))


def expanded_and_squeezed(stream):
    x = Input((4,))
    h = ops.expand_dims(Dense(3)(x), axis=1)
    return finish(stream, x, ops.squeeze(ops.tanh(h), axis=1))


def joined_by_ops(stream):
    x = Input((4,))
    a, b = Dense(3)(x), Dense(3, activation="relu")(x)
    joined = ops.concatenate([a, b, x], axis=-1)
    stacked = ops.stack([a, b], axis=1)
    return finish(stream, x, Dense(2)(joined) + Dense(2)(ops.sum(stacked, axis=1)))


def split_into_parts(stream):
    x = Input((4,))
    a, b, c = ops.split(Dense(6)(x), 3, axis=-1)
    return finish(stream, x, a * ops.sigmoid(c) + b)


def sliced_as_numpy(stream):
    x = Input((4,))
    h = ops.reshape(Dense(12, activation="tanh")(x), (-1, 4, 3))
    return finish(stream, x, Dense(2)(h[:, 0]) + Dense(2)(h[:, -1, :]) + Dense(2)(h[:, 1:3, 0]))


def gathered(stream):
    x = Input((4,))
    h = Dense(5, activation="tanh")(x)
    return finish(stream, x, Dense(2)(ops.take(h, [0, 3, 3], axis=1)))


def chosen_elementwise(stream):
    x = Input((4,))
    h = Dense(4)(x)
    return finish(stream, x, Dense(2)(ops.where(x > 0, h, -h) + ops.maximum(h, 0.1) - ops.minimum(h, x)))


def clipped(stream):
    x = Input((4,))
    return finish(stream, x, Dense(2)(ops.clip(Dense(4)(x), -0.5, 0.7)))


def gated_by_comparison(stream):
    x = Input((4,))
    gate = ops.cast(ops.logical_and(x > -1, ops.logical_not(x > 1)), "float64")
    return finish(stream, x, Dense(2)(Dense(4)(x) * gate))


def matrix_products(stream):
    x = Input((4,))
    h = ops.reshape(Dense(6)(x), (-1, 2, 3))
    scores = ops.softmax(ops.matmul(h, ops.transpose(h, (0, 2, 1))), axis=-1)
    return finish(stream, x, ops.reshape(ops.matmul(scores, h), (-1, 6)))


def summed_by_einstein(stream):
    x = Input((4,))
    h = ops.reshape(Dense(6)(x), (-1, 2, 3))
    return finish(stream, x, Dense(2)(ops.einsum("bij,bkj->bik", h, h)[:, 0]))


def a_constant_tensor(stream):
    x = Input((4,))
    matrix = ops.convert_to_tensor(stream.normal((4, 3)))
    return finish(stream, x, Dense(2)(ops.matmul(x, matrix)))


def activations_of_ops(stream):
    x = Input((4,))
    h = Dense(4)(x)
    return finish(stream, x, Dense(2)(ops.relu(h) + ops.softmax(h) + ops.log_softmax(h, axis=-1)))


def running_sums(stream):
    x = Input((4,))
    return finish(stream, x, Dense(2)(ops.cumsum(ops.tanh(Dense(4)(x)), axis=1)))


def sorted_features(stream):
    x = Input((4,))
    return finish(stream, x, Dense(2)(ops.sort(Dense(4)(x), axis=-1) + ops.flip(x, axis=1)))


def padded_and_tiled(stream):
    x = Input((4,))
    h = ops.pad(Dense(2)(x), [[0, 0], [1, 2]])
    return finish(stream, x, Dense(2)(ops.tile(h, [1, 2])) + Dense(2)(ops.repeat(x, 2, axis=1)))


def gradient_stopped(stream):
    x = Input((4,))
    h = Dense(4, activation="tanh")(x)
    return finish(stream, x, Dense(2)(h + ops.stop_gradient(h) * 0.5))


def op_twice_and_shared_layer(stream):
    x = Input((4,))
    shared = Dense(4, activation="tanh")
    return finish(stream, x, Dense(1)(ops.add(shared(ops.add(shared(x), x)), x)))


def mode_by_name(stream):
    """Keras writes the mode that a call was given; these layers compute the same in both."""
    x = Input((4,))
    h = layers.LayerNormalization()(layers.Dropout(0.0)(Dense(4, activation="tanh")(x), training=False))
    return finish(stream, x, Dense(2)(layers.Dropout(0.0)(h, training=True)))


def mask_by_name(stream):
    x = Input((3, 2))
    mask = ops.any(ops.greater(x, -0.8), axis=-1)
    h = layers.BatchNormalization(momentum=0.8)(x, mask=mask)
    return finish(stream, x, Dense(2)(layers.Flatten()(h)), x=stream.normal((ROWS, 3, 2)))


def weights_by_name(stream):
    ids, w = Input((3,), name="ids", dtype="int32"), Input((3,), name="w")
    h = layers.CategoryEncoding(num_tokens=4, output_mode="count")(ids, count_weights=w)
    x = [stream.integers((ROWS, 3), 4), stream.uniform((ROWS, 3), 0.5, 2)]
    return finish(stream, [ids, w], Dense(2)(h), x=x)


def inputs_and_outputs_by_name(stream):
    a, b = Input((4,), name="a"), Input((2,), name="b")
    h = ops.concatenate([Dense(3, activation="tanh")(a), b], axis=-1)
    outputs = {"size": Dense(1, name="size")(h), "kind": Dense(3, activation="softmax", name="kind")(h)}
    x = {"a": stream.normal((ROWS, 4)), "b": stream.normal((ROWS, 2))}
    y = {"size": stream.normal((ROWS, 1)), "kind": stream.integers((ROWS,), 3)}
    loss = {"size": "mse", "kind": "sparse_categorical_crossentropy"}
    return finish(stream, {"a": a, "b": b}, outputs, x=x, y=y, loss=loss, metrics={"size": ["mae"]})


def op_as_an_output(stream):
    x = Input((4,))
    h = Dense(2)(x)
    outputs = [ops.tanh(h), Dense(1)(ops.relu(h))]
    return finish(stream, x, outputs, y=[stream.normal((ROWS, 2)), stream.normal((ROWS, 1))], loss=["mse", "mae"])


def activation_functions(stream):
    """Each is a class of its own, `relu` with options among the activations."""
    x = Input((4,))
    a = keras.activations
    h = Dense(4)(x)
    smooth = a.gelu(h) + a.gelu(h, approximate=True) + a.silu(h) + a.elu(h, 0.5) + a.selu(h) + a.celu(h, 0.7) + a.softsign(h)
    bent = a.relu(h) + a.relu(h, negative_slope=0.1, max_value=2.0) + a.relu6(h) + a.leaky_relu(h, 0.3) + a.threshold(h, 0.1, -0.5)
    return finish(stream, x, Dense(2)(smooth * 0.3 + bent))


def activations_in_pieces(stream):
    x = Input((4,))
    a = keras.activations
    h = Dense(4)(x)
    hard = a.hard_sigmoid(h) + ops.hard_silu(h) + a.hard_tanh(h) + a.hard_shrink(h, 0.2) + a.soft_shrink(h, 0.3) + a.tanh_shrink(h)
    more = a.sparse_plus(h) + a.sparse_sigmoid(h) + a.squareplus(h, 2) + a.log_sigmoid(h) + a.exponential(a.tanh(h)) + a.softplus(h)
    parts = Dense(2)(a.glu(h)) + Dense(2)(a.softmax(h) * a.log_softmax(h, axis=-1))
    return finish(stream, x, Dense(2)((hard + more) * 0.1) + parts, optimizer=optimizers.SGD(0.01))


def convolved_by_ops(stream):
    """Kernels that are constants of the graph. Keras cannot run `conv_transpose` in one."""
    x = Input((6, 5, 2))
    h = ops.conv(x, ops.convert_to_tensor(stream.normal((3, 2, 2, 4))), strides=(2, 1), padding="same")
    h = ops.depthwise_conv(h, ops.convert_to_tensor(stream.normal((2, 2, 4, 1))), dilation_rate=2)
    return finish(stream, x, Dense(1)(layers.Flatten()(ops.tanh(h))), x=stream.normal((ROWS, 6, 5, 2), decimals=1))


def pooled_by_ops(stream):
    x = Input((6, 5, 2))
    h = Dense(3)(x)
    parts = [ops.max_pool(h, 2, strides=1), ops.average_pool(h, (3, 2), strides=(1, 2), padding="same")]
    joined = [Dense(2)(layers.Flatten()(part)) for part in parts]
    return finish(stream, x, ops.add(*joined), x=stream.normal((ROWS, 6, 5, 2), decimals=1))


def lengths_and_directions(stream):
    x = Input((4,))
    h = ops.reshape(Dense(6)(x), (-1, 2, 3))
    return finish(stream, x, Dense(2)(ops.normalize(h, axis=-1)[:, 0] * ops.norm(h, axis=1)) + Dense(2)(ops.normalize(h, axis=1, order=3)[:, 1]))


def frequencies(stream):
    x = Input((8,))
    h = Dense(8)(x)
    re, im = ops.rfft(h)
    both = ops.fft((h, ops.flip(h, axis=1)))
    back = ops.irfft((re * 0.5, im), fft_length=8)
    return finish(stream, x, Dense(2)(back) + Dense(2)(both[0] + both[1]), x=stream.normal((ROWS, 8)), optimizer=optimizers.SGD(0.001))


def frequencies_over_time(stream):
    x = Input((12,))
    h = Dense(12)(x)
    options = {"sequence_length": 4, "sequence_stride": 2, "fft_length": 6}
    re, im = ops.stft(h, **options, window="hamming")
    back = ops.istft((re, im), **options, length=12)
    cut = ops.extract_sequences(back, 4, 4)
    return finish(stream, x, Dense(2)(ops.reshape(cut, (-1, 12))), x=stream.normal((ROWS, 12)))


def pictures_drawn_anew(stream):
    x = Input((6, 5, 3))
    h = Dense(3, activation="sigmoid")(x)
    image = ops.image
    # The last two are 0: Keras on PyTorch and JAX does not divide by what they give.
    turned = ops.tanh(Dense(8)(layers.Flatten()(x))) * ops.convert_to_tensor([0.1] * 6 + [0.0] * 2)
    moved = turned + ops.convert_to_tensor([1.0, 0.2, 0.3, 0.1, 1.0, -0.4, 0.0, 0.0])
    parts = [
        image.resize(h, (3, 4), interpolation="bicubic", antialias=True),
        image.affine_transform(h, moved, fill_mode="nearest"),
        image.gaussian_blur(h, (3, 3), (0.8, 1.2)),
        image.extract_patches(h, (2, 2), strides=(2, 1)),
        image.rgb_to_grayscale(h),
        ops.stop_gradient(image.rgb_to_hsv(h)),
        image.hsv_to_rgb(h),
    ]
    joined = [Dense(2)(layers.Flatten()(part)) for part in parts]
    return finish(stream, x, ops.sum(ops.stack(joined), axis=0), x=stream.normal((ROWS, 6, 5, 3), decimals=1), optimizer=optimizers.SGD(0.001))


def orders(stream):
    x = Input((4,))
    h = Dense(4)(x)
    values, indices = ops.top_k(h, 2)
    found = ops.searchsorted(ops.convert_to_tensor([-0.5, 0.0, 0.4]), h, side="right")
    best = ops.one_hot(ops.argmax(h, axis=-1), 4)
    along = ops.take_along_axis(h, ops.argsort(h, axis=-1), axis=1)
    counted = ops.cast(found, "float64") + ops.cast(ops.sum(indices, axis=-1, keepdims=True), "float64")
    return finish(stream, x, Dense(2)(values) + Dense(2)(best + along) + Dense(2)(counted * 0.1), optimizer=optimizers.SGD(0.005))


def segments_of_columns(stream):
    x = Input((4,))
    h = ops.transpose(Dense(5)(x))
    ids = ops.convert_to_tensor([0, 2, 0, 1, 2], "int32")
    both = ops.segment_sum(h, ids, num_segments=3) + ops.segment_max(h, ids, num_segments=3)
    return finish(stream, x, Dense(2)(ops.transpose(both)))


def losses_as_outputs(stream):
    """Cross-entropies of logits between two parts of a graph."""
    x = Input((4,))
    h, t = Dense(3)(x), ops.softmax(Dense(3)(x))
    many = ops.categorical_crossentropy(t, h, from_logits=True)
    each = ops.binary_crossentropy(ops.sigmoid(t), h, from_logits=True)
    labels = ops.argmax(x[:, :3], axis=-1)
    sparse = ops.sparse_categorical_crossentropy(labels, h, from_logits=True)
    return finish(stream, x, Dense(1)(each) + ops.expand_dims(many + sparse, -1))


def attended_with_a_mask(stream):
    x = Input((4,))
    h = ops.reshape(Dense(12)(x), (-1, 3, 2, 2))
    mask = ops.convert_to_tensor([[True, False, True], [True, True, False], [True, True, True]])
    y = ops.dot_product_attention(h, h, ops.tanh(h), mask=ops.reshape(mask, (1, 1, 3, 3)), scale=0.6)
    return finish(stream, x, Dense(2)(ops.reshape(y, (-1, 12))))


def gram_matrix_of_the_batch(stream):
    """Products whose inner axis is the batch: of a matrix, of a tensor, and as Einstein's sum."""
    x = Input((4,))
    a, b = Dense(3)(x), Dense(3, activation="tanh")(x)
    gram = ops.matmul(ops.transpose(a), a) + ops.tensordot(a, b, axes=[[0], [0]]) + ops.einsum("bi,bj->ij", b, b)
    return finish(stream, x, Dense(2)(ops.matmul(a, ops.dot(ops.transpose(gram), gram) * 0.01)))


def centred_by_the_batch(stream):
    x = Input((4,))
    h = Dense(3)(x)
    return finish(stream, x, Dense(2)((h - ops.mean(h, axis=0)) / (1.0 + ops.std(h, axis=0, keepdims=True)) * ops.softmax(h, axis=0)))


def two_batches_as_one(stream):
    """Twins: both go through one layer together, and part again."""
    x = Input((4,))
    both = ops.concatenate([Dense(3)(x), Dense(3, activation="tanh")(x)], axis=0)
    one, other = ops.split(Dense(3, activation="tanh")(both), 2, axis=0)
    return finish(stream, x, Dense(2)(one * other))


def flat_and_back(stream):
    x = Input((4,))
    h = Dense(3, activation="tanh")(x)
    return finish(stream, x, Dense(2)(ops.reshape(ops.cumsum(ops.reshape(h, (-1,))) * 0.1, (-1, 3)) + h))


def distances_within_the_batch(stream):
    x = Input((4,))
    h = Dense(3)(x)
    apart = ops.sum(ops.square(ops.expand_dims(h, 1) - ops.expand_dims(h, 0)), axis=-1)
    near = ops.softmax(-apart, axis=1) + ops.tanh(ops.matmul(h, ops.transpose(h)))
    return finish(stream, x, Dense(2)(ops.matmul(near, h)))


CALLS = [made for made in list(globals().values()) if callable(made) and getattr(made, "__module__", "") == __name__ and made is not finish]


def cases(seed):
    return {"calls": (drawn(seed, draw.__name__.replace("_", "-"), draw) for draw in CALLS)}
