"""What the daemon may rely on, of every sink: the real ones as `sinks_for` makes them, and the fake one."""

from __future__ import annotations

import dataclasses
import importlib.util
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge.config import (
    Config,
    CsvConfig,
    JsonlConfig,
    MqttConfig,
    OledConfig,
    RecordConfig,
    TerminalConfig,
    WebConfig,
    WindowConfig,
)
from edge.control import Control
from edge.sinks import SINKS, Sink, sinks_for
from edge.types import Box, Event, Result, Status
from tests.fakes import FakeSink
from tests.mosquitto import free_port, wait_until
from tests.results import changed, result, track
from tests.stopwatch import Stopwatch

NONE = Config(terminal=TerminalConfig(enabled=False))


def configured(section: str, folder) -> Config:
    settings = {
        "jsonl": JsonlConfig(True, str(folder / "out.jsonl")),
        "csv": CsvConfig(True, str(folder / "out.csv")),
        "terminal": TerminalConfig(True),
        "window": WindowConfig(True),
        "oled": OledConfig(True),
        "record": RecordConfig(True, str(folder / "faces"), "all"),
        "mqtt": MqttConfig(True, host="127.0.0.1", port=free_port()),
        "web": WebConfig(True, port=free_port()),
    }
    return replace(NONE, **{section: settings[section]})


@pytest.fixture(params=["fake", *SINKS])
def make(request, tmp_path, monkeypatch) -> Callable[[], Sink]:
    if request.param == "fake":
        return FakeSink
    if request.param == "window":
        if not importlib.util.find_spec("pygame"):
            pytest.skip("pygame-ce is not installed")
        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    if request.param == "oled":
        dummy = pytest.importorskip("luma.core.device").dummy
        monkeypatch.setattr("edge.sinks.oled.open_device", lambda config: dummy(mode="1"))

    if request.param == "web" and not importlib.util.find_spec("tornado"):
        pytest.skip("tornado is not installed")

    def make_one() -> Sink:
        (sink,) = sinks_for(configured(request.param, tmp_path), "auto", Control())
        assert sink.name == request.param
        return sink

    return make_one


def everything() -> list[Result]:
    """No face, one, many; beside the picture; every kind of event; a picture of a folder."""
    outside = track(7)
    outside = replace(outside, face=replace(outside.face, box=Box(-50.0, 500.0, -10.0, 540.0)))
    events = (Event("face_appeared", 3, None, "sad", 0.5), changed(3), Event("face_left", 3, "sad", None, 0.5))
    return [
        result(),
        result(track(3)),
        result(track(3, uncertain=True, settled="sad"), outside, events=events),
        result(*(track(number) for number in range(100))),
        result(track(3), file="folder/a picture.jpg"),
    ]


def test_a_sink_opens_shows_and_closes_and_does_it_again(make):
    sink = make()
    for _ in range(2):
        sink.open()
        for one in everything():
            sink.show(one)
        for state in ("running", "waiting", "paused"):
            sink.status(Status(state, "auto", 30.0, 3, 60.0, {"total": (2.0, 3.0)}, 51.0, False, 78.0))
        sink.close()


def test_close_may_come_twice_and_before_open(make):
    sink = make()
    sink.close()
    sink.open()
    sink.close()
    sink.close()


def test_the_constructor_takes_nothing(make, tmp_path):
    threads = threading.active_count()
    make()
    assert threading.active_count() == threads
    assert not list(tmp_path.iterdir())


def test_no_call_holds_the_loop_up(make):
    sink = make()
    sink.open()
    sink.show(result(track()))
    watch = Stopwatch()
    for number in range(100):
        watch.time(lambda number=number: sink.show(result(track(), events=(changed(),), number=number)))
        sink.status(Status("running", "auto"))
    assert watch.typical_s < 0.02
    sink.close()


def test_no_thread_stays_behind(make):
    before = set(threading.enumerate())
    sink = make()
    sink.open()
    sink.show(result(track()))
    sink.close()
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_what_is_switched_off_is_not_made():
    assert sinks_for(NONE, "auto", Control()) == []


def test_json_on_standard_output_keeps_the_terminal_sink_away():
    to_output = Config(jsonl=JsonlConfig(True, "-"), terminal=TerminalConfig(True))
    assert [sink.name for sink in sinks_for(to_output, "auto", Control())] == ["jsonl"]
    to_file = replace(to_output, jsonl=JsonlConfig(True, "out.jsonl"))
    assert [sink.name for sink in sinks_for(to_file, "auto", Control())] == ["jsonl", "terminal"]


def test_every_sink_section_of_the_configuration_has_its_sink():
    sections = [field.name for field in dataclasses.fields(Config) if hasattr(field.default, "enabled")]
    everything_on = replace(Config(), **{name: replace(getattr(Config(), name), enabled=True) for name in sections})
    everything_on = replace(everything_on, jsonl=JsonlConfig(True, "out.jsonl"))
    assert {sink.name for sink in sinks_for(everything_on, "auto", Control())} == set(sections)
