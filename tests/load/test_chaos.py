"""The short version of `chaos`: not to say how fast, but long enough to lose an event."""

from __future__ import annotations

import pytest

from tests.load.chaos import chaos, faults_of
from tests.mosquitto import PROGRAM


def test_no_event_is_lost_and_no_line_torn(tmp_path):
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    for library in ("pygame", "tornado", "luma.core.device", "paho.mqtt.client"):
        pytest.importorskip(library)
    report = chaos(minutes=0.2, speed=4, seed=3, folder=tmp_path)
    assert report["events"] > 5
    assert report["lines"] > 0
    # Another program may hold the machine for long: here a call is too slow only where it never ends.
    assert faults_of(report, stall_ms=60_000) == []
