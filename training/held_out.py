"""What a model is measured on: faces it was not trained on, and the several answers to what they show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.emotion.labels import LABELS
from training.data import NO_LABEL, VOTE_COLUMNS, FaceSet, label_index, read_folder, read_votes, with_crowd_votes

FER2013_FILE = "fer2013.csv"
VOTES_FILE = "fer2013new.csv"
CONTEMPT = len(LABELS)
"""The FER+ authors' eighth class, which no model of ours answers."""

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

    split: where they come from, in words.
    crowd: of FER2013's faces, else None. posed: CK+ faces of people nobody selected by, or None.
    """

    split: str
    faces: FaceSet
    names: list[str]
    crowd: Crowd | None
    posed: FaceSet | None
    posed_names: list[str]


def held_out(keywords: dict[str, FaceSet], data: Path, split: str, ck: Path | None) -> HeldOut:
    """One split of FER2013 with the crowd's votes. Raises DataError.

    keywords: as `read_fer2013` gives them from the folder `data`, which holds the votes, too.
    """
    voted = with_crowd_votes(keywords, data / VOTES_FILE)[split]
    _, votes = read_votes(data / VOTES_FILE)
    faces = keywords[split]
    votes = votes[faces.rows]
    most = votes.max(axis=1)
    crowd = Crowd(
        keywords=faces.labels,
        authors=authors_majority(votes),
        tied=(votes == most[:, None]).sum(axis=1) > 1,
        agreement=most / np.maximum(1, votes.sum(axis=1)),
        twins=has_twin(faces, keywords["Training"]),
    )
    names = [f"fer2013.csv row {row + 2}" for row in faces.rows]
    return HeldOut(split, _labelled_by(faces, voted), names, crowd, *_posed(ck))


def held_out_folder(folder: Path, ck: Path | None) -> HeldOut:
    """Pictures of one's own, one folder an emotion. Raises DataError."""
    faces, names = read_folder(folder)
    named = [f"{LABELS[label]}/{name}" for label, name in zip(faces.labels, names, strict=True)]
    return HeldOut(f"the folder {folder.name}", faces, named, None, *_posed(ck))


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
    return FaceSet(faces.images, targets, labels, faces.rows)


def _posed(ck: Path | None) -> tuple[FaceSet | None, list[str]]:
    if ck is None:
        return None, []
    faces, names = read_folder(ck)
    later = second_half_of_people(names)
    return faces.take(later), [name for name, kept in zip(names, later, strict=True) if kept]
