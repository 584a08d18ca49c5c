"""What a model said about every face, as a table beside its report, so that two models can be compared face by face."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.emotion.labels import LABELS
from training.data import NO_LABEL, FaceSet
from training.errors import DataError
from training.evaluate import RATES, Measured
from training.held_out import HeldOut

COLUMNS = ("set", "face", "pixels_sha256", "truth", "everyday", "balanced", "confidence")
CROWD, KEYWORDS, POSED = "majority", "FER2013 labels", "CK+"

Right = dict[tuple[str, str], dict[str, bool]]
"""By set and base rates: whether the answer about each face is right."""


def table(test: HeldOut, measured: Measured) -> list[dict[str, str]]:
    """One line a face of every set, with COLUMNS. No pictures."""
    lines = _lines(CROWD, test.names, test.faces, measured.answers)
    if test.crowd is not None:
        lines += _lines(KEYWORDS, test.names, replace(test.faces, labels=test.crowd.keywords), measured.answers)
    if test.posed is not None:
        lines += _lines(POSED, test.posed_names, test.posed, measured.posed)
    return lines


def write(lines: list[dict[str, str]], path: Path) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)


def read(path: Path) -> list[dict[str, str]]:
    """Raises DataError for a file that is not such a table."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise DataError(f"{path} is no table of answers; write it anew with `python -m training evaluate`")
        return list(reader)


def right(lines: list[dict[str, str]]) -> Right:
    """Which faces are answered rightly. A face is known by name, pixels and truth: another truth is another face."""
    result: Right = {}
    for line in lines:
        face = " ".join(line[column] for column in ("face", "pixels_sha256", "truth"))
        for rates in RATES:
            result.setdefault((line["set"], rates), {})[face] = line[rates] == line["truth"]
    return result


def _lines(name: str, names: list[str], faces: FaceSet, answers: dict[str, np.ndarray]) -> list[dict[str, str]]:
    given = {rates: answers[rates].argmax(axis=1) for rates in RATES}
    confidence = answers["everyday"].max(axis=1)
    return [
        {
            "set": name,
            "face": names[row],
            "pixels_sha256": hashlib.sha256(faces.images[row].tobytes()).hexdigest()[:16],
            "truth": LABELS[faces.labels[row]],
            **{rates: LABELS[given[rates][row]] for rates in RATES},
            "confidence": f"{confidence[row]:.4f}",
        }
        for row in np.flatnonzero(faces.labels != NO_LABEL)
    ]
