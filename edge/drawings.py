"""Line drawings as curves: a face for each emotion, one for uncertainty, the signs of screens without a picture.

Pictures (`edge.overlay.icons`) and pages (`edge.overlay.svg`, `edge.session_report`) draw them.
"""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt

Curve = tuple[tuple[float, float], ...]
"""Points in a unit square. One is a dot, two a line, more the control points of a Bezier curve."""

_EYES: Final[tuple[Curve, ...]] = (((0.35, 0.42),), ((0.65, 0.42),))
_LOW_EYES: Final[tuple[Curve, ...]] = (((0.35, 0.47),), ((0.65, 0.47),))

_ROUND: Final[tuple[Curve, ...]] = (
    ((0.05, 0.5), (0.05, -0.1), (0.95, -0.1), (0.95, 0.5)),
    ((0.95, 0.5), (0.95, 1.1), (0.05, 1.1), (0.05, 0.5)),
)

ICONS: Final[dict[str, tuple[Curve, ...]]] = {
    "angry": (
        *_ROUND,
        *_LOW_EYES,
        ((0.24, 0.31), (0.43, 0.39)),
        ((0.76, 0.31), (0.57, 0.39)),
        ((0.34, 0.73), (0.5, 0.62), (0.66, 0.73)),
    ),
    "disgust": (
        *_ROUND,
        ((0.26, 0.37), (0.44, 0.43), (0.26, 0.49)),
        ((0.74, 0.37), (0.56, 0.43), (0.74, 0.49)),
        ((0.3, 0.71), (0.38, 0.56), (0.46, 0.72), (0.54, 0.8), (0.62, 0.58), (0.7, 0.69)),
    ),
    "fear": (
        *_ROUND,
        *_LOW_EYES,
        ((0.23, 0.35), (0.32, 0.33), (0.41, 0.26)),
        ((0.77, 0.35), (0.68, 0.33), (0.59, 0.26)),
        ((0.33, 0.74), (0.35, 0.58), (0.65, 0.58), (0.67, 0.74)),
        ((0.33, 0.74), (0.5, 0.7), (0.67, 0.74)),
    ),
    "happy": (*_ROUND, *_EYES, ((0.27, 0.58), (0.36, 0.84), (0.64, 0.84), (0.73, 0.58))),
    "sad": (
        *_ROUND,
        *_LOW_EYES,
        ((0.24, 0.38), (0.42, 0.31)),
        ((0.76, 0.38), (0.58, 0.31)),
        ((0.34, 0.75), (0.42, 0.62), (0.58, 0.62), (0.66, 0.75)),
    ),
    "surprise": (
        *_ROUND,
        *_EYES,
        ((0.25, 0.29), (0.34, 0.21), (0.43, 0.29)),
        ((0.75, 0.29), (0.66, 0.21), (0.57, 0.29)),
        ((0.39, 0.69), (0.39, 0.53), (0.61, 0.53), (0.61, 0.69)),
        ((0.61, 0.69), (0.61, 0.85), (0.39, 0.85), (0.39, 0.69)),
    ),
    "neutral": (*_ROUND, *_EYES, ((0.34, 0.68), (0.66, 0.68))),
    "uncertain": (
        *_ROUND,
        ((0.37, 0.4), (0.36, 0.18), (0.7, 0.2), (0.64, 0.44), (0.48, 0.46), (0.5, 0.6)),
        ((0.5, 0.74),),
    ),
    "paused": (*_ROUND, ((0.41, 0.36), (0.41, 0.64)), ((0.59, 0.36), (0.59, 0.64))),
    "waiting": (
        ((0.1, 0.3), (0.62, 0.3)),
        ((0.62, 0.3), (0.62, 0.7)),
        ((0.62, 0.7), (0.1, 0.7)),
        ((0.1, 0.7), (0.1, 0.3)),
        ((0.62, 0.45), (0.9, 0.33)),
        ((0.9, 0.33), (0.9, 0.67)),
        ((0.9, 0.67), (0.62, 0.55)),
    ),
}


def bezier(points: Curve) -> npt.NDArray[np.float64]:
    """(33, 2) points of the Bezier curve with these control points."""
    degree = len(points) - 1
    t = np.linspace(0, 1, 33)[:, None]
    weights = [comb(degree, k) * t**k * (1 - t) ** (degree - k) for k in range(degree + 1)]
    return np.asarray(sum(weight * np.array(point) for weight, point in zip(weights, points, strict=True)))


def svg_path(points: Curve) -> str:
    """The curve as data of an SVG path. A dot is a line without length, which round ends make visible."""
    if len(points) > 4:  # SVG has no curves of higher degree: points on it are joined
        return _commands("L", bezier(points)[::2].tolist())
    return _commands({1: "h0", 2: "L", 3: "Q", 4: "C"}[len(points)], points)


def _commands(command: str, points: Curve) -> str:
    first, *rest = (f"{round(x, 3):g},{round(y, 3):g}" for x, y in points)
    return f"M{first}{command}{' '.join(rest)}"
