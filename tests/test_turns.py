from __future__ import annotations

from edge.turns import Turns


def turns_of(
    turns: Turns, sightings: list[set[int]], *, busy: set[int] = frozenset(), rest: float = 1
) -> list[set[int]]:
    """Who is asked about in each of these frames, 30 a second. busy: numbers of the frames the detector looks at."""
    return [set(turns.due(ids, k / 30, rest=rest, busy=k in busy)) for k, ids in enumerate(sightings)]


def test_everybody_is_asked_about_together_and_a_new_face_at_once() -> None:
    asked = turns_of(Turns(10), [{1}, {1}, {1, 2}, {1, 2}, {1, 2}, {1, 2}, {1, 2}])
    assert asked == [{1}, set(), {2}, {1, 2}, set(), set(), {1, 2}]


def test_a_hot_device_asks_less_often() -> None:
    assert turns_of(Turns(10), [{1}] * 7, rest=2) == [{1}, *[set()] * 5, {1}]


def test_who_had_a_turn_waits_while_the_detector_looks_but_only_once() -> None:
    asked = turns_of(Turns(10), [{1}] * 6, busy={3, 4})
    assert asked == [{1}, set(), set(), set(), {1}, set()]


def test_a_new_face_does_not_wait() -> None:
    assert turns_of(Turns(10), [{1}, {1}, {1}, {1, 2}], busy={3})[-1] == {2}


def test_who_comes_back_into_view_is_asked_about_at_once() -> None:
    assert turns_of(Turns(10), [{1}, set(), {1}]) == [{1}, set(), {1}]
