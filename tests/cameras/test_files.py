"""Videos, GIFs, pictures and folders of them, with the times and the names that their frames carry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.cameras import camera_for
from edge.config import CameraConfig
from tests.cameras.sources import CONFIG, frames_of, gif_at, jpeg, video_at


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


def test_a_damaged_part_of_a_video_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = Path(video_at(tmp_path / "clip.avi", 60))
    whole = bytearray(path.read_bytes())
    middle = slice(len(whole) * 4 // 10, len(whole) * 5 // 10)
    whole[middle] = np.random.default_rng(1).bytes(middle.stop - middle.start)
    path.write_bytes(whole)
    frames = frames_of(camera_for(str(path), CONFIG))
    assert 40 <= len(frames) < 60
    assert frames[-1].time > 1.5
    assert len(caplog.messages) == 1
    assert f"{path}: the file is damaged" in caplog.text


def test_a_raw_video_is_no_text(tmp_path: Path):
    path = tmp_path / "clip.y4m"
    path.write_bytes(b"YUV4MPEG2 W16 H16 F30:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + bytes([128]) * 384) * 3)
    assert len(frames_of(camera_for(str(path), CONFIG))) == 3


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


@pytest.mark.parametrize("kind", ["video", "picture", "folder"])
def test_a_recording_of_a_sideways_camera_is_brought_upright(kind: str, tmp_path: Path):
    (tmp_path / "picture.jpg").write_bytes(jpeg())
    sources = {
        "video": video_at(tmp_path / "clip.avi"),
        "picture": str(tmp_path / "picture.jpg"),
        "folder": str(tmp_path),
    }
    frame, *_ = frames_of(camera_for(sources[kind], CameraConfig(rotation=90, flip="horizontal")))
    assert (frame.width, frame.height) == (48, 64)
    assert frame.image[5, 5].argmax() == 0, "blue, from the top left, over the top right, to the top left again"
    assert frame.image[60, 5].argmax() == 2, "red, from the top right, over the bottom right"


def test_a_picture_is_one_frame_with_its_path(tmp_path: Path):
    path = str(tmp_path / "one.jpg")
    Path(path).write_bytes(jpeg())
    (frame,) = frames_of(camera_for(path, CONFIG))
    assert (frame.file, frame.width, frame.height) == (path, 64, 48)
