"""Perplexity, a metric of keras-hub, streamed as `metrics` are; weights are of tokens."""

from backend import fresh, keras
from stream import Stream
from topics import metrics as streamed
from topics.metrics import BATCHES, ROWS


def hub():
    import keras_hub

    return keras_hub.metrics


def tokens(stream):
    return stream.integers((ROWS, 3), 5), stream.simplex((ROWS, 3, 5))


def token_logits(stream):
    return stream.integers((ROWS, 3), 5), stream.normal((ROWS, 3, 5), 2)


def single_tokens(stream):
    return stream.integers((ROWS,), 5), stream.simplex((ROWS, 5))


def only_padding(stream):
    return stream.integers((ROWS, 3), 1), stream.simplex((ROWS, 3, 5))


METRICS = [
    ({}, tokens),
    ({}, single_tokens),
    ({"from_logits": True}, token_logits),
    ({"mask_token_id": 0}, tokens),
    ({"mask_token_id": 3, "from_logits": True}, token_logits),
    ({"mask_token_id": 0}, only_padding),
]


def case(seed, options, data):
    name = streamed.label("Perplexity", options, data)
    stream = Stream(seed, "metrics", name)
    y_true, y_pred = data(stream)
    sample_weight = stream.uniform(y_true.shape, 0.1, 2, 2)
    options = options | {"dtype": "float64"}
    through = lambda weight: streamed.stream_through("Perplexity", options, y_true, y_pred, weight, hub())
    fresh()
    return {
        "name": name,
        "metric": keras.metrics.serialize(hub().Perplexity(**options)),
        "batches": BATCHES,
        "y_true": y_true,
        "y_pred": y_pred,
        "unweighted": through(None),
        "sample_weight": sample_weight,
        "weighted": through(sample_weight),
    }


def cases(seed):
    return [case(seed, options, data) for options, data in METRICS]
