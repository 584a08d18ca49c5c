"""Frames from files: a video, a picture, a folder of pictures."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.opencv import decoded, opened_capture, upright
from edge.config import CameraConfig
from edge.errors import SourceError
from edge.types import Frame, Image

log = logging.getLogger(__name__)

# fmt: off
PICTURES = frozenset({
    ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm",
    ".ppm", ".ras", ".sr", ".tif", ".tiff", ".webp",
})
# fmt: on
"""Endings of picture files. A single .gif is played as a video."""

DAMAGED_IN_A_ROW = 100
"""Past the end of a clip, asking so often takes a millisecond."""

_USUAL_RATE = 30.0


class VideoFile:
    """Every frame of a video or animated GIF, with the clip's own time. Damaged ones are passed over."""

    live = False

    def __init__(self, path: str, config: CameraConfig) -> None:
        self.name = path
        self._config = config
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        _refuse_text(self.name)
        # Resolved, because FFmpeg takes the "a" of "a:b.mp4" for a protocol.
        self._capture = opened_capture(str(Path(self.name).resolve()), cv2.CAP_FFMPEG)
        if self._capture is None:
            raise SourceError(
                f"{self.name}: not a video that can be read; if it plays elsewhere, convert it to MP4 (H.264)"
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._step_s = 1 / (rate if 1 <= rate <= 240 else _USUAL_RATE)
        self._number, self._time = 0, 0.0
        self._damaged = 0

    def read(self) -> Frame | None:
        if self._capture is None:
            raise SourceError(f"{self.name}: not open")
        image = self._next_whole(self._capture)
        if image is None:
            if self._number == 0:
                raise SourceError(f"{self.name}: there is no picture in this video; the file is damaged or cut short")
            if self._damaged:
                log.warning("%s: the file is damaged; %d frames or more are missing", self.name, self._damaged)
            return None
        picture = upright(image, self._config.rotation, self._config.flip)
        frame = Frame(picture, self._clip_time(), time.time(), self._number)
        self._number, self._time = frame.number + 1, frame.time
        return frame

    def _next_whole(self, capture: cv2.VideoCapture) -> Image | None:
        """None at the end. A damaged frame reads like the end, but after the end no other follows."""
        for failed in range(DAMAGED_IN_A_ROW):
            taken, image = capture.read()
            if taken:
                self._damaged += failed
                return np.asarray(image, dtype=np.uint8)
        return None

    def _clip_time(self) -> float:
        """Seconds. The file's own time stamp, which is right for GIFs and phones too; without one, one step on."""
        assert self._capture is not None
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._number == 0:
            return max(stamp, 0.0)
        return stamp if stamp > self._time else self._time + self._step_s

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class Pictures:
    """One picture, or each picture of a folder in the order of their names; every frame stands alone, at time 0.

    In a folder a picture that cannot be read is named in the log and left out; files of other kinds are passed over.
    """

    live = False

    def __init__(self, path: str, config: CameraConfig) -> None:
        self.name = path
        self._config = config
        self._waiting: Iterator[str] = iter(())

    def open(self) -> None:
        self._is_folder = os.path.isdir(self.name)
        try:
            paths = _pictures_in(self.name) if self._is_folder else [self.name]
        except OSError as err:
            raise SourceError(f"{self.name}: cannot list this folder: {err.strerror}") from err
        if not paths:
            raise SourceError(
                f"{self.name}: no picture in this folder; known endings are {', '.join(sorted(PICTURES))}"
            )
        self._waiting = iter(paths)
        self._number = 0

    def read(self) -> Frame | None:
        for path in self._waiting:
            try:
                image = decoded(Path(path).read_bytes())
            except (OSError, ValueError) as err:
                reason = err.strerror if isinstance(err, OSError) else err
                if not self._is_folder:
                    raise SourceError(f"{path}: cannot read this picture: {reason}") from err
                log.warning("%s: left out, cannot read this picture: %s", path, reason)
                continue
            picture = upright(image, self._config.rotation, self._config.flip)
            frame = Frame(picture, time=0.0, wall=time.time(), number=self._number, file=path)
            self._number += 1
            return frame
        if self._is_folder and self._number == 0:
            raise SourceError(f"{self.name}: none of the pictures in this folder can be read")
        return None

    def close(self) -> None:
        self._waiting = iter(())


def _pictures_in(folder: str) -> list[str]:
    """Paths in the order of their names. Hidden files are left out: macOS puts "._photo.jpg" beside every photo.jpg."""
    names = sorted(
        entry.name
        for entry in os.scandir(folder)
        if entry.is_file() and not entry.name.startswith(".") and is_picture(entry.name)
    )
    return [os.path.join(folder, name) for name in names]


def is_picture(path: str) -> bool:
    """By its ending."""
    return Path(path).suffix.lower() in PICTURES


def _refuse_text(path: str) -> None:
    """FFmpeg would show a .txt as a film of its letters. Raises SourceError, also where the file cannot be opened."""
    try:
        with open(path, "rb") as file:
            start = file.read(4096)
    except OSError as err:
        raise SourceError(f"{path}: cannot read this file: {err.strerror}") from err
    if not start:
        raise SourceError(f"{path}: the file is empty")
    if b"\0" not in start and not start.startswith(b"YUV4MPEG2"):  # every other kind of video has one soon
        raise SourceError(f"{path}: this is text, not a video; give a video, a picture or a folder of pictures")
