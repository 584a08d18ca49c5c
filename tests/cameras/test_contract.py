"""Every camera keeps the contract of edge.cameras.Camera."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge.cameras import Camera, camera_for
from tests.cameras.sources import CONFIG, OLD_GI, frames_of, gif_at, jpeg, video_at
from tests.fakes import FakeCamera

SOURCES = ["demo", "video", "gif", "image", "folder", "stream", pytest.param("gst", marks=OLD_GI), "fake"]


@pytest.fixture(params=SOURCES)
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Camera:
    kind = request.param
    if kind == "fake":
        return FakeCamera(0.001)
    if kind == "gst":
        request.getfixturevalue("gstreamer")
        return camera_for("gst:videotestsrc ! video/x-raw,width=62,height=48", CONFIG)
    if kind == "stream":
        return camera_for(request.getfixturevalue("address") + "/live", CONFIG)
    (tmp_path / "folder").mkdir()
    for path in ("folder/b.jpg", "folder/a.jpg", "picture.jpg"):
        (tmp_path / path).write_bytes(jpeg())
    source = {
        "demo": "demo",
        "video": video_at(tmp_path / "clip.avi"),
        "gif": gif_at(tmp_path / "clip.gif", [100] * 4),
        "image": str(tmp_path / "picture.jpg"),
        "folder": str(tmp_path / "folder"),
    }[kind]
    return camera_for(source, CONFIG)


def test_contract(camera: Camera):
    threads = set(threading.enumerate())
    assert camera.name
    camera.close()
    for _ in range(2):
        frames = frames_of(camera, 4)
        assert frames
        assert [frame.number for frame in frames] == (list(range(len(frames))) if camera.name != "fake" else [0] * 4)
        assert all(frame.image.dtype == np.uint8 and frame.image.shape[2] == 3 for frame in frames)
        assert all(frame.image.flags.c_contiguous for frame in frames)
        assert all(abs(frame.wall - time.time()) < 5 for frame in frames)
        times = [frame.time for frame in frames]
        assert times == sorted(times)
        if camera.live:
            assert abs(times[-1] - time.monotonic()) < 5
        elif frames[0].file is None:
            assert times[0] == 0.0
            assert len(set(times)) == len(times)
        camera.close()
    assert not {thread for thread in threading.enumerate() if thread.name == "capture"} - threads


def test_frames_given_out_are_not_overwritten(camera: Camera):
    camera.open()
    first = camera.read()
    assert first is not None
    before = first.image.copy()
    second = camera.read()
    camera.close()
    assert second is None or not np.shares_memory(first.image, second.image)
    assert np.array_equal(first.image, before)
