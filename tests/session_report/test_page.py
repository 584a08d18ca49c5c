"""The page of a recording: whole, quick, and as a browser shows it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.session_report import write_report
from edge.session_report.scale import Scale, duration, elapsed
from edge.session_report.session import KINDS, read_session
from edge.types import Event
from tests.results import WALL, track
from tests.session_report.recordings import line, recording, steady


class Checker(HTMLParser):
    """Every element is closed, nothing is fetched, nothing is run."""

    VOID = frozenset({"meta", "path", "circle", "use"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("src", "srcset")
            assert name != "href" or value.startswith("#")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag not in self.VOID:
            self.handle_starttag(tag, attrs)
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def checked(path: Path) -> str:
    write_report(path)
    page = path.with_name(path.name + ".html").read_text()
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert "http://" not in page
    assert "https://" not in page
    return checker.text


def everything(folder: Path) -> Path:
    events = (Event("face_appeared", 1, None, "sad", 0.5), Event("emotion_changed", 1, "sad", "happy", 0.9))
    left = (Event("face_left", 2, "angry", None, 0.5),)
    return recording(
        folder,
        line(0.0, track(1, "sad"), events=events),
        *(steady(2, track(1, kind), start=2 * n + 0.1) for n, kind in enumerate(KINDS[:-1])),
        steady(2, track(1, uncertain=True), track(2, "angry"), start=14.1),
        line(16.1, track(1), events=left),
        steady(2, start=16.2),
    )


def test_the_page_is_whole_and_needs_nothing_else(tmp_path):
    text = checked(everything(tmp_path))
    assert "Person 1" in text
    assert "Person 2" in text
    assert "15:04:05" in text
    assert "Sunday, 22 November 2026" in text


def test_names_from_outside_stay_text(tmp_path):
    nasty = "</title><script>alert(1)</script>\udcff"
    path = tmp_path / "<script>alert(2)<&.jsonl"
    path.write_text(line(0.0, track(1), source=nasty))
    assert "<script>alert(1)" in checked(path)


def test_nobody_at_all(tmp_path):
    assert "Nobody was seen" in checked(recording(tmp_path, steady(2)))


def test_many_people(tmp_path):
    lines = [line(n / 10, *(track(m) for m in range(n, n + 3))) for n in range(100)]
    assert "And 78 more" in checked(recording(tmp_path, *lines))


@pytest.mark.parametrize(
    ("span_s", "first"),
    [
        (0.05, "15:04:05"),
        (5, "15:04:06"),
        (20, "15:04:10"),
        (600, "15:06"),
        (4000, "15:10"),
        (30000, "16:00"),
        (100000, "Sun 18:00"),
        (1e6, "24 Nov"),
        (1e8, "02 Oct"),
    ],
)
def test_marks_stand_at_round_times(tmp_path, span_s, first):
    session = read_session(recording(tmp_path, line(0.0, track(1)), line(span_s, track(1))))
    labels = [label for _, label in Scale(session).marks()]
    assert labels[0].startswith(first) or span_s == 1e8
    assert len(labels) == len(set(labels)) <= 8


def test_times_in_words():
    assert [duration(s) for s in (0.04, 9.96, 59.7, 60, 200, 7500, 90000)] == [
        "0.0 s",
        "10.0 s",
        "1 min",
        "1 min",
        "3 min 20 s",
        "2 h 5 min",
        "1 d 1 h",
    ]
    assert [elapsed(s) for s in (7.9, 754, 3723, 100000)] == ["0:07", "12:34", "1:02:03", "1 d 03:46"]
    assert elapsed(7.5, tenths=True) == "0:07.5"


def test_an_hour_at_thirty_frames_a_second_is_quick(tmp_path):
    one = json.loads(line(0.0, track(1)))
    with open(tmp_path / "hour", "w") as file:
        for n in range(108_000):
            moment = datetime.fromtimestamp(WALL + n / 30, timezone.utc).isoformat()
            file.write(json.dumps({**one, "time": moment, "t": n / 30}) + "\n")
    started = time.process_time()
    write_report(tmp_path / "hour")
    assert time.process_time() - started < 10
    assert (tmp_path / "hour.html").stat().st_size < 100_000


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize(("scheme", "paper", "happy"), [(1, 0xF6F6F3, 0xF3C12F), (0, 0x14161A, 0xF2CF52)])
def test_a_browser_shows_every_emotion_in_light_and_dark(tmp_path, scheme, paper, happy):
    path = everything(tmp_path)
    write_report(path)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=900,1200"]
    options += [f"--blink-settings=preferredColorScheme={scheme}", f"--user-data-dir={tmp_path}/profile"]
    screenshot = tmp_path / "page.png"
    subprocess.run(
        [CHROMIUM, *options, f"--screenshot={screenshot}", (tmp_path / "session.jsonl.html").as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    )
    picture = cv2.imread(str(screenshot)).astype(np.uint32)
    colours = picture[..., 2] << 16 | picture[..., 1] << 8 | picture[..., 0]
    assert colours[0, 0] == paper
    style = (Path(__file__).parents[2] / "edge" / "session_report" / "page.css").read_text()
    table = style.split("@media")[1 - scheme]
    shown = {int(code, 16) for _, code in re.findall(r"--(\w+): #(\w{6});", table)} & set(colours.flat)
    assert happy in shown
    for kind in KINDS[:-1]:
        assert int(re.search(rf"--{kind}: #(\w+)", table)[1], 16) in shown, kind
