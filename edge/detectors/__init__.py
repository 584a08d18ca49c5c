"""What finds faces. Each detector is one file, and `DETECTORS` names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from edge.config import FaceConfig
from edge.detectors.anchor_free import AnchorFree
from edge.detectors.blazeface import BlazeFace
from edge.emotion.card import card_path, load_verified
from edge.emotion.tflite import find_model
from edge.errors import ModelError
from edge.types import Face, Frame, Image

WEAK_SCORE_RATIO: Final = 0.6
"""Of min_score: what a face that is known already must reach to be still there; in tiles, what adds up to a face."""


class Detector(Protocol):
    """Finds the faces of one picture, likeliest first, each once."""

    @property
    def colour(self) -> bool:
        """Whether it sees more in colour than in grey."""

    def detect(self, image: Image) -> list[Face]: ...


DETECTORS: Final[dict[str, Callable[[Path, float, float, int, int], Detector]]] = {
    "blazeface": BlazeFace,
    "anchor-free": AnchorFree,
}
"""By the "kind" of the model's card: made from the model, min_score, min_size_px, max_faces and threads."""


def open_detector(config: FaceConfig, threads: int = 1) -> Detector:
    """The detector that the model's card asks for. Raises ModelError."""
    model = find_model(config.model)
    _, card = load_verified(model)
    kind = card.get("kind")
    if kind not in DETECTORS:
        raise ModelError(f"{card_path(model)}: kind {kind!r} is no face detector known here ({', '.join(DETECTORS)})")
    return DETECTORS[kind](model, config.min_score, config.min_size_px, config.max_faces, threads)


def look(detector: Detector, frame: Frame) -> list[Face]:
    """The faces of a frame, likeliest first, in pixels of `frame.tracking_image`; seen in colour where that helps."""
    if detector.colour:
        return [frame.in_tracking_image(face) for face in detector.detect(frame.image)]
    return detector.detect(frame.tracking_image)
