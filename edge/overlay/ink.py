"""Ink for pictures: text, rounded shapes and colours, blended into a BGR canvas.

Masks are (h, w) uint8, 0 (nothing) .. 255 (full ink). What would fall outside the canvas is cut off.
The typeface is Aileron by Sora Sagano (CC0, "No Rights Reserved"), which Pillow carries.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from edge.types import Box, Image

Mask = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Blue, green, red, each 0..255."""

WHITE: Final[Colour] = (250, 248, 246)
GREY: Final[Colour] = (188, 180, 172)
PLATE: Final[Colour] = (30, 24, 20)
TRACK: Final[Colour] = (92, 84, 78)
AMBER: Final[Colour] = (64, 176, 250)
RED: Final[Colour] = (72, 72, 240)

PLATE_OPACITY: Final = 0.86
"""The picture still shines through; over white, grey letters on it have a contrast of 5.5 : 1, amber ones 6.3 : 1."""

PALETTE: Final[tuple[Colour, ...]] = (
    (233, 180, 86),
    (0, 159, 230),
    (140, 190, 40),
    (190, 140, 220),
    (80, 225, 240),
    (70, 120, 235),
)
"""Sky blue, orange, green, pink, yellow, vermilion: after Okabe and Ito's colours, which colour-blind people tell
apart; lightened so that each stands out on the dark plate."""

_OVERSAMPLING: Final = 4
_SUBPIXEL_BITS: Final = 4


def colour_of(track_id: int) -> Colour:
    """The same id always has the same colour."""
    return PALETTE[track_id % len(PALETTE)]


def paint(canvas: Image, mask: Mask, x: float, y: float, colour: Colour, opacity: float = 1.0) -> None:
    """Blend a colour in through a mask whose left top corner lies at (x, y). opacity: 0..1."""
    left, top = round(x), round(y)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + mask.shape[1], canvas.shape[1]), min(top + mask.shape[0], canvas.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = canvas[y0:y1, x0:x1]
    # OpenCV's 8-bit arithmetic: a fifth of the time of numpy's.
    weight = cv2.convertScaleAbs(mask[y0 - top : y1 - top, x0 - left : x1 - left], alpha=opacity)
    weights = cv2.merge([weight, weight, weight])
    kept = cv2.multiply(part, cv2.bitwise_not(weights), scale=1 / 255)
    scalar: Any = (*colour, 0)
    part[:] = cv2.add(kept, cv2.multiply(weights, scalar, scale=1 / 255))


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "a size asks for the scalable typeface"
    return font


@lru_cache(maxsize=512)
def text_mask(text: str, size: int) -> Mask:
    """One line of text at a font size in pixels. All masks of a size are equally high, baseline at 0.95 of that size.

    Drawn larger with a fine stroke and shrunk: a little bolder than Aileron Regular, for reading from afar.
    """
    large = size * _OVERSAMPLING
    bold = max(1, round(large * 0.014))
    font = _font(large)
    width = math.ceil((font.getlength(text) + 2 * bold) / _OVERSAMPLING)
    sheet = PillowImage.new("L", (width * _OVERSAMPLING, math.ceil(1.3 * size) * _OVERSAMPLING))
    ImageDraw.Draw(sheet).text(
        (bold, 0.95 * large), text, fill=255, font=font, anchor="ls", stroke_width=bold, stroke_fill=255
    )
    return cv2.resize(np.asarray(sheet), (width, math.ceil(1.3 * size)), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def write(canvas: Image, text: str, x: float, middle: float, size: int, colour: Colour) -> None:
    """One line of text from x to the right; its lower-case letters stand centred on the height `middle`."""
    paint(canvas, text_mask(text, size), x, middle - 0.7 * size, colour)


def text_width(text: str, size: int) -> int:
    return int(text_mask(text, size).shape[1])


def outline(box: Box, radius: float) -> npt.NDArray[np.float64]:
    """(N, 2) points of a rectangle with round corners, clockwise from the middle of its left edge's upper end."""
    radius = max(0.0, min(radius, box.width / 2, box.height / 2))
    turn = np.linspace(0, math.pi / 2, 9)
    corners = []
    for start, x, y in (
        (math.pi, box.x0 + radius, box.y0 + radius),
        (1.5 * math.pi, box.x1 - radius, box.y0 + radius),
        (0.0, box.x1 - radius, box.y1 - radius),
        (0.5 * math.pi, box.x0 + radius, box.y1 - radius),
    ):
        corners.append(np.stack([x + radius * np.cos(start + turn), y + radius * np.sin(start + turn)], axis=-1))
    return np.concatenate(corners)


def stroke(
    canvas: Image | Mask, lines: list[npt.NDArray[np.float64]], colour: Any, thickness: int, closed: bool
) -> None:
    """Smooth lines through points in pixels."""
    fixed = [np.rint(line * (1 << _SUBPIXEL_BITS)).astype(np.int32) for line in lines]
    cv2.polylines(canvas, fixed, closed, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def dashes(points: npt.NDArray[np.float64], length: float) -> list[npt.NDArray[np.float64]]:
    """A closed line cut into dashes of about `length` pixels with gaps two thirds as long."""
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    period = along[-1] / max(4, round(along[-1] / (length * 5 / 3)))
    starts = np.arange(0, along[-1] - period / 2, period)
    where = starts[:, None] + np.linspace(0, 0.6 * period, 6)
    return list(np.stack([np.interp(where, along, closed[:, axis]) for axis in (0, 1)], axis=-1))


@lru_cache(maxsize=128)
def plate_mask(width: int, height: int, radius: int) -> Mask:
    """A filled rectangle with round corners."""
    large = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
    box = Box(0, 0, large.shape[1] - 1, large.shape[0] - 1)
    cv2.fillConvexPoly(large, np.rint(outline(box, radius * _OVERSAMPLING)).astype(np.int32), 255)
    return cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def dark_plate(canvas: Image, box: Box, radius: float) -> None:
    """What words on a picture stand on."""
    plate(canvas, box, radius, PLATE, PLATE_OPACITY)


def plate(canvas: Image, box: Box, radius: float, colour: Colour, opacity: float = 1.0) -> None:
    """Fill a rectangle with round corners."""
    width, height = round(box.width), round(box.height)
    if width > 0 and height > 0:
        paint(canvas, plate_mask(width, height, round(radius)), box.x0, box.y0, colour, opacity)
