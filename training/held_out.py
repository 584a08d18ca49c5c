"""What a model is measured on: faces it was not trained on, and the several answers to what they show."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.emotion.labels import LABELS
from training.data import VOTE_COLUMNS, FaceSet, read_fer2013, read_folder, read_votes, with_crowd_votes
from training.errors import DataError
from training.names import NO_LABEL, label_index
from training.sources import VOTES_FILE, fer2013_file, read_source

log = logging.getLogger(__name__)

CONTEMPT = len(LABELS)
"""The FER+ authors' eighth class, which no model of ours answers."""

OWN_LABELS = "FER2013's own labels"
"""Whose labels they are, where nobody's votes count."""

TIE_RULE = f"where two answers have equally many votes, the first in FER+'s order counts: {', '.join(VOTE_COLUMNS)}"


@dataclass(frozen=True)
class Crowd:
    """What else is known of FER2013's faces; every array has one entry a face of the split.

    keywords: (N,) FER2013's own label, the word its picture was searched by.
    authors: (N,) the FER+ authors' label, CONTEMPT or NO_LABEL.
    tied: (N,) bool: another answer has as many votes as the majority.
    agreement: (N,) the share of the votes that the majority has, 0..1.
    twins: (N,) bool: a pixel-identical picture is in Training.
    """

    keywords: np.ndarray
    authors: np.ndarray
    tied: np.ndarray
    agreement: np.ndarray
    twins: np.ndarray


@dataclass(frozen=True)
class HeldOut:
    """faces: labelled by the crowd's majority, or by their folders. names: (N,) what each is called in a list.

    split: one of SPLITS. truth: whose labels, where they are neither the crowd's nor the folders'.
    crowd: of FER2013's faces, else None. posed: CK+ faces of people nobody selected by, or None.
    """

    split: str
    faces: FaceSet
    names: list[str]
    crowd: Crowd | None
    posed: FaceSet | None
    posed_names: list[str]
    truth: str | None = None


@dataclass(frozen=True)
class Known:
    """A source of faces (`training.sources`). splits: labelled by the crowd, or by their folders or table.

    keywords: the same faces and those without votes, with FER2013's own labels; None for other pictures.
    votes: the file of the crowd's votes. truth: see HeldOut.
    """

    splits: dict[str, FaceSet]
    keywords: dict[str, FaceSet] | None = None
    votes: Path | None = None
    truth: str | None = None


def known(source: Path) -> Known:
    """Read a source; FER2013 without the file of the votes is labelled as it came. Raises DataError."""
    file = fer2013_file(source)
    if file is None:
        return Known(read_source(source))
    keywords, votes = read_fer2013(file), file.with_name(VOTES_FILE)
    if not votes.is_file():
        log.warning("%s is missing: %s count, not what people see", votes, OWN_LABELS)
        return Known(keywords, truth=OWN_LABELS)
    return Known(with_crowd_votes(keywords, votes), keywords, votes)


def by_own_labels(faces: Known) -> Known:
    """FER2013's pictures, labelled by the words they were searched by; other pictures as they are."""
    return faces if faces.keywords is None else Known(faces.keywords, truth=OWN_LABELS)


def held_out(faces: Known, split: str, ck: Path | None) -> HeldOut:
    """What one split is measured on. ck: the folder of CK+ by emotion. Raises DataError."""
    if not (faces.splits[split].labels != NO_LABEL).any():
        raise DataError(f"no faces for {split} to measure on; add pictures, or name another --split")
    if faces.keywords is None or faces.votes is None:
        pictures = faces.splits[split]
        names = _rows(pictures) if pictures.names is None else list(pictures.names)
        return HeldOut(split, pictures, names, None, *_posed(ck), faces.truth)
    all_of_it = faces.keywords[split]
    _, votes = read_votes(faces.votes)
    votes = votes[all_of_it.rows]
    most = votes.max(axis=1)
    crowd = Crowd(
        keywords=all_of_it.labels,
        authors=authors_majority(votes),
        tied=(votes == most[:, None]).sum(axis=1) > 1,
        agreement=most / np.maximum(1, votes.sum(axis=1)),
        twins=has_twin(all_of_it, faces.keywords["Training"]),
    )
    labelled = _labelled_by(all_of_it, faces.splits[split])
    return HeldOut(split, labelled, _rows(all_of_it), crowd, *_posed(ck))


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


def has_twin(faces: FaceSet, training: FaceSet) -> np.ndarray:
    """(N,) bool: the very same pixels are in Training."""
    seen = {image.tobytes() for image in training.images}
    return np.array([image.tobytes() in seen for image in faces.images], dtype=bool)


def later_half(ck: Path) -> tuple[FaceSet, list[str]]:
    """The CK+ faces that count, of people nobody selected by, and their files' names. Raises DataError."""
    faces, names = read_folder(ck)
    later = second_half_of_people(names)
    return faces.take(later), [name for name, kept in zip(names, later, strict=True) if kept]


def second_half_of_people(names: list[str]) -> np.ndarray:
    """(N,) bool: CK+ pictures (S010_0441.png) of the later half of the people, sorted by their number."""
    people = sorted({name.split("_")[0] for name in names})
    later = set(people[len(people) // 2 :])
    return np.array([name.split("_")[0] in later for name in names], dtype=bool)


def _labelled_by(faces: FaceSet, voted: FaceSet) -> FaceSet:
    """All the faces, with the labels and targets of those that got votes; the others have NO_LABEL."""
    place = np.searchsorted(faces.rows, voted.rows)
    targets, labels = np.zeros_like(faces.targets), np.full_like(faces.labels, NO_LABEL)
    targets[place], labels[place] = voted.targets, voted.labels
    return replace(faces, targets=targets, labels=labels)


def _rows(faces: FaceSet) -> list[str]:
    return [f"fer2013.csv row {row + 2}" for row in faces.rows]


def _posed(ck: Path | None) -> tuple[FaceSet | None, list[str]]:
    return (None, []) if ck is None else later_half(ck)
