"""Every camera keeps the contract of edge.cameras.Camera; each of them does what is its own."""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from edge import cameras
from edge.cameras import Camera, camera_for, files
from edge.cameras.demo import LOOP_S, DemoCamera
from edge.cameras.files import Pace, VideoFile
from edge.cameras.opencv import decoded, upright
from edge.cameras.stream import without_secrets
from edge.config import CameraConfig
from edge.errors import CameraError, SourceError
from edge.types import Frame
from tests.fakes import FakeCamera

CONFIG = CameraConfig(stall_timeout_s=1.0)
CORNERS = np.zeros((48, 64, 3), np.uint8)
"""Left half blue above green, right half red above black: no turn or flip of it looks the same."""
CORNERS[:24, :32, 0] = CORNERS[24:, :32, 1] = CORNERS[:24, 32:, 2] = 255


def jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", CORNERS)[1])


def video_at(path: Path, count: int = 5, rate: float = 10.0) -> str:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (64, 48))
    for _ in range(count):
        writer.write(CORNERS)
    writer.release()
    return str(path)


def gif_at(path: Path, delays_ms: list[int]) -> str:
    pages = [PillowImage.fromarray(np.full((48, 64, 3), 60 * number, np.uint8)) for number in range(len(delays_ms))]
    pages[0].save(path, save_all=True, append_images=pages[1:], duration=delays_ms)
    return str(path)


def frames_of(camera: Camera, most: int = 100) -> list[Frame]:
    """Open, read to the end or so many, close."""
    camera.open()
    frames: list[Frame] = []
    while len(frames) < most and (frame := camera.read()) is not None:
        frames.append(frame)
    camera.close()
    return frames


class MjpegServer(BaseHTTPRequestHandler):
    """/live never ends, /short ends after three pictures, /frozen sends three and then nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        end = time.monotonic() + 5
        count = 0
        while time.monotonic() < end and not (self.path == "/short" and count == 3):
            if not (self.path == "/frozen" and count >= 3):
                try:
                    self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg() + b"\r\n")
                except OSError:
                    return
            count += 1
            time.sleep(0.02)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), MjpegServer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def gstreamer() -> None:
    gi = pytest.importorskip("gi", reason="needs python3-gi (apt)")
    try:
        gi.require_version("Gst", "1.0")
    except ValueError:
        pytest.skip("needs GStreamer's introspection data (apt: gir1.2-gst-plugins-base-1.0)")


OLD_GI = pytest.mark.filterwarnings("ignore::ImportWarning", "ignore::DeprecationWarning")
"""The python3-gi of Debian 12 is older than its Python."""

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


# The table


def raising(text: str) -> Callable[..., str]:
    def refuse(*_: object) -> str:
        raise CameraError(text)

    return refuse


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


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("nowhere.mp4", SourceError, "no such file or folder"),
        ("picamra", SourceError, "did you mean 'picamera'"),
        ("", SourceError, "none of auto, demo"),
        ("/dev/null", SourceError, "written v4l2:/dev/null"),
        ("http://[1", SourceError, "not a valid address"),
        ("rtsp://", SourceError, "names no host"),
        ("notes.txt", SourceError, "text, not a video"),
        ("text.mp4", SourceError, "text, not a video"),
        ("broken.mp4", SourceError, "not a video that can be read"),
        ("empty.mp4", SourceError, "the file is empty"),
        ("broken.jpg", SourceError, "cannot read this picture"),
        ("empty.png", SourceError, "the file is empty"),
        ("nothing", SourceError, "no picture in this folder"),
        ("all_broken", SourceError, "none of the pictures"),
        ("v4l2:/dev/video98", CameraError, "no such device; is the camera plugged in"),
        ("v4l2:/dev/null", CameraError, "not a video device"),
        ("http://127.0.0.1:1/x", CameraError, "cannot open this stream"),
        ("rtsp://127.0.0.1:1/x", CameraError, "cannot open this stream"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(
    source: str,
    error: type[Exception],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "all_broken").mkdir()
    for name in ("notes.txt", "text.mp4", "nothing/notes.txt"):
        (tmp_path / name).write_text("Words in a row.\n" * 400)
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40)
    for name in ("empty.mp4", "empty.png"):
        (tmp_path / name).touch()
    for name in ("broken.jpg", "all_broken/a.jpg"):
        (tmp_path / name).write_bytes(jpeg()[:300])
    with pytest.raises(error, match=words) as raised:
        frames_of(camera_for(source, CONFIG))
    assert "\n" not in str(raised.value)
    assert capfd.readouterr().err == ""


def test_opencv_and_its_decoders_write_nothing_to_standard_error(tmp_path: Path):
    """In a process of its own, because OpenCV asks for its wishes once."""
    picture = cv2.imencode(".png", CORNERS)[1]
    (tmp_path / "cut.png").write_bytes(bytes(picture)[:90])
    (tmp_path / "cut.jpg").write_bytes(jpeg()[:-200])
    (tmp_path / "cut.tif").write_bytes(bytes(cv2.imencode(".tif", CORNERS)[1])[:200])
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40)
    program = """if True:
        import sys
        from edge.cameras import camera_for
        from edge.config import CameraConfig
        from edge.errors import EdgeError
        for source in sys.argv[1:]:
            try:
                camera = camera_for(source, CameraConfig())
                camera.open()
                while camera.read():
                    pass
            except EdgeError as err:
                print(err)
    """
    sources = ["cut.png", "cut.jpg", "cut.tif", "broken.mp4", "http://127.0.0.1:1/x", "rtsp://127.0.0.1:1/x"]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
    done = subprocess.run(
        [sys.executable, "-c", program, *sources],
        cwd=tmp_path,
        env={**quiet, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(sources)
    assert done.returncode == 0


# Files


def test_a_video_has_its_own_time(tmp_path: Path):
    frames = frames_of(camera_for(video_at(tmp_path / "clip.avi", 6, 12.5), CONFIG))
    assert [frame.time for frame in frames] == pytest.approx([number / 12.5 for number in range(6)], abs=1e-3)
    assert {frame.file for frame in frames} == {None}


def test_a_gif_keeps_the_delays_it_was_made_with(tmp_path: Path):
    frames = frames_of(camera_for(gif_at(tmp_path / "clip.gif", [100, 300, 50, 100]), CONFIG))
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.45], abs=0.01)


def test_a_file_name_may_look_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    video_at(tmp_path / "plain.avi", 2)
    for name in ("tcp:take 2 %03d.avi", "Grüße.avi"):
        (tmp_path / name).write_bytes((tmp_path / "plain.avi").read_bytes())
        assert len(frames_of(camera_for(name, CONFIG))) == 2


def test_a_paced_video_takes_its_own_time(tmp_path: Path):
    path = video_at(tmp_path / "clip.avi", 4, 20.0)
    started = time.monotonic()
    frames_of(VideoFile(path, paced=True))
    assert time.monotonic() - started >= 0.15


class Clock:
    """Stands in for the module time: sleeping takes no time."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_late_frame_does_not_hurry_those_after_it(monkeypatch: pytest.MonkeyPatch):
    clock = Clock()
    monkeypatch.setattr(files, "time", clock)
    pace = Pace()
    pace.wait(0.0)
    clock.sleep(0.1)
    pace.wait(0.02)
    assert clock.now == pytest.approx(100.1)
    pace.wait(0.05)
    assert clock.now == pytest.approx(100.13)


def test_a_folder_gives_its_pictures_in_order_and_names_the_broken_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    (folder / "more.jpg").mkdir(parents=True)
    for name in ("c.JPG", "a.png", "Größe.jpg", "._a.png"):
        (folder / name).write_bytes(jpeg())
    (folder / "b.jpg").write_bytes(jpeg()[:300])
    (folder / "notes.txt").write_text("nothing to see")
    frames = frames_of(camera_for("./photos/", CONFIG))
    assert [frame.file for frame in frames] == ["./photos/Größe.jpg", "./photos/a.png", "./photos/c.JPG"]
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert {frame.time for frame in frames} == {0.0}
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("./photos/b.jpg: left out")
    assert capfd.readouterr().err == ""


def test_a_picture_is_one_frame_with_its_path(tmp_path: Path):
    path = str(tmp_path / "one.jpg")
    Path(path).write_bytes(jpeg())
    (frame,) = frames_of(camera_for(path, CONFIG))
    assert (frame.file, frame.width, frame.height) == (path, 64, 48)


@pytest.mark.parametrize(
    "pixels",
    [
        CORNERS.astype(np.uint16) * 257,
        CORNERS[:, :, 0],
        CORNERS[:, :, 0].astype(np.uint16) * 257,
        np.dstack([CORNERS] * 2),
    ],
    ids=["16 bit", "grey", "16-bit grey", "alpha"],
)
def test_pictures_of_every_depth_become_bgr_bytes(pixels: np.ndarray):
    pixels = pixels[:, :, :4] if pixels.ndim == 3 else pixels
    image = decoded(bytes(cv2.imencode(".png", pixels)[1]))
    assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
    assert image[5, 5, 0] == 255
    assert image[40, 60, 0] == 0


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path):
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to show it
    path = tmp_path / "turned.jpg"
    PillowImage.fromarray(CORNERS[:, :, ::-1]).save(path, exif=exif)
    (frame,) = frames_of(camera_for(str(path), CONFIG))
    assert (frame.width, frame.height) == (48, 64)
    assert frame.image[5, 40].argmax() == 0, "blue, from the top left, is now at the top right"


# The demo clip


def test_the_demo_moves_slowly_and_closes_its_loop():
    frames = frames_of(DemoCamera(), 31)
    assert frames[30].time == 1.0
    assert frames[0].image.shape == (480, 640, 3)
    steps = [np.abs(a.image.astype(int) - b.image.astype(int)).mean() for a, b in itertools.pairwise(frames)]
    assert 0 < max(steps) < 6
    demo = DemoCamera()
    demo.open()
    demo._number = round(LOOP_S * 30)
    again = demo.read()
    assert again is not None
    assert np.array_equal(again.image, frames[0].image)


def test_the_demo_plays_at_its_own_speed_when_someone_watches():
    started = time.monotonic()
    frames_of(camera_for("demo", CONFIG, paced=True), 7)
    assert time.monotonic() - started > 0.19


# Streams


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


@pytest.mark.parametrize(
    ("rotation", "flip", "corner"),
    [
        (0, "none", (5, 5)),
        (0, "horizontal", (5, 60)),
        (0, "vertical", (40, 5)),
        (90, "none", (5, 40)),
        (180, "none", (40, 60)),
        (270, "none", (60, 5)),
        (90, "horizontal", (5, 5)),
        (180, "both", (5, 5)),
    ],
)
def test_a_picture_is_turned_clockwise_and_then_mirrored(rotation: int, flip: str, corner: tuple[int, int]):
    turned = upright(CORNERS, rotation, flip)
    assert turned[corner].tolist() == [255, 0, 0], "blue, from the top left"
    assert sorted(turned.reshape(-1, 3).tolist()) == sorted(CORNERS.reshape(-1, 3).tolist()), "not a pixel is changed"


def test_the_name_of_a_stream_tells_no_secret():
    assert without_secrets("rtsp://me:se@cret@10.0.0.7:554/cam?token=abc") == "rtsp://10.0.0.7:554/cam"


# GStreamer


@OLD_GI
def test_a_pipeline_that_cannot_be_built_or_started(gstreamer: None):
    with pytest.raises(SourceError, match="nosuchelement"):
        camera_for("gst:nosuchelement", CONFIG).open()
    with pytest.raises(CameraError, match="cannot start the pipeline"):
        camera_for("gst:filesrc location=/nowhere ! decodebin", CONFIG).open()


@OLD_GI
def test_a_pipeline_that_ends_is_an_error(gstreamer: None):
    camera = camera_for("gst:videotestsrc num-buffers=2", CONFIG)
    with pytest.raises(CameraError, match="it ended"):
        frames_of(camera)
    camera.close()


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


@OLD_GI
def test_an_rtsp_camera(rtsp_address: str):
    frames = frames_of(camera_for(rtsp_address, CameraConfig()), 3)
    assert [(frame.width, frame.height) for frame in frames] == [(320, 240)] * 3
    assert [frame.time for frame in frames] == sorted(frame.time for frame in frames)
