"""The representative faces: what the converter sees to find the range of every tensor.

Training faces only, as many of each crowd label, spread over how a camera may see them, and pure black and white so
that the input's scale comes out as exactly 1. The choice is committed in `calibration_rows.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.emotion.labels import LABELS
from training.corruptions import blurred, brightened, fewer_pixels
from training.data import FaceSet
from training.errors import DataError

ROWS_FILE = Path(__file__).with_name("calibration_rows.csv")
FACES_PER_LABEL = 72
COLUMNS = ("row", "label", "variation")

VARIATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda image: image,
    "dark": lambda image: brightened(image, 0.4),
    "bright": lambda image: brightened(image, 1.6),
    "blurred": lambda image: blurred(image, 1.5),
    "small": lambda image: fewer_pixels(image, 24),
}
UNIFORM = {"black": 0, "white": 255}
"""Variations that need no face."""


@dataclass(frozen=True)
class Choice:
    """One line of the committed file. row: of `fer2013.csv`, counted from 0; None for a uniform picture."""

    row: int | None
    label: str
    variation: str


def choose(training: FaceSet, seed: int = 1, per_label: int = FACES_PER_LABEL, fewer: bool = False) -> list[Choice]:
    """Draw the faces: half of each label plain, the other half in equal parts dark, bright, blurred and small.

    fewer: take what there is where a label has too few faces, or none; else that raises DataError.
    """
    random = np.random.default_rng(seed)
    changed = [name for name in VARIATIONS if name != "plain"]
    choices = [Choice(None, "", name) for name in UNIFORM]
    for index, label in enumerate(LABELS):
        rows = training.rows[training.labels == index]
        if len(rows) < per_label and not fewer:
            raise DataError(f"Training has {len(rows)} faces labelled {label}, calibration needs {per_label}")
        for position, row in enumerate(random.choice(rows, min(per_label, len(rows)), replace=False)):
            variation = "plain" if position % 2 else changed[position // 2 % len(changed)]
            choices.append(Choice(int(row), label, variation))
    return choices


def write_choices(choices: Iterable[Choice], path: Path) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(("" if one.row is None else one.row, one.label, one.variation) for one in choices)


def read_choices(path: Path) -> list[Choice]:
    """Raises DataError for a missing file, one that is no text, a missing column or a line that is none."""
    if not path.is_file():
        raise DataError(f"{path} is missing; make it with `python -m quantize choose`")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        raise DataError(f"{path}: not a text file in UTF-8 ({err})") from err
    table = csv.DictReader(text.splitlines())
    if tuple(table.fieldnames or ()) != COLUMNS:
        raise DataError(f"{path}: the first line must be {','.join(COLUMNS)}")
    return [_choice(record, f"{path}, row {line + 2}") for line, record in enumerate(table)]


def representative(training: FaceSet, choices: Iterable[Choice]) -> np.ndarray:
    """(N, S, S) uint8, in the order of the choices. Raises DataError where they were drawn from other data."""
    index_of = {int(row): index for index, row in enumerate(training.rows)}
    images = []
    for choice in choices:
        if choice.row is None:
            images.append(np.full(training.images.shape[1:], UNIFORM[choice.variation], dtype=np.uint8))
            continue
        index = index_of.get(choice.row)
        if index is None or LABELS.index(choice.label) != training.labels[index]:
            raise DataError(
                f"calibration row {choice.row} is not a Training face labelled {choice.label} here: "
                "choose again for this data with `python -m quantize choose`"
            )
        images.append(VARIATIONS[choice.variation](training.images[index]))
    pictures = np.stack(images)
    if pictures.min() != 0 or pictures.max() != 255:
        raise DataError("the calibration pictures do not reach from 0 to 255: the input's scale would not be 1")
    return pictures


def _choice(record: dict[str, str], where: str) -> Choice:
    row, label, variation = (record[name] or "" for name in COLUMNS)
    if variation in UNIFORM and not row and not label:
        return Choice(None, "", variation)
    if not row.isdigit() or label not in LABELS or variation not in VARIATIONS:
        raise DataError(f"{where}: '{row},{label},{variation}' is not a row number, one of {LABELS} and a variation")
    return Choice(int(row), label, variation)
