from __future__ import annotations

import numpy as np

from edge.emotion.labels import LABELS
from edge.events import Announcer


def mix(**shares: float) -> np.ndarray:
    return np.array([shares.get(label, 0.0) for label in LABELS])


def announcer() -> Announcer:
    return Announcer(hysteresis=0.1, dwell_s=0.3, uncertain_below=0.5)


def kinds(events) -> list[tuple]:
    return [(event.kind, event.before, event.after) for event in events]


def test_a_face_appears_with_its_label_and_leaves_with_its_last():
    teller = announcer()
    assert teller.update(1, mix(happy=0.9, neutral=0.1), 0.0) == "happy"
    teller.keep({1})
    teller.keep(set())
    assert kinds(teller.take()) == [("face_appeared", None, "happy"), ("face_left", "happy", None)]
    assert teller.take() == ()


def test_a_change_is_told_once_after_the_dwell():
    teller = announcer()
    teller.update(1, mix(happy=0.9, neutral=0.1), 0.0)
    teller.take()
    labels = [teller.update(1, mix(sad=0.8, happy=0.2), 1 + k / 10) for k in range(6)]
    assert labels == ["happy", "happy", "happy", "sad", "sad", "sad"]
    assert kinds(teller.take()) == [("emotion_changed", "happy", "sad")]


def test_a_blink_changes_nothing():
    teller = announcer()
    teller.update(1, mix(neutral=1.0), 0.0)
    teller.update(1, mix(sad=0.9, neutral=0.1), 1.0)
    teller.update(1, mix(neutral=0.6, sad=0.4), 1.1)
    assert teller.update(1, mix(sad=0.9, neutral=0.1), 1.31) == "neutral"


def test_a_narrow_lead_or_a_doubtful_label_is_not_told():
    teller = announcer()
    teller.update(1, mix(neutral=1.0), 0.0)
    for k in range(20):
        assert teller.update(1, mix(sad=0.52, neutral=0.48), k / 10) == "neutral"
        assert teller.update(1, mix(sad=0.45, fear=0.3, neutral=0.25), k / 10) == "neutral"


def test_another_candidate_starts_the_dwell_again():
    teller = announcer()
    teller.update(1, mix(neutral=1.0), 0.0)
    teller.update(1, mix(sad=0.9), 1.0)
    teller.update(1, mix(fear=0.9), 1.2)
    assert teller.update(1, mix(fear=0.9), 1.4) == "neutral"
    assert teller.update(1, mix(fear=0.9), 1.5) == "fear"


def test_the_time_before_the_average_is_sure_counts():
    teller = announcer()
    teller.update(1, mix(neutral=1.0), 0.0)
    doubtful, sure = mix(sad=0.45, neutral=0.3), mix(sad=0.6, neutral=0.3)
    assert [teller.update(1, doubtful, 1 + k / 10) for k in range(5)] == ["neutral"] * 5
    assert teller.update(1, sure, 1.5) == "sad"


def test_a_doubtful_first_look_is_not_what_the_face_appears_with():
    """It comes in blurred: neither an appearance as angry nor a change from it is true."""
    teller = announcer()
    for k in range(3):
        teller.update(1, mix(angry=0.3, neutral=0.25), k / 10)
    assert teller.take() == ()
    assert teller.update(1, mix(neutral=0.9), 0.29) == "neutral"
    assert kinds(teller.take()) == [("face_appeared", None, "neutral")]


def test_a_face_that_stays_doubtful_appears_all_the_same():
    teller = announcer()
    for k in range(5):
        assert teller.update(1, mix(angry=0.3, neutral=0.25), k / 10) == "angry"
    assert kinds(teller.take()) == [("face_appeared", None, "angry")]


def test_who_left_before_appearing_is_not_told():
    teller = announcer()
    teller.update(1, mix(angry=0.3), 0.0)
    teller.keep(set())
    assert teller.take() == ()


def test_a_moment_without_a_clear_look_is_a_break():
    """A candidate from before it does not count: who turns away is often misread."""
    for look_away in (lambda teller: teller.unclear(1, 1.2), lambda teller: teller.missed({1, 7})):
        teller = announcer()
        teller.update(1, mix(happy=0.9), 0.0)
        teller.update(1, mix(sad=0.9), 1.0)
        look_away(teller)
        assert teller.update(1, mix(sad=0.9), 5.0) == "happy"
        assert teller.update(1, mix(sad=0.9), 5.31) == "sad"


def test_a_face_without_a_clear_look_appears_as_uncertain():
    teller = announcer()
    teller.update(1, mix(happy=0.9), 0.0, clear=False)
    teller.unclear(1, 0.2)
    assert teller.take() == ()
    teller.unclear(1, 0.3)
    assert [(event.kind, event.after, event.uncertain) for event in teller.take()] == [("face_appeared", "happy", True)]
    teller.unclear(1, 0.9)
    assert teller.take() == ()


def test_the_first_clear_look_is_what_it_appears_with():
    teller = announcer()
    teller.update(1, mix(happy=0.9), 0.0, clear=False)
    teller.update(1, mix(neutral=0.9), 0.1)
    assert [(event.after, event.uncertain) for event in teller.take()] == [("neutral", False)]
