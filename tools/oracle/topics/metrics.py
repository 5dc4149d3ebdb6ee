"""Every metric streamed over batches of 5, 3 and 7 rows, unweighted and weighted: the result after each update."""

import numpy as np

from backend import fresh, keras, numbers
from stream import Stream

metrics = keras.metrics
BATCHES = (5, 3, 7)
ROWS = sum(BATCHES)
FLOAT32_IN_IOU = {"tolerance": 1e-6, "reason": "Keras casts the intersection and the union to float32 before dividing"}


def real(stream):
    return stream.normal((ROWS, 3)), stream.normal((ROWS, 3))


def real_deep(stream):
    return stream.normal((ROWS, 2, 3)), stream.normal((ROWS, 2, 3))


def one_output(stream):
    y_true = stream.normal((ROWS, 1))
    return y_true, np.round(0.8 * y_true + stream.normal((ROWS, 1), 0.5), 4)


def correlated(stream):
    y_true = stream.normal((ROWS, 3))
    return y_true, np.round(0.7 * y_true + stream.normal((ROWS, 3), 0.5), 4)


def positive(stream):
    return stream.uniform((ROWS, 3), 0, 4), stream.uniform((ROWS, 3), 0.1, 4)


def binary(stream):
    """One yes/no label a row and a probability that leans its way; some land on 0.5 and on 0 and 1."""
    y_true = stream.integers((ROWS, 1), 2).astype("float64")
    y_pred = np.round(0.25 + 0.4 * y_true + stream.uniform((ROWS, 1), -0.25, 0.35, 3), 3)
    y_pred[3], y_pred[6], y_pred[9] = 0.5, 0.0, 1.0
    return y_true, y_pred


def binary_vector(stream):
    y_true, y_pred = binary(stream)
    return y_true[:, 0], y_pred[:, 0]


def binary_column_against_vector(stream):
    y_true, y_pred = binary(stream)
    return y_true[:, 0], y_pred


def binary_logits(stream):
    y_true, _ = binary(stream)
    return y_true, np.round(2 * y_true - 1 + stream.normal((ROWS, 1), 1.5), 4)


def labels_of_three(stream):
    return stream.integers((ROWS, 3), 2).astype("float64"), stream.uniform((ROWS, 3), 0.02, 0.98, 3)


def logits_of_three(stream):
    return stream.integers((ROWS, 3), 2).astype("float64"), stream.normal((ROWS, 3), 1.5)


def classes(stream):
    return stream.one_hot(ROWS, 4), stream.simplex((ROWS, 4))


def classes_of_seven(stream):
    return stream.one_hot(ROWS, 7), stream.simplex((ROWS, 7))


def class_ties(stream):
    """Coarse scores, so that the true class often ties with others at the edge of the top k."""
    return stream.one_hot(ROWS, 7), stream.uniform((ROWS, 7), 0, 1, 1)


def class_logits(stream):
    return stream.one_hot(ROWS, 4), stream.normal((ROWS, 4), 2)


def labels(stream):
    return stream.integers((ROWS,), 4), stream.simplex((ROWS, 4))


def label_column(stream):
    return stream.integers((ROWS, 1), 4), stream.simplex((ROWS, 4))


def labels_of_seven(stream):
    return stream.integers((ROWS,), 7), stream.simplex((ROWS, 7))


def label_ties(stream):
    return stream.integers((ROWS,), 7), stream.uniform((ROWS, 7), 0, 1, 1)


def label_logits(stream):
    return stream.integers((ROWS,), 4), stream.normal((ROWS, 4), 2)


def label_sequences(stream):
    return stream.integers((ROWS, 2), 4), stream.simplex((ROWS, 2, 4))


def class_sequences(stream):
    return stream.one_hot(ROWS * 2, 4).reshape(ROWS, 2, 4), stream.simplex((ROWS, 2, 4))


def sorted_ids(stream):
    ids = np.stack([stream.bits.permutation(7) for _ in range(ROWS)])
    return stream.integers((ROWS,), 7), ids.astype("float64")


def equal_sometimes(stream):
    return stream.integers((ROWS, 2), 3).astype("float64"), stream.integers((ROWS, 2), 3).astype("float64")


def distributions(stream):
    return stream.simplex((ROWS, 4)), stream.simplex((ROWS, 4))


def signs(stream):
    return 2.0 * stream.integers((ROWS, 3), 2) - 1, stream.normal((ROWS, 3))


def integer_labels(stream):
    return stream.integers((ROWS,), 3), stream.integers((ROWS,), 3)


METRICS = [
    ("Accuracy", {}, equal_sometimes),
    ("BinaryAccuracy", {}, binary),
    ("BinaryAccuracy", {}, binary_column_against_vector),
    ("BinaryAccuracy", {"threshold": 0.3}, labels_of_three),
    ("CategoricalAccuracy", {}, classes),
    ("CategoricalAccuracy", {}, class_sequences),
    ("SparseCategoricalAccuracy", {}, labels),
    ("SparseCategoricalAccuracy", {}, label_column),
    ("SparseCategoricalAccuracy", {}, label_sequences),
    ("TopKCategoricalAccuracy", {}, classes_of_seven),
    ("TopKCategoricalAccuracy", {"k": 2}, classes),
    ("TopKCategoricalAccuracy", {"k": 3}, class_ties),
    ("SparseTopKCategoricalAccuracy", {}, labels_of_seven),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, labels),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, label_ties),
    ("SparseTopKCategoricalAccuracy", {"k": 3, "from_sorted_ids": True}, sorted_ids),
    ("AUC", {}, binary),
    ("AUC", {}, binary_vector),
    ("AUC", {"num_thresholds": 7}, binary),
    ("AUC", {"num_thresholds": 11, "summation_method": "minoring"}, binary),
    ("AUC", {"num_thresholds": 11, "summation_method": "majoring"}, binary),
    ("AUC", {"curve": "PR"}, binary),
    ("AUC", {"curve": "PR", "num_thresholds": 9, "summation_method": "minoring"}, binary),
    ("AUC", {"curve": "PR", "num_thresholds": 9, "summation_method": "majoring"}, binary),
    ("AUC", {"thresholds": [0.15, 0.4, 0.45, 0.8]}, binary),
    ("AUC", {"thresholds": [0.15, 0.4, 0.45, 0.8], "curve": "PR"}, binary),
    ("AUC", {"from_logits": True}, binary_logits),
    ("AUC", {}, labels_of_three),
    ("AUC", {"multi_label": True, "num_labels": 3}, labels_of_three),
    ("AUC", {"multi_label": True, "num_labels": 3, "curve": "PR", "num_thresholds": 20}, labels_of_three),
    ("AUC", {"multi_label": True, "num_labels": 3, "label_weights": [0.5, 1.0, 2.0]}, labels_of_three),
    ("Precision", {}, binary),
    ("Precision", {"thresholds": 0.7}, labels_of_three),
    ("Precision", {"thresholds": [0.2, 0.5, 0.8]}, binary),
    ("Precision", {"top_k": 2}, classes),
    ("Precision", {"class_id": 1}, labels_of_three),
    ("Precision", {"top_k": 2, "class_id": 2}, classes),
    ("Recall", {}, binary),
    ("Recall", {"thresholds": 0.7}, labels_of_three),
    ("Recall", {"thresholds": [0.2, 0.5, 0.8]}, binary),
    ("Recall", {"top_k": 2}, classes),
    ("Recall", {"class_id": 1}, labels_of_three),
    ("TruePositives", {}, binary),
    ("TruePositives", {"thresholds": [0.3, 0.6]}, labels_of_three),
    ("TrueNegatives", {}, binary),
    ("TrueNegatives", {"thresholds": 0.3}, labels_of_three),
    ("FalsePositives", {}, binary),
    ("FalsePositives", {"thresholds": [0.3, 0.6]}, binary),
    ("FalseNegatives", {}, binary),
    ("FalseNegatives", {"thresholds": 0.6}, labels_of_three),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, binary),
    ("SensitivityAtSpecificity", {"specificity": 0.4, "num_thresholds": 1}, binary),
    ("SpecificityAtSensitivity", {"sensitivity": 0.7, "num_thresholds": 50}, binary),
    ("PrecisionAtRecall", {"recall": 0.6}, binary),
    ("RecallAtPrecision", {"precision": 0.7}, binary),
    ("RecallAtPrecision", {"precision": 0.6, "class_id": 1}, labels_of_three),
    ("F1Score", {}, labels_of_three),
    ("F1Score", {"threshold": 0.5}, labels_of_three),
    ("F1Score", {"threshold": 0.4, "average": "micro"}, labels_of_three),
    ("F1Score", {"threshold": 0.4, "average": "macro"}, labels_of_three),
    ("F1Score", {"threshold": 0.4, "average": "weighted"}, labels_of_three),
    ("F1Score", {"average": "macro"}, classes),
    ("FBetaScore", {}, classes),
    ("FBetaScore", {"beta": 2.0, "threshold": 0.5}, labels_of_three),
    ("FBetaScore", {"beta": 0.5, "average": "weighted"}, classes),
    ("MeanSquaredError", {}, real),
    ("MeanSquaredError", {}, real_deep),
    ("RootMeanSquaredError", {}, real),
    ("RootMeanSquaredError", {}, one_output),
    ("MeanAbsoluteError", {}, real),
    ("MeanAbsolutePercentageError", {}, real),
    ("MeanSquaredLogarithmicError", {}, positive),
    ("CosineSimilarity", {}, real),
    ("CosineSimilarity", {"axis": 1}, real_deep),
    ("LogCoshError", {}, real),
    ("R2Score", {}, correlated),
    ("R2Score", {}, one_output),
    ("R2Score", {"class_aggregation": None}, correlated),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, correlated),
    ("R2Score", {"num_regressors": 2}, correlated),
    ("PearsonCorrelation", {}, real),
    ("PearsonCorrelation", {"axis": 0}, correlated),
    ("ConcordanceCorrelation", {}, real),
    ("BinaryCrossentropy", {}, binary),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, labels_of_three),
    ("BinaryCrossentropy", {"from_logits": True}, logits_of_three),
    ("CategoricalCrossentropy", {}, classes),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, classes),
    ("CategoricalCrossentropy", {"from_logits": True}, class_logits),
    ("SparseCategoricalCrossentropy", {}, labels),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, label_logits),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, labels),
    ("KLDivergence", {}, distributions),
    ("Poisson", {}, positive),
    ("Hinge", {}, signs),
    ("Hinge", {}, logits_of_three),
    ("SquaredHinge", {}, signs),
    ("CategoricalHinge", {}, class_logits),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2]}, integer_labels),
    ("BinaryIoU", {"target_class_ids": [0, 1], "threshold": 0.4}, binary_vector),
    ("MeanIoU", {"num_classes": 3}, integer_labels),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1, 3]}, classes),
    ("OneHotMeanIoU", {"num_classes": 4}, classes),
]
IN_FLOAT32 = ("IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")


def label(class_name, options, data):
    return "-".join([class_name, *(f"{k}={v}" for k, v in options.items()), data.__name__])


def bounds():
    edges = np.cumsum((0, *BATCHES))
    return list(zip(edges[:-1], edges[1:]))


def stream_through(class_name, options, y_true, y_pred, sample_weight, module=metrics):
    """The result after each batch, then after a reset and the last batch alone."""
    fresh()
    metric = getattr(module, class_name)(**options)
    results = []
    for start, end in bounds():
        update(metric, y_true, y_pred, sample_weight, start, end)
        results.append(numbers(metric.result()).copy())
    metric.reset_state()
    update(metric, y_true, y_pred, sample_weight, *bounds()[-1])
    return {"results": results, "after_reset": numbers(metric.result()).copy()}


def update(metric, y_true, y_pred, sample_weight, start, end):
    weight = None if sample_weight is None else sample_weight[start:end]
    metric.update_state(y_true[start:end], y_pred[start:end], sample_weight=weight)


def weights_for(class_name, stream, y_true):
    """A weight per row; at rank 3 one per row and position. The IoU family counts in integers."""
    shape = y_true.shape[:2] if y_true.ndim == 3 else (ROWS,)
    if class_name in IN_FLOAT32:
        return stream.integers(shape, 4, low=1)
    return stream.uniform(shape, 0.1, 2, 2)


def case(seed, class_name, options, data):
    name = label(class_name, options, data)
    stream = Stream(seed, "metrics", name)
    y_true, y_pred = data(stream)
    fresh()
    made = {
        "name": name,
        "metric": metrics.serialize(getattr(metrics, class_name)(**options)),
        "batches": BATCHES,
        "y_true": y_true,
        "y_pred": y_pred,
        "unweighted": stream_through(class_name, options, y_true, y_pred, None),
    }
    sample_weight = weights_for(class_name, stream, y_true)
    if takes_no_weights(options):
        return made | tolerance(class_name)
    weighted = stream_through(class_name, options, y_true, y_pred, sample_weight)
    return made | {"sample_weight": sample_weight, "weighted": weighted} | tolerance(class_name)


def takes_no_weights(options):
    """Where a weight per row has no meaning for the per-sample values."""
    return "axis" in options


def tolerance(class_name):
    return FLOAT32_IN_IOU if class_name in IN_FLOAT32 else {}


def averages(seed, class_name):
    """Mean and Sum take values, not predictions."""
    stream = Stream(seed, "metrics", class_name)
    values, sample_weight = stream.normal((ROWS, 2)), stream.uniform((ROWS,), 0.1, 2, 2)
    fresh()
    case = {"name": class_name, "metric": metrics.serialize(getattr(metrics, class_name)()), "batches": BATCHES, "values": values}
    for key, weight in (("unweighted", None), ("weighted", sample_weight)):
        metric = getattr(metrics, class_name)()
        results = []
        for start, end in bounds():
            metric.update_state(values[start:end], sample_weight=None if weight is None else weight[start:end])
            results.append(numbers(metric.result()).copy())
        case[key] = {"results": results}
    return case | {"sample_weight": sample_weight}


def cases(seed):
    yield from (averages(seed, class_name) for class_name in ("Mean", "Sum"))
    yield from (case(seed, *row) for row in METRICS)
