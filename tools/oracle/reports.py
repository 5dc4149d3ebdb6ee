"""Writes __test__/fixtures/reports.json: what scikit-learn reports of some predictions.

Run with a Python that has scikit-learn: python3 tools/oracle/reports.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics

FIXTURE = Path(__file__).parents[2] / "__test__" / "fixtures" / "reports.json"


def classes():
    """Five classes, one of which is never predicted and one that is never true."""
    random = np.random.default_rng(1)
    actual = random.integers(0, 4, 60)
    predicted = np.where(random.random(60) < 0.6, actual, random.integers(1, 5, 60))
    predicted[predicted == 2] = 3
    report = metrics.classification_report(actual, predicted, labels=range(5), output_dict=True, zero_division=0)
    return {
        "actual": actual.tolist(),
        "predicted": predicted.tolist(),
        "matrix": metrics.confusion_matrix(actual, predicted, labels=range(5)).tolist(),
        "accuracy": metrics.accuracy_score(actual, predicted),
        "classes": [report[str(label)] for label in range(5)],
        "macro": report["macro avg"],
        "weighted": report["weighted avg"],
    }


def curves():
    """A binary score with ties."""
    random = np.random.default_rng(2)
    actual = random.integers(0, 2, 50)
    score = np.round(np.clip(random.normal(0.35 + 0.3 * actual, 0.25), 0, 1), 1)
    false, true, thresholds = metrics.roc_curve(actual, score, drop_intermediate=False)
    precision, recall, levels = metrics.precision_recall_curve(actual, score)
    return {
        "actual": actual.tolist(),
        "score": score.tolist(),
        "roc": {"false": false.tolist(), "true": true.tolist(), "thresholds": thresholds[1:].tolist()},
        "area": metrics.roc_auc_score(actual, score),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "levels": levels.tolist(),
        "averagePrecision": metrics.average_precision_score(actual, score),
    }


if __name__ == "__main__":
    fixture = {"sklearn": sklearn.__version__, "classes": classes(), "curves": curves()}
    FIXTURE.write_text(json.dumps(fixture, indent=1) + "\n")
