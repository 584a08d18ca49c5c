"""Where plates and bars lie: beside one another, never over words."""

from __future__ import annotations

import pytest

from edge.emotion.labels import LABELS
from edge.overlay.layout import Layout, Room
from edge.overlay.marks import plate_size
from edge.overlay.notices import Notices
from edge.overlay.place import moved_off, overlap
from edge.types import Box, Status, Track
from tests.overlay.scenes import flat, track

SIZES = [(320, 240), (800, 480), (480, 800), (1920, 1080)]
BUSY = Status("running", "x", fps=29.6, temperature_c=81.2, throttled=True, recording=True, away=("mqtt",))


def places(size: tuple[int, int], *people: Track) -> tuple[list[Box], list[Box], list[Box]]:
    """Of plates, of bars and of notices."""
    canvas = flat(*size)
    notices = Notices(canvas, BUSY).places
    room = Room(canvas, [person.face.box for person in people], notices)
    marked = Layout().place(room, people, bars=True)
    return [one.plate.box for one in marked], [one.bars for one in marked if one.bars], notices


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("x", [-0.1, 0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("y", [-0.15, 0.02, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("side", [0.12, 0.35, 0.95])
def test_one_face_has_plate_and_bars_that_cover_no_words(
    size: tuple[int, int], x: float, y: float, side: float
) -> None:
    width, height = size
    length = side * min(size)
    person = track(1, Box(x * width, y * height, x * width + length, y * height + length), "surprise", 1.0)
    plates, bars, notices = places(size, person)
    assert len(plates) == len(bars) == 1
    everything = plates + bars + notices
    assert all(place.clipped(*size) == place for place in everything)
    assert not any(overlap(one, other) for i, one in enumerate(everything) for other in everything[:i])


@pytest.mark.parametrize("size", SIZES)
def test_in_a_crowd_bars_are_left_out_rather_than_drawn_under_names(size: tuple[int, int]) -> None:
    people = [
        track(i, Box(x, y, x + 0.14 * size[0], y + 0.23 * size[1]), LABELS[i % 7])
        for i in range(10)
        for x in [(0.03 + 0.19 * (i % 5)) * size[0]]
        for y in [(0.06 + 0.46 * (i // 5)) * size[1]]
    ]
    plates, bars, notices = places(size, *people)
    assert len(plates) == 10
    words = plates + notices
    assert not any(overlap(one, other) for one in bars for other in words)
    assert not any(overlap(one, other) for one in plates for other in notices)
    assert not any(overlap(one, other) for i, one in enumerate(plates) for other in plates[:i])


def test_a_plate_without_room_shows_its_drawing_only_and_does_not_flicker() -> None:
    layout = Layout()
    wide = plate_size(track(1, Box(0, 0, 9, 9), "happy"), 0.82 * 0.5)[0]
    # Three in a row: the plate in the middle is below its face, the outer two share the strip above.
    for distance, expected in ((2.0, 0), (0.98, 1), (1.02, 1), (1.2, 0)):
        people = [
            track(i, Box(x, 100, x + 30, 130), "happy") for i in range(3) for x in [30 + i * 0.5 * distance * wide]
        ]
        room = Room(flat(320, 240), [person.face.box for person in people], ())
        marked = layout.place(room, people, bars=False)
        assert sum(one.plate.short for one in marked) == expected, distance


def test_moved_off_takes_the_nearest_free_place_or_none() -> None:
    bounds = Box(0, 0, 100, 100)
    box = Box(40, 40, 60, 60)
    assert moved_off(box, bounds, [Box(0, 0, 100, 30)], 2) == box
    assert moved_off(box, bounds, [Box(0, 30, 100, 45)], 2) == Box(40, 47, 60, 67)
    assert moved_off(box, bounds, [Box(0, 30, 100, 45), Box(0, 50, 100, 75)], 2) == Box(40, 8, 60, 28)
    assert moved_off(box, bounds, [Box(0, 5, 100, 95)], 2) == box
