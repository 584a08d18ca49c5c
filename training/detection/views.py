"""Training pictures as a camera could have seen them: faces of every size, tilted, dim, noisy, partly covered.

A view is cut from one picture so that one of its faces gets a size drawn evenly over the logarithm (SCRFD, Guo et al.
2021, calls it sample redistribution); four views side by side are a mosaic (YOLOv4, Bochkovskiy et al. 2020).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from training.detection.pictures import Picture

MIRRORED = (1, 0, 2, 4, 3)
"""Which point becomes which in a mirror."""


@dataclass(frozen=True)
class Views:
    """How far a view may go."""

    face_px: tuple[float, float] = (9, 200)
    """Sizes that the chosen face gets, in input pixels, as far as the enlargement allows."""
    enlarge_at_most: float = 2.5
    fill_at_least: float = 0.8
    """Of the scale at which the whole picture just fits in."""
    tilt_deg: float = 10.0
    far_tilt_probability: float = 0.25
    far_tilt_deg: float = 32.0
    mosaic_probability: float = 0.6
    empty_probability: float = 0.15
    """Of views of a picture without a face."""
    covered_choice: float = 0.3
    """How often a masked face is the chosen one, compared with a bare one."""
    covered_weight: float = 0.6
    """How much a masked face counts."""
    smallest_px: float = 7
    """Smaller faces are ignored."""
    least_visible: float = 0.6
    """A face cut off further than this by the picture's edge is ignored."""
    cover_probability: float = 0.15
    """Of a face of 16 px or more getting a bar over the eyes or a patch somewhere."""


@dataclass(frozen=True)
class View:
    """grey: (H, W) uint8, written into by the tone changes. Faces as in `targets`."""

    grey: np.ndarray
    boxes: np.ndarray
    points: np.ndarray
    ignored: np.ndarray
    weights: np.ndarray


class Chooser:
    """Which picture and which of its faces a view shows."""

    def __init__(self, pictures: Sequence[Picture], knobs: Views) -> None:
        self.knobs = knobs
        self.empty = [picture for picture in pictures if not len(picture.faces.boxes)]
        chances = [self._chances(picture) for picture in pictures]
        self.showing = [(picture, c) for picture, c in zip(pictures, chances, strict=True) if c.sum() > 0]
        # The root: pictures of crowds oftener than portraits, but not as often as they have faces.
        weights = np.sqrt([c.sum() for _, c in self.showing])
        self.cumulative = np.cumsum(weights / weights.sum())

    def choose(self, random: np.random.Generator) -> tuple[Picture, int | None]:
        """A picture and the number of the face in it that gets its size drawn; None in a picture without faces."""
        if self.empty and random.random() < self.knobs.empty_probability:
            return self.empty[random.integers(len(self.empty))], None
        place = min(int(np.searchsorted(self.cumulative, random.random())), len(self.showing) - 1)
        picture, chances = self.showing[place]
        return picture, int(random.choice(len(chances), p=chances / chances.sum()))

    def _chances(self, picture: Picture) -> np.ndarray:
        faces = picture.faces
        return np.where(faces.ignored, 0.0, np.where(faces.covered, self.knobs.covered_choice, 1.0))


def composed(chooser: Chooser, height: int, width: int, random: np.random.Generator) -> View:
    """One training picture of this size: a single view, or four."""
    grey = np.empty((height, width), np.uint8)
    cuts_x, cuts_y = [0, width], [0, height]
    if random.random() < chooser.knobs.mosaic_probability:
        cuts_x.insert(1, int(width * random.uniform(0.3, 0.7)))
        cuts_y.insert(1, int(height * random.uniform(0.3, 0.7)))
    parts = []
    for top, bottom in itertools.pairwise(cuts_y):
        for left, right in itertools.pairwise(cuts_x):
            picture, face = chooser.choose(random)
            part = view(picture, face, bottom - top, right - left, chooser.knobs, random)
            grey[top:bottom, left:right] = part.grey
            shift = np.array([left, top], np.float32)
            parts.append((part.boxes + np.tile(shift, 2), part.points + shift, part.ignored, part.weights))
    return View(grey, *(np.concatenate(values) for values in zip(*parts, strict=True)))


def view(
    picture: Picture, face: int | None, height: int, width: int, knobs: Views, random: np.random.Generator
) -> View:
    """One picture moved, turned, scaled and perhaps mirrored into (height, width)."""
    source = picture.grey
    scale = _scale(picture, face, height, width, knobs, random)
    furthest = knobs.far_tilt_deg if random.random() < knobs.far_tilt_probability else knobs.tilt_deg
    angle = math.radians(random.uniform(-furthest, furthest))
    mirror = random.random() < 0.5
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    if mirror:
        turn = turn @ np.diag([-1.0, 1.0])
    shift = _placed(picture, face, height, width, random) - turn @ _middle(picture, face)
    grey = _warped(source, turn, shift, height, width, scale, random)
    boxes, points = _moved(picture, turn, shift, scale, angle, mirror)
    return _visible(picture, grey, boxes, points, knobs, random)


def _scale(
    picture: Picture, face: int | None, height: int, width: int, knobs: Views, random: np.random.Generator
) -> float:
    fitting = min(height / picture.grey.shape[0], width / picture.grey.shape[1])
    if face is None:
        return float(fitting * 2 ** random.uniform(0, 1.5))
    left, top, right, bottom = picture.faces.boxes[face]
    size = math.sqrt((right - left) * (bottom - top))
    least, most = knobs.face_px[0], min(knobs.face_px[1], 0.85 * min(height, width))
    wanted = math.exp(random.uniform(math.log(least), math.log(most)))
    # A picture far smaller than the view would train on emptiness.
    return float(min(max(wanted / size, knobs.fill_at_least * fitting), knobs.enlarge_at_most))


def _middle(picture: Picture, face: int | None) -> np.ndarray:
    if face is None:
        return np.array(picture.grey.shape[::-1]) / 2
    return (picture.faces.boxes[face, :2] + picture.faces.boxes[face, 2:]) / 2


def _placed(picture: Picture, face: int | None, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Where the middle of the chosen face comes to lie."""
    reach = 0.42 if face is not None else 0.25
    return np.array([width * (0.5 + random.uniform(-reach, reach)), height * (0.5 + random.uniform(-reach, reach))])


def _warped(
    grey: np.ndarray,
    turn: np.ndarray,
    shift: np.ndarray,
    height: int,
    width: int,
    scale: float,
    random: np.random.Generator,
) -> np.ndarray:
    # Reduced by averaging first, as the device does: a warp alone would skip pixels.
    halvings = 0
    while scale < 0.55 and min(grey.shape) > 16:
        grey = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
        halvings, scale = halvings + 1, scale * 2
    turn = turn * 2**halvings
    # OpenCV counts from the middle of the first pixel, boxes from its corner.
    matrix = np.column_stack([turn, shift + turn @ (0.5, 0.5) - 0.5])
    fill = 0 if random.random() < 0.5 else int(random.integers(256))
    return cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=fill)


def _moved(
    picture: Picture, turn: np.ndarray, shift: np.ndarray, scale: float, angle: float, mirror: bool
) -> tuple[np.ndarray, np.ndarray]:
    boxes = picture.faces.boxes
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2 @ turn.T + shift
    sides = (boxes[:, 2:] - boxes[:, :2]) * scale
    # A face is an ellipse rather than a rectangle: its bounding box grows less when it is turned.
    turned = np.sqrt((sides * math.cos(angle)) ** 2 + (sides[:, ::-1] * math.sin(angle)) ** 2)
    points = picture.faces.points @ turn.T + shift
    if mirror:
        points = points[:, MIRRORED]
    return np.column_stack([middles - turned / 2, middles + turned / 2]), points


def _visible(
    picture: Picture, grey: np.ndarray, boxes: np.ndarray, points: np.ndarray, knobs: Views, random: np.random.Generator
) -> View:
    """Boxes cut at the edges; what is hardly there is ignored, what is not there left out."""
    limits = np.array(grey.shape[::-1] * 2, np.float32)
    clipped = np.clip(boxes, 0, limits)
    whole = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    left = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    there = left > 0.05 * whole
    ignored = picture.faces.ignored | (left < knobs.least_visible * whole) | (left < knobs.smallest_px**2)
    weights = np.where(picture.faces.covered, knobs.covered_weight, 1.0)
    for box in clipped[there & ~ignored]:
        if min(box[2] - box[0], box[3] - box[1]) >= 16 and random.random() < knobs.cover_probability:
            _cover(grey, box, random)
    return View(
        grey,
        clipped[there].astype(np.float32),
        points[there].astype(np.float32),
        ignored[there],
        weights[there].astype(np.float32),
    )


def _cover(grey: np.ndarray, box: np.ndarray, random: np.random.Generator) -> None:
    """A bar over the eyes, or a patch of up to half the face's sides."""
    (left, top), (wide, high) = box[:2], box[2:] - box[:2]
    if random.random() < 0.5:
        part = (0.0, random.uniform(0.2, 0.3), 1.0, random.uniform(0.42, 0.52))
    else:
        x, y = random.uniform(0, 0.7, 2)
        part = (x, y, x + random.uniform(0.2, 0.5), y + random.uniform(0.2, 0.5))
    x0, x1 = (round(left + wide * value) for value in (part[0], min(1.0, part[2])))
    y0, y1 = (round(top + high * value) for value in (part[1], min(1.0, part[3])))
    grey[y0:y1, x0:x1] = random.integers(256)
