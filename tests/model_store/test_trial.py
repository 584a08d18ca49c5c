"""When the service counts as well, by what systemd says of it from second to second."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest

from edge.model_store.trial import LOOKS, PATIENCE_S, WATCHED_S, restarted, seen
from edge.service import Service

OLD = Service("active (running)", "demo", "success", "", 0, 7, 0, (), 1)


def service(state: str, pid: int = 0, alive_us: int = 0, code: int = 0) -> Service:
    return Service(state, "", "exit-code" if code else "success", "", 0, pid, code, (), alive_us)


def tried(states: Iterator[Service | None], first: Iterable[Service | None] = ()) -> tuple[str, float]:
    """The answer, and after how many seconds it came. first: what is seen before the old service."""
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    looks = itertools.chain(first, [OLD], states)
    why = restarted(lambda: next(looks), lambda: None, lambda: now, sleep)
    return why, now


def starting() -> Iterator[Service]:
    yield OLD
    yield service("deactivating (stop-sigterm)", 7)
    yield service("activating (start)", 8)


def test_it_keeps_running_and_gives_signs_of_life():
    def states() -> Iterator[Service]:
        yield from starting()
        for second in range(1000):
            yield service("active (running)", 8, second)

    why, seconds = tried(states())
    assert why == ""
    assert WATCHED_S <= seconds < PATIENCE_S


@pytest.mark.parametrize("end", ["failed (failed)", "activating (auto-restart)"])
def test_it_ends_at_its_start(end: str):
    def states() -> Iterator[Service]:
        yield from starting()
        yield service(end, code=78)

    assert tried(states())[0] == "it ended (exit-code, code 78)"


def test_it_ends_later_and_is_started_again():
    def states() -> Iterator[Service]:
        yield from starting()
        for second in range(8):
            yield service("active (running)", 8, second)
        yield service("active (running)", 9, 9, code=1)

    assert tried(states())[0] == "it ended (exit-code, code 1)"


@pytest.mark.parametrize(("state", "why"), [("active (running)", "too few signs"), ("activating (start)", "not ready")])
def test_it_hangs(state: str, why: str):
    def states() -> Iterator[Service]:
        while True:
            yield service(state, 8, 1)

    said, seconds = tried(states())
    assert why in said
    assert seconds >= PATIENCE_S


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_systemd_may_be_busy_for_a_moment(when: str):
    def states() -> Iterator[Service | None]:
        yield from starting()
        for second in range(1000):
            yield service("active (running)", 8, second)
            yield from itertools.repeat(None, LOOKS - 1 if second == 3 and when == "meanwhile" else 0)

    first = itertools.repeat(None, LOOKS - 1 if when == "before" else 0)
    assert tried(states(), first)[0] == ""


@pytest.mark.parametrize("first", [0, LOOKS])
def test_systemd_tells_nothing_any_more(first: int):
    said, _ = tried(itertools.repeat(None), itertools.repeat(None, first))
    assert said == f"systemd told nothing of it {LOOKS} times in a row"


def test_a_look_that_tells_something_is_enough():
    looks = iter([None, OLD])
    assert seen(lambda: next(looks), lambda _: None) == OLD
