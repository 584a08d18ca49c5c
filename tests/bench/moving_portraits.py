"""Clips with a known truth: portraits that move over a photograph, cross, and pass behind things."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.config import FaceConfig
from edge.detectors import open_detector
from edge.types import Box, Frame

WIDTH, HEIGHT, RATE = 640, 480, 30
HEAD_PER_BOX = 1.9
"""Side of what is cut out of a photograph, in widths of the face's box: the whole head."""

GRAINS = 8
"""Different fields of a sensor's noise, taken by chance."""

Path_ = Callable[[float], tuple[float, float]]
"""Where the middle of the face is at a time in seconds, pixels."""


@dataclass(frozen=True)
class Person:
    """A head cut out of a photograph: (side, side, 3) BGR, an oval mask 0..1, and the face's width in it."""

    picture: np.ndarray
    mask: np.ndarray
    face_width: float


@dataclass(frozen=True)
class Appearance:
    """One person's part in a clip. hidden: seconds during which the face is covered by a board, from and to."""

    person: Person
    path: Path_
    hidden: tuple[float, float] | None = None

    def visible(self, time: float) -> bool:
        return self.hidden is None or not self.hidden[0] <= time < self.hidden[1]


def cut_out(photograph: Path, face_width: float) -> Person:
    """The likeliest face of a photograph with its head, scaled to this width of the face's box."""
    image = cv2.imread(str(photograph))
    if image is None:
        raise FileNotFoundError(f"{photograph} is not a readable picture")
    face = open_detector(FaceConfig()).detect(image)[0]
    scale = face_width / face.box.width
    side = round(HEAD_PER_BOX * face_width)
    x, y = face.box.centre
    move = np.array([[scale, 0, side / 2 - scale * x], [0, scale, side / 2 - scale * y]])
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = cv2.warpAffine(image, move, (side, side), flags=shrink, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((side, side), np.float32)
    cv2.ellipse(mask, (side // 2, side // 2), (round(side * 0.40), round(side * 0.48)), 0, 0, 360, 1.0, -1)
    return Person(picture, cv2.GaussianBlur(mask, (0, 0), side / 40)[..., None], face_width)


def played(background: np.ndarray, cast: list[Appearance], seconds: float) -> Iterator[tuple[Frame, list[Box | None]]]:
    """Each frame, and each person's true box in it: None while hidden or covered. The last of the cast is in front."""
    canvas = cv2.resize(background, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    chance = np.random.default_rng(0)
    grains = [cv2.randn(np.empty((HEIGHT, WIDTH, 3), np.int16), 0, 3) for _ in range(GRAINS)]
    for number in range(round(seconds * RATE)):
        time = number / RATE
        image = canvas.copy()
        boxes: list[Box | None] = []
        for part in cast:
            box = _paste(image, part, time)
            boxes = [None if old is None or _covers(box, old) else old for old in boxes]
            boxes.append(box if part.visible(time) else None)
        grainy = cv2.add(image, grains[chance.integers(GRAINS)], dtype=cv2.CV_8U)
        yield Frame(grainy, time, 0.0, number), boxes


def _paste(image: np.ndarray, part: Appearance, time: float) -> Box:
    x, y = part.path(time)
    side, half = len(part.person.picture), part.person.face_width / 2
    left, top = int(x - side / 2), int(y - side / 2)
    behind = image[max(0, top) : top + side, max(0, left) : left + side]
    if part.visible(time):
        # The head moves by parts of a pixel, as real ones do.
        move = np.array([[1, 0, x - side / 2 - left], [0, 1, y - side / 2 - top]])
        mask = cv2.warpAffine(part.person.mask, move, (side, side))[..., None]
        head = cv2.warpAffine(part.person.picture, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
        inside = np.s_[max(0, -top) :, max(0, -left) :]
        mask, head = (cut[inside][: len(behind), : behind.shape[1]] for cut in (mask, head))
        behind[:] = (mask * head + (1 - mask) * behind).astype(np.uint8)
    else:
        behind[:] = (60 + 40 * (np.arange(behind.shape[1]) // 16 % 2))[None, :, None]
    return Box(x - half, y - half, x + half, y + half)


def _covers(front: Box, back: Box) -> bool:
    """Whether so much of a face is behind another that nobody can be expected to find it."""
    return front.iou(back) > 0.1
