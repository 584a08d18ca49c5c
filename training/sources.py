"""What `--data` names: one data set of any layout that is known here, or several, each seen as often as wished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.emotion.labels import LABELS
from training import pictures
from training.data import SIDE, FaceSet, base_rates, labelled_faces, read_fer2013, with_crowd_votes
from training.errors import DataError
from training.splits import SPLITS, divided

FER2013_FILES = ("fer2013.csv", "icml_face_data.csv")
VOTES_FILE = "fer2013new.csv"
FER2013, PICTURES = "FER2013", "pictures"
"""Kinds of sources, as run.json calls them."""


def read_sources(sources: list[str], own_labels: float = 0.0) -> dict[str, FaceSet]:
    """The faces of all sources by split. A source is a path, or `path@often`: `faces@3` is seen three times an epoch.

    own_labels: see `read_source`. Raises DataError for a source that cannot be read or has no faces for a split that
    a run needs.
    """
    weighted = [_with_repeats(source) for source in sources]
    several = len(weighted) > 1 or any(often != 1 for _, often in weighted)
    read = [(read_source(path, own_labels), often) for path, often in weighted]
    result = {}
    for split in SPLITS:
        parts = [
            replace(one[split], repeats=np.full(len(one[split]), often)) if several else one[split]
            for one, often in read
        ]
        result[split] = _joined(parts) if len(parts) > 1 else parts[0]
    for split in ("Training", "PublicTest"):
        if not len(result[split]):
            raise DataError(f"{', '.join(sources)}: no faces for {split}; add pictures, or another --data")
    return result


def read_source(path: Path, own_labels: float = 0.0) -> dict[str, FaceSet]:
    """One data set by split: FER2013 (a folder or a CSV file), a folder of pictures, or a CSV file of their paths.

    own_labels: of FER2013, the share of its own label in the targets; the rest is the crowd's. Raises DataError.
    """
    file = fer2013_file(path)
    if file:
        return _fer2013(file, own_labels)
    return _pictures(pictures.list_folder(path) if path.is_dir() else pictures.list_csv(path), path)


def fer2013_file(path: Path) -> Path | None:
    """The file of FER2013's pixels that the path is or holds; None for pictures. Raises DataError."""
    if path.is_dir():
        return next((path / name for name in FER2013_FILES if (path / name).is_file()), None)
    if not path.is_file():
        raise DataError(f"{path} is missing; training/README.md says what --data may be")
    return path if _has_pixels(path) else None


def kinds(sources: list[str]) -> list[str]:
    """FER2013, PICTURES or both: what a run learnt from, for the card of its model."""
    return sorted({FER2013 if fer2013_file(_with_repeats(source)[0]) else PICTURES for source in sources})


def require_every_emotion(training: FaceSet, sources: list[str]) -> None:
    """Raises DataError where an emotion is never seen: a network that begins from nothing would never name it."""
    missing = [label for label, rate in zip(LABELS, base_rates(training), strict=True) if rate == 0]
    if missing:
        raise DataError(
            f"{', '.join(sources)}: of {len(training)} Training faces none is {' or '.join(missing)}; add some, or "
            "begin from a trained network with the recipe finetune"
        )


def blended(own: dict[str, FaceSet], crowd: dict[str, FaceSet], share: float) -> dict[str, FaceSet]:
    """FER2013's own labels with this share in the targets, the crowd's votes with the rest.

    The label that counts is that of the larger share. A face that nobody gave one of the seven keeps its own label,
    unless the votes are all that counts (a share of 0): then it is left out.
    """
    if share in (0.0, 1.0):
        return own if share else crowd
    return {split: _blended(own[split], crowd[split], share) for split in own}


def _blended(own: FaceSet, crowd: FaceSet, share: float) -> FaceSet:
    voted = np.searchsorted(own.rows, crowd.rows)
    targets, labels = own.targets.copy(), own.labels.copy()
    targets[voted] = share * own.targets[voted] + (1 - share) * crowd.targets
    if share < 0.5:
        labels[voted] = crowd.labels
    return replace(own, targets=targets, labels=labels)


def _fer2013(path: Path, own_labels: float) -> dict[str, FaceSet]:
    own = read_fer2013(path)
    if own_labels == 1.0:
        return own
    return blended(own, with_crowd_votes(own, path.with_name(VOTES_FILE)), own_labels)


def _pictures(listed: list[pictures.Picture], where: Path) -> dict[str, FaceSet]:
    folder, result = where if where.is_dir() else where.parent, {}
    for split, part in divided(listed, where).items():
        if not part:
            result[split] = labelled_faces(np.empty((0, SIDE, SIDE), np.uint8), np.empty(0, np.int64))
            continue
        images, readable = pictures.read(part, SIDE, where)
        faces = labelled_faces(images, np.array([one.label for one in readable]))
        result[split] = replace(faces, names=np.array([_below(folder, one.path) for one in readable]))
    return result


def _with_repeats(source: str) -> tuple[Path, float]:
    path, found, often = source.rpartition("@")
    if not found or Path(source).exists():
        return Path(source), 1.0
    try:
        times = float(often)
    except ValueError:
        times = 0.0
    if not 0 < times <= 1000:
        raise DataError(
            f"--data {source}: after @ stands how often an epoch shows it, a number above 0 such as 3 or 0.5"
        )
    return Path(path), times


def _joined(parts: list[FaceSet]) -> FaceSet:
    columns = {
        name: [getattr(part, name) for part in parts] for name in vars(parts[0]) if name not in ("rows", "names")
    }
    together = {name: np.concatenate(column) for name, column in columns.items()}
    return FaceSet(**together, rows=np.arange(len(together["images"])))


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _has_pixels(path: Path) -> bool:
    with open(path, encoding="utf-8-sig") as file:
        return "pixels" in {name.strip().lower() for name in file.readline().split(",")}
