from __future__ import annotations

import logging

import pytest

from edge.pace import STEP_S, Pace
from edge.types import Status


def status(temperature_c: float | None, throttled: bool | None = None) -> Status:
    return Status("running", "camera", temperature_c=temperature_c, throttled=throttled)


def paces(pace: Pace, *seen: Status, every_s: float = STEP_S) -> list[int]:
    return [pace.update(status, number * every_s) for number, status in enumerate(seen)]


def test_a_hot_chip_rests_longer_step_by_step_and_recovers():
    pace = Pace(hot_c=75)
    temperatures = (60, 76, 78, 80, 73, 69, 68, 60)
    assert paces(pace, *map(status, temperatures)) == [1, 2, 4, 4, 4, 2, 1, 1]


def test_a_step_is_given_time_to_show():
    pace = Pace(hot_c=75)
    assert paces(pace, *[status(90)] * 5, every_s=STEP_S / 4) == [2, 2, 2, 2, 4]


def test_throttling_counts_whatever_the_temperature():
    well = status(50, throttled=False)
    assert paces(Pace(hot_c=75), status(50, throttled=True), well, well, well) == [2, 2, 2, 1]


def test_an_alarm_that_comes_and_goes_is_one_alarm():
    flickering = [status(50, throttled=number % 2 == 0) for number in range(30)]
    assert paces(Pace(hot_c=75), *flickering, every_s=STEP_S)[2:] == [4] * 28


def test_a_device_that_tells_nothing_works_at_full_pace():
    assert paces(Pace(hot_c=75), *[status(None)] * 3) == [1, 1, 1]


def test_each_change_is_one_line(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    paces(Pace(hot_c=75), status(80), status(80), status(80), status(60), status(60), status(60))
    assert [record.getMessage() for record in caplog.records] == [
        "80 °C: looking for faces 2 times less often",
        "80 °C: looking for faces 4 times less often",
        "cooler: looking for faces 2 times less often",
        "cooler: looking for faces as often as set",
    ]
