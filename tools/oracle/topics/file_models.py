"""Models for files, of the layers that the drawn ones lack: cells, loops over pictures, attention, wrappers, preprocessing with state, and layers that draw."""

from backend import keras
from topics.recurrent_models import WORDS, finish, words
from training import set_weights

layers, ops, optimizers = keras.layers, keras.ops, keras.optimizers
Input, Dense = keras.Input, layers.Dense
ROWS = 9


def cells_on_cells(stream):
    """A loop over three kinds of cells, one on the other, and one that begins at the end."""
    inputs = Input((4, 2))
    cells = [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False), layers.SimpleRNNCell(2, activation="softsign")]
    h = layers.RNN(layers.StackedRNNCells(cells), return_sequences=True)(inputs)
    h = layers.RNN(layers.GRUCell(3), go_backwards=True)(h)
    x, y = stream.normal((ROWS, 4, 2), decimals=1), stream.normal((ROWS, 1), decimals=1)
    return finish(stream, inputs, Dense(1)(h), x, y, optimizers.Adam(0.02))


def words_both_ways(stream):
    """Words with padding, both directions, each step for itself, the last state."""
    inputs = Input((5,), dtype="int32")
    h = layers.Embedding(WORDS, 3, mask_zero=True)(inputs)
    h = layers.Bidirectional(layers.LSTM(2, return_sequences=True), backward_layer=layers.GRU(2, return_sequences=True, go_backwards=True))(h)
    h = layers.TimeDistributed(Dense(3, activation="tanh", kernel_regularizer="l2"))(h)
    h = layers.SimpleRNN(3, recurrent_constraint="unit_norm")(h)
    return finish(stream, inputs, Dense(1)(h), words(stream, ROWS, 5), stream.normal((ROWS, 1), decimals=1), optimizers.RMSprop(0.01, momentum=0.5))


def loops_over_pictures(stream):
    """Sequences of lines and of pictures, the first both ways."""
    lines, pictures = Input((3, 4, 2)), Input((2, 3, 3, 1))
    a = layers.Bidirectional(layers.ConvLSTM1D(2, 2), merge_mode="sum")(lines)
    b = layers.TimeDistributed(Dense(2))(pictures)
    b = layers.ConvLSTM2D(2, 2, padding="same", return_sequences=True)(b)
    joined = layers.Concatenate()([layers.Flatten()(a), layers.Flatten()(b)])
    x = [stream.normal((ROWS, 3, 4, 2), decimals=1), stream.normal((ROWS, 2, 3, 3, 1), decimals=1)]
    return finish(stream, [lines, pictures], Dense(1)(joined), x, stream.normal((ROWS, 1), decimals=1), optimizers.Adam(0.02))


def every_attention(stream):
    inputs = Input((4, 6))
    h = layers.MultiHeadAttention(2, 3, value_dim=2, use_gate=True)(inputs, inputs, use_causal_mask=True)
    h = layers.LayerNormalization()(layers.Add()([inputs, h]))
    h = layers.Add()([h, layers.GroupQueryAttention(head_dim=2, num_query_heads=4, num_key_value_heads=2)(h, h)])
    h = layers.RMSNormalization()(h)
    h = layers.Add()([layers.Attention(use_scale=True, score_mode="concat")([h, h]), layers.AdditiveAttention()([h, h])])
    outputs = Dense(2)(layers.GlobalAveragePooling1D()(h))
    x, y = stream.normal((ROWS, 4, 6), decimals=1), stream.normal((ROWS, 2), decimals=1)
    return finish(stream, inputs, outputs, x, y, optimizers.AdamW(0.01))


def words_in_and_out(stream):
    """The table that words go in by is the one that they come out by."""
    ids = Input((4,), dtype="int32")
    table = layers.ReversibleEmbedding(WORDS, 4)
    h = table(ids)
    h = layers.LayerNormalization()(layers.Add()([h, layers.MultiHeadAttention(2, 2)(h, h, use_causal_mask=True)]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = keras.Model(ids, table(h, reverse=True))
    set_weights(model, stream, 0.4)
    model.compile(optimizer=optimizers.Adam(0.02), loss=loss)
    return model, words(stream, ROWS, 4), stream.integers((ROWS, 4), WORDS).astype("float64"), {"epochs": 3, "batch_size": 4}


def around_layers(stream):
    inputs = Input((5, 4))
    h = layers.SpectralNormalization(Dense(4, activation="tanh"), power_iterations=2)(inputs)
    h = layers.SpectralNormalization(layers.Conv1D(3, 2))(h)
    x, y = stream.normal((ROWS, 5, 4), decimals=1), stream.normal((ROWS, 2), decimals=1)
    return finish(stream, inputs, Dense(2)(layers.Flatten()(h)), x, y, optimizers.SGD(0.02, momentum=0.9))


def prepared_by_layers(stream):
    """Means and variances that were found in data, and bins that were given."""
    numbers, bins = Input((3,)), Input((1,))
    found = layers.Normalization()
    x = [stream.normal((ROWS, 3), scale=3, decimals=1) + 2, stream.normal((ROWS, 1), decimals=1)]
    h = layers.Rescaling(0.5, 0.1)(found(numbers))
    kind = layers.CategoryEncoding(num_tokens=4, output_mode="one_hot")(layers.Discretization([-0.5, 0.0, 0.8])(bins))
    made = finish(stream, [numbers, bins], Dense(1)(layers.Concatenate()([h, kind])), x, stream.normal((ROWS, 1), decimals=1), optimizers.Adam(0.02))
    found.adapt(x[0])
    return made


def drawing_layers(stream):
    """What they draw in training is no other's: without `fit`."""
    inputs = Input((4, 6))
    h = layers.GaussianNoise(0.1, seed=4)(layers.SpatialDropout1D(0.3, seed=5)(layers.Dropout(0.4, seed=3)(inputs)))
    h = layers.AlphaDropout(0.2, seed=9)(layers.GaussianDropout(0.2)(Dense(3, activation="selu")(h)))
    h = layers.LSTM(3, dropout=0.2, recurrent_dropout=0.3, seed=7)(h)
    x, y = stream.normal((ROWS, 4, 6), decimals=1), stream.normal((ROWS, 1), decimals=1)
    return *finish(stream, inputs, Dense(1)(h), x, y, optimizers.Adam(0.02))[:3], None


def drawing_pictures(stream):
    inputs = Input((6, 5, 3))
    h = layers.RandomFlip(seed=1)(inputs)
    h = layers.RandomRotation(0.2, seed=2)(layers.RandomTranslation(0.1, 0.2, seed=3)(h))
    h = layers.RandomContrast(0.3, seed=4)(layers.RandomZoom(0.1, seed=5)(h))
    h = layers.RandomBrightness(0.2, value_range=(0, 1), seed=6)(h)
    h = Dense(1)(layers.Flatten()(layers.Conv2D(2, 2)(h)))
    x, y = stream.uniform((ROWS, 6, 5, 3), 0, 1, decimals=2), stream.normal((ROWS, 1), decimals=1)
    return *finish(stream, inputs, h, x, y, optimizers.Adam(0.02))[:3], None


GRAPHS = [
    cells_on_cells,
    words_both_ways,
    loops_over_pictures,
    every_attention,
    words_in_and_out,
    around_layers,
    prepared_by_layers,
    drawing_layers,
    drawing_pictures,
]
