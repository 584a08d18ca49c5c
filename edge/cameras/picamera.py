"""The Raspberry Pi's own camera, through picamera2, which comes with the Pi's system and not from pip."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import TimeoutError as FrameTimeoutError
from typing import Any

from edge.config import CameraConfig
from edge.errors import CameraError
from edge.types import Frame

log = logging.getLogger(__name__)


class PiCamera:
    """The main stream at the asked size as BGR, flipped by the sensor or the ISP at no cost, focused continuously."""

    live = True

    def __init__(self, config: CameraConfig) -> None:
        self.name = "picamera"
        self._config = config
        self._camera: Any = None

    def open(self) -> None:
        index, model = first_model()
        from libcamera import Transform, controls
        from picamera2 import Picamera2

        flip, frame_us = self._config.flip, round(1_000_000 / self._config.fps)
        try:
            self._camera = Picamera2(index)
            wanted = self._camera.create_video_configuration(
                # libcamera names formats by their bytes in a register: its RGB888 lies in memory as B, G, R.
                main={"size": (self._config.width, self._config.height), "format": "RGB888"},
                transform=Transform(hflip=flip in ("horizontal", "both"), vflip=flip in ("vertical", "both")),
                controls={"FrameDurationLimits": (frame_us, frame_us)},
                buffer_count=4,
            )
            self._camera.configure(wanted)
            if "AfMode" in self._camera.camera_controls:
                self._camera.set_controls({"AfMode": controls.AfModeEnum.Continuous})
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as err:
            self.close()
            raise CameraError(f"picamera: cannot start {model} ({err}); is another program using it?") from err
        main = self._camera.camera_configuration()["main"]
        log.info("picamera: %s, %dx%d at %d frames a second", model, *main["size"], self._config.fps)
        self._number = 0

    def read(self) -> Frame | None:
        if self._camera is None:
            raise CameraError("picamera: not open")
        try:
            request = self._camera.capture_request(wait=self._config.stall_timeout_s)
            try:
                image, metadata = request.make_array("main"), request.get_metadata()
            finally:
                request.release()
        except FrameTimeoutError as err:
            # Without this, close() would wait for the frame that never comes.
            self._camera.cancel_all_and_flush()
            raise CameraError(f"picamera: no frame for {self._config.stall_timeout_s:g} s; check the cable") from err
        except RuntimeError as err:
            raise CameraError(f"picamera: stopped delivering ({err})") from err
        self._number += 1
        age_s = _age_s(metadata)
        return Frame(image, time.monotonic() - age_s, time.time() - age_s, self._number - 1)

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            try:
                camera.stop()
            except RuntimeError as err:  # it was unplugged
                log.debug("picamera: could not be stopped: %s", err)
            camera.close()


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
