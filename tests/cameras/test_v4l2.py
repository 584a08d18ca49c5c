"""V4L2 devices against the answers that real drivers give to the two questions we ask the kernel."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras import v4l2, waiting
from edge.cameras.v4l2 import V4l2Camera, first_device, inspected
from edge.config import CameraConfig
from edge.errors import CameraError

CAPTURE, METADATA, CODEC = 0x04200001, 0x04A00000, 0x04204000
DRIVERS = {
    "webcam": (b"uvcvideo", b"HD Pro Webcam C920", CAPTURE, [b"YUYV", b"H264", b"MJPG"]),
    "webcam-metadata": (b"uvcvideo", b"HD Pro Webcam C920", METADATA, []),
    "virtual": (b"vivid", b"vivid", CAPTURE, [b"YUYV", b"RGB3"]),
    "pi-codec": (b"bcm2835-codec", b"bcm2835-codec-decode", CODEC, []),
    "pi-isp": (b"bcm2835-isp", b"bcm2835-isp", CAPTURE, [b"YUYV", b"RGB3"]),
    "pi5-csi": (b"rp1-cfe", b"rp1-cfe", CAPTURE, [b"YUYV", b"pRAA"]),
    "jetson-csi": (b"tegra-video", b"vi-output, imx219 9-0010", CAPTURE, [b"RG10"]),
}


SELECT_TIMEOUT = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a camera sets for OpenCV goes with the test."""
    monkeypatch.setenv(SELECT_TIMEOUT, "")
    monkeypatch.delenv(SELECT_TIMEOUT)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /dev in which the content of a file names its driver."""

    def ioctl(file: int, question: int, data: bytes) -> bytes:
        with open(file, closefd=False) as device:
            device.seek(0)
            driver, card, capabilities, formats = DRIVERS[device.read()]
        if question == 0x80685600:
            assert len(data) == 104, "struct v4l2_capability"
            return struct.pack("16s32s32sIIIIII", driver, card, b"usb-1", 0x60100, 0x84A00001, capabilities, 0, 0, 0)
        assert (question, len(data)) == (0xC0405602, 64), "VIDIOC_ENUM_FMT with struct v4l2_fmtdesc"
        index, kind = struct.unpack_from("II", data)
        assert kind == 1, "V4L2_BUF_TYPE_VIDEO_CAPTURE"
        if index >= len(formats):
            raise OSError(22, "Invalid argument")
        return struct.pack("III32s4sIIII", index, kind, 0, b"a description", formats[index], 0, 0, 0, 0)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return tmp_path


def plug(folder: Path, **devices: str) -> None:
    for name, driver in devices.items():
        (folder / name).write_text(driver)


def test_a_webcam_is_recognised_with_its_formats(kernel: Path):
    plug(kernel, video0="webcam")
    device = inspected(str(kernel / "video0"))
    assert device.card == "HD Pro Webcam C920"
    assert device.formats == ("YUYV", "H264", "MJPG")


@pytest.mark.parametrize("driver", ["webcam-metadata", "pi-codec", "pi-isp", "pi5-csi", "jetson-csi"])
def test_what_is_no_camera_for_us_is_refused(driver: str, kernel: Path):
    plug(kernel, video0=driver)
    with pytest.raises(CameraError, match="gives no pictures that can be read"):
        inspected(str(kernel / "video0"))


def test_the_first_device_is_the_first_that_is_a_camera(kernel: Path):
    plug(kernel, video0="pi5-csi", video1="webcam-metadata", video2="virtual", video10="webcam")
    assert first_device(kernel) == str(kernel / "video2")
    (kernel / "video2").unlink()
    assert first_device(kernel) == str(kernel / "video10")
    (kernel / "video10").unlink()
    with pytest.raises(CameraError, match="video0: rp1-cfe gives no pictures"):
        first_device(kernel)


def test_no_device_at_all(tmp_path: Path):
    with pytest.raises(CameraError, match="no V4L2 camera: there is no"):
        first_device(tmp_path)


PICTURE = np.full((600, 800, 3), np.arange(800)[:, None] // 4, np.uint8)


class CaptureStand:
    """cv2.VideoCapture as the V4L2 part of OpenCV behaves: it takes the nearest size, and stamps in milliseconds.

    pictures: what the device sends, None: bytes that are no JPEG. After the last one it is unplugged.
    """

    def __init__(self, pictures: list[np.ndarray | None], stamp_ms: float = 0.0, takes: bool = True) -> None:
        self.asked: list[tuple[int, float]] = []
        self.pictures, self.stamp_ms, self.takes = list(pictures), stamp_ms, takes

    def set(self, number: int, value: float) -> bool:
        self.asked.append((number, value))
        return self.takes

    def get(self, number: int) -> float:
        return {
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"MJPG")),
            cv2.CAP_PROP_FRAME_WIDTH: 800.0,
            cv2.CAP_PROP_FRAME_HEIGHT: 600.0,
            cv2.CAP_PROP_FPS: 24.0,
            cv2.CAP_PROP_POS_MSEC: self.stamp_ms,
        }[number]

    def grab(self) -> bool:
        return bool(self.pictures)

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        picture = self.pictures.pop(0)
        return picture is not None, picture

    def release(self) -> None:
        pass


def opened(kernel: Path, monkeypatch: pytest.MonkeyPatch, stand: CaptureStand, **config: Any) -> V4l2Camera:
    plug(kernel, video0="webcam")
    monkeypatch.setattr(v4l2, "opened_capture", lambda *_: stand)
    camera = V4l2Camera(str(kernel / "video0"), CameraConfig(**config))
    camera.open()
    return camera


@pytest.mark.parametrize(("stamp_ms", "age_s"), [(99_970.0, 0.03), (0.0, 0.0), (5e9, 0.0)])
def test_it_asks_logs_flips_and_stamps(
    stamp_ms: float, age_s: float, kernel: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    stand = CaptureStand([PICTURE] * 2, stamp_ms)
    monkeypatch.setattr(v4l2.time, "monotonic", lambda: 100.0)
    with caplog.at_level(logging.INFO):
        camera = opened(kernel, monkeypatch, stand, width=1024, height=576, fps=25, flip="horizontal")
    path = str(kernel / "video0")
    assert caplog.messages == [f"v4l2:{path}: HD Pro Webcam C920, 800x600 at 24 frames a second, MJPG"]
    mjpg, *sizes, _ = stand.asked
    assert mjpg == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")), "first: the sizes depend on the format"
    assert [value for _, value in sizes] == [1024, 576, 25]
    frame = camera.read()
    assert frame is not None
    assert frame.time == pytest.approx(100.0 - age_s)
    assert frame.image[0, 0, 0] > frame.image[0, 799, 0]
    camera.read()
    with pytest.raises(CameraError, match="was it unplugged"):
        camera.read()
    camera.close()
    camera.close()


def test_broken_pictures_are_passed_over(kernel: Path, monkeypatch: pytest.MonkeyPatch):
    broken = np.empty((0, 0, 3), np.uint8)
    camera = opened(kernel, monkeypatch, CaptureStand([None, broken, PICTURE, None, PICTURE]))
    for number in range(2):
        frame = camera.read()
        assert frame is not None
        assert (frame.number, frame.width) == (number, 800)


def test_its_first_frame_may_take_longer(kernel: Path, monkeypatch: pytest.MonkeyPatch):
    """OpenCV waits as long as stall_timeout_s says, and tells what it got then."""
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 2.0)
    stand = CaptureStand([PICTURE])
    answers = [False, False, True, False]
    monkeypatch.setattr(stand, "grab", lambda: answers.pop(0))
    camera = opened(kernel, monkeypatch, stand, stall_timeout_s=0.5)
    assert camera.read() is not None
    with pytest.raises(CameraError, match="was it unplugged"):
        camera.read()
    assert answers == []


def test_one_that_never_delivers_is_lost(kernel: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 0.6)
    camera = opened(kernel, monkeypatch, CaptureStand([]), stall_timeout_s=0.5)
    with pytest.raises(CameraError, match="was it unplugged"):
        camera.read()


def test_a_camera_that_sends_nothing_but_broken_pictures_is_lost(kernel: Path, monkeypatch: pytest.MonkeyPatch):
    ticks = itertools.count(100.0, 0.1)
    monkeypatch.setattr(v4l2.time, "monotonic", lambda: next(ticks))
    camera = opened(kernel, monkeypatch, CaptureStand([None] * 99), stall_timeout_s=2.0)
    with pytest.raises(CameraError, match="broken pictures only; try another cable"):
        camera.read()


@pytest.mark.parametrize("takes", [True, False])
def test_the_exposure_is_set_by_hand(
    takes: bool, kernel: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    stand = CaptureStand([PICTURE], takes=takes)
    opened(kernel, monkeypatch, stand, exposure_ms=12.5)
    assert (cv2.CAP_PROP_AUTO_EXPOSURE, 1) in stand.asked
    assert ((cv2.CAP_PROP_EXPOSURE, 125) in stand.asked) == takes
    assert ("cannot do [camera] exposure_ms" in caplog.text) == (not takes)


@pytest.mark.parametrize("takes", [True, False])
def test_the_exposure_is_automatic_again_where_none_is_set(
    takes: bool, kernel: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    stand = CaptureStand([PICTURE], takes=takes)
    opened(kernel, monkeypatch, stand)
    assert (cv2.CAP_PROP_AUTO_EXPOSURE, 3) in stand.asked
    assert caplog.messages == []


@pytest.mark.parametrize(("owners", "seconds"), [(None, "3"), ("20", "20")])
def test_opencv_waits_for_a_frame_no_longer_than_set(
    owners: str | None, seconds: str, kernel: Path, monkeypatch: pytest.MonkeyPatch
):
    if owners:
        monkeypatch.setenv(SELECT_TIMEOUT, owners)
    waits: list[str | None] = []

    def opening(*_: object) -> CaptureStand:
        waits.append(os.environ.get(SELECT_TIMEOUT))
        return CaptureStand([PICTURE])

    plug(kernel, video0="webcam")
    monkeypatch.setattr(v4l2, "opened_capture", opening)
    V4l2Camera(str(kernel / "video0"), CameraConfig(stall_timeout_s=2.5)).open()
    assert waits == [seconds]


def test_a_device_that_is_in_use(kernel: Path, monkeypatch: pytest.MonkeyPatch):
    plug(kernel, video0="webcam")
    monkeypatch.setattr(v4l2, "opened_capture", lambda *_: None)
    with pytest.raises(CameraError, match="cannot start HD Pro Webcam C920; is another program using it"):
        V4l2Camera(str(kernel / "video0"), CameraConfig()).open()
