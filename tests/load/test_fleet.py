"""A small fleet lives through an outage of its broker: everybody comes back, and every event arrives."""

from __future__ import annotations

import json

import pytest

from tests.load.fleet import main
from tests.mosquitto import PROGRAM

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs mosquitto (apt: mosquitto)")


def test_nothing_is_lost_and_nobody_stays_away(capfd):
    assert main(["--devices", "20", "--seconds", "2", "--outage", "1", "--event-every", "2", "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert report["events_made"] >= 20
    assert report["events_lost"] == report["devices_missing"] == 0
    assert report["messages_per_s"] > 0
