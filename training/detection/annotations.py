"""What a face data set says about a picture, whatever format it says it in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Annotated:
    """A picture and the faces that people or a teacher found in it, in its own pixels. Arrays of N faces, N may be 0.

    boxes: (N, 4) float32 left, top, right, bottom. ignored: (N,) bool, finding it is neither right nor wrong.
    covered: (N,) bool, by a mask. points: (N, 5, 2) float32 x and y of the eye left in the picture, the eye right in
    it, nose tip, mouth corner left and right in it; NaN where nobody marked them.
    """

    path: Path
    boxes: np.ndarray
    ignored: np.ndarray
    covered: np.ndarray
    points: np.ndarray
