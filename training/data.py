"""Readers for FER2013, its FER+ votes, and folders of pictures by emotion.

FER2013: Goodfellow et al., "Challenges in representation learning" (2013), published as `fer2013.csv`.
FER+: Barsoum et al., "Training deep networks for facial expression recognition with crowd-sourced label
distribution" (2016), published as `fer2013new.csv`, row for row beside the first.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.emotion.labels import LABELS
from training import pictures
from training.errors import DataError
from training.names import NO_LABEL, SYNONYMS
from training.names import label_index as label_index
from training.splits import SPLITS

SIDE = 48
"""Height and width of a FER2013 picture in pixels."""

VOTE_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")

_NUMBERED = re.compile(r"fer(\d{7})\.png")
"""The name of a picture in the votes file: its row in fer2013.csv. Where there is none, nobody saw a face."""


@dataclass(frozen=True)
class FaceSet:
    """Grey faces and what people see in them.

    images: (N, H, W) uint8, 0..255.
    targets: (N, 7) float32, a probability distribution a row, in the order of LABELS.
    labels: (N,) int64, the one label that counts in accuracy, or NO_LABEL.
    rows: (N,) int64, the row in the file the face came from, counted from 0 after the header.
    repeats: (N,) float, how often an epoch shows the face on average, or None: each once.
    names: (N,) str, the pictures' files below what was named as their source, or None: rows of a table.
    """

    images: np.ndarray
    targets: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    repeats: np.ndarray | None = None
    names: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, selection: np.ndarray) -> FaceSet:
        """The faces at these indices, or where this mask is true."""
        return replace(self, **{name: part[selection] for name, part in vars(self).items() if part is not None})

    def some(self, count: int | None, seed: int) -> FaceSet:
        """So many of the faces, drawn at random and in their order; all where count is None or no less."""
        if count is None or count >= len(self):
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), count, replace=False)))

    def drawn(self, random: np.random.Generator) -> np.ndarray:
        """Indices in random order, as many at every call; each face as often as `repeats` says, rounded at random."""
        if self.repeats is None:
            return random.permutation(len(self))
        # In whole millionths, so that sums are exact and every epoch equally long.
        whole, part = np.divmod(np.rint(self.repeats * 1_000_000).astype(np.int64), 1_000_000)
        order = random.permutation(len(self))
        passed = (np.cumsum(part[order]) + 500_000) // 1_000_000
        once_more = order[np.diff(passed, prepend=0) > 0]
        return random.permutation(np.concatenate([np.repeat(np.arange(len(self)), whole), once_more]))

    def labelled(self) -> FaceSet:
        """The faces whose label is one of the seven."""
        return self.take(self.labels != NO_LABEL)


def read_fer2013(path: Path) -> dict[str, FaceSet]:
    """Read `fer2013.csv` (or the older `icml_face_data.csv`) by split. Targets are one-hot.

    Raises DataError for a missing file or column, a short row, a wrong pixel count, class or usage.
    """
    images, labels, usages = [], [], []
    with _open_csv(path, ("emotion", "pixels", "usage")) as table:
        for record in table:
            where = f"{path}, row {table.reader.line_num}"
            images.append(_pixels(record["pixels"], where))
            labels.append(_class_number(record["emotion"], where))
            usages.append(_usage(record["usage"], where))
    if not images:
        raise DataError(f"{path} has no rows; download it again")
    faces, classes, splits = np.stack(images), np.array(labels), np.array(usages)
    everything = labelled_faces(faces, classes)
    return {split: everything.take(splits == split) for split in SPLITS}


def with_crowd_votes(faces: dict[str, FaceSet], path: Path) -> dict[str, FaceSet]:
    """Replace FER2013's labels by what ten people saw: `fer2013new.csv`.

    Targets are the votes for the seven emotions divided by their sum; a face nobody gave one of the seven is left
    out. The label is the column of the ten with the most votes (a tie goes to the first in the file's order), or
    NO_LABEL where that is none of the seven. Raises DataError where the file does not belong to `fer2013.csv`.
    """
    lines, usages, votes = _votes(path)
    expected = sum(len(part) for part in faces.values())
    if len(votes) != expected:
        raise DataError(f"{path} has {len(votes)} rows, fer2013.csv has {expected}: they do not belong together")
    for split, part in faces.items():
        wrong = [row for row in part.rows if usages[row] != split]
        if wrong:
            raise DataError(f"{path}, row {lines[wrong[0]]}: usage is {usages[wrong[0]]} but {split} in fer2013.csv")
    seven = np.array([VOTE_COLUMNS.index(name) for name in _vote_names()])
    winner_of_column = np.full(len(VOTE_COLUMNS), NO_LABEL)
    winner_of_column[seven] = np.arange(len(LABELS))
    result = {}
    for split, part in faces.items():
        counts = votes[part.rows]
        sums = counts[:, seven].sum(axis=1)
        targets = (counts[:, seven] / np.maximum(sums, 1)[:, None]).astype(np.float32)
        crowd = FaceSet(part.images, targets, winner_of_column[counts.argmax(axis=1)], part.rows)
        result[split] = crowd.take(sums > 0)
    return result


def read_folder(folder: Path, side: int = SIDE) -> tuple[FaceSet, list[str]]:
    """Read one folder of pictures a class, as CK+ at 48x48 is published.

    Returns the faces, resized to (side, side) grey, and each one's file name. Contempt is left out; an unreadable
    picture is reported and skipped. Raises DataError for an unknown or empty class or a folder without pictures.
    """
    images, readable = pictures.read(pictures.list_folder(folder), side, folder)
    return labelled_faces(images, np.array([one.label for one in readable])), [one.path.name for one in readable]


def labelled_faces(images: np.ndarray, labels: np.ndarray) -> FaceSet:
    """Faces of which somebody named the one emotion each. images: (N, S, S) uint8. labels: (N,) int64."""
    return FaceSet(images, np.eye(len(LABELS), dtype=np.float32)[labels], labels, np.arange(len(labels)))


def base_rates(faces: FaceSet) -> np.ndarray:
    """(7,) float: how often each emotion occurs in the targets; sums to 1."""
    return np.average(faces.targets.astype(np.float64), axis=0, weights=faces.repeats)


def _vote_names() -> list[str]:
    by_label = {SYNONYMS.get(name, name): name for name in VOTE_COLUMNS}
    return [by_label[label] for label in LABELS]


@contextmanager
def _open_csv(path: Path, columns: tuple[str, ...]) -> Iterator[csv.DictReader]:
    """A CSV file as dictionaries with lower-case, stripped column names, checked for the columns it must have."""
    if not path.is_file():
        raise DataError(f"{path} is missing; training/README.md says where to get it")
    with open(path, newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        table.fieldnames = [name.strip().lower() for name in table.fieldnames or ()]
        missing = [name for name in columns if name not in table.fieldnames]
        if missing:
            raise DataError(f"{path} has no column '{missing[0]}'; its first line must name {', '.join(columns)}")
        yield table


def _pixels(text: str | None, where: str) -> np.ndarray:
    try:
        values = np.array((text or "").split(), dtype=np.int64)
    except ValueError as err:
        raise DataError(f"{where}: pixels are not whole numbers; download the file again") from err
    if len(values) != SIDE * SIDE:
        raise DataError(f"{where}: {len(values)} pixels instead of {SIDE * SIDE}; download the file again")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel is outside 0..255; download the file again")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _class_number(text: str | None, where: str) -> int:
    if text is None or not text.strip().isdigit() or int(text) >= len(LABELS):
        raise DataError(f"{where}: emotion is '{text}', not one of 0..{len(LABELS) - 1}")
    return int(text)


def _usage(text: str | None, where: str) -> str:
    if text is None or text.strip() not in SPLITS:
        raise DataError(f"{where}: usage is '{text}', not one of {', '.join(SPLITS)}")
    return text.strip()


def read_votes(path: Path) -> tuple[list[str], np.ndarray]:
    """The split of each row, and (N, 10) int votes in the order of VOTE_COLUMNS."""
    _, usages, votes = _votes(path)
    return usages, votes


def _votes(path: Path) -> tuple[list[int], list[str], np.ndarray]:
    """What `read_votes` reads, after the line of the file on which each row stands."""
    lines, usages, votes = [], [], []
    with _open_csv(path, ("usage", *(name.lower() for name in VOTE_COLUMNS))) as table:
        for row, record in enumerate(table):
            lines.append(table.reader.line_num)
            where = f"{path}, row {lines[-1]}"
            usages.append(_usage(record["usage"], where))
            named = _NUMBERED.fullmatch((record.get("image name") or "").strip())
            if named and int(named[1]) != row:
                raise DataError(f"{where}: it is of picture {int(named[1])}, not {row}; rows must stay in their order")
            try:
                votes.append([int(record[name.lower()]) for name in VOTE_COLUMNS])
            except (TypeError, ValueError) as err:
                raise DataError(f"{where}: a vote is missing or not a number; download the file again") from err
    return lines, usages, np.array(votes).reshape(-1, len(VOTE_COLUMNS))
