from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from edge.emotion.labels import LABELS
from edge.lines import event_line, frame_line, health_line, page_line, to_json
from edge.types import Box, Event, Status
from tests.results import changed, result, track


def test_a_frame_line_is_the_contract_to_the_letter():
    assert to_json(frame_line(result(track()), "auto")) == (
        '{"schema":1,"time":"2026-11-22T15:04:05.123Z","t":0.4,"source":"auto","file":null,"frame":12,'
        '"width":160,"height":120,"faces":[{"id":3,"box":[50,30,110,90],"detection":0.9,'
        '"emotion":"happy","confidence":0.9,"uncertain":false,"probabilities":{"angry":0.0167,"disgust":0.0167,'
        '"fear":0.0167,"happy":0.9,"sad":0.0167,"surprise":0.0167,"neutral":0.0167}}],'
        '"ms":{"detect":2.1,"classify":0.2,"total":2.6}}'
    )


def test_an_event_line_is_the_contract_to_the_letter():
    assert to_json(event_line(changed(), result())) == (
        '{"schema":1,"time":"2026-11-22T15:04:05.123Z","t":0.4,"event":"emotion_changed","id":3,'
        '"from":"neutral","to":"happy","confidence":0.91}'
    )


def test_who_appears_comes_from_nothing_and_who_leaves_goes_to_nothing():
    appeared = event_line(Event("face_appeared", 3, None, "sad", 0.5), result())
    left = event_line(Event("face_left", 3, "sad", None, 0.5), result())
    assert (appeared["from"], appeared["to"]) == (None, "sad")
    assert (left["from"], left["to"]) == ("sad", None)


def test_a_guess_is_called_one():
    guess = event_line(Event("face_appeared", 3, None, "sad", 0.5, uncertain=True), result())
    assert guess["uncertain"] is True


def test_boxes_are_whole_pixels_inside_the_frame():
    wide = track()
    wide = replace(wide, face=replace(wide.face, box=Box(-7.5, 10.4, 160.4, 130.0)))
    outside = replace(wide, face=replace(wide.face, box=Box(200.0, 10.0, 230.0, 40.0)))
    first, second = frame_line(result(wide, outside), "auto")["faces"]
    assert first["box"] == [0, 10, 160, 120]
    assert second["box"] == [160, 10, 160, 40]


def test_the_likeliest_label_is_told_even_while_another_is_announced():
    face = frame_line(result(track(emotion="sad", settled="happy", uncertain=True)), "auto")["faces"][0]
    assert (face["emotion"], face["uncertain"]) == ("sad", True)


@pytest.mark.parametrize(
    ("uncertain", "doubtful", "shown"),
    [(True, False, "sad"), (False, True, "uncertain"), (True, None, "uncertain"), (False, None, "sad")],
)
def test_the_page_is_told_what_the_other_displays_show(uncertain, doubtful, shown):
    one = result(replace(track(settled="sad", uncertain=uncertain), doubtful=doubtful))
    line, plain = page_line(one, "auto"), frame_line(one, "auto")
    assert line["faces"][0].pop("shown") == shown
    assert line == plain


def test_every_value_is_one_that_json_knows():
    odd = replace(track(), uncertain=np.bool_(False))
    odd = replace(odd, face=replace(odd.face, score=np.float32(0.98761), box=Box(*np.float32([1.5, 2.5, 30, 40]))))
    face = json.loads(to_json(frame_line(replace(result(odd), ms={"total": np.float64(1.2345)}), "auto")))["faces"][0]
    assert face["detection"] == 0.9876
    assert face["uncertain"] is False
    assert list(face["probabilities"]) == list(LABELS)


def test_a_file_name_in_any_encoding_stays_one_line_of_ascii():
    line = to_json(frame_line(result(file="f\udcfcr\nB\u00fcro.jpg"), "photos"))
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line)["file"] == "f\udcfcr\nB\u00fcro.jpg"


def test_what_json_cannot_say_is_not_said():
    with pytest.raises(ValueError, match="JSON"):
        to_json(frame_line(replace(result(), ms={"total": float("nan")}), "auto"))


def test_milliseconds_are_always_there():
    assert frame_line(result(wall=0.0), "auto")["time"] == "1970-01-01T00:00:00.000Z"


def test_health_tells_what_the_device_knows():
    status = Status("running", "v4l2:/dev/video0", 29.97, 3, 61.4, {"total": (2.346, 3.456)}, 51.26, False, 78.123)
    line = json.loads(to_json(health_line(status)))
    versions = line.pop("versions")
    assert line == {
        "schema": 1,
        "state": "running",
        "source": "v4l2:/dev/video0",
        "fps": 30.0,
        "skipped": 3,
        "uptime_s": 61,
        "ms": {"total": {"p50": 2.35, "p95": 3.46}},
        "temperature_c": 51.3,
        "throttled": False,
        "rss_mb": 78.1,
        "recording": False,
        "restarts": 0,
        "last_error": None,
    }
    assert {"emotion-edge", "python", "numpy"} <= set(versions)
    assert health_line(Status("paused", "auto"))["temperature_c"] is None
    assert health_line(Status("running", "auto", recording=True))["recording"] is True
