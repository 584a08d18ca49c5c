"""What must always be readable: that faces are recorded, and what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from edge.emotion.labels import LABELS
from edge.overlay import Overlay
from edge.overlay.ink import AMBER, GREY, WHITE
from edge.overlay.notices import Notices, lines_of, status_parts
from edge.overlay.words import black
from edge.types import Box, Image, Status, Track
from tests.overlay.scenes import flat, result, track

SIZES = [(320, 240), (800, 480), (480, 800), (1920, 1080)]
BUSY = Status("running", "x", fps=29.6, temperature_c=81.2, throttled=True, recording=True, away=("mqtt",))


def crowd(count: int, width: int, height: int) -> list[Track]:
    """So many faces in rows, the first and last of them half outside of the picture."""
    columns = min(count, 5)
    rows = -(-count // columns)
    return [
        track(i, Box(x - 0.09 * width, y, x + 0.09 * width, y + 0.3 * height), LABELS[i % 7], uncertain=i % 4 == 3)
        for i in range(count)
        for x in [(i % columns) * width / max(1, columns - 1)]
        for y in [(i // columns) * height / rows - 0.1 * height]
    ]


def cut_out(picture: Image, box: Box) -> Image:
    return picture[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bars", [False, True])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_nothing_is_drawn_over_notices(size: tuple[int, int], bars: bool, count: int) -> None:
    image = flat(*size)
    alone = Overlay("picture", bars).draw(result(image), BUSY)
    crowded = Overlay("picture", bars).draw(result(image, *crowd(count, *size)), BUSY)
    places = Notices(image, BUSY).places
    assert len(places) == 2
    for place in places:
        before, after = cut_out(alone, place), cut_out(crowded, place)
        letters = np.any([(before == ink).all(axis=-1) for ink in (AMBER, GREY, WHITE)], axis=0)
        assert letters.sum() > 20
        assert np.array_equal(before[letters], after[letters])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bars", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 12])
def test_words_without_a_picture_keep_away_from_notices(size: tuple[int, int], bars: bool, count: int) -> None:
    alone = Overlay("none", bars).draw(result(flat()), BUSY, size)
    crowded = Overlay("none", bars).draw(result(flat(), *crowd(count, 640, 480)), BUSY, size)
    strips = Notices(black(size), BUSY).between
    for rows in (slice(0, int(strips.y0)), slice(int(strips.y1) + 1, size[1])):
        assert np.array_equal(alone[rows], crowded[rows])
    assert not np.array_equal(alone, crowded)


@pytest.mark.parametrize("size", [(240, 320), (160, 120), *SIZES])
@pytest.mark.parametrize("away", [(), ("mqtt",), ("mqtt", "csv", "jsonl", "homeassistant", "terminal", "web")])
def test_no_warning_runs_off_the_screen(size: tuple[int, int], away: tuple[str, ...]) -> None:
    bad = Status("waiting", "x", fps=29.6, temperature_c=81.2, throttled=True, recording=True, away=away)
    for place in Notices(black(size), bad).places:
        assert place.clipped(*size) == place
    picture = Overlay("none", False).draw(result(flat()), bad, size)
    amber = (picture == AMBER).all(axis=-1)
    assert amber.any()
    assert not amber[:, -3:].any()
    assert not amber[-3:].any()


def test_warnings_come_first_and_speed_gives_way() -> None:
    parts = status_parts(BUSY)
    slow, broker = ("slowed down by heat or power", True), ("no broker", True)
    assert lines_of(parts, 15, 900) == [[slow, broker, ("30 fps", False), ("81°C", False)]]
    assert lines_of(parts, 15, 330) == [[slow, broker]]
    assert lines_of(parts, 15, 230) == [[slow], [broker]]
    assert lines_of(parts, 15, 120) == [[("slowed down by", True)], [("heat or power", True)], [broker]]
    assert lines_of(status_parts(Status("running", "x", fps=30)), 15, 20) == []
    assert lines_of((), 15, 900) == []
