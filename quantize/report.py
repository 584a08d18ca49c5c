"""Float against int8: what quantization cost, measured face by face through the classifier that the device runs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from edge.emotion.classifier import EmotionClassifier, probabilities
from edge.emotion.labels import LABELS
from quantize.operators import operators
from training.data import FaceSet
from training.evaluate import model_logits
from training.evaluation_report import interval, markdown, percent
from training.metrics import evaluate, mcnemar, rounded

TIMED_FACES = 1000


def compare(float_model: Path, int8_model: Path, faces: FaceSet, split: str, limit_points: float) -> dict[str, Any]:
    """Every number of the report, JSON-ready. limit_points: percentage points that int8 may lose. Raises ModelError."""
    faces = faces.labelled()
    models = {"float": float_model, "int8": int8_model}
    classifiers = {name: EmotionClassifier(path) for name, path in models.items()}
    answers, results = {}, {}
    for name, classifier in classifiers.items():
        logits = model_logits(classifier, faces.images)
        answers[name] = logits.argmax(axis=1)
        results[name] = evaluate(probabilities(logits, float(classifier.card["temperature"])), faces)
    milliseconds = latency_ms(classifiers, faces.images[:TIMED_FACES])
    lost = 100 * (results["float"]["accuracy"]["value"] - results["int8"]["accuracy"]["value"])
    result = {
        "split": split,
        "faces": len(faces),
        "sha256": classifiers["int8"].card["sha256"],
        "lost_points": lost,
        "limit_points": limit_points,
        "within_limit": bool(lost <= limit_points),
        "equal_decisions": float((answers["float"] == answers["int8"]).mean()),
        "mcnemar_p": mcnemar(*(answers[name] == faces.labels for name in ("float", "int8"))),
        "operators": dict(Counter(operator.name for operator in operators(int8_model.read_bytes()))),
    }
    for name, path in models.items():
        result[name] = {
            "size_bytes": path.stat().st_size,
            "latency_ms": milliseconds[name],
            "temperature": classifiers[name].card["temperature"],
            **results[name],
        }
    return rounded(result)


def latency_ms(classifiers: dict[str, EmotionClassifier], images: np.ndarray) -> dict[str, float]:
    """Median milliseconds a face, one thread. The classifiers take turns, so that a busy machine slows both."""
    taken: dict[str, list[float]] = {name: [] for name in classifiers}
    for image in images:
        for name, classifier in classifiers.items():
            start = time.perf_counter()
            classifier.classify([image])
            taken[name].append(time.perf_counter() - start)
    return {name: 1000 * float(np.median(seconds)) for name, seconds in taken.items()}


def as_markdown(result: dict[str, Any], name: str) -> str:
    """The report as a page. result: as `compare` gives it."""
    one, other = result["float"], result["int8"]
    verdict = "passed" if result["within_limit"] else "**failed**"
    lines = [
        ("accuracy (95 % interval)", interval(one["accuracy"]), interval(other["accuracy"])),
        ("macro-F1", f"{one['macro_f1']:.3f}", f"{other['macro_f1']:.3f}"),
        ("calibration error to the majority", f"{one['calibration_error']:.3f}", f"{other['calibration_error']:.3f}"),
        ("neutral called sad", percent(one["neutral_called_sad"]), percent(other["neutral_called_sad"])),
        ("size", f"{one['size_bytes'] / 1000:.0f} KB", f"{other['size_bytes'] / 1000:.0f} KB"),
        ("a face, one thread, median", f"{one['latency_ms']:.3f} ms", f"{other['latency_ms']:.3f} ms"),
    ]
    kinds = [
        (
            label,
            str(one["per_class"][label]["faces"]),
            *(percent(each["per_class"][label]["recall"]) for each in (one, other)),
            *(percent(each["per_class"][label]["precision"]) for each in (one, other)),
        )
        for label in LABELS
    ]
    used = ", ".join(f"{count} {operator}" for operator, count in sorted(result["operators"].items()))
    return f"""# {name}: float against int8

{result["split"]}, {result["faces"]} faces whose crowd majority is one of the seven, everyday base rates. Both files ran
through the device's classifier in one process, in turns.

Accuracy of int8 less that of float: **{-result["lost_points"]:+.2f} points**.
It may lose {result["limit_points"]:g}: {verdict}.
{percent(result["equal_decisions"])} of the decisions are equal. McNemar's exact p that both are equally often right:
{result["mcnemar_p"]:.2f}.

{markdown(("", "float32", "int8"), lines)}
{markdown(("", "faces", "recall, float32", "recall, int8", "precision, float32", "precision, int8"), kinds)}
Operators of the int8 file, none of them in float: {used}.

Checksum of the int8 file: `{result["sha256"]}`.
"""
