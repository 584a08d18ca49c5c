"""Small sources made on the spot, and how a test reads one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from edge.cameras import Camera
from edge.config import CameraConfig
from edge.types import Frame

CONFIG = CameraConfig(stall_timeout_s=1.0)
CORNERS = np.zeros((48, 64, 3), np.uint8)
"""Left half blue above green, right half red above black: no turn or flip of it looks the same."""
CORNERS[:24, :32, 0] = CORNERS[24:, :32, 1] = CORNERS[:24, 32:, 2] = 255
OLD_GI = pytest.mark.filterwarnings("ignore::ImportWarning", "ignore::DeprecationWarning")
"""The python3-gi of Debian 12 is older than its Python."""


def jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", CORNERS)[1])


def video_at(path: Path, count: int = 5, rate: float = 10.0) -> str:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (64, 48))
    for _ in range(count):
        writer.write(CORNERS)
    writer.release()
    return str(path)


def gif_at(path: Path, delays_ms: list[int]) -> str:
    pages = [PillowImage.fromarray(np.full((48, 64, 3), 60 * number, np.uint8)) for number in range(len(delays_ms))]
    pages[0].save(path, save_all=True, append_images=pages[1:], duration=delays_ms)
    return str(path)


def frames_of(camera: Camera, most: int = 100) -> list[Frame]:
    """Open, read to the end or so many, close."""
    camera.open()
    frames: list[Frame] = []
    while len(frames) < most and (frame := camera.read()) is not None:
        frames.append(frame)
    camera.close()
    return frames
