"""What finds faces. Each detector is one file; the table at the end names them."""

from __future__ import annotations

from typing import Protocol

from edge.types import Face, Image


class Detector(Protocol):
    """Finds the faces of one picture, likeliest first, each once."""

    def detect(self, image: Image) -> list[Face]: ...
