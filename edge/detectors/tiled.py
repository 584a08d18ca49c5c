"""Small faces: look at overlapping tiles of a picture, too, in which they are larger.

Akyon et al., "Slicing aided hyper inference and fine-tuning for small object detection" (2022). Here what several looks
agree on counts for more than what one of them saw.
`python -m quantize.recall --pictures DIR --tiles 3` measures what they are worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from edge.detectors import Detector
from edge.types import SAME_FACE_IOU, Box, Face, Image

OVERLAPPING: Final = 1.2
"""Times as wide and high as tiles that only touch: a small face is whole in one of them."""
LEAST_TILE_PX: Final = 160
"""Of its longer side: a detector would have to enlarge smaller ones, and there is nothing more to see."""
EDGE_RATIO: Final = 0.02
"""Of a face's width: nearer to the edge of a tile it is cut off, and left to a look that shows all of it."""
SAME_INSIDE: Final = 0.6
"""Of the smaller box, inside a likelier one: a part of that face."""
TRUST: Final = {1: 1.0, 2: 0.7, 3: 0.5}
"""By tiles along a side, how far a score in a tile is believed: the more looks, the more often one of them is wrong."""


class Tiled:
    """Lets a detector look at the whole picture, then at the tiles of every size up to so many along a side."""

    def __init__(self, detector: Detector, tiles: int, min_score: float) -> None:
        """detector: also tells the faces it is less sure of than min_score; several such make a sure one.

        tiles: 1 (the whole picture only) to 3, which makes 14 looks.
        """
        self._detector, self._tiles, self._trust = detector, tiles, TRUST[tiles]
        self._min_score = min_score
        self.colour = detector.colour

    def detect(self, image: Image) -> list[Face]:
        """The faces of a (H, W, 3) BGR or (H, W) grey picture, likeliest first, in pixels of that picture."""
        height, width = image.shape[:2]
        looks = [self._detector.detect(image)]
        for left, top, right, bottom in tiles_of(width, height, self._tiles):
            tile = Box(left, top, right, bottom)
            faces = self._detector.detect(image[top:bottom, left:right])
            there = [face.moved(left, top) for face in faces]
            looks.append([face for face in there if _is_whole(face.box, tile, width, height)])
        return [face for face in together(looks, self._trust) if face.score >= self._min_score]


def tiles_of(width: int, height: int, most: int) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, right and bottom of 2x2 tiles, of 3x3, and so on to `most` along a side, all that are large enough."""
    for count in range(2, most + 1):
        across, down = round(OVERLAPPING * width / count), round(OVERLAPPING * height / count)
        if max(across, down) < LEAST_TILE_PX:
            return
        for row in range(count):
            for column in range(count):
                left, top = round(column * (width - across) / (count - 1)), round(row * (height - down) / (count - 1))
                yield left, top, left + across, top + down


def together(looks: list[list[Face]], trust: float) -> list[Face]:
    """Each face once, where its likeliest look saw it, likeliest first.

    Its score is the chance that not all looks that saw it were wrong, where those at tiles, all but the first, are
    believed trust times their scores.
    """
    left = sorted(((face, look) for look, faces in enumerate(looks) for face in faces), key=lambda one: -one[0].score)
    found = []
    while left:
        likeliest, _ = left[0]
        overlaps = [likeliest.box.iou(face.box) for face, _ in left]
        scores: dict[int, float] = {}
        for (face, look), overlap in zip(left, overlaps, strict=True):
            if overlap >= SAME_FACE_IOU:
                scores.setdefault(look, face.score)
        doubt = math.prod(1 - (trust if look else 1.0) * score for look, score in scores.items())
        found.append(replace(likeliest, score=1 - doubt))
        left = [
            one
            for one, overlap in zip(left, overlaps, strict=True)
            if overlap < SAME_FACE_IOU and _inside(one[0].box, likeliest.box) < SAME_INSIDE
        ]
    return sorted(found, key=lambda face: -face.score)


def _is_whole(box: Box, tile: Box, width: int, height: int) -> bool:
    """Whether no edge of the tile, but the picture's own, cuts the face."""
    near = EDGE_RATIO * box.width
    return (
        (tile.x0 == 0 or box.x0 >= tile.x0 + near)
        and (tile.y0 == 0 or box.y0 >= tile.y0 + near)
        and (tile.x1 == width or box.x1 <= tile.x1 - near)
        and (tile.y1 == height or box.y1 <= tile.y1 - near)
    )


def _inside(one: Box, other: Box) -> float:
    """0..1: how much of the smaller box lies in the larger."""
    shared = Box(max(one.x0, other.x0), max(one.y0, other.y0), min(one.x1, other.x1), min(one.y1, other.y1))
    smaller = min(one.width * one.height, other.width * other.height)
    return max(shared.width, 0.0) * max(shared.height, 0.0) / max(smaller, 1e-6)
