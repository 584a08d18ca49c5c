"""The demo clip moves slowly, closes its loop and keeps its speed."""

from __future__ import annotations

import itertools
import time

import numpy as np

from edge.cameras import camera_for
from edge.cameras.demo import LOOP_S, DemoCamera
from edge.capture import every_frame
from edge.control import Control
from tests.cameras.sources import CONFIG, frames_of


def test_the_demo_moves_slowly_and_closes_its_loop():
    frames = frames_of(DemoCamera(), 31)
    assert frames[30].time == 1.0
    assert frames[0].image.shape == (480, 640, 3)
    steps = [np.abs(a.image.astype(int) - b.image.astype(int)).mean() for a, b in itertools.pairwise(frames)]
    assert 0 < max(steps) < 6
    demo = DemoCamera()
    demo.open()
    demo._number = round(LOOP_S * 30)
    again = demo.read()
    assert again is not None
    assert np.array_equal(again.image, frames[0].image)


def test_the_demo_plays_at_its_own_speed_when_someone_watches():
    started = time.monotonic()
    frames = every_frame(camera_for("demo", CONFIG), Control(), paced=True)
    while (frame := next(frames)) is None or frame.number < 6:
        pass
    frames.close()
    assert time.monotonic() - started > 0.19
