"""BlazeFace, Google's single-shot face detector; its card says how its anchors lie.

Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection on mobile GPUs" (2019).
"""

from __future__ import annotations

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

_PAIRS_USED: Final = 6
"""Centre, size, eye, eye, nose tip, mouth; what follows in the file (the ears) is not used."""

NEARLY_SQUARE: Final = 0.8
"""Least ratio of the sides of a picture that one face may fill so far that the network, used to seeing a head
and shoulders, misses it. Only there it looks again, and only for such a face; a 4:3 camera never pays for it."""

TIGHT_FILL: Final = 0.62
"""Shrunk so far, 33 of 35 portraits cut to the face's very box are found again at a score of 0.6, instead of 3."""


class BlazeFace:
    """Finds the faces of a picture in one pass. One thread at a time."""

    colour: Final = True

    def __init__(self, model: Path, min_score: float, min_size_px: float, max_faces: int, threads: int = 1) -> None:
        """min_score: 0..1. min_size_px: least width of a face, pixels of the frame. Raises ModelError."""
        content, card = load_verified(model)
        self._model = TfliteModel(content, str(model), threads)
        side = _input_side(self._model, model)
        self._letterbox = Letterbox(side, side, 3, pixel_table(self._model.input_quantization()), rgb=True)
        self._anchors, self._merge_iou = _layout(card, side, model)
        self._regressors = self._output_of(16, model)
        self._classifiers = self._output_of(1, model)
        self._min_logit = math.log(min_score / (1 - min_score))
        self._min_size_px, self._max_faces = min_size_px, max_faces

    def detect(self, image: Image) -> list[Face]:
        """The faces of a (H, W, 3) BGR or (H, W) grey picture, likeliest first, in pixels of that picture."""
        faces = self._detect(image, 1.0)
        shorter, longer = sorted(image.shape[:2])
        if not faces and shorter > NEARLY_SQUARE * longer:
            faces = [face for face in self._detect(image, TIGHT_FILL) if face.box.width > longer / 2]
        return [face for face in faces if face.box.width >= self._min_size_px][: self._max_faces]

    def _detect(self, image: Image, fill: float) -> list[Face]:
        """fill: as in Letterbox.fit."""
        batch, origin, scale = self._letterbox.fit(image, fill)
        outputs = self._model.run(batch)
        logits = self._model.output_quantization(self._classifiers).dequantize(outputs[self._classifiers][0, :, 0])
        likely = np.flatnonzero(logits >= self._min_logit)
        if not len(likely):
            return []
        raw = outputs[self._regressors][0, likely].reshape(len(likely), -1, 2)
        offsets = self._model.output_quantization(self._regressors).dequantize(raw)
        likelihoods = (1 / (1 + np.exp(-logits[likely]))).astype(np.float32)
        pairs, scores = merged(decoded(offsets, self._anchors[likely]), likelihoods, self._merge_iou)
        return [as_face(row, score) for row, score in zip((pairs - origin) / scale, scores, strict=True)]

    def _output_of(self, columns: int, model: Path) -> int:
        """The number of the output with so many values an anchor."""
        for number, output in enumerate(self._model.outputs):
            if tuple(output["shape"]) == (1, len(self._anchors), columns):
                return number
        raise ModelError(f"{model} has no output of shape (1, {len(self._anchors)}, {columns}): not the card's network")


def pixel_table(quantization: Quantization) -> npt.NDArray[Any]:
    """(256,) in the input's own numbers: the network takes pixels as -1..1."""
    return quantization.quantize(np.arange(256) / 127.5 - 1)


def anchor_centres(side: int, strides: list[int], per_cell: list[int]) -> Floats:
    """(N, 2) anchors in input pixels: for each stride, so many in the middle of each cell, cells row by row."""
    grids = []
    for stride, count in zip(strides, per_cell, strict=True):
        centres = np.arange(stride / 2, side, stride, dtype=np.float32)
        x, y = np.meshgrid(centres, centres)
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), count, axis=0))
    return np.concatenate(grids)


def decoded(offsets: Floats, anchors: Floats) -> Pairs:
    """Detections in input pixels.

    offsets: (N, 6 or more, 2) input pixels: the centre and the points relative to the anchor; the size stands second.
    """
    pairs = offsets[:, :_PAIRS_USED] + anchors[:, None]
    half = offsets[:, 1] / 2
    pairs[:, 0], pairs[:, 1] = pairs[:, 0] - half, pairs[:, 0] + half
    return pairs


def _input_side(network: TfliteModel, model: Path) -> int:
    shape = network.input_shape
    if len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3:
        raise ModelError(f"{model} takes input {shape}, not one square colour picture: it is no BlazeFace")
    return shape[1]


def _layout(card: Card, side: int, model: Path) -> tuple[Floats, float]:
    """The anchors and the overlap above which two boxes are one face, from the card. Raises ModelError."""
    try:
        anchors = card["anchors"]
        return anchor_centres(side, anchors["strides"], anchors["per_cell"]), float(card["merge_iou"])
    except (KeyError, TypeError, ValueError) as err:
        raise ModelError(f"{card_path(model)} does not say how to read BlazeFace: {err!r}; install it again") from err
