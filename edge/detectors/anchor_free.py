"""Detectors without anchors, which answer on grids of 8, 16 and 32 pixels: YuNet, and our `training.detection`.

Each cell says how likely a face's middle lies there, its box and five points. YuNet says two logits, of a face and of
how well its box fits: the score is the geometric mean of their likelihoods (Wu, Peng and Yu, "YuNet: a tiny
millisecond-level face detector", 2023). Nothing is decoded but the cells whose score is high enough.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.detectors.letterbox import Letterbox
from edge.detectors.merging import Floats, Pairs, as_face, merged
from edge.emotion.card import Card, card_path, load_verified
from edge.emotion.tflite import Quantization, TfliteModel
from edge.errors import ModelError
from edge.types import Face, Image

LOGITS, BOX, POINTS = (1, 2), 4, 10
"""Channels of a grid's three outputs; of the first, whichever the network has."""

MOUTH_BELOW_CORNERS: Final = 0.04
"""Of the way from the eyes to the corners: so much lower BlazeFace, which knows the mouth's middle, sees it on 1,870
pictures of FER2013 (`python -m training.geometry`). The crop rule was measured with it."""

_LOG_SIDE: Final = 4.0
"""A box's side is within e to the power of plus or minus this many strides: keeps the exponential finite."""


class AnchorFree:
    """Finds the faces of a picture in one pass. One thread at a time."""

    def __init__(self, model: Path, min_score: float, min_size_px: float, max_faces: int, threads: int = 1) -> None:
        """min_score: 0..1. min_size_px: least width of a face, pixels of the frame. Raises ModelError."""
        content, card = load_verified(model)
        self._model = TfliteModel(content, str(model), threads)
        height, width, planes = _input_size(self._model, model)
        self.colour = planes > 1
        self._letterbox = Letterbox(height, width, planes, pixel_table(self._model.input_quantization()))
        strides, self._sureness, self._merge_iou = _reading(card, model)
        self._grids = [Grid(self._model, stride, height, width, model) for stride in strides]
        self._min_logit = self._sureness.logit(min_score)
        self._min_size_px, self._max_faces = min_size_px, max_faces

    def detect(self, image: Image) -> list[Face]:
        """The faces of a (H, W, 3) BGR or (H, W) grey picture, likeliest first, in pixels of that picture."""
        batch, origin, scale = self._letterbox.fit(image)
        outputs = self._model.run(batch)
        found = [grid.likely(outputs, self._min_logit) for grid in self._grids]
        logits = np.concatenate([logits for logits, _ in found])
        if not len(logits):
            return []
        scores = self._sureness.scores(logits)
        pairs, scores = merged(np.concatenate([pairs for _, pairs in found]), scores, self._merge_iou)
        faces = [as_face(row, score) for row, score in zip((pairs - origin) / scale, scores, strict=True)]
        return [face for face in faces if face.box.width >= self._min_size_px][: self._max_faces]


class Sureness:
    """What a logit says to a person: the network's own, moved so that the usual threshold finds what it should."""

    def __init__(self, scale: float, shift: float) -> None:
        self._scale, self._shift = scale, shift

    def scores(self, logits: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(logits * self._scale + self._shift))), np.float32)

    def logit(self, score: float) -> float:
        """The network's answer that means this score, which is between 0 and 1."""
        return (math.log(score / (1 - score)) - self._shift) / self._scale


class Grid:
    """Reads the answers of one stride."""

    def __init__(self, network: TfliteModel, stride: int, height: int, width: int, model: Path) -> None:
        """height, width: of the network's input. Raises ModelError where the network has no such grid."""
        self._stride = stride
        rows, columns = -(-height // stride), -(-width // stride)
        self._numbers = [
            _output_of(network, [(1, rows, columns, channels) for channels in possible], model)
            for possible in (LOGITS, (BOX,), (POINTS,))
        ]
        self._scales = [network.output_quantization(number) for number in self._numbers]
        self._centres = cell_centres(rows, columns, stride)

    def likely(self, outputs: list[npt.NDArray[Any]], min_logit: float) -> tuple[Floats, Pairs]:
        """Logits of the cells that reach the least one, and their detections in input pixels."""
        raw, boxes, points = (outputs[number].reshape(len(self._centres), -1) for number in self._numbers)
        # Compared as the integers they are: most pictures end here.
        least = _least_integer(self._scales[0], least_of_each(min_logit, raw.shape[1]))
        chosen = np.flatnonzero(functools.reduce(np.minimum, raw.T) >= least)
        logits = joint(self._scales[0].dequantize(raw[chosen]))
        sure = logits >= min_logit
        chosen = chosen[sure]
        return (
            logits[sure],
            decoded(
                self._scales[1].dequantize(boxes[chosen]),
                self._scales[2].dequantize(points[chosen]),
                self._centres[chosen],
                np.full(len(chosen), self._stride, np.float32),
            ),
        )


def pixel_table(quantization: Quantization) -> npt.NDArray[Any]:
    """(256,) in the input's own numbers: the network takes pixels 0..255 as they are."""
    return quantization.quantize(np.arange(256, dtype=np.float64))


def joint(logits: Floats) -> Floats:
    """(N,) logits of the geometric means of the likelihoods that the rows of (N, 1 or 2) logits stand for."""
    if logits.shape[1] == 1:
        return logits[:, 0]
    log_mean = -np.logaddexp(0, -logits).mean(axis=1)
    return np.asarray(log_mean - np.log(-np.expm1(log_mean)), np.float32)


def least_of_each(logit: float, count: int) -> float:
    """What each of so many logits reaches where `joint` of them reaches this one."""
    likelihood = (1 + math.exp(-logit)) ** -count
    return math.log(likelihood / (1 - likelihood))


def cell_centres(rows: int, columns: int, stride: int) -> Floats:
    """(rows * columns, 2) x and y of the cells' middles in input pixels, row by row."""
    y, x = np.mgrid[:rows, :columns]
    return np.asarray((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride, np.float32)


def decoded(boxes: Floats, points: Floats, centres: Floats, strides: Floats) -> Pairs:
    """Detections in input pixels.

    boxes: (N, 4) middle x and y, logarithm of width and height; points: (N, 10) x and y of the eyes, nose and mouth
    corners; both in strides, from the cell's middle. centres: (N, 2) and strides: (N,) in input pixels.
    """
    step = strides[:, None]
    middle = centres + boxes[:, :2] * step
    half = np.exp(np.clip(boxes[:, 2:], -_LOG_SIDE, _LOG_SIDE)) * step / 2
    five = centres[:, None] + points.reshape(-1, 5, 2) * step[:, None]
    corners = np.stack([middle - half, middle + half], axis=1)
    return np.concatenate([corners, four_points(five)], axis=1).astype(np.float32)


def four_points(five: Floats) -> Floats:
    """(N, 4, 2) as in `edge.types.Points`, of (N, 5, 2) with both corners of the mouth instead of its middle."""
    eyes, corners = five[:, :2].mean(axis=1), five[:, 3:].mean(axis=1)
    mouth = corners + MOUTH_BELOW_CORNERS * (corners - eyes)
    return np.concatenate([five[:, :3], mouth[:, None]], axis=1)


def _least_integer(quantization: Quantization, real: float) -> float:
    """The least stored number that stands for `real` or more; a float output's own number is `real`."""
    if not quantization.scale:
        return real
    return math.ceil(real / quantization.scale) + quantization.zero_point


def _input_size(network: TfliteModel, model: Path) -> tuple[int, int, int]:
    """Height, width, planes."""
    shape = network.input_shape
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in (1, 3):
        raise ModelError(f"{model} takes input {shape}, not one picture: it is no anchor-free face detector")
    return shape[1], shape[2], shape[3]


def _output_of(network: TfliteModel, shapes: list[tuple[int, ...]], model: Path) -> int:
    """The number of the output that has one of the shapes."""
    for number, output in enumerate(network.outputs):
        if tuple(output["shape"]) in shapes:
            return number
    raise ModelError(f"{model} has no output of shape {shapes[0]}: not the card's network")


def _reading(card: Card, model: Path) -> tuple[list[int], Sureness, float]:
    """The grids' strides, what the scores mean, and the overlap above which two boxes are one face."""
    try:
        strides = [int(stride) for stride in card["strides"]]
        sureness = Sureness(float(card["sureness"]["scale"]), float(card["sureness"]["shift"]))
        return strides, sureness, float(card["merge_iou"])
    except (KeyError, TypeError, ValueError) as err:
        raise ModelError(f"{card_path(model)} does not say how to read its grids: {err!r}; install it again") from err
