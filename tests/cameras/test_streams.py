"""MJPEG and RTSP streams: their frames, their end, and their names without secrets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from edge.cameras import camera_for
from edge.cameras.stream import StreamCamera, without_secrets
from edge.config import CameraConfig
from edge.errors import CameraError, SourceError
from tests.cameras.sources import CONFIG, OLD_GI, frames_of


def test_a_stream_that_ends_or_freezes_is_an_error(address: str):
    for path in ("/short", "/frozen"):
        camera = camera_for(address + path, CameraConfig(stall_timeout_s=0.5))
        started = time.monotonic()
        with pytest.raises(CameraError, match="the stream ended"):
            frames_of(camera)
        assert time.monotonic() - started < 1.5
        camera.close()


def test_a_stream_is_flipped(address: str):
    (frame,) = frames_of(camera_for(address + "/live", CameraConfig(flip="both")), 1)
    assert frame.image[40, 60].argmax() == 0, "blue, from the top left, is now at the bottom right"


def test_the_name_of_a_stream_tells_no_secret():
    assert without_secrets("rtsp://10.0.0.7/cam") == "rtsp://10.0.0.7/cam"
    assert without_secrets("rtsp://me:se@cret@10.0.0.7:554/cam?token=abc") == "rtsp://10.0.0.7:554/cam"


@pytest.fixture
def rtsp_address(gstreamer: None) -> Iterator[str]:
    """A camera of 15 frames a second on loopback."""
    import gi

    try:
        gi.require_version("GstRtspServer", "1.0")
    except ValueError:
        pytest.skip("needs an RTSP server (apt: gir1.2-gst-rtsp-server-1.0)")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    if not Gst.ElementFactory.find("x264enc"):
        pytest.skip("needs an H.264 encoder (apt: gstreamer1.0-plugins-ugly)")
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory.new()
    source = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1"
    factory.set_launch(f"( {source} ! x264enc tune=zerolatency speed-preset=ultrafast ! rtph264pay name=pay0 pt=96 )")
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    loop = GLib.MainLoop()
    thread = threading.Thread(target=loop.run)
    thread.start()
    yield f"rtsp://127.0.0.1:{server.get_bound_port()}/cam"
    loop.quit()
    thread.join()


@pytest.mark.parametrize("password", ["qx/ss", "qx#ss", "qx?ss", "12?34", "qx℀ss", "qx[ss"])
def test_a_password_that_makes_an_address_unreadable_is_not_repeated(password: str):
    with pytest.raises(SourceError, match="not a valid address; if a user or password holds") as refused:
        StreamCamera(f"rtsp://admin:{password}@127.0.0.1:9/s1", CONFIG)
    assert password[:2] not in str(refused.value)
    assert refused.value.__cause__ is None


@OLD_GI
def test_an_rtsp_camera(rtsp_address: str):
    frames = frames_of(camera_for(rtsp_address, CameraConfig()), 3)
    assert [(frame.width, frame.height) for frame in frames] == [(320, 240)] * 3
    assert [frame.time for frame in frames] == sorted(frame.time for frame in frames)
