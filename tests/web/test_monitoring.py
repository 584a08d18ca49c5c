"""Health in one word, and metrics as Prometheus reads them."""

from __future__ import annotations

import pytest

from edge.sinks.web.board import Board
from edge.types import Event, Status
from tests.results import changed, result, track
from tests.web.visitor import RUNNING, ask


def test_health_in_one_word(web):
    assert ask(web, "/healthz")[0] == 503
    for state, status in (("running", 200), ("waiting", 503), ("paused", 200)):
        web.status(Status(state, "demo"))
        assert ask(web, "/healthz")[0] == status
    assert ask(web, "/healthz", "HEAD")[::2] == (200, "")


def test_a_daemon_that_says_nothing_hangs():
    now = [0.0]
    board = Board("demo", lambda: now[0])
    board.status(RUNNING)
    now[0] = 9.0
    assert board.is_well()
    now[0] = 11.0
    assert not board.is_well()


def test_metrics_are_what_prometheus_reads(web, listen):
    parser = pytest.importorskip("prometheus_client.parser")
    listen(web, "/events")
    web.show(result(track(), events=(changed(), Event("face_left", 4, "sad", None, 0.5))))
    web.status(RUNNING)
    status, headers, text = ask(web, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples = {
        (sample.name.removeprefix("emotion_edge_"), *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["frames_total",] == samples["faces",] == 1
    assert samples["events_total", "emotion_changed"] == samples["events_total", "face_left"] == 1
    assert samples["events_total", "face_appeared"] == 0
    assert samples["web_viewers", "events"] == 1
    assert (samples["state", "running"], samples["state", "paused"]) == (1, 0)
    assert samples["frames_per_second",] == 29.8
    assert samples["stage_seconds", "total", "0.95"] == 0.003
    assert samples["resident_memory_bytes",] == 78 * 1024 * 1024
    assert samples["temperature_celsius",] == 51


def test_metrics_leave_out_what_the_device_does_not_tell(web):
    assert "state" not in ask(web, "/metrics")[2]
    web.status(Status("running", "demo"))
    text = ask(web, "/metrics")[2]
    assert "temperature" not in text
    assert "throttled" not in text
