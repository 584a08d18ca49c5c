"""What displays show of a confidence that crosses its threshold again and again."""

from __future__ import annotations

from edge.doubt import Doubt


def shown(doubt: Doubt, answers: list[bool], rate: float = 10.0) -> list[bool]:
    return [doubt.update(1, uncertain, number / rate) for number, uncertain in enumerate(answers)]


def test_the_first_answer_is_shown_at_once() -> None:
    assert Doubt(0.4).update(1, True, 5.0)
    assert not Doubt(0.4).update(1, False, 5.0)


def test_what_lasts_is_shown_after_the_dwell() -> None:
    assert shown(Doubt(0.4), [False] + [True] * 6) == [False] * 5 + [True] * 2


def test_what_goes_back_and_forth_is_not() -> None:
    assert not any(shown(Doubt(0.4), [False, True, True, False] * 10))


def test_people_do_not_share_theirs() -> None:
    doubt = Doubt(0.4)
    doubt.update(1, False, 0.0)
    assert doubt.update(2, True, 0.1)
    doubt.keep({2})
    assert doubt.update(1, True, 0.2), "someone who came back is new"


def test_a_time_unseen_is_a_break() -> None:
    doubt = Doubt(0.4)
    doubt.update(1, False, 0.0)
    doubt.update(1, True, 0.1)
    doubt.missed({1, 7})
    assert not doubt.update(1, True, 5.0)
