"""Any GStreamer pipeline, through the system's python3-gi: the way to a Jetson's CSI camera and its decoders."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from edge.cameras.opencv import upright
from edge.cameras.waiting import frame_timeout_s
from edge.config import CameraConfig
from edge.errors import CameraError, SourceError
from edge.types import Frame, Image

_TAIL = "videoconvert ! video/x-raw,format=BGR ! appsink name=frames drop=true max-buffers=1 sync=false"


class GstCamera:
    """A pipeline in the notation of gst-launch, up to where raw video comes out; the conversion to BGR is appended.

    On a Jetson: nvarguscamerasrc ! video/x-raw(memory:NVMM),width=640,height=480 ! nvvidconv ! video/x-raw,format=BGRx
    """

    live = True

    def __init__(self, pipeline: str, config: CameraConfig) -> None:
        self.name = "gst"
        self._description, self._config = pipeline, config
        self._pipeline: Any = None

    def open(self) -> None:
        gst, glib = _gstreamer()
        try:
            self._pipeline = gst.parse_launch(f"{self._description} ! {_TAIL}")
        except glib.Error as err:
            raise SourceError(f"gst: this pipeline cannot be built: {err.message}; try it with gst-launch-1.0") from err
        self._gst, self._frames, self._number = gst, self._pipeline.get_by_name("frames"), 0
        self._trouble: str | None = None
        if self._pipeline.set_state(gst.State.PLAYING) == gst.StateChangeReturn.FAILURE:
            self._listen()
            self.close()
            raise CameraError(f"gst: cannot start the pipeline: {self._trouble or 'an element refuses to start'}")

    def read(self) -> Frame | None:
        if self._pipeline is None:
            raise CameraError("gst: not open")
        timeout_s = frame_timeout_s(self._config, self._number)
        sample = self._frames.emit("try-pull-sample", int(timeout_s * self._gst.SECOND))
        self._listen()
        if sample is None:
            ended = "it ended" if self._frames.get_property("eos") else f"no frame for {timeout_s:g} s"
            raise CameraError(f"gst: the pipeline stopped delivering: {self._trouble or ended}")
        self._number += 1
        picture = upright(_image(sample), self._config.rotation, self._config.flip)
        age_s = self._age_s(sample)
        return Frame(picture, time.monotonic() - age_s, time.time() - age_s, self._number - 1)

    def close(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.set_state(self._gst.State.NULL)

    def _age_s(self, sample: Any) -> float:
        """Seconds since the source took this frame, by the pipeline's clock.

        A source that is not live stamps as fast as it delivers: what is very old or in the future counts as now.
        """
        stamp, clock = sample.get_buffer().pts, self._pipeline.get_clock()
        if clock is None or stamp == self._gst.CLOCK_TIME_NONE:
            return 0.0
        running = sample.get_segment().to_running_time(self._gst.Format.TIME, stamp)
        age_s = (clock.get_time() - self._pipeline.get_base_time() - running) / self._gst.SECOND
        return float(age_s) if 0 <= age_s < self._config.stall_timeout_s else 0.0

    def _listen(self) -> None:
        """Keep the first error that the pipeline tells, and drop all else: what nobody takes from its bus piles up."""
        bus = self._pipeline.get_bus()
        while (message := bus.pop_filtered(self._gst.MessageType.ERROR)) is not None:
            self._trouble = self._trouble or str(message.parse_error()[0].message)


def _image(sample: Any) -> Image:
    """(H, W, 3) BGR. GStreamer pads each row to a multiple of four bytes."""
    shape = sample.get_caps().get_structure(0)
    width, height = shape.get_value("width"), shape.get_value("height")
    buffer = sample.get_buffer()
    rows = np.frombuffer(buffer.extract_dup(0, buffer.get_size()), np.uint8).reshape(height, -1)
    return np.ascontiguousarray(rows[:, : width * 3]).reshape(height, width, 3)


def _gstreamer() -> tuple[Any, Any]:
    """The modules Gst and GLib, ready. Raises SourceError where the system lacks them."""
    try:
        import gi

        gi.require_version("Gst", "1.0")
        from gi.repository import GLib, Gst
    except (ImportError, ValueError) as err:
        raise SourceError(
            "gst: GStreamer for Python is missing: sudo apt install python3-gi gir1.2-gst-plugins-base-1.0 "
            "gstreamer1.0-plugins-base gstreamer1.0-plugins-good, and make the virtual environment with "
            "--system-site-packages"
        ) from err
    Gst.init(None)
    return Gst, GLib
