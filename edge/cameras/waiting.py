"""How long a live camera is waited for."""

from __future__ import annotations

from edge.config import CameraConfig

FIRST_FRAME_S = 5.0
"""A camera that starts may take so long, however soon one that runs counts as lost."""


def frame_timeout_s(config: CameraConfig, number: int) -> float:
    """Seconds until a camera that delivers nothing counts as lost. number: of the frame it owes, 0 after opening."""
    return config.stall_timeout_s if number else max(config.stall_timeout_s, FIRST_FRAME_S)
