from __future__ import annotations

import logging

import numpy as np
import pytest

from edge.config import CameraConfig, EmotionConfig, FaceConfig, PaceConfig
from edge.control import Control
from edge.daemon import Daemon, Outlet
from edge.errors import CameraError, SinkError
from edge.health import Health, summary
from edge.pipeline import Pipeline
from edge.status_file import read
from edge.types import Frame, Result, Status
from tests.conftest import face_at
from tests.fakes import FakeCamera, FakeClassifier, FakeDetector

PICTURE = np.zeros((120, 160, 3), np.uint8)


class Clip:
    """A file-like source of so many frames."""

    name, live = "clip", False

    def __init__(self, count: int) -> None:
        self.count, self.given, self.closed = count, 0, False

    def open(self) -> None:
        pass

    def read(self) -> Frame | None:
        if self.given == self.count:
            return None
        self.given += 1
        return Frame(PICTURE, self.given / 30, 0.0, self.given - 1)

    def close(self) -> None:
        self.closed = True


class Notebook:
    """A sink that notes what it gets, and breaks when told to."""

    name = "notebook"

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.statuses: list[Status] = []
        self.opened = self.closed = 0
        self.breaks_at: int | None = None

    def open(self) -> None:
        self.opened += 1

    def show(self, result: Result) -> None:
        if result.frame.number == self.breaks_at:
            raise OSError("the disk is full")
        self.results.append(result)

    def status(self, status: Status) -> None:
        self.statuses.append(status)

    def close(self) -> None:
        self.closed += 1


def daemon(clip: Clip, *sinks: Notebook, control: Control | None = None) -> Daemon:
    chain = Pipeline(FakeDetector([face_at(80, 60)]), FakeClassifier("happy"), FaceConfig(), EmotionConfig())
    return Daemon(clip, chain, list(sinks), control or Control(), CameraConfig(), PaceConfig())


def test_every_frame_of_a_clip_reaches_every_sink():
    clip, one, two = Clip(20), Notebook(), Notebook()
    daemon(clip, one, two).run()
    assert [result.frame.number for result in one.results] == list(range(20))
    assert one.results == two.results
    assert clip.closed
    assert one.closed == two.closed == 1
    assert one.statuses[0].state == "running"


def test_the_limit_stops_the_run():
    clip, notes = Clip(20), Notebook()
    daemon(clip, notes).run(limit=7)
    assert len(notes.results) == 7
    assert clip.closed


def test_stop_ends_the_run_and_releases_everything():
    control, clip, notes = Control(), Clip(10_000_000), Notebook()
    notes.status = lambda status: control.stop.set()  # the owner presses q at the first status
    daemon(clip, notes, control=control).run()
    assert len(notes.results) == 1
    assert clip.closed
    assert notes.closed == 1


def live_daemon(camera: FakeCamera, notes: Notebook, control: Control, detector: FakeDetector | None = None) -> Daemon:
    chain = Pipeline(
        detector or FakeDetector([face_at(30, 24, 20)]), FakeClassifier("happy"), FaceConfig(), EmotionConfig()
    )
    return Daemon(camera, chain, [notes], control, CameraConfig(give_up_s=0.3), PaceConfig())


def test_a_live_camera_runs_from_its_first_frame_on(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    notes, seen = Notebook(), []

    def noted(status: Status) -> None:
        seen.append((status.state, len(notes.results) > 0))
        if len(seen) > 1 and not notes.results:
            assert read(tmp_path / "status.json")["state"] == "waiting"

    notes.status = noted  # type: ignore[method-assign]
    live_daemon(FakeCamera(0.5, 0.01), notes, Control()).run(limit=3)
    assert list(dict.fromkeys(seen)) == [("waiting", False), ("running", True)]


def told(notes: Notebook) -> list[tuple[str, int]]:
    return [(event.kind, result.frame.number) for result in notes.results for event in result.events]


def test_when_the_camera_goes_everybody_has_left_with_its_last_frame():
    notes = Notebook()
    with pytest.raises(CameraError, match="did not come back"):
        live_daemon(FakeCamera(*[0.02] * 20, CameraError("unplugged")), notes, Control()).run()
    last = max(result.frame.number for result in notes.results)
    assert told(notes)[-1] == ("face_left", last)
    assert [kind for kind, _ in told(notes)] == ["face_appeared", "face_left"]
    assert notes.results[-1].tracks == ()


def test_where_nobody_was_nothing_is_told_after_the_last_frame():
    notes = Notebook()
    live_daemon(FakeCamera(0.01), notes, Control(), FakeDetector([])).run(limit=5)
    assert len(notes.results) == 5


def test_when_detection_is_switched_off_everybody_has_left():
    notes, control = Notebook(), Control()

    def switched_off(status: Status) -> None:
        if status.state == "paused":
            assert told(notes)[-1][0] == "face_left"
            control.stop.set()
        elif len(told(notes)) == 1:
            control.switch_detection(False)

    notes.status = switched_off  # type: ignore[method-assign]
    live_daemon(FakeCamera(0.02), notes, control).run()
    assert [kind for kind, _ in told(notes)] == ["face_appeared", "face_left"]


def test_at_the_end_of_a_clip_nobody_need_be_told():
    notes = Notebook()
    daemon(Clip(20), notes).run()
    assert [kind for kind, _ in told(notes)] == ["face_appeared"]


def test_a_broken_sink_disturbs_nobody_and_is_told_once(caplog: pytest.LogCaptureFixture):
    broken, healthy = Notebook(), Notebook()
    broken.breaks_at = 5
    with caplog.at_level(logging.INFO):
        daemon(Clip(20), broken, healthy).run()
    assert len(healthy.results) == 20
    assert len(broken.results) == 5
    assert [record.message for record in caplog.records if "notebook" in record.message] == [
        "notebook: the disk is full; going on without it, trying again every 10 s"
    ]


def test_a_sink_that_comes_back_gets_results_again(caplog: pytest.LogCaptureFixture):
    now = 0.0
    sink = Notebook()
    outlet = Outlet(sink, clock=lambda: now)
    outlet.open()
    sink.breaks_at = 1
    with caplog.at_level(logging.INFO):
        for number in range(4):
            outlet.show(Result(Frame(PICTURE, 0.0, 0.0, number), 0.0))
        now = 11.0
        outlet.show(Result(Frame(PICTURE, 0.0, 0.0, 9), 0.0))
        assert "is back" not in caplog.text
        now = 21.0
        outlet.show(Result(Frame(PICTURE, 0.0, 0.0, 10), 0.0))
    assert [result.frame.number for result in sink.results] == [0, 9, 10]
    assert "notebook is back after 11 s" in caplog.text


def test_a_sink_that_works_for_a_moment_and_fails_again_is_told_once(caplog: pytest.LogCaptureFixture):
    now = 0.0
    sink = Notebook()
    outlet = Outlet(sink, clock=lambda: now)
    sink.breaks_at = 1
    with caplog.at_level(logging.INFO):
        for number in (1, 0, 1, 0, 0, 1):
            outlet.show(Result(Frame(PICTURE, 0.0, 0.0, number), 0.0))
            now += 5.0
    assert len(sink.results) == 1
    assert len(caplog.records) == 1


def test_a_sink_that_cannot_open_is_tried_again_later():
    now = 0.0
    sink = Notebook()

    def refuse() -> None:
        sink.opened += 1
        raise SinkError("no screen")

    sink.open = refuse
    outlet = Outlet(sink, clock=lambda: now)
    outlet.open()
    for _ in range(5):
        outlet.show(Result(Frame(PICTURE, 0.0, 0.0, 0), 0.0))
    assert sink.opened == 1
    now = 10.0
    outlet.show(Result(Frame(PICTURE, 0.0, 0.0, 0), 0.0))
    assert sink.opened == 2


def test_what_does_not_work_is_told_to_the_others():
    broken, healthy = Notebook(), Notebook()
    broken.breaks_at = 0
    healthy.connected = True
    daemon(Clip(3), broken, healthy).run()
    assert healthy.statuses[0].away == ("notebook",)
    outlet = Outlet(healthy)
    assert not outlet.away
    healthy.connected = False
    assert outlet.away


def test_health_tells_rate_latency_and_memory():
    now = 0.0
    health = Health("clip", clock=lambda: now)
    for number in range(31):
        now = number / 10
        health.record(Result(Frame(PICTURE, now, 0.0, number, skipped=number % 2), now, ms={"total": float(number)}))
    status = health.status("running")
    assert status.fps == pytest.approx(10)
    assert status.skipped == 15
    assert status.ms["total"] == pytest.approx((15, 28.5))
    assert status.rss_mb is not None
    assert 10 < status.rss_mb < 2000
    assert summary(status).startswith("running: 10.0 frames/s, 15 skipped, ms p50/p95: total 15.0/28.5")
    now = 60.0
    assert health.status("waiting").fps == 0
