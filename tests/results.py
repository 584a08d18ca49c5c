"""Builders of results, for the tests of what is done with them."""

from __future__ import annotations

import numpy as np

from edge.emotion.labels import LABELS
from edge.types import Event, Frame, Result, Track
from tests.conftest import face_at

WALL = 1795359845.123
"""2026-11-22T15:04:05.123Z"""


def track(
    id: int = 3,  # noqa: A002
    emotion: str = "happy",
    confidence: float = 0.9,
    *,
    settled: str | None = None,
    uncertain: bool = False,
) -> Track:
    rest = (1 - confidence) / (len(LABELS) - 1)
    probabilities = np.array([confidence if label == emotion else rest for label in LABELS])
    return Track(id, face_at(80.0, 60.0), probabilities, uncertain, settled or emotion)


def result(
    *tracks: Track,
    events: tuple[Event, ...] = (),
    t: float = 0.4,
    wall: float = WALL,
    number: int = 12,
    file: str | None = None,
) -> Result:
    """160 x 120 pixels."""
    frame = Frame(np.zeros((120, 160, 3), np.uint8), 100.0 + t, wall, number, file)
    return Result(frame, t, tracks, events, {"detect": 2.1, "classify": 0.204, "total": 2.6})


def changed(id: int = 3, before: str = "neutral", after: str = "happy") -> Event:  # noqa: A002
    return Event("emotion_changed", id, before, after, 0.91)
