"""Every loss with its options × reductions × sample weights × masks, on rank 2 and 3: value and gradient."""

import numpy as np

from backend import fresh, keras, value_and_gradients
from stream import Stream

losses = keras.losses
REDUCTIONS = ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"]
FLAT, DEEP = (5, 4), (3, 2, 4)


def real(stream, shape):
    return stream.normal(shape), stream.normal(shape)


def real_with_zeros(stream, shape):
    y_true, y_pred = real(stream, shape)
    y_true.reshape(-1)[::3] = 0
    return y_true, y_pred


def positive(stream, shape):
    return stream.uniform(shape, 0, 4), stream.uniform(shape, 0.1, 4)


def probabilities(stream, shape):
    """Independent yes/no labels."""
    return stream.integers(shape, 2).astype("float64"), stream.uniform(shape, 0.02, 0.98)


def soft_probabilities(stream, shape):
    return stream.uniform(shape, 0, 1), stream.uniform(shape, 0.02, 0.98)


def extreme_probabilities(stream, shape):
    """Predictions at and beyond the clip of 1e-7."""
    y_true, y_pred = probabilities(stream, shape)
    y_pred.reshape(-1)[:6] = [0.0, 1.0, 1e-9, 1 - 1e-9, 0.0, 1.0]
    return y_true, y_pred


def logits(stream, shape):
    return stream.integers(shape, 2).astype("float64"), stream.normal(shape, 2.0)


def extreme_logits(stream, shape):
    y_true, y_pred = logits(stream, shape)
    y_pred.reshape(-1)[:6] = [0.0, 40.0, -40.0, 300.0, -300.0, 1e-6]
    return y_true, y_pred


def classes(stream, shape):
    """One-hot labels and rows of probabilities."""
    rows = int(np.prod(shape[:-1]))
    return stream.one_hot(rows, shape[-1]).reshape(shape), stream.simplex(shape)


def unnormalised_classes(stream, shape):
    y_true, y_pred = classes(stream, shape)
    return y_true, np.round(3 * y_pred, 4)


def extreme_classes(stream, shape):
    y_true, y_pred = classes(stream, shape)
    y_pred[0] = [1.0, 0.0, 0.0, 0.0]
    y_pred[1] = [0.5, 0.5, 0.0, 0.0]
    return y_true, y_pred


def distributions(stream, shape):
    return stream.simplex(shape), stream.simplex(shape)


def extreme_distributions(stream, shape):
    y_true, y_pred = distributions(stream, shape)
    y_true[0], y_pred[1] = [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]
    return y_true, y_pred


def class_logits(stream, shape):
    return classes(stream, shape)[0], stream.normal(shape, 2.0)


def extreme_class_logits(stream, shape):
    y_true, y_pred = class_logits(stream, shape)
    y_true[0], y_pred[0] = [1.0, 0.0, 0.0, 0.0], [-30.0, 0.0, 30.0, 0.0]
    y_true[1], y_pred[1] = [0.0, 1.0, 0.0, 0.0], [1000.0, 0.0, -1000.0, 0.0]
    return y_true, y_pred


def labels(stream, shape):
    return stream.integers(shape[:-1], shape[-1]), stream.simplex(shape)


def label_column(stream, shape):
    return stream.integers((*shape[:-1], 1), shape[-1]), stream.simplex(shape)


def label_logits(stream, shape):
    return stream.integers(shape[:-1], shape[-1]), stream.normal(shape, 2.0)


def signs(stream, shape):
    return 2.0 * stream.integers(shape, 2) - 1, stream.normal(shape)


def zero_rows(stream, shape):
    """A zero vector among the rows, where the norm has no direction."""
    y_true, y_pred = real(stream, shape)
    y_true[1] = 0
    return y_true, y_pred


def column_against_row(stream, shape):
    """Targets (n,) against predictions (n, 1): Keras expands, never broadcasts."""
    return stream.normal(shape[:1]), stream.normal((shape[0], 1))


# class, options, data, and whether to spell out all reductions, weights and masks
LOSSES = [
    ("MeanSquaredError", {}, real, True),
    ("MeanSquaredError", {}, column_against_row, False),
    ("MeanAbsoluteError", {}, real, True),
    ("MeanAbsolutePercentageError", {}, real, True),
    ("MeanAbsolutePercentageError", {}, real_with_zeros, False),
    ("MeanSquaredLogarithmicError", {}, positive, True),
    ("MeanSquaredLogarithmicError", {}, real, False),
    ("Huber", {}, real, True),
    ("Huber", {"delta": 0.3}, real, False),
    ("LogCosh", {}, real, True),
    ("CosineSimilarity", {}, real, True),
    ("CosineSimilarity", {"axis": 1}, real, False),
    ("CosineSimilarity", {}, zero_rows, False),
    ("BinaryCrossentropy", {}, probabilities, True),
    ("BinaryCrossentropy", {}, soft_probabilities, False),
    ("BinaryCrossentropy", {}, extreme_probabilities, False),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, probabilities, False),
    ("BinaryCrossentropy", {"axis": 1}, probabilities, False),
    ("BinaryCrossentropy", {"from_logits": True}, logits, True),
    ("BinaryCrossentropy", {"from_logits": True}, extreme_logits, False),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, logits, False),
    ("BinaryFocalCrossentropy", {}, probabilities, True),
    ("BinaryFocalCrossentropy", {"gamma": 1.5, "apply_class_balancing": True, "alpha": 0.4}, probabilities, False),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1, "gamma": 3.0}, logits, False),
    ("CategoricalCrossentropy", {}, classes, True),
    ("CategoricalCrossentropy", {}, distributions, False),
    ("CategoricalCrossentropy", {}, unnormalised_classes, False),
    ("CategoricalCrossentropy", {}, extreme_classes, False),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, classes, False),
    ("CategoricalCrossentropy", {"axis": 1}, classes, False),
    ("CategoricalCrossentropy", {"from_logits": True}, class_logits, True),
    ("CategoricalCrossentropy", {"from_logits": True}, extreme_class_logits, False),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.3}, class_logits, False),
    ("CategoricalFocalCrossentropy", {}, classes, True),
    ("CategoricalFocalCrossentropy", {"alpha": 0.6, "gamma": 1.2}, classes, False),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4]}, classes, False),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, class_logits, False),
    ("SparseCategoricalCrossentropy", {}, labels, True),
    ("SparseCategoricalCrossentropy", {}, label_column, False),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, label_logits, True),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 2}, label_logits, False),
    ("SparseCategoricalCrossentropy", {"ignore_class": 0}, labels, False),
    ("KLDivergence", {}, distributions, True),
    ("KLDivergence", {}, extreme_distributions, False),
    ("Poisson", {}, positive, True),
    ("Hinge", {}, signs, True),
    ("Hinge", {}, logits, False),
    ("Hinge", {}, real, False),
    ("SquaredHinge", {}, signs, True),
    ("SquaredHinge", {}, logits, False),
    ("CategoricalHinge", {}, classes, True),
    ("CategoricalHinge", {}, class_logits, False),
    ("Dice", {}, probabilities, False),
    ("Dice", {"axis": [1]}, probabilities, False),
    ("Tversky", {}, probabilities, False),
    ("Tversky", {"alpha": 0.3, "beta": 0.7}, probabilities, False),
]


def label(class_name, options, data, shape):
    spelled = [f"{k}={v}" for k, v in options.items()]
    return "-".join([class_name, *spelled, data.__name__, f"rank{len(shape)}"])


def options_of(reduction, options):
    options = {k: tuple(v) if k == "axis" and isinstance(v, list) else v for k, v in options.items()}
    return {**options, "reduction": reduction}


def result(class_name, options, y_true, y_pred, reduction, sample_weight=None, mask=None):
    loss = getattr(losses, class_name)(**options_of(reduction, options))

    def function(predicted):
        if mask is not None:
            keras.src.backend.set_keras_mask(predicted, keras.ops.convert_to_tensor(mask))
        return loss(keras.ops.convert_to_tensor(y_true), predicted, sample_weight=sample_weight)

    value, (gradient,) = value_and_gradients(function, [y_pred])
    found = {"reduction": reduction, "value": value, "gradient": gradient}
    if sample_weight is not None:
        found["sample_weight"] = sample_weight
    if mask is not None:
        found["mask"] = mask
    return found


def weightings(stream, shape, in_full):
    """(sample_weight, mask) pairs whose shapes fit per-sample losses of `shape[:-1]`."""
    rows = shape[:-1]
    yield None, None
    yield stream.uniform(rows, 0.1, 2, 2), None
    if not in_full:
        return
    if len(rows) == 2:
        yield stream.uniform((rows[0], 1), 0.1, 2, 2), None
    mask = stream.integers(rows, 3) > 0
    mask.reshape(-1)[:2] = [False, True]
    yield None, mask
    yield stream.uniform(rows, 0.1, 2, 2), mask


def case(seed, class_name, options, data, in_full, shape):
    fresh()
    name = label(class_name, options, data, shape)
    stream = Stream(seed, "losses", name)
    y_true, y_pred = data(stream, shape)
    loss = getattr(losses, class_name)(**options_of("sum_over_batch_size", options))
    results = []
    for sample_weight, mask in weightings(stream, shape, in_full):
        for reduction in REDUCTIONS if in_full else REDUCTIONS[:1]:
            results.append(result(class_name, options, y_true, y_pred, reduction, sample_weight, mask))
    if not in_full:
        results.append(result(class_name, options, y_true, y_pred, "none"))
    return {"name": name, "loss": losses.serialize(loss), "y_true": y_true, "y_pred": y_pred, "results": results}


def applies(options, data, shape):
    """An axis of 1 is the last one at rank 2, where per-sample weights would not fit rank 3 any more."""
    return not (data is column_against_row and len(shape) == 3)


def cases(seed):
    for class_name, options, data, in_full in LOSSES:
        for shape in (FLAT, DEEP):
            if applies(options, data, shape):
                yield (
                    weightless(seed, class_name, options, data, shape)
                    if own_axis(class_name, options, shape)
                    else case(seed, class_name, options, data, in_full, shape)
                )


def own_axis(class_name, options, shape):
    """Losses whose per-sample shape is not `shape[:-1]` are taken without weights."""
    return class_name in ("Dice", "Tversky") or ("axis" in options and len(shape) == 3)


def weightless(seed, class_name, options, data, shape):
    fresh()
    name = label(class_name, options, data, shape)
    y_true, y_pred = data(Stream(seed, "losses", name), shape)
    loss = getattr(losses, class_name)(**options_of("sum_over_batch_size", options))
    results = [result(class_name, options, y_true, y_pred, reduction) for reduction in ("sum_over_batch_size", "sum", "none")]
    return {"name": name, "loss": losses.serialize(loss), "y_true": y_true, "y_pred": y_pred, "results": results}
