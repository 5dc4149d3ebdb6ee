"""Connectionist temporal classification: `ops.ctc_loss`, the loss CTC, and `ops.ctc_decode` by both strategies."""

import numpy as np

from backend import fresh, keras, numbers, value_and_gradients
from stream import Stream

# batch, steps, classes, labels; the blank; lengths of the labels and of the sequences where they are not whole
LOSSES = [
    ((3, 8, 4, 3), 0, None, None),
    ((3, 8, 4, 3), 3, [3, 1, 0], [8, 5, 2]),
    ((2, 5, 3, 4), 0, [2, 4], [5, 5]),  # the second has too many labels, or just enough
    ((2, 1, 3, 1), 0, [1, 0], [1, 1]),
    ((4, 30, 6, 9), 0, [9, 7, 2, 1], [30, 28, 30, 3]),
]
REDUCTIONS = ["sum_over_batch_size", "sum", "none"]
# batch, steps, classes; options
DECODINGS = [
    ((3, 9, 4), {}),
    ((3, 9, 4), {"merge_repeated": False, "mask_index": 3}),
    ((2, 7, 3), {"strategy": "beam_search", "beam_width": 20, "top_paths": 4}),
    ((3, 12, 5), {"strategy": "beam_search", "beam_width": 6, "top_paths": 3, "mask_index": 2}),
    ((2, 15, 4), {"strategy": "beam_search", "beam_width": 1}),
]


def labels_of(stream, shape, blank):
    """Class numbers other than the blank, some of them twice in a row."""
    batch, _, classes, count = shape
    labels = stream.integers((batch, count), classes - 1)
    labels += labels >= blank
    labels[0, -1:] = labels[0, -2:-1] if count > 1 else labels[0]
    return labels.astype("int32")


def loss_case(seed, index, shape, blank, label_lengths, lengths):
    fresh()
    name = f"ctc_loss-{index}"
    stream = Stream(seed, "ctc", name)
    batch, steps, classes, count = shape
    target = labels_of(stream, shape, blank)
    label_lengths = np.array([count] * batch if label_lengths is None else label_lengths, "int32")
    lengths = np.array([steps] * batch if lengths is None else lengths, "int32")
    cotangent = stream.uniform((batch,))
    weights = keras.ops.convert_to_tensor(cotangent)

    def losses(output):
        return keras.ops.ctc_loss(target, output, label_lengths, lengths, mask_index=blank)

    x = stream.normal((batch, steps, classes), 2.0)
    value, _ = value_and_gradients(losses, [x])

    def finite(output):
        return keras.ops.where(np.isfinite(value), losses(output) * weights, 0.0)

    row = {"name": name, "kind": "loss", "mask_index": blank, "target": target, "output": x}
    row |= {"target_length": label_lengths, "output_length": lengths, "value": value, "cotangent": cotangent}
    return row if not np.isfinite(value).all() else row | {"gradient": value_and_gradients(finite, [x])[1][0]}


def class_case(seed, reduction, weighted):
    fresh()
    name = f"CTC-{reduction}{'-weighted' if weighted else ''}"
    stream = Stream(seed, "ctc", name)
    y_true = np.array([[1, 2, 2, 0], [3, 0, 0, 0], [2, 3, 1, 3]], "int32")
    y_pred = stream.normal((3, 7, 4))
    sample_weight = stream.uniform((3,), 0.1, 2) if weighted else None
    loss = keras.losses.CTC(reduction=reduction)
    value, (gradient,) = value_and_gradients(
        lambda x: loss(keras.ops.convert_to_tensor(y_true), x, sample_weight=sample_weight), [y_pred]
    )
    row = {"name": name, "kind": "class", "loss": keras.losses.serialize(loss), "y_true": y_true, "y_pred": y_pred}
    return row | {"value": value, "gradient": gradient} | ({"sample_weight": sample_weight} if weighted else {})


def decode_case(seed, index, shape, options):
    fresh()
    name = f"ctc_decode-{index}"
    stream = Stream(seed, "ctc", name)
    x = stream.normal(shape, 2.0)
    lengths = stream.integers((shape[0],), shape[1] + 1, shape[1] // 2).astype("int32")
    decoded, scores = keras.ops.ctc_decode(x, lengths, **options)
    row = {"name": name, "kind": "decode", "options": options, "inputs": x, "lengths": lengths}
    return row | {"decoded": numbers(decoded), "scores": numbers(scores)}


def cases(seed):
    made = [loss_case(seed, index, *one) for index, one in enumerate(LOSSES)]
    made += [class_case(seed, reduction, weighted) for reduction in REDUCTIONS for weighted in (False, True)]
    return made + [decode_case(seed, index, *one) for index, one in enumerate(DECODINGS)]
