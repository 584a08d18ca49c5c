"""OpenCV, quiet: every camera opens and decodes through here, so that trouble reaches the owner as one line of ours.

OpenCV and the FFmpeg inside it write their own lines to standard error unless told otherwise before the first use. The
owner gets them back with OPENCV_LOG_LEVEL=INFO and OPENCV_FFMPEG_LOGLEVEL=32.
"""

from __future__ import annotations

import os

import cv2
import numpy as np

from edge.quiet import muted_stderr
from edge.types import Image

if "OPENCV_LOG_LEVEL" not in os.environ:
    # The first name is that of OpenCV 4.10, the second that of its successors.
    set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    set_log_level(0)  # silent
# OpenCV reads these when it opens a stream.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")  # over UDP, lost packets smear the faces

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FLIPS = {"horizontal": 1, "vertical": 0, "both": -1}


def opened_capture(address: str, backend: int, settings: dict[int, float] | None = None) -> cv2.VideoCapture | None:
    """An open capture, or None where it cannot be opened. backend: cv2.CAP_…; settings: by cv2.CAP_PROP_…."""
    numbers = [int(number) for pair in (settings or {}).items() for number in pair]
    capture = cv2.VideoCapture(address, backend, numbers)
    return capture if capture.isOpened() else None


def decoded(content: bytes) -> Image:
    """A picture file's content as (H, W, 3) BGR, turned upright by its EXIF. Raises ValueError where it is damaged."""
    if not content:
        raise ValueError("the file is empty")
    try:
        with muted_stderr():  # libjpeg and libpng
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as err:
        raise ValueError(err.err) from err
    if image is None:
        raise ValueError("damaged, or of a kind that OpenCV cannot read")
    return np.asarray(image, dtype=np.uint8)


def upright(image: Image, rotation: int, flip: str) -> Image:
    """The picture turned clockwise by [camera] rotation degrees, then mirrored as [camera] flip says. Exact."""
    turned = cv2.rotate(image, _TURNS[rotation]) if rotation else image
    mirrored = cv2.flip(turned, _FLIPS[flip]) if flip != "none" else turned
    return np.asarray(mirrored, dtype=np.uint8)
