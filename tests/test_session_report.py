"""A recording as a page: what it says, what it survives, how it looks in a browser."""

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

from edge.config import JsonlConfig
from edge.control import Control
from edge.errors import OutputError, SourceError
from edge.lines import event_line, frame_line, to_json
from edge.session_report import write_report
from edge.session_report.scale import Scale, duration, elapsed
from edge.session_report.session import KINDS, MOST_BINS, MOST_EVENTS, read_session
from edge.session_report.strip import shares
from edge.sinks.jsonl import Jsonl
from edge.types import Event
from tests.results import WALL, result, track
from tests.test_cli import assert_refused, emotion_edge


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def line(t: float, *tracks, began: float = WALL, events=(), source: str = "auto", file: str | None = None) -> str:
    shown = result(*tracks, t=t, wall=began + t, events=tuple(events), file=file)
    lines = [frame_line(shown, source), *(event_line(event, shown) for event in events)]
    return "".join(to_json(one) + "\n" for one in lines)


def recording(folder: Path, *lines: str) -> Path:
    path = folder / "session.jsonl"
    path.write_text("".join(lines))
    return path


def steady(seconds: float, *tracks, fps: float = 10, start: float = 0.0, **more) -> str:
    return "".join(line(start + n / fps, *tracks, **more) for n in range(round(seconds * fps)))


def percent(seconds) -> dict[str, int]:
    return {kind: round(100 * part) for kind, part in shares(seconds)}


# --- what is counted


def test_shares_are_shares_of_time_whatever_the_frame_rate(tmp_path):
    happy, sad = track(1, "happy"), track(1, "sad")
    path = recording(tmp_path, steady(6, happy, fps=30), steady(3, sad, fps=5, start=6), steady(1, sad, start=9))
    session = read_session(path)
    (person,) = session.people.values()
    assert percent(person.total()) == {"happy": 60, "sad": 40}
    assert session.span_s == pytest.approx(10)
    assert session.in_view_s == pytest.approx(10)


def test_uncertain_time_is_called_so_whatever_the_likeliest_emotion(tmp_path):
    session = read_session(recording(tmp_path, steady(2, track(1)), steady(2, track(1, uncertain=True), start=2)))
    assert percent(session.everyone.total()) == {"happy": 50, "uncertain": 50}


def test_people_are_told_apart_and_added_up(tmp_path):
    text = steady(2, track(1)) + steady(2, track(1), track(2, "sad"), start=2) + steady(2, start=4)
    session = read_session(recording(tmp_path, text))
    one, two = session.people.values()
    assert (sum(one.total()), sum(two.total())) == pytest.approx((4, 2))
    assert (two.first_s, two.last_s) == pytest.approx((2, 3.9))
    assert sum(session.everyone.total()) == pytest.approx(6)
    assert session.in_view_s == pytest.approx(4)
    assert session.most_at_once == 2


def test_a_pause_counts_for_nobody(tmp_path):
    session = read_session(recording(tmp_path, steady(1, track(1)), steady(1, track(1), start=100)))
    assert sum(session.everyone.total()) == pytest.approx(4, abs=0.2)


def test_a_second_run_stands_where_its_clock_says_with_people_of_its_own(tmp_path):
    session = read_session(recording(tmp_path, steady(2, track(1)), steady(2, track(1, "sad"), began=WALL + 60)))
    assert session.runs == 2
    assert [person.first_s for person in session.people.values()] == pytest.approx([0, 60])
    assert session.on_the_clock
    assert session.span_s == pytest.approx(62)


def test_a_clip_read_faster_than_it_plays_is_not_on_the_clock(tmp_path):
    session = read_session(recording(tmp_path, *(line(n / 10, track(1), began=WALL - n / 11) for n in range(300))))
    assert not session.on_the_clock
    assert session.span_s == pytest.approx(30)


def test_pictures_of_a_folder_are_counted_not_timed(tmp_path):
    lines = [line(0.0, track(n, "sad" if n % 4 == 0 else "happy"), file=f"{n}.jpg") for n in range(8)]
    path = recording(tmp_path, *lines)
    session = read_session(path)
    assert session.pictures
    assert session.people == {}
    assert percent(session.everyone.total()) == {"happy": 75, "sad": 25}
    write_report(path)
    page = path.with_name("session.jsonl.html").read_text()
    assert "All pictures" in page
    assert "Person" not in page


@pytest.mark.parametrize("step_s", [0.01, 0.1, 1.0, 60.0, 3600.0])
def test_bins_fit_every_span_and_lose_no_time(tmp_path, step_s):
    session = read_session(recording(tmp_path, *(line(n * step_s, track(1)) for n in range(500))))
    assert max(session.everyone.bins) < MOST_BINS
    assert Scale(session).bins <= MOST_BINS
    assert sum(session.everyone.total()) == pytest.approx(500 * min(step_s, 2.0))
    assert 2 <= len(Scale(session).marks()) <= 8


# --- what it survives


def test_a_recording_that_is_still_being_written(tmp_path):
    path = recording(tmp_path, steady(2, track(1)), line(2.0, track(1))[:100])
    session = read_session(path)
    assert (session.frames, session.unreadable) == (20, 0)


@pytest.mark.parametrize(
    "broken",
    [
        "no json",
        "{}",
        "[1]",
        "7",
        "[" * 5000,
        '{"schema":2,"t":1}',
        '{"schema":1,"t":NaN,"faces":[]}',
        '{"schema":1,"t":"1","faces":[]}',
        '{"schema":1,"t":-1,"faces":[]}',
        line(1.5, track(1)).replace('"happy"', '"cheerful"', 1).strip(),
        line(1.5, track(1)).replace('"id":3', '"id":1e999').replace('"id":1,', '"id":Infinity,').strip(),
        line(1.5, track(1)).replace('"faces":[', '"faces":[3,').strip(),
        line(0.5, track(1)).replace('"time":"2026', '"time":"MMXXVI').strip(),
        '{"schema":1,"t":1,"event":"emotion_changed","id":1,"from":"<b>","to":"sad","confidence":0.5}',
        '{"schema":1,"t":1,"event":"emotion_changed","id":1,"from":[],"to":"sad","confidence":0.5}',
        "\0" * 100,
        "\ufffd",
    ],
)
def test_a_broken_line_in_the_middle_is_left_out_and_told(tmp_path, broken):
    session = read_session(recording(tmp_path, steady(1, track(1)), broken + "\n", steady(1, track(1), start=1)))
    assert session.frames == 20
    assert session.unreadable == 1
    assert sum(session.everyone.total()) == pytest.approx(2)


def test_rotated_pieces_are_read_in_order(tmp_path):
    sink = Jsonl(JsonlConfig(True, str(tmp_path / "out"), rotate_mb=0.001, keep=99), "auto", Control())
    sink.open()
    for n in range(100):
        sink.show(result(track(1, "happy" if n < 50 else "sad"), t=n / 10, wall=WALL + n / 10, number=n))
    sink.close()
    assert len(list(tmp_path.iterdir())) > 10
    session = read_session(tmp_path / "out")
    assert (session.frames, session.runs) == (100, 1)
    assert percent(session.everyone.total()) == {"happy": 50, "sad": 50}


def test_only_the_last_events_are_listed_but_all_are_counted(tmp_path):
    events = [Event("emotion_changed", 1, "sad", "happy", 0.9)] * (MOST_EVENTS + 50)
    path = recording(tmp_path, line(0.0, track(1), events=events))
    write_report(path)
    page = path.with_name("session.jsonl.html").read_text()
    assert "The last 300 of 350." in page
    assert page.count("<tr><td>") == MOST_EVENTS


# --- the page


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
    style = (Path(__file__).parents[1] / "edge" / "session_report" / "page.css").read_text()
    table = style.split("@media")[1 - scheme]
    shown = {int(code, 16) for _, code in re.findall(r"--(\w+): #(\w{6});", table)} & set(colours.flat)
    assert happy in shown
    for kind in KINDS[:-1]:
        assert int(re.search(rf"--{kind}: #(\w+)", table)[1], 16) in shown, kind


# --- the command


def test_the_command_writes_the_page_beside_the_recording_or_elsewhere(tmp_path):
    path = recording(tmp_path, steady(1, track(1)))
    done = emotion_edge("report", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{path}.html: 10 frames\n"
    assert emotion_edge("report", path, "--out", tmp_path / "page.html").returncode == 0
    assert (tmp_path / "page.html").read_text() == Path(f"{path}.html").read_text()


def test_what_is_no_recording_is_one_line(tmp_path):
    (tmp_path / "notes").write_text("hello\n")
    (tmp_path / "empty").touch()
    (tmp_path / "picture").write_bytes(bytes(range(256)) * 100)
    assert_refused(emotion_edge("report", tmp_path / "missing"), 2, "missing", "no such file")
    for name in ("notes", "empty", "picture"):
        with pytest.raises(SourceError, match="holds no frames") as caught:
            read_session(tmp_path / name)
        assert caught.value.exit_code == 2
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(SourceError, match="is not a file"):
            read_session(path)


def test_a_page_that_cannot_be_written_is_one_line(tmp_path):
    path = recording(tmp_path, steady(1, track(1)))
    before = path.read_text()
    for out in (tmp_path / "no" / "page.html", tmp_path, path):
        with pytest.raises(OutputError) as caught:
            write_report(path, out)
        assert caught.value.exit_code == 2
    assert path.read_text() == before
