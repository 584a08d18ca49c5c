"""Which faces a network is fitted to and asked about, and by whose labels."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from edge.emotion.labels import LABELS
from quantize import calibration
from quantize.course import learnt_words
from quantize.pair import Pair, foreign_pair, shipped_pair
from quantize.pictures import class_names, read_pictures
from quantize.report import Question
from training.errors import DataError
from training.held_out import Known, by_own_labels, known, later_half


def as_learnt(faces: Known, recipe: dict[str, Any]) -> Known:
    """FER2013's pictures with the labels that a network of this recipe learnt."""
    return by_own_labels(faces) if learnt_words(recipe) else faces


def recipe_of(run: Path) -> dict[str, Any]:
    """What is wrong with the run's folder is said by whoever needs more of it."""
    from training.run import FACTS

    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return dict(json.loads((run / FACTS).read_text(encoding="utf-8"))["recipe"])
    return {}


def calibration_choices(file: Path | None, faces: Known) -> list[calibration.Choice]:
    """As the file says; without one the committed choice for FER2013, and of other pictures as many as there are."""
    if file is None and faces.keywords is None:
        return calibration.choose(faces.splits["Training"], fewer=True)
    return calibration.read_choices(file or calibration.ROWS_FILE)


def shipped(
    run: Path, model: Path, data: Path, *, split: str, ck: Path | None, limit_points: float
) -> tuple[Pair, Question]:
    """One of our models and its run, on the crowd's faces. ck: folder of CK+. Raises DataError, ModelError."""
    pair = shipped_pair(run, model)
    faces = as_learnt(known(data), recipe_of(run))
    pictures = faces.splits[split].labelled()
    if not len(pictures):
        raise DataError(f"{data} holds no labelled face of {split}")
    others = {} if ck is None else {"CK+, later half of its people": later_half(ck)[0]}
    whose = f"{faces.truth or data.resolve().name}," if faces.keywords is None else "FER+"
    words = f"{whose} {split}, everyday base rates"
    return pair, Question(model.stem, words, pictures, LABELS, limit_points, others)


def foreign(
    unquantized: Path,
    int8: Path,
    data: Path,
    *,
    labels: tuple[str, ...] | None,
    pixels: tuple[float, float] | None,
    limit_points: float,
) -> tuple[Pair, Question]:
    """Any classifier, on a folder of pictures by class. Raises DataError, ModelError.

    labels: what its answers are called, by default as the folders. pixels: see `quantize.pair.foreign_pair`.
    """
    pair = foreign_pair(unquantized, int8, pixels)
    names = class_names(data, labels, pair.classes)
    pictures = read_pictures(data, names, pair.int8.shape)
    return pair, Question(int8.stem, f"the folder {data.resolve().name}", pictures, names, limit_points)
