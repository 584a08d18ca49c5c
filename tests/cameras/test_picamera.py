"""The Pi camera against a stand-in with picamera2's names, argument checks and order of calls."""

from __future__ import annotations

import logging
import sys
import time
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from edge.cameras import waiting
from edge.cameras.opencv import upright
from edge.cameras.picamera import PiCamera, first_model
from edge.capture import latest_frames
from edge.config import CameraConfig
from edge.control import Control
from edge.errors import CameraError
from tests.cameras.picamera2_stand import BRIGHT, CSI, PADDING, USB, Picamera2Stand


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
    pictures = "1280x720 RGB888 and grey 640x360 YUV420"
    assert caplog.messages == [f"picamera: imx708, {pictures}, at 25 frames a second"]
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


@pytest.mark.parametrize(
    ("config", "rate"),
    [
        (CameraConfig(fps=120), "60"),
        (CameraConfig(fps=60, exposure_ms=10), "60"),
        (CameraConfig(exposure_ms=200), "5"),
        (CameraConfig(exposure_ms=1000), "2"),
    ],
)
def test_the_log_tells_the_rate_that_sensor_and_exposure_allow(
    config: CameraConfig, rate: str, picamera2: type[Picamera2Stand], caplog: pytest.LogCaptureFixture
):
    camera = PiCamera(config)
    with caplog.at_level(logging.INFO):
        camera.open()
    camera.close()
    assert caplog.messages[0].endswith(f", at {rate} frames a second")


@pytest.mark.parametrize("exposure_ms", [1, 33, 34, 200])
def test_an_exposure_longer_than_a_frame_slows_the_camera_down(exposure_ms: int, picamera2: type[Picamera2Stand]):
    camera = PiCamera(CameraConfig(fps=30, exposure_ms=exposure_ms))
    camera.open()
    assert picamera2.last.exposure_us == 1000 * exposure_ms
    assert picamera2.last.configuration["controls"]["FrameDurationLimits"][0] == 33_333, "no faster than asked"
    camera.close()


@pytest.mark.parametrize(("grey_width", "size"), [(640, (640, 480)), (321, (320, 240)), (3840, (800, 600))])
def test_the_grey_stream_is_no_larger_than_asked_and_than_the_image(
    grey_width: int, size: tuple[int, int], picamera2: type[Picamera2Stand]
):
    camera = PiCamera(CameraConfig(width=800, height=600, grey_width=grey_width))
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


def test_its_first_frame_may_take_longer(picamera2: type[Picamera2Stand], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 0.2)
    camera = PiCamera(CameraConfig(stall_timeout_s=0.1))
    camera.open()
    picamera2.last.unplugged = True
    with pytest.raises(CameraError, match=r"no frame for 0\.2 s"):
        camera.read()
    camera.close()


@pytest.mark.parametrize(
    ("failures", "calls"), [(1, ["start", "stop", "stop", "close"]), (2, ["start", "stop", "stop"])]
)
def test_one_that_refuses_to_stop_is_one_line_in_the_log(
    failures: int, calls: list[str], picamera2: type[Picamera2Stand], caplog: pytest.LogCaptureFixture
):
    camera = PiCamera(CameraConfig())
    camera.open()
    picamera2.last.stop_failures = failures
    camera.close()
    assert picamera2.last.calls[-len(calls) :] == calls
    assert caplog.messages == [
        "picamera: stopping failed (Failed to stop camera); it may stay in use until the program ends"
    ]


def test_why_it_cannot_start_is_told_though_it_refuses_to_stop_as_well(
    picamera2: type[Picamera2Stand], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(picamera2, "fails_to_start", True)
    monkeypatch.setattr(picamera2, "stop_failures", 2)
    with pytest.raises(CameraError, match=r"cannot start imx708 \(Failed to start camera\)"):
        PiCamera(CameraConfig()).open()


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
