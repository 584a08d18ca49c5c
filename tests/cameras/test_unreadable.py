"""What cannot be read is told in one clear line, and nothing else is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edge.cameras import camera_for
from edge.errors import CameraError, SourceError
from tests.cameras.sources import CONFIG, CORNERS, frames_of, jpeg


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("nowhere.mp4", SourceError, "no such file or folder"),
        ("picamra", SourceError, "did you mean 'picamera'"),
        ("", SourceError, "none of auto, demo"),
        ("/dev/null", SourceError, "written v4l2:/dev/null"),
        ("http://[1", SourceError, "not a valid address"),
        ("rtsp://", SourceError, "not a valid address"),
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
        env={**quiet, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(sources)
    assert done.returncode == 0
