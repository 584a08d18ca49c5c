from __future__ import annotations

import contextlib
import io
import logging
import os
import pty
import re
import select
import sys
import termios
import time

import pytest
from rich.console import Console

from edge.control import Control
from edge.sinks.live_table import FaceTable, LiveTable
from edge.sinks.terminal import Terminal, lines
from edge.types import Event, Status
from tests.results import changed, result, track

NOON = time.mktime((2026, 11, 22, 12, 3, 4, 0, 0, -1))


@contextlib.contextmanager
def screen():
    """Standard output and standard error on a terminal; gives the end that receives."""
    reader, writer = pty.openpty()
    with open(writer, "w") as output, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.setattr(sys, "stdout", output)
        patch.setattr(sys, "stderr", output)
        yield reader
    os.close(reader)


def taken_from(reader):
    """What the terminal has received."""
    received = b""
    while select.select((reader,), (), (), 0)[0]:
        received += os.read(reader, 10000)
    return received.decode()


def picture(*results, status=None, width=80, height=25):
    table = FaceTable("auto")
    for one in results:
        table.show(one)
    if status is not None:
        table.status(status)
    console = Console(file=io.StringIO(), width=width, height=height)
    console.print(table)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_one_line_an_event_where_there_is_no_terminal(capfd):
    sink = Terminal("auto", Control())
    sink.open()
    appeared = Event("face_appeared", 4, None, "sad", 0.505, uncertain=True)
    left = Event("face_left", 5, "sad", None, 0.7)
    sink.show(result(track(3), track(4), events=(changed(3), appeared, left), wall=NOON))
    sink.show(result(track(3)))
    sink.status(Status("running", "auto"))
    sink.close()
    sink.close()
    assert capfd.readouterr().out == (
        "12:03:04 face 3: neutral -> happy (91 %)\n"
        "12:03:04 face 4: appeared, sad (50 %, uncertain)\n"
        "12:03:04 face 5: left\n"
    )


def test_one_line_a_picture_of_a_folder():
    assert lines(result(track(), track(confidence=0.4, uncertain=True), file="a.jpg")) == [
        "a.jpg: happy (90 %), happy (40 %, uncertain)"
    ]
    assert lines(result(file="b.jpg")) == ["b.jpg: no face"]


def test_the_table_shows_the_announced_emotion_and_for_how_long():
    happy = track(3, "happy", 0.8)
    wavering = track(3, "sad", 0.4, settled="happy", uncertain=True)
    assert picture(result(happy, t=1.0), result(happy, t=62.4), status=Status("running", "auto", fps=29.94)) == [
        "id emotion confidence since",
        "3 happy ━━━━━━━━━━━━━━━━──── 80 % 1 min",
        "29.9 fps · 1 face · auto",
    ]
    assert picture(result(happy, t=1.0), result(wavering, t=3.0))[1] == "3 happy? ━━────────────────── 10 % 2 s"
    assert picture(result(happy, t=1.0), result(track(3, "sad"), t=3.0))[1].endswith("0 s")


def test_the_table_says_why_there_is_nothing():
    assert picture(result()) == ["0.0 fps · no faces · auto"]
    for state, reason in (("waiting", "waiting for the camera"), ("paused", "off")):
        (line,) = picture(result(track()), status=Status(state, "auto"))
        assert reason in line


def test_the_footer_is_whole_on_a_terminal_of_any_height():
    crowd = result(*(track(number) for number in range(10)))
    status = Status("running", "auto", fps=30, recording=True)
    footer = "30.0 fps · 10 faces · auto · recording faces"
    assert len(picture(crowd, status=status, height=12)) == 12
    low = picture(crowd, status=status, height=8)
    assert len(low) == 8
    assert low[-2:] == ["5 more", footer]
    assert picture(crowd, status=status, height=3)[1:] == ["10 more", footer]
    for height in (1, 2):
        assert picture(crowd, status=status, height=height) == [footer]
    narrow = picture(crowd, status=status, width=24, height=8)
    assert len(narrow) == 8
    assert " ".join(narrow[-2:]) == footer


def test_a_low_terminal_shows_the_footer():
    now = 5.0
    with screen() as reader:
        table = LiveTable(Console(width=80, height=8), "auto", clock=lambda: now)
        table.status(Status("running", "auto", recording=True))
        taken_from(reader)
        now += 0.21
        table.show(result(*(track(number) for number in range(10))))
        received = taken_from(reader)
        assert "recording faces" in received
        assert received.count("\n") == 7, "no line more than the terminal has"
        table.close()


def test_the_footer_says_what_is_wrong():
    bad = {"throttled": True, "away": ("mqtt", "csv")}
    words = "slowed down by heat or power · no broker · csv is broken"
    assert picture(result(), status=Status("running", "auto", **bad), width=120) == [
        f"0.0 fps · no faces · auto · {words}"
    ]
    assert picture(result(), status=Status("paused", "auto", **bad), width=120) == [
        f"detection is switched off · auto · {words}"
    ]


def test_the_table_is_drawn_in_place_and_removed():
    now = 5.0
    with screen() as reader:
        table = LiveTable(Console(), "auto", clock=lambda: now)
        table.show(result(track()))
        assert "happy" in taken_from(reader)
        table.show(result(track(emotion="sad")))
        assert taken_from(reader) == "", "at most five refreshes a second"
        now += 0.21
        table.show(result(track(emotion="sad")))
        redrawn = taken_from(reader)
        assert "sad" in redrawn
        assert redrawn.startswith("\r\x1b[2K\x1b[1A"), "over the one before"
        table.close()
        rest = taken_from(reader)
        assert "\x1b[?25h" in rest, "the cursor is back"
        assert rest.endswith("\x1b[1A\x1b[2K"), "the table is gone"


def test_log_lines_appear_above_the_table_and_go_where_they_went_before():
    with screen() as reader:
        handler = logging.StreamHandler()
        logging.getLogger().addHandler(handler)
        try:
            sink = Terminal("auto", Control())
            sink.open()
            sink.show(result(track()))
            taken_from(reader)
            logging.getLogger("edge").warning("the broker is away")
            text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", taken_from(reader))
            assert text.index("the broker is away") < text.index("happy")
            sink.close()
            assert handler.stream is sys.stderr
        finally:
            logging.getLogger().removeHandler(handler)


def test_pictures_of_a_folder_pass_by_on_a_terminal():
    with screen() as reader:
        sink = Terminal("photos", Control())
        sink.open()
        sink.show(result(track(), file="a.jpg"))
        sink.status(Status("running", "photos"))
        sink.close()
        assert taken_from(reader) == "a.jpg: happy (90 %)\r\n"


def test_a_stopped_terminal_does_not_stop_us():
    with screen():
        sink = Terminal("auto", Control())
        sink.open()
        sink.show(result(track()))
        attributes = termios.tcgetattr(sys.stdout)
        termios.tcflow(sys.stdout, termios.TCOOFF)
        for _ in range(3):
            time.sleep(0.21)
            sink.show(result(track()))  # returns, although the terminal takes nothing
        termios.tcflow(sys.stdout, termios.TCOON)
        termios.tcsetattr(sys.stdout, termios.TCSANOW, attributes)
        sink.close()
