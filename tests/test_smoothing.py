from __future__ import annotations

import numpy as np
import pytest

from edge.smoothing import Smoother

HAPPY = np.eye(7)[3]
SAD = np.eye(7)[4]


def test_the_first_frame_stands_for_itself():
    assert Smoother(0.5).update(1, HAPPY, 10.0) is HAPPY


def test_after_one_time_constant_63_percent_of_the_step_are_taken():
    smoother = Smoother(0.5)
    smoother.update(1, HAPPY, 0.0)
    assert smoother.update(1, SAD, 0.5)[4] == pytest.approx(1 - np.exp(-1))


def after_a_second_of_sad(steps: int) -> np.ndarray:
    smoother = Smoother(0.5)
    average = smoother.update(1, HAPPY, 0.0)
    for step in range(steps):
        average = smoother.update(1, SAD, (step + 1) / steps)
    return average


def test_the_average_does_not_depend_on_the_frame_rate():
    assert after_a_second_of_sad(steps=5) == pytest.approx(after_a_second_of_sad(steps=50))


def test_zero_seconds_switch_it_off():
    smoother = Smoother(0)
    smoother.update(1, HAPPY, 0.0)
    assert smoother.update(1, SAD, 0.0) is SAD


def test_people_do_not_mix_and_the_gone_are_forgotten():
    smoother = Smoother(0.5)
    smoother.update(1, HAPPY, 0.0)
    smoother.update(2, SAD, 0.0)
    assert smoother.update(1, HAPPY, 1.0)[3] == pytest.approx(1)
    smoother.keep({2})
    assert smoother.update(1, SAD, 1.1) is SAD
