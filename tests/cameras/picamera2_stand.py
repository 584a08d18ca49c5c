"""A stand-in for picamera2 with its names, argument checks and order of calls, and two cameras to list."""

from __future__ import annotations

import threading
import time
from concurrent.futures import TimeoutError as FrameTimeoutError
from typing import Any, ClassVar

import numpy as np

CSI = {"Id": "/base/soc/i2c0mux/i2c@1/imx708@1a", "Model": "imx708", "Location": 2, "Rotation": 180}
USB = {"Id": "/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.3:1.0-046d:0825", "Model": "HD Webcam"}
BRIGHT, PADDING = 255, 254


class Request:
    """One buffer on loan; picamera2 has four of them and stalls when none comes back."""

    def __init__(self, owner: Picamera2Stand, value: int) -> None:
        self.owner, self.value, self.released = owner, value, False

    def make_array(self, name: str) -> np.ndarray:
        """A copy. The grey one as picamera2 gives it: rows padded, and below them the colours."""
        assert not self.released
        width, height = self.owner.configuration[name]["size"]
        if name == "main":
            image = np.full((height, width, 3), self.value % 256, np.uint8)
            image[0, 0] = BRIGHT
            return image
        assert self.owner.configuration[name]["format"] == "YUV420"
        yuv = np.full((height * 3 // 2, (width + 63) // 64 * 64), PADDING, np.uint8)
        yuv[:height, :width] = self.value % 256
        yuv[0, 0] = BRIGHT
        return yuv

    def get_metadata(self) -> dict[str, Any]:
        assert not self.released
        return {"SensorTimestamp": time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 40_000_000, "ExposureTime": 10_000}

    def release(self) -> None:
        assert not self.released
        self.released = True
        self.owner.on_loan -= 1


class Picamera2Stand:
    """picamera2.Picamera2 as far as it is used."""

    cameras: ClassVar[list[dict[str, Any]]] = []
    focuses = True
    busy = fails_to_start = False
    stop_failures = 0
    """So many times the driver refuses to stop."""
    frame_limits_us = (16_667, 500_000, 33_333)
    """Shortest, longest and usual, of the sensor mode that the size asks for."""
    reading_us = 1_000
    last: Picamera2Stand

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return Picamera2Stand.cameras

    def __init__(self, camera_num: int = 0) -> None:
        if self.busy:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.index, self.calls = camera_num, ["init"]
        self.controls: dict[str, Any] = {}
        self.on_loan = self.frames = 0
        self.unplugged = self.started = False
        self.camera_controls = {"ExposureTime": (1, 66666, 0), "ExposureValue": (-8, 8, 0), "AnalogueGain": (1, 16, 1)}
        if self.focuses:
            self.camera_controls |= {"AfMode": (0, 2, 0), "LensPosition": (0, 15, 1)}
        Picamera2Stand.last = self

    def create_video_configuration(self, main: dict[str, Any], lores: dict[str, Any], **others: Any) -> dict[str, Any]:
        assert set(others) <= {"raw", "transform", "colour_space", "buffer_count", "controls", "queue"}
        for stream in (main, lores):
            assert all(side % 2 == 0 for side in stream["size"]), "width and height should be even"
        assert all(a <= b for a, b in zip(lores["size"], main["size"], strict=True)), "lores may not exceed main"
        return {"main": main, "lores": lores, **others}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.calls.append("configure")
        self.configuration = configuration
        self.camera_controls["FrameDurationLimits"] = self.frame_limits_us

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def set_controls(self, controls: dict[str, Any]) -> None:
        assert set(controls) <= set(self.camera_controls)
        self.controls.update(controls)

    @property
    def exposure_us(self) -> int:
        """What libcamera makes of a wish: the sensor needs the time of some lines to itself."""
        longest_us: int = self.configuration["controls"]["FrameDurationLimits"][1]
        return min(self.controls["ExposureTime"], longest_us - self.reading_us)

    def start(self) -> None:
        self.calls.append("start")
        self.started = True
        if self.fails_to_start:
            raise RuntimeError("Failed to start camera")

    def capture_request(self, wait: float) -> Request:
        assert self.calls[-1] == "start"
        if self.unplugged:
            time.sleep(wait)
            raise FrameTimeoutError
        assert self.on_loan < self.configuration["buffer_count"], "every buffer is on loan: the camera stalls"
        time.sleep(0.002)
        self.on_loan += 1
        self.frames += 1
        return Request(self, self.frames)

    def cancel_all_and_flush(self) -> None:
        self.calls.append("flush")

    def stop(self) -> None:
        if self.unplugged and "flush" not in self.calls:
            threading.Event().wait(2)
            raise AssertionError("picamera2 waits for the frame that never comes")
        if not self.started:
            return
        self.calls.append("stop")
        if self.stop_failures:
            self.stop_failures -= 1
            raise RuntimeError("Failed to stop camera")
        self.started = False

    def close(self) -> None:
        self.stop()
        self.calls.append("close")
