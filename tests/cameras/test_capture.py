"""What the loop gets from a live camera that behaves, freezes, hangs, is unplugged or switched off."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from edge import capture
from edge.cameras import waiting
from edge.capture import latest_frames, left_behind
from edge.config import CameraConfig
from edge.control import Control
from edge.errors import CameraError
from edge.types import State
from tests.cameras.capturing import capture_threads, take, until, wait_for
from tests.fakes import FakeCamera

pytestmark = pytest.mark.usefixtures("no_thread_stays")

SLACK_S = 0.5
"""What a busy machine may add to a time that is promised."""
QUICK = CameraConfig(stall_timeout_s=0.25, give_up_s=5)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(capture, "LONGEST_PAUSE_S", 0.4)
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 0.0)


@pytest.fixture
def driver() -> Iterator[threading.Event]:
    """What a hanging driver waits for; it wakes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_a_live_camera_delivers_and_is_closed():
    camera, states = FakeCamera(0.005), []
    frames = latest_frames(camera, Control(), QUICK, states.append)
    taken = take(frames, 5)
    frames.close()
    assert [frame.number for frame in taken] == list(range(5))
    assert {frame.skipped for frame in taken} == {0}
    assert [frame.time for frame in taken] == sorted(frame.time for frame in taken)
    assert camera.log == ["open", "close"]
    assert states == ["running"]


def test_the_newest_frame_wins_and_the_skipped_are_counted():
    frames = latest_frames(FakeCamera(0.01), Control(), QUICK, print)
    first, *_ = take(frames, 1)
    time.sleep(0.2)
    second, third = take(frames, 2)
    frames.close()
    assert 2 <= second.skipped <= 20
    assert second.number == first.number + second.skipped + 1
    assert third.number == second.number + third.skipped + 1
    assert second.time > first.time + 0.1


def test_none_comes_while_there_is_no_frame():
    frames = latest_frames(FakeCamera(0.0, 0.35, 0.0), Control(), CameraConfig(), print)
    take(frames, 1)
    started = time.monotonic()
    assert next(frames) is None
    assert 0.05 < time.monotonic() - started < 0.15 + SLACK_S
    frames.close()


def test_a_camera_that_cannot_be_opened_at_the_start_is_an_error_at_once():
    started = time.monotonic()
    with pytest.raises(CameraError, match="no such device"):
        next(latest_frames(FakeCamera(0.0, openings=[CameraError("no such device")]), Control(), QUICK, print))
    assert time.monotonic() - started < 0.2 + SLACK_S


def test_a_camera_that_hangs_at_opening_is_an_error(driver: threading.Event):
    with pytest.raises(CameraError, match="hangs at opening"):
        take(latest_frames(FakeCamera(0.0, openings=[driver]), Control(), QUICK, print), 1)


def test_a_camera_may_take_its_time_to_start(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 3.0)
    frames = latest_frames(FakeCamera(1.0, 0.005, openings=[1.0]), Control(), QUICK, print)
    take(frames, 3, timeout_s=4.0)
    frames.close()
    assert caplog.messages == []


def test_an_unplugged_camera_is_told_once_and_comes_back(caplog: pytest.LogCaptureFixture):
    gone = CameraError("fake: unplugged")
    camera, states = FakeCamera(0.005, 0.005, gone, 0.005, openings=[None, gone, gone, None]), []
    with caplog.at_level(logging.INFO):
        frames = latest_frames(camera, Control(), QUICK, states.append)
        until(frames, lambda: states == ["running", "waiting", "running"])
        taken = take(frames, 3)
        frames.close()
    assert caplog.messages == ["fake: unplugged; looking for it for 5 s", "fake: back after 0 s"]
    assert camera.log[:3] == ["open", "close", "close"]
    assert taken[0].number >= 2, "numbers go on"


def test_a_lost_camera_keeps_no_picture_until_a_garbage_collection(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.ERROR)  # a record that is kept for the test keeps the failure

    class Watched(FakeCamera):
        def read(self):
            if len(pictures) == 2 and "waiting" not in states:
                raise CameraError("fake: unplugged")
            frame = super().read()
            pictures.append(weakref.ref(frame.image))
            return frame

    pictures: list[weakref.ref] = []
    states: list[State] = []
    gc.collect()
    gc.disable()
    try:
        frames = latest_frames(Watched(0.005), Control(), QUICK, states.append)
        until(frames, lambda: states == ["running", "waiting", "running"])
        take(frames, 2)
        assert all(picture() is None for picture in pictures[:2])
    finally:
        gc.enable()
        frames.close()


@pytest.mark.parametrize("what", ["no frame", "frames stop"])
def test_a_driver_that_hangs_is_left_behind(what: str, driver: threading.Event, caplog: pytest.LogCaptureFixture):
    camera, states = FakeCamera(*([] if what == "no frame" else [0.005]), driver, 0.005), []
    frames = latest_frames(camera, Control(), QUICK, states.append)
    longest, last = 0.0, time.monotonic()
    while states[-2:] != ["waiting", "running"]:
        next(frames)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert len(capture_threads()) == 2, "the hanging one and its successor"
    assert camera.log == ["open", "open"], "nobody touches the camera that hangs"
    frames.close()
    assert longest < 0.2 + SLACK_S, "the loop never waits for the driver"
    assert "no frame for too long" in caplog.text
    driver.set()
    assert wait_for(lambda: camera.log.count("close") == 2), "the hanging one closes its own when it wakes"


def test_the_pauses_of_a_flapping_camera_grow(caplog: pytest.LogCaptureFixture):
    gone = CameraError("fake: unplugged")
    camera = FakeCamera(*[0.0, gone] * 4, 0.005)
    frames = latest_frames(camera, Control(), QUICK, print)
    started = time.monotonic()
    until(frames, lambda: camera.log.count("open") == 5)
    assert time.monotonic() - started > 0.05 + 0.1 + 0.2 + 0.4
    frames.close()


def test_a_camera_that_stays_away_ends_with_an_error():
    gone = CameraError("fake: unplugged")
    frames = latest_frames(
        FakeCamera(0.0, gone, openings=[None, gone]), Control(), CameraConfig(give_up_s=0.5), lambda state: None
    )
    started = time.monotonic()
    with pytest.raises(CameraError, match=r"did not come back within 0\.5 s; at last: fake: unplugged"):
        take(frames, 99)
    assert 0.4 < time.monotonic() - started < 0.7 + SLACK_S


@pytest.mark.parametrize("steps", [[0.005], [0.005, CameraError("unplugged")]], ids=["delivering", "lost"])
def test_stop_ends_it_at_once(steps: list[float | Exception], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(capture, "FIRST_PAUSE_S", 10.0)
    control = Control()
    frames = latest_frames(FakeCamera(*steps), control, CameraConfig(), print)
    take(frames, 1)
    threading.Timer(0.15, control.stop.set).start()
    started = time.monotonic()
    for _ in frames:
        pass
    assert time.monotonic() - started < 0.15 + 0.2 + SLACK_S
    assert not capture_threads()


def test_stop_does_not_wait_for_a_driver_that_hangs(driver: threading.Event):
    control = Control()
    frames = latest_frames(FakeCamera(0.0, driver), control, CameraConfig(), print)
    take(frames, 1)
    next(frames)
    control.stop.set()
    started = time.monotonic()
    assert list(frames) == []
    assert time.monotonic() - started < 0.2 + SLACK_S
    assert left_behind()
    driver.set()
    assert wait_for(lambda: not left_behind())


def test_the_privacy_switch_releases_the_camera(caplog: pytest.LogCaptureFixture):
    control, camera = Control(), FakeCamera(0.005)
    states: list[State] = []
    frames = latest_frames(camera, control, QUICK, states.append)
    take(frames, 3)
    control.switch_detection(False)
    assert next(frames) is None
    assert camera.log == ["open", "close"]
    assert not capture_threads()
    assert [next(frames) for _ in range(3)] == [None] * 3
    assert states == ["running", "paused"]
    assert caplog.messages == []
    control.switch_detection(True)
    assert take(frames, 1)[0].number >= 3
    assert states == ["running", "paused", "running"]
    frames.close()
    assert camera.log == ["open", "close"] * 2


def test_the_privacy_switch_tells_once_when_the_driver_does_not_let_go(
    driver: threading.Event, caplog: pytest.LogCaptureFixture
):
    control, camera, states = Control(), FakeCamera(0.0, driver), []
    frames = latest_frames(camera, control, CameraConfig(), states.append)
    take(frames, 1)
    control.switch_detection(False)
    assert [next(frames) for _ in range(3)] == [None] * 3
    frames.close()
    assert states == ["running", "paused"]
    assert caplog.messages == [
        "fake: its driver does not return; the camera may stay on until it does, or the program ends"
    ]
    driver.set()


def test_switched_off_while_lost_is_paused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(capture, "FIRST_PAUSE_S", 10.0)
    control, states = Control(), []
    frames = latest_frames(FakeCamera(0.0, CameraError("unplugged"), 0.005), control, QUICK, states.append)
    until(frames, lambda: "waiting" in states)
    control.switch_detection(False)
    until(frames, lambda: "paused" in states, 0.5)
    control.switch_detection(True)
    take(frames, 1)
    frames.close()
    assert states == ["running", "waiting", "paused", "running"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_in_our_own_code_does_not_end_in_silence(caplog: pytest.LogCaptureFixture):
    frames = latest_frames(FakeCamera(0.0, ZeroDivisionError(), 0.005), Control(), QUICK, print)
    take(frames, 3)
    frames.close()
    assert "broke off" in caplog.text
