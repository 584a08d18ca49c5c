"""The source `auto` takes the first camera there is, and says why."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from edge import cameras
from edge.cameras import camera_for
from edge.errors import CameraError
from tests.cameras.sources import CONFIG


def raising(text: str) -> Callable[..., str]:
    def refuse(*_: object) -> str:
        raise CameraError(text)

    return refuse


def test_a_service_does_not_take_the_demo(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cameras.picamera, "first_model", raising("no Pi"))
    monkeypatch.setattr(cameras.v4l2, "first_device", raising("no V4L2"))
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    with pytest.raises(CameraError, match="no camera yet; no Pi; no V4L2"):
        camera_for("auto", CONFIG)


@pytest.mark.parametrize(
    ("pi", "device", "kind", "line"),
    [
        (lambda: (0, "imx708"), raising("no V4L2"), "PiCamera", "the Pi camera imx708"),
        (raising("no Pi"), lambda: "/dev/video2", "V4l2Camera", "v4l2:/dev/video2; no Pi"),
        (raising("no Pi"), raising("no V4L2"), "DemoCamera", "the demo clip; no Pi; no V4L2"),
    ],
)
def test_auto_takes_the_first_there_is_and_says_why(
    pi: Callable[[], object],
    device: Callable[[], str],
    kind: str,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(cameras.picamera, "first_model", pi)
    monkeypatch.setattr(cameras.v4l2, "first_device", device)
    with caplog.at_level(logging.INFO):
        assert type(camera_for("auto", CONFIG)).__name__ == kind
    assert caplog.messages == [f"source auto: {line}"]
