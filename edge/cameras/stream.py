"""Network cameras: RTSP, and MJPEG or video over HTTP."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import cv2
import numpy as np

from edge.cameras.opencv import opened_capture, upright
from edge.cameras.waiting import frame_timeout_s
from edge.config import CameraConfig
from edge.errors import CameraError, SourceError
from edge.types import Frame, Image

BROKEN_IN_A_ROW = 10


class StreamCamera:
    """Decoded by the FFmpeg inside OpenCV; RTSP goes over TCP. Size and rate are the stream's own."""

    live = True

    def __init__(self, address: str, config: CameraConfig) -> None:
        self.name = without_secrets(address)
        self._address, self._config = address, config
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        settings = {
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 1000 * frame_timeout_s(self._config, 0),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC: 1000 * self._config.stall_timeout_s,
            cv2.CAP_PROP_N_THREADS: 1,  # each further one that decodes holds a frame back
        }
        self._capture = opened_capture(self._address, cv2.CAP_FFMPEG, settings)
        if self._capture is None:
            raise CameraError(f"{self.name}: cannot open this stream; check the address, the password and the network")
        self._number = 0

    def read(self) -> Frame | None:
        if self._capture is None:
            raise CameraError(f"{self.name}: not open")
        image = self._whole_picture(self._capture)
        self._number += 1
        picture = upright(image, self._config.rotation, self._config.flip)
        return Frame(picture, time.monotonic(), time.time(), self._number - 1)

    def _whole_picture(self, capture: cv2.VideoCapture) -> Image:
        """The next one that can be decoded. A broken one reads like the end, but after the end no other follows."""
        deadline = time.monotonic() + self._config.stall_timeout_s
        for _ in range(BROKEN_IN_A_ROW):
            taken, image = capture.read()
            if taken:
                return np.asarray(image, dtype=np.uint8)
            if time.monotonic() > deadline:  # it waited for one that did not come
                break
        raise CameraError(f"{self.name}: the stream ended")

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def without_secrets(address: str) -> str:
    """The address without user, password and query, which may hold a token: this is logged and published.

    Raises SourceError where it is no address, without repeating it: what could not be read may be a password.
    """
    scheme = address.partition(":")[0]
    try:
        parts = urlsplit(address)
        readable = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        readable = False
    if not readable or "@" in f"{parts.path}{parts.query}{parts.fragment}":
        raise SourceError(
            f"the {scheme} source is not a valid address; if a user or password holds / ? # @ or :, write it as "
            "%2F %3F %23 %40 or %3A"
        ) from None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
