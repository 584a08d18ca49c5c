"""Measure a model file on faces it was not trained on, through the classifier that the device runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from edge.emotion.card import Card
from edge.emotion.classifier import log_offsets, probabilities
from edge.emotion.labels import LABELS
from training.corruptions import CORRUPTIONS, corrupted
from training.data import FaceSet, labelled_faces
from training.held_out import TIE_RULE, Crowd, HeldOut
from training.metrics import evaluate, proportion, reliability, risk_coverage, rounded
from training.names import NO_LABEL

RATES = ("everyday", "balanced")
NO_NEUTRAL = tuple(1e-9 if label == "neutral" else 1.0 for label in LABELS)
"""Base rates of a place without neutral faces: CK+ holds only peaks of expressions."""

AGREEMENT = {"at most 5 of 10": 0.5, "6 or 7 of 10": 0.7, "8 or 9 of 10": 0.9, "all 10": 1.0}
"""How many people chose the majority, and the highest share of the votes that counts as such."""


class Classifier(Protocol):
    """What is measured: `edge.emotion.classifier.EmotionClassifier`, or a fake of it in a test."""

    card: Card

    def logits(self, face: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Measured:
    """result: every number we report, JSON-ready. answers: (N, 7) probabilities by base rates, posed: the same."""

    result: dict[str, Any]
    answers: dict[str, np.ndarray]
    posed: dict[str, np.ndarray]


def measure(classifier: Classifier, test: HeldOut, corruptions: bool = False) -> Measured:
    """Every number we report about a model. Shows its progress on a terminal."""
    sets = 2 * (1 + (test.posed is not None)) + (len(CORRUPTIONS) if corruptions else 0)
    with progress(sets) as show:
        answers = _by_base_rates(classifier.card, model_logits(classifier, test.faces.images, show), RATES)
        mirror = _in_the_mirror(classifier, test.faces, show)
        result: dict[str, Any] = {"split": test.split} | ({"truth": test.truth} if test.truth else {})
        result |= {rates: _on_faces(classifier.card, answers[rates], test.faces) for rates in RATES}
        result["both_views"] = _by_both_views(answers, mirror, test.faces)
        if test.crowd is not None:
            result |= _by_protocol(answers["everyday"], test.faces, test.crowd)
        posed = {}
        if test.posed is not None:
            logits = model_logits(classifier, test.posed.images, show)
            posed = _by_base_rates(classifier.card, logits, (*RATES, NO_NEUTRAL))
            result["ck"] = {rates: evaluate(each, test.posed) for rates, each in posed.items()}
            mirror = _in_the_mirror(classifier, test.posed, show)
            result["ck_both_views"] = _by_both_views(posed, mirror, test.posed)
        if corruptions:
            result["corruptions"] = _under_corruptions(classifier, test.faces.labelled(), show)
    return Measured(rounded(result), answers, posed)


def model_logits(classifier: Classifier, images: np.ndarray, show: Show | None = None) -> np.ndarray:
    """(N, 7) the network's own answers to (N, S, S) uint8 faces."""
    result = np.empty((len(images), len(LABELS)), dtype=np.float32)
    for row, image in enumerate(images):
        result[row] = classifier.logits(image)
        if show:
            show(1 / len(images))
    return result


def _in_the_mirror(classifier: Classifier, faces: FaceSet, show: Show) -> dict[str, np.ndarray]:
    """(N, 7) probabilities of the mirrored faces, by base rates."""
    images = np.ascontiguousarray(faces.images[:, :, ::-1])
    return _by_base_rates(classifier.card, model_logits(classifier, images, show), RATES)


def _by_both_views(alone: dict[str, np.ndarray], mirror: dict[str, np.ndarray], faces: FaceSet) -> dict[str, Any]:
    """How good the mean of a face's and its mirror image's answers is: what the device says of a single picture."""
    return {rates: evaluate((alone[rates] + mirror[rates]) / 2, faces) for rates in RATES}


def _on_faces(card: Card, answers: np.ndarray, faces: FaceSet) -> dict[str, Any]:
    """How good probabilities are, how far they can be believed, and what is called uncertain."""
    labelled = faces.labels != NO_LABEL
    confidence = answers[labelled].max(axis=1)
    right = answers[labelled].argmax(axis=1) == faces.labels[labelled]
    sure = confidence >= float(card.get("uncertain_below", 0.0))
    return evaluate(answers, faces) | {
        "calibration_curve": reliability(confidence, right),
        "risk_coverage": risk_coverage(confidence, right),
        "sure": {"share": float(sure.mean()), "accuracy": _share(right[sure])},
    }


def _by_protocol(answers: np.ndarray, faces: FaceSet, crowd: Crowd) -> dict[str, Any]:
    """Other ways to score the same answers, (N, 7) probabilities with everyday base rates."""
    given = answers.argmax(axis=1)
    right, labelled = given == faces.labels, faces.labels != NO_LABEL
    by_keyword = evaluate(answers, labelled_faces(faces.images, crowd.keywords))
    agreed = np.digitize(np.round(crowd.agreement, 6), list(AGREEMENT.values())[:-1], right=True)
    counted = crowd.authors != NO_LABEL
    return {
        "tie_rule": TIE_RULE,
        "without_ties": _counted(right[labelled & ~crowd.tied]),
        "without_twins": _counted(right[labelled & ~crowd.twins]),
        "by_agreement": {
            words: _counted(right[labelled & (agreed == number)])
            for number, words in enumerate(AGREEMENT)
            if (labelled & (agreed == number)).any()
        },
        "authors_majority": {
            "faces": int(counted.sum()),
            "accuracy": _proportion((crowd.authors == given)[counted]),
        },
        "fer2013_labels": {
            **{key: by_keyword[key] for key in ("faces", "accuracy", "macro_f1")},
            "without_twins": _counted((given == crowd.keywords)[~crowd.twins]),
        },
    }


def _under_corruptions(classifier: Classifier, faces: FaceSet, show: Show) -> dict[str, Any]:
    accuracy: dict[str, dict[str, float]] = {rates: {} for rates in RATES}
    for name in CORRUPTIONS:
        logits = model_logits(classifier, corrupted(faces.images, name), show)
        for rates, answers in _by_base_rates(classifier.card, logits, RATES).items():
            accuracy[rates][name] = float((answers.argmax(axis=1) == faces.labels).mean())
    mean = {rates: float(np.mean(list(each.values()))) for rates, each in accuracy.items()}
    return {
        "mean_accuracy": mean["everyday"],
        "accuracy": accuracy["everyday"],
        "balanced_mean_accuracy": mean["balanced"],
        "balanced_accuracy": accuracy["balanced"],
    }


def _by_base_rates(
    card: Card, logits: np.ndarray, settings: tuple[str | tuple[float, ...], ...]
) -> dict[str, np.ndarray]:
    return {
        "balanced_without_neutral" if rates == NO_NEUTRAL else str(rates): probabilities(
            logits, float(card["temperature"]), log_offsets(card, rates)
        )
        for rates in settings
    }


def _counted(right: np.ndarray) -> dict[str, Any]:
    """A share of right answers with its interval and the number of faces."""
    return _proportion(right) | {"faces": len(right)}


def _proportion(right: np.ndarray) -> dict[str, float | None]:
    """The share of right answers with its interval; of no faces there is none, and nothing is known of it."""
    if not len(right):
        return {"value": None, "low": 0.0, "high": 1.0}
    return {**proportion(int(right.sum()), len(right))}


def _share(right: np.ndarray) -> float | None:
    return float(right.mean()) if len(right) else None


class Show(Protocol):
    """Advances a bar by a part of a set of faces."""

    def __call__(self, sets: float) -> None: ...


@contextmanager
def progress(sets: int) -> Iterator[Show]:
    """Yields a function that advances a bar by a part of a set of faces."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("measuring", total=sets)
        yield lambda part: bar.advance(task, part)
