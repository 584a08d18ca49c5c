"""USB cameras and whatever else the kernel shows as /dev/video*."""

from __future__ import annotations

import fcntl
import logging
import math
import os
import re
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.opencv import opened_capture, upright
from edge.cameras.waiting import frame_timeout_s
from edge.config import CameraConfig
from edge.errors import CameraError
from edge.types import Frame, Image

log = logging.getLogger(__name__)

# From linux/videodev2.h.
_QUERYCAP, _CAPABILITY = 0x80685600, "16s32s32sIII12x"
_ENUM_FMT, _FMTDESC = 0xC0405602, "III32s4s16x"
_VIDEO_CAPTURE, _HAS_DEVICE_CAPS = 0x1, 0x80000000

# Formats that OpenCV turns into BGR. A bare sensor (unicam, tegra-video) offers raw Bayer only and is no camera for us.
_READABLE = frozenset({"MJPG", "JPEG", "YUYV", "YVYU", "UYVY", "NV12", "NV21", "YU12", "YV12", "RGB3", "BGR3", "GREY"})
# Inner nodes of the Raspberry Pi's image pipeline: they offer such formats and never deliver a frame by themselves.
_INNER_DRIVERS = frozenset({"bcm2835-isp", "bcm2835-codec", "rp1-cfe", "pispbe", "unicam"})

_RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class Device:
    """What the kernel says about a /dev/video*. formats: four-letter names, in the driver's order."""

    card: str
    formats: tuple[str, ...]


class V4l2Camera:
    """A capture device through OpenCV, as MJPG where it has that: raw pictures fill a USB 2 bus at a few frames."""

    live = True

    def __init__(self, path: str, config: CameraConfig) -> None:
        self.name = f"v4l2:{path}"
        self._path, self._config = path, config
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        device = inspected(self._path)
        # OpenCV reads it once, at the first wait for a picture; otherwise a frozen camera holds it for 10 seconds.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(math.ceil(self._config.stall_timeout_s)))
        self._capture = opened_capture(self._path, cv2.CAP_V4L2)
        if self._capture is None:
            raise CameraError(f"{self.name}: cannot start {device.card}; is another program using it?")
        if "MJPG" in device.formats:  # before the size: drivers tell which sizes they have for the format set
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._config.width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._config.height)
        self._capture.set(cv2.CAP_PROP_FPS, self._config.fps)
        if not self._config.exposure_ms:
            _expose_automatically(self._capture)
        elif not _expose(self._capture, self._config.exposure_ms):
            log.warning("%s: %s cannot do [camera] exposure_ms; going on without it", self.name, device.card)
        log.info("%s: %s, %s", self.name, device.card, _negotiated(self._capture))
        self._number = 0

    def read(self) -> Frame | None:
        if self._capture is None:
            raise CameraError(f"{self.name}: not open")
        image = self._whole_picture(self._capture)
        self._number += 1
        age_s = _age_s(self._capture)
        picture = upright(image, self._config.rotation, self._config.flip)
        return Frame(picture, time.monotonic() - age_s, time.time() - age_s, self._number - 1)

    def _whole_picture(self, capture: cv2.VideoCapture) -> Image:
        """The next one that can be decoded: cheap cameras send broken JPEGs now and then, many when they start."""
        deadline = time.monotonic() + frame_timeout_s(self._config, self._number)
        while self._grabbed(capture, deadline):
            taken, image = capture.retrieve()
            if taken and image is not None and image.size:
                return np.asarray(image, dtype=np.uint8)
            if time.monotonic() > deadline:
                raise CameraError(f"{self.name}: sends broken pictures only; try another cable or USB port")
        raise CameraError(f"{self.name}: stopped delivering; was it unplugged?")

    def _grabbed(self, capture: cv2.VideoCapture, deadline: float) -> bool:
        """Whether there is a next one. A camera that starts may take longer than OpenCV waits for one that runs."""
        while not capture.grab():
            if self._number or time.monotonic() > deadline:
                return False
            time.sleep(_RETRY_S)
        return True

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def first_device(folder: Path = Path("/dev")) -> str:
    """Path of the first /dev/video* that gives pictures. Raises CameraError saying why there is none."""
    paths = sorted(folder.glob("video*"), key=lambda path: int(re.sub(r"\D", "", path.name) or 0))
    reasons = [f"no V4L2 camera: there is no {folder}/video*"]
    for path in map(str, paths):
        try:
            inspected(path)
        except CameraError as err:
            reasons.append(str(err))
        else:
            return path
    raise CameraError(reasons[1] if len(reasons) > 1 else reasons[0])


def inspected(path: str) -> Device:
    """Ask the kernel about a device. Raises CameraError where it is no camera we can read, and says why."""
    try:
        file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise CameraError(f"v4l2:{path}: there is no such device; is the camera plugged in?") from err
    except PermissionError as err:
        raise CameraError(f"v4l2:{path}: no permission; add the user to the group 'video'") from err
    except OSError as err:
        raise CameraError(f"v4l2:{path}: cannot open this device: {err.strerror}") from err
    try:
        answer = struct.unpack(_CAPABILITY, fcntl.ioctl(file, _QUERYCAP, bytes(struct.calcsize(_CAPABILITY))))
        driver, card = (text.rstrip(b"\0").decode(errors="replace") for text in answer[:2])
        can = answer[5] if answer[4] & _HAS_DEVICE_CAPS else answer[4]
        formats = _formats(file) if can & _VIDEO_CAPTURE else ()
    except OSError as err:
        raise CameraError(f"v4l2:{path}: this is not a video device") from err
    finally:
        os.close(file)
    if driver in _INNER_DRIVERS or not _READABLE.intersection(formats):
        raise CameraError(
            f"v4l2:{path}: {card} gives no pictures that can be read; it is not a camera, or a bare sensor"
        )
    return Device(card, formats)


def _formats(file: int) -> tuple[str, ...]:
    """The pixel formats of an open capture device, asked one by one until the driver says EINVAL."""
    formats: list[str] = []
    while True:
        question = struct.pack(_FMTDESC, len(formats), _VIDEO_CAPTURE, 0, b"", b"")
        try:
            answer = struct.unpack(_FMTDESC, fcntl.ioctl(file, _ENUM_FMT, question))
        except OSError:
            return tuple(formats)
        formats.append(answer[4].decode(errors="replace"))


def _negotiated(capture: cv2.VideoCapture) -> str:
    """What the driver made of our wishes, for the log."""
    code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode(errors="replace")
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    return f"{width:.0f}x{height:.0f} at {capture.get(cv2.CAP_PROP_FPS):.0f} frames a second, {code}"


def _expose(capture: cv2.VideoCapture, exposure_ms: float) -> bool:
    """Set the exposure time by hand; whether the camera has that. V4L2 counts it in tenths of a millisecond."""
    by_hand = 1  # V4L2_EXPOSURE_MANUAL
    return capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, by_hand) and capture.set(
        cv2.CAP_PROP_EXPOSURE, round(10 * exposure_ms)
    )


def _expose_automatically(capture: cv2.VideoCapture) -> None:
    """Undo what an earlier run or another program set by hand: the camera keeps it. One without exposure stays so."""
    aperture_priority = 3  # V4L2_EXPOSURE_APERTURE_PRIORITY: what UVC cameras call automatic
    capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, aperture_priority)


def _age_s(capture: cv2.VideoCapture) -> float:
    """Seconds since the driver took the frame just read.

    OpenCV gives the buffer's time stamp as the position. Nearly every driver stamps with the monotonic clock; what is
    older than a second or in the future comes from another clock and counts as now.
    """
    age_s = time.monotonic() - capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
    return age_s if 0 <= age_s < 1 else 0.0
