"""A clip synthesized from one portrait, for a first look and for tests: no camera, no download."""

from __future__ import annotations

import math
import time
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.opencv import decoded
from edge.errors import SourceError
from edge.types import Frame, Image

WIDTH, HEIGHT, RATE = 640, 480, 30
LOOP_S = 48.0
"""After so long the motion begins again, without a seam."""

_PORTRAIT = Path(__file__).parents[1] / "assets" / "portrait.jpg"
# The view's limits in the 512x512 portrait: the zoom, from where it fills the frame with a face of 130 px to
# one of 195 px; and how far the view may move right and down before the hair leaves it.
_ZOOM = (1.25, 1.8)
_RIGHT, _DOWN = 140.0, 12.0
_GAIN = (0.6, 1.12)


class DemoCamera:
    """640x480, 30 frames a second, without end: the view wanders and zooms over a portrait, light comes and goes."""

    live = False

    def __init__(self) -> None:
        self.name = "demo"
        self._portrait: Image | None = None

    def open(self) -> None:
        try:
            self._portrait = decoded(_PORTRAIT.read_bytes())
        except (OSError, ValueError) as err:
            raise SourceError(f"demo: cannot read {_PORTRAIT} ({err}); install emotion-edge again") from err
        self._number = 0

    def read(self) -> Frame | None:
        if self._portrait is None:
            raise SourceError("demo: not open")
        number, clip_time = self._number, self._number / RATE
        self._number += 1
        image = _view(self._portrait, clip_time)
        return Frame(image, time=clip_time, wall=time.time(), number=number)

    def close(self) -> None:
        self._portrait = None


def _view(portrait: Image, clip_time: float) -> Image:
    """What the wandering camera sees of the portrait, (480, 640, 3) BGR. Periods divide LOOP_S, so the loop closes."""
    zoom = _swing(_ZOOM, clip_time, LOOP_S / 3)
    right = _swing((0.0, min(_RIGHT, portrait.shape[1] - WIDTH / zoom)), clip_time, LOOP_S / 2)
    down = _swing((0.0, _DOWN), clip_time, LOOP_S / 5)
    window = np.array([[zoom, 0, -zoom * right], [0, zoom, -zoom * down]])
    view = cv2.warpAffine(portrait, window, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.convertScaleAbs(view, alpha=_swing(_GAIN, clip_time, LOOP_S / 4)), dtype=np.uint8)


def _swing(limits: tuple[float, float], clip_time: float, period_s: float) -> float:
    """Back and forth between the limits like a pendulum; in the middle and rising at time 0."""
    low, high = limits
    return low + (high - low) * (0.5 + 0.5 * math.sin(2 * math.pi * clip_time / period_s))
