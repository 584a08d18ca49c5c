"""What a face data set says about a picture, whatever format it says it in, and what is wrong with it."""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

log = logging.getLogger(__name__)

POINT_VALUES = 10
UNKNOWN = (math.nan,) * POINT_VALUES


@dataclass(frozen=True)
class Annotated:
    """A picture and the faces that people or a teacher found in it, in its own pixels. Arrays of N faces, N may be 0.

    boxes: (N, 4) float32 left, top, right, bottom. ignored: (N,) bool, finding it is neither right nor wrong.
    covered: (N,) bool, by a mask. points: (N, 5, 2) float32 x and y of the eye left in the picture, the eye right in
    it, nose tip, mouth corner left and right in it; NaN where nobody marked them.
    in_shares: boxes and points are in shares of the picture's sides instead of pixels.
    """

    path: Path
    boxes: np.ndarray
    ignored: np.ndarray
    covered: np.ndarray
    points: np.ndarray
    in_shares: bool = False

    def scaled(self, x: float, y: float) -> Annotated:
        """In the pixels of the picture (or, from shares, of a picture) so much wider and higher."""
        return Annotated(
            self.path,
            (self.boxes * (x, y, x, y)).astype(np.float32),
            self.ignored,
            self.covered,
            (self.points * (x, y)).astype(np.float32),
        )

    def only(self, kept: np.ndarray) -> Annotated:
        """With the faces where `kept`, (N,) bool, is true."""
        faces = (values[kept] for values in (self.boxes, self.ignored, self.covered, self.points))
        return Annotated(self.path, *faces, in_shares=self.in_shares)


@dataclass(frozen=True)
class MarkedFace:
    """One line of an annotation file. box: left, top, right, bottom. points: POINT_VALUES, x and y in turn."""

    box: tuple[float, ...]
    points: tuple[float, ...] = UNKNOWN
    ignored: bool = False
    covered: bool = False


def annotated(path: Path, faces: Iterable[MarkedFace], in_shares: bool = False) -> Annotated:
    rows = list(faces)
    return Annotated(
        path,
        np.array([row.box for row in rows], np.float32).reshape(-1, 4),
        np.array([row.ignored for row in rows], bool),
        np.array([row.covered for row in rows], bool),
        np.array([row.points for row in rows], np.float32).reshape(-1, 5, 2),
        in_shares,
    )


class Complaints:
    """What is wrong with a data set: counted by kind, the first of each kind with its place. Training goes on."""

    def __init__(self) -> None:
        self.places: dict[str, list[str]] = defaultdict(list)

    def add(self, what: str, where: str) -> None:
        """what: in the plural, as in "boxes of no size"."""
        self.places[what].append(where)

    def log(self) -> None:
        for what, places in self.places.items():
            log.warning("%s: %d left out, the first at %s", what, len(places), places[0])
