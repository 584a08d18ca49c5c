"""Draws what the pipeline found: on the picture, on a picture with hidden faces, or as words on black."""

from edge.overlay.overlay import Overlay

__all__ = ["Overlay"]
