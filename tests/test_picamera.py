"""The Pi camera against a stand-in with picamera2's names, argument checks and order of calls."""

from __future__ import annotations

import logging
import sys
import threading
import time
from concurrent.futures import TimeoutError as FrameTimeoutError
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from edge.cameras.opencv import upright
from edge.cameras.picamera import PiCamera, first_model
from edge.capture import latest_frames
from edge.config import CameraConfig
from edge.control import Control
from edge.errors import CameraError

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
    busy = False
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
        self.unplugged = False
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

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def set_controls(self, controls: dict[str, Any]) -> None:
        assert set(controls) <= set(self.camera_controls)
        self.controls.update(controls)

    def start(self) -> None:
        self.calls.append("start")

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
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2Stand]:
    """picamera2 and libcamera installed, one sensor on the ribbon connector."""
    monkeypatch.setenv("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    for name, contents in {
        "picamera2": {"Picamera2": Picamera2Stand},
        "libcamera": {
            "Transform": lambda **flips: flips,
            "ColorSpace": SimpleNamespace(Sycc=lambda: "full range"),
            "controls": SimpleNamespace(AfModeEnum=SimpleNamespace(Manual=0, Continuous=2)),
        },
    }.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(Picamera2Stand, "cameras", [USB, CSI])
    monkeypatch.setattr(Picamera2Stand, "focuses", True)
    monkeypatch.setattr(Picamera2Stand, "busy", False)
    return Picamera2Stand


def test_it_asks_for_what_the_configuration_says(picamera2: type[Picamera2Stand], caplog: pytest.LogCaptureFixture):
    camera = PiCamera(CameraConfig(width=1280, height=720, fps=25))
    with caplog.at_level(logging.INFO):
        camera.open()
    stand = picamera2.last
    assert stand.index == 1, "the USB camera comes first in libcamera's list and is passed over"
    assert stand.configuration["main"] == {"size": (1280, 720), "format": "RGB888"}
    assert stand.configuration["lores"] == {"size": (640, 360), "format": "YUV420"}
    assert stand.configuration["colour_space"] == "full range"
    assert stand.configuration["controls"] == {"FrameDurationLimits": (40_000, 40_000)}
    assert stand.controls == {"AfMode": 2}
    assert caplog.messages == ["picamera: imx708, 1280x720 and grey 640x360, at 25 frames a second"]
    camera.close()
    assert stand.calls == ["init", "configure", "start", "stop", "close"]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", ["none", "horizontal", "vertical", "both"])
def test_the_isp_and_the_processor_together_turn_and_mirror(rotation: int, flip: str, picamera2: type[Picamera2Stand]):
    """The brightest pixel is the sensor's first; the stand does not mirror, so the test does it in its place."""
    camera = PiCamera(CameraConfig(width=320, height=240, rotation=rotation, flip=flip))
    camera.open()
    frame = camera.read()
    asked = picamera2.last.configuration["transform"]
    camera.close()
    assert frame is not None
    assert frame.grey is not None
    corners = np.zeros((240, 320), np.uint8)
    corners[0, 0], corners[0, -1] = 2, 1
    mirrored = corners[:: -1 if asked["vflip"] else 1, :: -1 if asked["hflip"] else 1]
    expected = upright(corners, rotation, flip)
    assert np.array_equal(upright(mirrored, rotation % 180 and rotation, "none"), expected)
    assert frame.image.shape[:2] == frame.grey.shape == expected.shape
    first = np.unravel_index(
        upright(np.eye(1, 240 * 320, dtype=np.uint8).reshape(240, 320), rotation % 180 and rotation, "none").argmax(),
        expected.shape,
    )
    assert frame.grey[first] == frame.image[(*first, 0)] == BRIGHT


@pytest.mark.parametrize(
    ("config", "controls"),
    [
        (CameraConfig(focus_m=0.5), {"AfMode": 0, "LensPosition": 2.0}),
        (CameraConfig(exposure_ms=8, gain=4), {"AfMode": 2, "ExposureTime": 8000, "AnalogueGain": 4.0}),
        (CameraConfig(exposure_ev=1), {"AfMode": 2, "ExposureValue": 1.0}),
    ],
)
def test_focus_and_exposure(config: CameraConfig, controls: dict[str, float], picamera2: type[Picamera2Stand]):
    camera = PiCamera(config)
    camera.open()
    assert picamera2.last.controls == controls
    camera.close()


@pytest.mark.parametrize(("search_width", "size"), [(640, (640, 480)), (321, (320, 240)), (3840, (800, 600))])
def test_the_grey_stream_is_no_larger_than_asked_and_than_the_image(
    search_width: int, size: tuple[int, int], picamera2: type[Picamera2Stand]
):
    camera = PiCamera(CameraConfig(width=800, height=600, search_width=search_width))
    camera.open()
    frame = camera.read()
    camera.close()
    assert frame is not None
    assert frame.grey is not None
    assert frame.grey.shape == size[::-1]
    assert PADDING not in frame.grey


def test_frames_carry_the_time_of_the_sensor_and_buffers_go_back(picamera2: type[Picamera2Stand]):
    camera = PiCamera(CameraConfig())
    for _ in range(2):
        camera.open()
        frames = [camera.read() for _ in range(10)]
        assert [frame.number for frame in frames if frame] == list(range(10))
        last = frames[-1]
        assert last is not None
        assert 0.04 <= time.monotonic() - last.time < 0.2, "40 ms old when it was handed out"
        assert 0.04 <= time.time() - last.wall < 0.2
        assert last.image.shape == (480, 640, 3)
        assert picamera2.last.on_loan == 0
        camera.close()
        camera.close()


def test_a_camera_with_fixed_focus_is_left_alone(picamera2: type[Picamera2Stand], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picamera2, "focuses", False)
    camera = PiCamera(CameraConfig())
    camera.open()
    assert picamera2.last.controls == {}
    camera.close()


def test_what_a_camera_cannot_do_is_named_and_left_out(
    picamera2: type[Picamera2Stand], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(picamera2, "focuses", False)
    camera = PiCamera(CameraConfig(focus_m=2, gain=2))
    camera.open()
    assert picamera2.last.controls == {"AnalogueGain": 2}
    assert caplog.messages == ["picamera: imx708 cannot do [camera] focus_m; going on without it"]
    camera.close()


def test_a_camera_in_use_or_absent_is_an_error(picamera2: type[Picamera2Stand], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picamera2, "busy", True)
    with pytest.raises(CameraError, match="is another program using it"):
        PiCamera(CameraConfig()).open()
    monkeypatch.setattr(picamera2, "cameras", [USB])
    with pytest.raises(CameraError, match="libcamera lists none"):
        PiCamera(CameraConfig()).open()


def test_a_cable_that_comes_off_is_an_error_and_close_does_not_hang(picamera2: type[Picamera2Stand]):
    camera = PiCamera(CameraConfig(stall_timeout_s=0.1))
    camera.open()
    camera.read()
    picamera2.last.unplugged = True
    with pytest.raises(CameraError, match=r"no frame for 0\.1 s; check the cable"):
        camera.read()
    started = time.monotonic()
    camera.close()
    assert time.monotonic() - started < 0.1
    assert picamera2.last.calls[-3:] == ["flush", "stop", "close"]


def test_it_runs_in_the_capture_thread(picamera2: type[Picamera2Stand]):
    frames = latest_frames(PiCamera(CameraConfig()), Control(), CameraConfig(), lambda state: None)
    numbers = [frame.number for frame, _ in zip(frames, range(5), strict=False) if frame]
    frames.close()
    assert numbers == sorted(set(numbers))
    assert picamera2.last.calls[-1] == "close"


def test_without_picamera2_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="apt install python3-picamera2"):
        first_model()
