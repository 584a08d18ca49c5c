"""Where frames come from. Each camera is one file; `camera_for` looks it up in the tables at the end."""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Callable
from typing import Protocol

from edge import service
from edge.cameras import picamera, v4l2
from edge.cameras.demo import DemoCamera
from edge.cameras.files import Pictures, VideoFile, is_picture
from edge.cameras.gstreamer import GstCamera
from edge.cameras.stream import StreamCamera
from edge.config import CameraConfig
from edge.errors import CameraError, SourceError
from edge.types import Frame

log = logging.getLogger(__name__)


class Camera(Protocol):
    """One source of frames. The constructor only stores settings.

    name: what status and JSON call the source.
    live: frames come when they come and the newest wins; otherwise every frame is read.
    """

    name: str
    live: bool

    def open(self) -> None:
        """Take the device or file. Raises CameraError (live) or SourceError (files)."""

    def read(self) -> Frame | None:
        """The next frame, or None where a file ends. Raises CameraError when a live camera stops delivering."""

    def close(self) -> None:
        """Give everything back. May be called twice, and before open."""


def camera_for(source: str, config: CameraConfig) -> Camera:
    """The camera of a source as the command line and the configuration write it. Nothing is opened yet.

    Raises SourceError where the source is no known word, or a path at which there is nothing; CameraError where a
    service's camera is not there.
    """
    if source in _BY_NAME:
        return _BY_NAME[source](config)
    for prefix, build in _BY_PREFIX.items():
        if source.startswith(prefix):
            return build(source, config)
    if not os.path.exists(source):
        raise SourceError(f"{source!r}: no such file or folder{_suggestion(source)}")
    if os.path.isdir(source) or (is_picture(source) and not source.lower().endswith(".gif")):
        return Pictures(source, config)
    if os.path.isfile(source):
        return VideoFile(source, config)
    raise SourceError(f"{source}: not a file or folder; a camera device is written v4l2:{source}")


def _automatic(config: CameraConfig) -> Camera:
    """The Pi camera, else the first V4L2 camera, else the demo clip. Logs which one, and why not the ones before it.

    A service is started again and again until its camera is there: the demo's face would be news to those it tells.
    """
    why_not = ""
    try:
        _, model = picamera.first_model()
    except CameraError as err:
        why_not = f"; {err}"
    else:
        log.info("source auto: the Pi camera %s", model)
        return picamera.PiCamera(config)
    try:
        path = v4l2.first_device()
    except CameraError as err:
        if service.is_this_process():
            raise CameraError(f"source auto: no camera yet{why_not}; {err}") from err
        log.info("source auto: the demo clip%s; %s", why_not, err)
        return DemoCamera()
    log.info("source auto: v4l2:%s%s", path, why_not)
    return v4l2.V4l2Camera(path, config)


def _suggestion(source: str) -> str:
    words = [*_BY_NAME, *_BY_PREFIX]
    close = difflib.get_close_matches(source, words, n=1)
    return f"; did you mean '{close[0]}'?" if close else f", and none of {', '.join(words)}"


_BY_NAME: dict[str, Callable[[CameraConfig], Camera]] = {
    "auto": _automatic,
    "demo": lambda _: DemoCamera(),
    "picamera": picamera.PiCamera,
}
_BY_PREFIX: dict[str, Callable[[str, CameraConfig], Camera]] = {
    "v4l2:": lambda source, config: v4l2.V4l2Camera(source.removeprefix("v4l2:"), config),
    "gst:": lambda source, config: GstCamera(source.removeprefix("gst:"), config),
    "rtsp://": StreamCamera,
    "rtsps://": StreamCamera,
    "http://": StreamCamera,
    "https://": StreamCamera,
}
