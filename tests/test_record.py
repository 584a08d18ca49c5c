"""Saving faces: where, how many, for whose eyes, and never without the owner's word in the configuration."""

from __future__ import annotations

import io
import logging
import os
import resource
import stat
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from edge.config import Config, RecordConfig, TerminalConfig
from edge.control import Control
from edge.daemon import Daemon
from edge.emotion.crop import face_input
from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from edge.errors import SinkError
from edge.health import summary
from edge.overlay import Overlay
from edge.overlay.ink import RED
from edge.sinks import sinks_for
from edge.sinks.face_store import FaceStore
from edge.sinks.live_table import FaceTable
from edge.sinks.record import Record
from edge.types import Frame, Result, Status
from tests.fakes import FakeCamera, FakeSink
from tests.results import WALL, result, track
from tests.test_cli import config_file, emotion_edge
from training.data import read_folder

RED_PIXEL = np.array(RED, np.uint8)
BLOCK = 4096


def recorder(folder: Path, **settings) -> Record:
    sink = Record(RecordConfig(True, str(folder), **settings), find_model("emotion"))
    sink.open()
    return sink


def at(second: float, *tracks) -> Result:
    return result(*tracks, t=second, wall=WALL + second)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


# --- what is saved


def test_a_picture_is_the_models_input_named_by_time_and_id(tmp_path):
    image = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    shown = result(track(3, uncertain=True))
    shown = replace(shown, frame=replace(shown.frame, image=image))
    sink = recorder(tmp_path / "faces")
    sink.show(shown)
    sink.close()
    assert names(tmp_path / "faces") == ["happy/20261122T150405.123Z_3.png"]
    saved = cv2.imread(str(tmp_path / "faces" / "happy" / "20261122T150405.123Z_3.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(saved, face_input(image, shown.tracks[0].face.points, 48))


def test_a_picture_is_cut_out_of_what_the_model_sees(tmp_path):
    grey = np.random.default_rng(2).integers(0, 255, (60, 80), np.uint8)
    shown = result(track(3, uncertain=True))
    frame = replace(shown.frame, grey=grey)
    sink = recorder(tmp_path / "faces")
    sink.show(replace(shown, frame=frame))
    sink.close()
    (path,) = (tmp_path / "faces").rglob("*.png")
    points = frame.in_tracking_image(shown.tracks[0].face).points
    assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), face_input(grey, points, 48))


def test_the_trainer_reads_the_folder(tmp_path):
    sink = recorder(tmp_path / "faces", which="all")
    sink.show(at(0, *(track(number, label) for number, label in enumerate(LABELS))))
    sink.close()
    faces, files = read_folder(tmp_path / "faces")
    assert sorted(faces.labels) == list(range(7))
    assert faces.images.shape == (7, 48, 48)
    assert len(files) == 7


@pytest.mark.parametrize("which", ["uncertain", "all"])
def test_a_face_that_shows_too_little_teaches_nothing(tmp_path, which):
    sink = recorder(tmp_path / "faces", which=which)
    sink.show(at(0, replace(track(1, uncertain=True), clear=False)))
    sink.show(at(1, track(1, uncertain=True)))
    sink.close()
    assert len(names(tmp_path / "faces")) == 1


@pytest.mark.parametrize(("which", "saved"), [("uncertain", [2]), ("all", [1, 2])])
def test_which_faces(tmp_path, which, saved):
    sink = recorder(tmp_path / "faces", which=which)
    sink.show(at(0, track(1), track(2, uncertain=True)))
    assert [int(name[-5]) for name in names(tmp_path / "faces")] == saved


def test_at_most_one_a_person_in_an_interval(tmp_path):
    sink = recorder(tmp_path / "faces", which="all", interval_s=2.0)
    for second in (0, 1, 1.9, 2, 3, 4.5):
        sink.show(at(second, *([track(1), track(2, "sad")] if second != 1 else [track(2, "sad")])))
    assert len([name for name in names(tmp_path / "faces") if name.startswith("happy")]) == 3
    assert len([name for name in names(tmp_path / "faces") if name.startswith("sad")]) == 3


# --- how much


def test_the_oldest_go_when_there_is_no_room(tmp_path):
    store = FaceStore(tmp_path / "faces", 5 * BLOCK, 30)
    store.open()
    for second in range(8):
        store.add(bytes(100), LABELS[second % 3], WALL + second, 1)
        store.prune(WALL + second)
    assert sorted(name.split("/")[1][13:15] for name in names(tmp_path / "faces")) == ["08", "09", "10", "11", "12"]


def test_what_is_there_counts_after_a_new_start(tmp_path):
    for start in range(0, 9, 3):
        store = FaceStore(tmp_path / "faces", 5 * BLOCK, 30)
        store.open()
        for second in range(start, start + 3):
            store.add(bytes(5000 if second < 3 else 100), "sad", WALL + second, 1)
            store.prune(WALL + second)
    assert sum(-(-path.stat().st_size // BLOCK) for path in (tmp_path / "faces" / "sad").iterdir()) == 5
    assert len(names(tmp_path / "faces")) == 5


def test_old_ones_go_also_while_nobody_is_there(tmp_path):
    sink = recorder(tmp_path / "faces", which="all", max_age_days=1)
    sink.show(at(0, track(1)))
    assert len(names(tmp_path / "faces")) == 1
    two_days = 2 * 86400
    sink.show(at(two_days))
    assert names(tmp_path / "faces") == []
    sink.show(result(track(2), t=0.0, wall=1e9))
    sink.status(Status("paused", "auto"))
    assert names(tmp_path / "faces") == []


def test_files_of_others_are_neither_counted_nor_deleted(tmp_path):
    store = FaceStore(tmp_path / "faces", BLOCK, 1)
    store.open()
    store.add(bytes(100), "sad", WALL, 1)
    (tmp_path / "precious").write_bytes(bytes(100))
    others = [tmp_path / "faces" / "notes.txt", tmp_path / "faces" / "sad" / "me.png"]
    for path in others:
        path.write_bytes(bytes(50_000))
    link = tmp_path / "faces" / "sad" / "20200101T000000.000Z_1.png"
    link.symlink_to(tmp_path / "precious")
    store.open()
    store.add(bytes(100), "happy", WALL + 1e7, 1)
    store.prune(WALL + 1e7)
    assert all(path.exists() for path in (*others, link, tmp_path / "precious"))
    assert "sad/20261122T150405.123Z_1.png" not in names(tmp_path / "faces")


def test_a_picture_that_the_owner_deleted_is_not_missed(tmp_path):
    store = FaceStore(tmp_path / "faces", 2 * BLOCK, 30)
    store.open()
    for second in range(4):
        store.add(bytes(100), "sad", WALL + second, 1)
        for path in (tmp_path / "faces").rglob("*.png"):
            path.unlink()
        store.prune(WALL)


def test_a_picture_that_cannot_be_deleted_is_told(tmp_path):
    store = FaceStore(tmp_path / "faces", BLOCK, 30)
    store.open()
    store.add(bytes(100), "sad", WALL, 1)
    (path,) = (tmp_path / "faces").rglob("*.png")
    path.unlink()
    path.mkdir()
    with pytest.raises(SinkError, match="faces/sad: cannot delete old faces: Is a directory"):
        store.prune(WALL + 1e7)


# --- for whose eyes


def test_only_the_owner_may_look(tmp_path):
    before = os.umask(0)
    try:
        sink = recorder(tmp_path / "faces", which="all")
        sink.show(at(0, track(1)))
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, *tmp_path.rglob("*"))}
    assert modes["faces"] == modes["happy"] == 0o700
    assert modes["20261122T150405.123Z_1.png"] == 0o600


def test_a_folder_that_others_may_enter_is_refused(tmp_path):
    (tmp_path / "faces").mkdir(mode=0o755)
    with pytest.raises(SinkError, match="chmod 700"):
        recorder(tmp_path / "faces")
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="not a folder"):
        recorder(tmp_path / "file")
    with pytest.raises(SinkError, match="cannot be used for faces: No such file"):
        recorder(tmp_path / "no" / "faces")


def test_a_full_disk_leaves_no_half_picture(tmp_path):
    sink = recorder(tmp_path / "faces", which="all")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
    try:
        with pytest.raises(SinkError, match="cannot be written: File too large"):
            sink.show(at(0, track(1)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path / "faces") == []


# --- by whose word


def test_it_is_off_unless_the_configuration_says_so():
    assert not Config().record.enabled
    assert [sink.name for sink in sinks_for(Config(), "auto", Control())] == ["terminal"]
    everything = {name for name in dir(Control()) if not name.startswith("_")}
    assert everything == {"stop", "detection", "switch_detection", "remembered"}


@pytest.mark.parametrize("on", [True, False])
def test_the_command_with_and_without(tmp_path, on):
    faces = tmp_path / "faces"
    config = config_file(
        tmp_path,
        f'[record]\nenabled = {str(on).lower()}\nfolder = "{faces}"\nwhich = "all"\n[camera]\nsource = "demo"\n',
    )
    done = emotion_edge("run", "--config", config, "--limit", 20)
    assert done.returncode == 0, done.stderr
    assert faces.exists() == on
    assert ("tell the people in front of the camera" in done.stderr) == on
    if on:
        (name,) = names(faces)
        assert name.startswith("happy/")


# --- and everyone sees it


class EmptyChain:
    """Never finds a face."""

    def process(self, frame: Frame) -> Result:
        return Result(frame, 0.0)

    forget = process


@pytest.mark.parametrize("recording", [True, False])
def test_health_says_it(recording):
    class Keeper(FakeSink):
        keeps_faces = recording

    sink = Keeper()
    Daemon(FakeCamera(0.001), EmptyChain(), [sink], Control(), Config().camera, Config().pace).run(limit=1)
    assert sink.statuses[0].recording is recording


def printed(table: FaceTable) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(table)
    return console.file.getvalue()


def test_the_log_and_the_terminal_say_it():
    recording, quiet = Status("running", "auto", recording=True), Status("running", "auto")
    assert summary(recording) == summary(quiet) + ", recording faces"
    table = FaceTable("auto")
    table.status(recording)
    assert "recording faces" in printed(table)
    table.status(quiet)
    assert "recording faces" not in printed(table)


@pytest.mark.parametrize("style", ["picture", "blurred", "none"])
@pytest.mark.parametrize("size", [(320, 240), (640, 480), (480, 800), (1920, 1080)])
def test_the_picture_says_it(style, size):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    shown = Result(Frame(image, 1.0, 0.0, 1), 1.0, (track(1, uncertain=True),))

    def red(status: Status) -> int:
        return int((Overlay(style, False).draw(shown, status) == RED_PIXEL).all(axis=-1).sum())

    assert red(Status("running", "x", recording=True)) > 20
    assert red(Status("running", "x")) == 0
    assert red(Status("paused", "x", recording=True)) == 0


def test_a_broken_folder_is_told_once_and_disturbs_nobody(tmp_path, caplog):
    config = replace(
        Config(), terminal=TerminalConfig(False), record=RecordConfig(True, str(tmp_path / "no" / "faces"))
    )
    sinks = [*sinks_for(config, "auto", Control()), FakeSink()]

    with caplog.at_level(logging.INFO):
        Daemon(FakeCamera(0.001), EmptyChain(), sinks, Control(), Config().camera, Config().pace).run(limit=5)
    assert len(sinks[1].results) == 5
    assert [record.message for record in caplog.records if record.message.startswith("record")] == [
        f"record: {tmp_path}/no/faces: cannot be used for faces: No such file or directory; "
        "going on without it, trying again every 10 s"
    ]
    assert sinks[1].statuses[0].recording
