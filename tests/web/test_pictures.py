"""The live picture: drawn only for those who look, no larger and no faster than shown, blurred where that is wanted."""

from __future__ import annotations

import time

import numpy as np
import pytest

from edge.types import Frame, Result, Status
from tests.fakes import FakeClock
from tests.results import result, track
from tests.web.visitor import ask, noise

pytest.importorskip("tornado")
from edge.sinks.web import streams


def test_nothing_is_drawn_while_nobody_looks(web, listen):
    for _ in range(5):
        web.show(result(track()))
    listen(web, "/events")
    web.show(result(track()))
    assert web.board.picture() == (0, None)


def test_the_picture_moves(web, listen):
    listener = listen(web, "/picture")
    assert listener.answer.getheader("Content-Type").startswith("multipart/x-mixed-replace")
    assert listener.line() == "--frame"
    web.show(result(track()))
    assert listener.jpeg().shape == (120, 160, 3)
    time.sleep(0.1)
    web.show(noise())
    assert listener.jpeg().shape == (720, 960, 3)


def test_large_pictures_are_sent_smaller(web, listen):
    listener = listen(web, "/picture")
    web.show(Result(Frame(np.zeros((1080, 1920, 3), np.uint8), 0.0, 0.0, 0), 0.0))
    assert listener.jpeg().shape == (540, 960, 3)


def test_pictures_are_not_drawn_faster_than_shown(open_web, listen):
    clock = FakeClock(100.0)
    web = open_web(clock=clock)
    listen(web, "/picture")
    for number in range(100):
        web.show(result(number=number))
        clock.now += 0.01
    assert web.board.picture()[0] in range(12, 17)


def test_no_picture_where_none_is_configured(open_web):
    web = open_web(style="none")
    assert ask(web, "/picture")[0] == 404
    assert 'data-style="none"' in ask(web)[2]


def test_blurred_faces_reach_no_viewer(open_web, listen):
    clock = FakeClock(100.0)
    web = open_web(style="blurred", clock=clock)
    face = track()
    image = np.zeros((240, 320, 3), np.uint8)
    box = face.face.box
    image[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1) : 2] = 255  # fine stripes
    listener = listen(web, "/picture")
    web.show(Result(Frame(np.zeros_like(image), 9.9, 0.0, 0), 0.0))
    listener.jpeg()
    # Seen in a frame that comes too soon to be drawn, lost in the next: it is hidden there all the same.
    web.show(Result(Frame(image, 10.0, 0.0, 1), 0.1, (face,)))
    clock.now += 0.1
    web.show(Result(Frame(image, 10.1, 0.0, 2), 0.2))
    seen = listener.jpeg()[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
    assert np.abs(np.diff(seen[..., 0].astype(int), axis=1)).max() < 30


def test_an_old_picture_is_not_shown_as_live(web, listen, monkeypatch):
    monkeypatch.setattr(streams, "_NO_PICTURE_S", 1.0)
    first = listen(web, "/picture")
    web.show(result())
    first.jpeg()
    first.close()
    late = listen(web, "/picture")
    assert late.line() == "--frame"
    assert late.line() == ""  # and the stream has ended
    web.status(Status("paused", "demo"))
    assert web.board.picture()[1] is None
    assert web.board.frame()[1] is None
