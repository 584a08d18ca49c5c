"""Face detectors that people run instead of ours, to compare with: OpenCV's Haar cascade and YuNet."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.types import Box, Face, Image
from training.errors import DataError


class Haar:
    """Viola and Jones (2001). Its scores are level weights; it gives no points."""

    @staticmethod
    def is_here() -> bool:
        """OpenCV 5 dropped it."""
        return hasattr(cv2, "CascadeClassifier")

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")

    def detect(self, image: Image) -> list[Face]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
        boxes, _, levels = self._cascade.detectMultiScale3(grey, 1.1, 5, minSize=(20, 20), outputRejectLevels=True)
        points = np.full((4, 2), np.nan, np.float32)
        faces = [
            Face(Box(x, y, x + width, y + height), float(1 / (1 + np.exp(-level))), points)
            for (x, y, width, height), level in zip(boxes, np.ravel(levels), strict=True)
        ]
        return sorted(faces, key=lambda face: -face.score)


class YuNet:
    """Wu, Peng and Yu (2023), as OpenCV runs it; the picture fitted into 320x320 without black borders."""

    LONGEST_PX = 320

    def __init__(self, model: Path, min_score: float) -> None:
        """model: OpenCV Zoo's ONNX file. Raises DataError."""
        if not model.is_file():
            raise DataError(f"{model} is missing; OpenCV Zoo has it: face_detection_yunet_2023mar.onnx")
        self._net = cv2.FaceDetectorYN.create(str(model), "", (320, 320), min_score)

    def detect(self, image: Image) -> list[Face]:
        scale = self.LONGEST_PX / max(image.shape[:2])
        colour = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
        small = cv2.resize(colour, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._net.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._net.detect(small)
        faces = [_yunet_face(row, scale) for row in (rows if rows is not None else [])]
        return sorted(faces, key=lambda face: -face.score)


def _yunet_face(row: np.ndarray, scale: float) -> Face:
    """A row is x, y, width, height, five points from the person's right eye to the left mouth corner, score."""
    x, y, width, height = (float(value) for value in row[:4] / scale)
    five = row[4:14].reshape(5, 2) / scale
    points = np.concatenate([five[:3], five[3:].mean(axis=0, keepdims=True)]).astype(np.float32)
    return Face(Box(x, y, x + width, y + height), float(row[14]), points)
