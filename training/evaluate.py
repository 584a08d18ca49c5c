"""Measure a model file on faces it was not trained on, through the classifier that the device runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from edge.emotion.card import Card
from edge.emotion.classifier import log_prior, probabilities
from edge.emotion.labels import LABELS
from training.corruptions import CORRUPTIONS, corrupted
from training.data import NO_LABEL, VOTE_COLUMNS, FaceSet, label_index, read_folder, read_votes
from training.metrics import evaluate, proportion, rounded

VOTES_FILE = "fer2013new.csv"
CONTEMPT = len(LABELS)
"""The FER+ authors' eighth class, which no model of ours answers."""

NO_NEUTRAL = tuple(1e-9 if label == "neutral" else 1.0 for label in LABELS)
"""Base rates of a place without neutral faces: CK+ holds only peaks of expressions."""


class Classifier(Protocol):
    """What is measured: `edge.emotion.classifier.EmotionClassifier`, or a fake of it in a test."""

    card: Card

    def logits(self, face: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class HeldOut:
    """What a model is measured on. twins: where a pixel-identical picture is in Training.

    majority: by row of the votes file, the FER+ authors' label in this split, CONTEMPT or NO_LABEL.
    posed: CK+ faces of people nobody selected by, or None.
    """

    split: str
    faces: FaceSet
    twins: np.ndarray
    majority: np.ndarray
    posed: FaceSet | None


def held_out(splits: dict[str, FaceSet], data: Path, split: str, ck: Path | None) -> HeldOut:
    """Gather them. splits: as `read_crowd` gives them from the folder `data`. Raises DataError."""
    usages, votes = read_votes(data / VOTES_FILE)
    majority = np.where(np.array(usages) == split, authors_majority(votes), NO_LABEL)
    posed = None if ck is None else later_half(ck)
    return HeldOut(split, splits[split], has_twin(splits[split], splits["Training"]), majority, posed)


def measure(classifier: Classifier, test: HeldOut, corruptions: bool = False) -> dict[str, Any]:
    """Every number we report about a model, JSON-ready. Shows its progress on a terminal."""
    sets = 1 + (test.posed is not None) + (len(CORRUPTIONS) if corruptions else 0)
    with progress(sets) as show:
        logits = model_logits(classifier, test.faces.images, show)
        everyday, balanced = _by_base_rates(classifier.card, logits, ("everyday", "balanced"))
        result: dict[str, Any] = {
            "split": test.split,
            "everyday": evaluate(everyday, test.faces),
            "balanced": evaluate(balanced, test.faces),
            "without_twins": evaluate(everyday[~test.twins], test.faces.take(~test.twins))["accuracy"],
            "authors_majority": authors_accuracy(test, everyday.argmax(axis=1)),
        }
        if test.posed is not None:
            posed = _by_base_rates(
                classifier.card,
                model_logits(classifier, test.posed.images, show),
                ("everyday", "balanced", NO_NEUTRAL),
            )
            names = ("everyday", "balanced", "balanced_without_neutral")
            result["ck"] = {name: evaluate(answer, test.posed) for name, answer in zip(names, posed, strict=True)}
        if corruptions:
            result["corruptions"] = _under_corruptions(classifier, test.faces.labelled(), show)
    return rounded(result)


def model_logits(classifier: Classifier, images: np.ndarray, show: Show | None = None) -> np.ndarray:
    """(N, 7) the network's own answers to (N, S, S) uint8 faces."""
    result = np.empty((len(images), len(LABELS)), dtype=np.float32)
    for row, image in enumerate(images):
        result[row] = classifier.logits(image)
        if show:
            show(1 / len(images))
    return result


def authors_majority(votes: np.ndarray) -> np.ndarray:
    """(N,) the label by the FER+ authors' rule for "majority" (Barsoum et al. 2016), CONTEMPT, or NO_LABEL.

    votes: (N, 10). Single votes are dropped; the winner needs more than half of what is left and must be an emotion.
    """
    kept = np.where(votes > 1, votes, 0)
    winner = kept.argmax(axis=1)
    clear = 2 * kept.max(axis=1) > kept.sum(axis=1)
    classes = np.full(len(VOTE_COLUMNS), NO_LABEL)
    classes[:7] = [label_index(name, "FER+") for name in VOTE_COLUMNS[:7]]
    classes[7] = CONTEMPT
    return np.where(clear, classes[winner], NO_LABEL)


def authors_accuracy(test: HeldOut, answers: np.ndarray) -> dict[str, Any]:
    """Accuracy in the authors' protocol of eight classes; every contemptuous face counts as missed."""
    total = int((test.majority != NO_LABEL).sum())
    right = int((test.majority[test.faces.rows] == answers).sum())
    return {"faces": total, "accuracy": proportion(right, max(1, total))}


def has_twin(faces: FaceSet, training: FaceSet) -> np.ndarray:
    """(N,) bool: the very same pixels are in Training."""
    seen = {image.tobytes() for image in training.images}
    return np.array([image.tobytes() in seen for image in faces.images], dtype=bool)


def later_half(ck: Path) -> FaceSet:
    """The CK+ faces that count: of people nobody selected by. Raises DataError."""
    faces, names = read_folder(ck)
    return faces.take(second_half_of_people(names))


def second_half_of_people(names: list[str]) -> np.ndarray:
    """(N,) bool: CK+ pictures (S010_0441.png) of the later half of the people, sorted by their number."""
    people = sorted({name.split("_")[0] for name in names})
    later = set(people[len(people) // 2 :])
    return np.array([name.split("_")[0] in later for name in names], dtype=bool)


def _under_corruptions(classifier: Classifier, faces: FaceSet, show: Show) -> dict[str, Any]:
    accuracy = {}
    for name in CORRUPTIONS:
        logits = model_logits(classifier, corrupted(faces.images, name), show)
        accuracy[name] = float((logits.argmax(axis=1) == faces.labels).mean())
    return {"mean_accuracy": float(np.mean(list(accuracy.values()))), "accuracy": accuracy}


def _by_base_rates(card: Card, logits: np.ndarray, settings: tuple[str | tuple[float, ...], ...]) -> list[np.ndarray]:
    return [probabilities(logits, float(card["temperature"]), log_prior(card, rates)) for rates in settings]


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
