"""What of a recording is counted, and what it survives."""

from __future__ import annotations

import pytest

from edge.config import JsonlConfig
from edge.control import Control
from edge.session_report import write_report
from edge.session_report.scale import Scale
from edge.session_report.session import MOST_BINS, MOST_EVENTS, read_session
from edge.sinks.jsonl import Jsonl
from edge.types import Event
from tests.results import WALL, result, track
from tests.session_report.recordings import line, percent, recording, steady


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


@pytest.mark.parametrize("year", ["0001", "1969", "9999"])
def test_a_line_from_beyond_every_calendar_is_left_out(tmp_path, year):
    odd = line(0.5, track(1)).replace('"time":"2026', f'"time":"{year}')
    path = recording(tmp_path, odd, steady(1, track(1)))
    assert read_session(path).unreadable == 1
    write_report(path, None)
    assert (tmp_path / "session.jsonl.html").exists()


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
