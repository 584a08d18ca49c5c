"""The Raspberry Pi's own camera, through picamera2, which comes with the Pi's system and not from pip."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import TimeoutError as FrameTimeoutError
from contextlib import closing
from typing import Any

from edge.cameras.opencv import upright
from edge.cameras.waiting import frame_timeout_s
from edge.config import CameraConfig
from edge.errors import CameraError
from edge.types import Frame, Image

log = logging.getLogger(__name__)

READOUT_US = 2_000
"""So much longer than the exposure a frame may have to be: between two, sensors need up to some fifty lines."""


class PiCamera:
    """Two streams of one sensor: the image as BGR at the asked size, and a grey one to follow and cut out faces in.

    Half turns and mirroring are done by the sensor or the ISP at no cost; quarter turns are not in them, see `upright`.
    Both pictures are copied out of the driver's buffer, which goes back at once: there are four, and without one free
    the camera stands still.
    """

    live = True

    def __init__(self, config: CameraConfig) -> None:
        self.name = "picamera"
        self._config = config
        self._camera: Any = None

    def open(self) -> None:
        index, model = first_model()
        from picamera2 import Picamera2

        try:
            self._camera = Picamera2(index)
            self._camera.configure(self._configuration())
            self._camera.set_controls(self._controls(model))
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as err:
            self.close()
            raise CameraError(f"picamera: cannot start {model} ({err}); is another program using it?") from err
        self._grey_size = self._camera.camera_configuration()["lores"]["size"]
        log.info("picamera: %s, %s", model, self._negotiated())
        self._number = 0

    def read(self) -> Frame | None:
        if self._camera is None:
            raise CameraError("picamera: not open")
        timeout_s = frame_timeout_s(self._config, self._number)
        try:
            request = self._camera.capture_request(wait=timeout_s)
            try:
                image, grey = request.make_array("main"), self._luma(request.make_array("lores"))
                metadata = request.get_metadata()
            finally:
                request.release()
        except FrameTimeoutError as err:
            # Without this, close() would wait for the frame that never comes.
            self._camera.cancel_all_and_flush()
            raise CameraError(f"picamera: no frame for {timeout_s:g} s; check the cable") from err
        except RuntimeError as err:
            raise CameraError(f"picamera: stopped delivering ({err})") from err
        self._number += 1
        age_s = _age_s(metadata)
        return Frame(
            upright(image, self._quarter_turn, "none"),
            time.monotonic() - age_s,
            time.time() - age_s,
            self._number - 1,
            grey=upright(grey, self._quarter_turn, "none"),
        )

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            try:
                with closing(camera):
                    camera.stop()
            except (RuntimeError, OSError) as err:
                log.warning("picamera: stopping failed (%s); it may stay in use until the program ends", err)

    def _configuration(self) -> Any:
        from libcamera import ColorSpace, Transform

        config = self._config
        across, down = config.flip in ("horizontal", "both"), config.flip in ("vertical", "both")
        if config.rotation == 180:
            across, down = not across, not down
        elif self._quarter_turn:  # comes after: what mirrors the turned picture across mirrors the sensor's down
            across, down = down, across
        return self._camera.create_video_configuration(
            # libcamera names formats by their bytes in a register: its RGB888 lies in memory as B, G, R.
            main={"size": (config.width, config.height), "format": "RGB888"},
            lores={"size": grey_size(config), "format": "YUV420"},
            # As in a JPEG: grey from 0 to 255, as the networks know it. What picamera2 takes for videos is 16 to 235.
            colour_space=ColorSpace.Sycc(),
            transform=Transform(hflip=across, vflip=down),
            controls={"FrameDurationLimits": self._frame_limits_us()},
            buffer_count=4,
        )

    def _frame_limits_us(self) -> tuple[int, int]:
        """Shortest and longest time from frame to frame. libcamera cuts an exposure to what fits into the longest."""
        frame_us = round(1_000_000 / self._config.fps)
        return frame_us, max(frame_us, round(1000 * self._config.exposure_ms) + READOUT_US)

    def _negotiated(self) -> str:
        """What the camera made of our wishes, for the log. Formats have libcamera's names."""
        main, grey = (self._camera.camera_configuration()[name] for name in ("main", "lores"))
        shortest_us, longest_us, _ = self._camera.camera_controls["FrameDurationLimits"]
        wanted_us = max(1_000_000 / self._config.fps, 1000 * self._config.exposure_ms)
        rate = 1_000_000 / min(max(wanted_us, shortest_us), longest_us)
        pictures = "{}x{} {} and grey {}x{} {}".format(*main["size"], main["format"], *grey["size"], grey["format"])
        return f"{pictures}, at {rate:.3g} frames a second"

    def _controls(self, model: str) -> dict[str, Any]:
        """Focus and exposure as configured, in libcamera's terms. Names in the log what this camera does not have."""
        from libcamera import controls

        config, known = self._config, self._camera.camera_controls
        wanted = {
            "focus_m": {"AfMode": controls.AfModeEnum.Manual, "LensPosition": 1 / config.focus_m}
            if config.focus_m
            else {},
            "exposure_ms": {"ExposureTime": round(1000 * config.exposure_ms)} if config.exposure_ms else {},
            "exposure_ev": {"ExposureValue": config.exposure_ev} if config.exposure_ev else {},
            "gain": {"AnalogueGain": config.gain} if config.gain else {},
        }
        chosen = {} if config.focus_m or "AfMode" not in known else {"AfMode": controls.AfModeEnum.Continuous}
        for setting, values in wanted.items():
            if values.keys() <= known.keys():
                chosen |= values
            else:
                log.warning("picamera: %s cannot do [camera] %s; going on without it", model, setting)
        return chosen

    @property
    def _quarter_turn(self) -> int:
        """What the ISP cannot do: 90 or 270 degrees, else 0."""
        return self._config.rotation if self._config.rotation % 180 else 0

    def _luma(self, yuv: Image) -> Image:
        """The upper two thirds of a YUV420 picture, without the padding of its rows: no copy, no conversion."""
        width, height = self._grey_size
        return yuv[:height, :width]


def grey_size(config: CameraConfig) -> tuple[int, int]:
    """The image's proportions, at most [camera] grey_width wide and no larger than the image, both sides even."""
    width = min(config.grey_width, config.width) // 2 * 2
    return width, round(config.height * width / config.width) // 2 * 2


def first_model() -> tuple[int, str]:
    """Index and sensor of the first camera on the ribbon connector. Raises CameraError saying why there is none."""
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    logging.getLogger("picamera2").setLevel(logging.WARNING)
    try:
        from picamera2 import Picamera2
    except ImportError as err:
        raise CameraError("no Pi camera: picamera2 is not installed (sudo apt install python3-picamera2)") from err
    except ValueError as err:
        # "numpy.dtype size changed": picamera2 is compiled for the numpy of the Pi's system.
        raise CameraError(f"no Pi camera: picamera2 does not fit the numpy installed here ({err})") from err
    for index, camera in enumerate(Picamera2.global_camera_info()):
        if "/usb" not in camera["Id"]:  # libcamera lists USB cameras too, but cannot give their pictures as BGR
            return index, str(camera.get("Model", "of unknown make"))
    raise CameraError("no Pi camera: libcamera lists none; check the ribbon cable")


def _age_s(metadata: dict[str, Any]) -> float:
    """Seconds since the sensor began this frame.

    SensorTimestamp counts nanoseconds since boot, time asleep included; time.monotonic() leaves that time out. So the
    two cannot be compared, but the age of the frame can be taken from either.
    """
    stamp = metadata.get("SensorTimestamp")
    return 0.0 if stamp is None else max(0.0, (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - stamp) / 1e9)
