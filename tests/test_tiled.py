"""Looks at tiles of a picture: where they lie, what they find, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.config import FaceConfig
from edge.detectors import open_detector
from edge.detectors.tiled import TRUST, Tiled, tiles_of, together
from edge.types import Box, Face, Image
from tests.fakes import FakeDetector

PORTRAIT = Path(__file__).parents[1] / "edge" / "assets" / "portrait.jpg"


def face(x0: float, y0: float, side: float, score: float) -> Face:
    return Face(Box(x0, y0, x0 + side, y0 + side), score, np.array([(x0, y0)] * 4, np.float32))


def blank(width: int = 640, height: int = 480) -> Image:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize("most", [2, 3])
def test_tiles_of_one_size_cover_the_picture_and_overlap(most: int) -> None:
    tiles = [tile for tile in tiles_of(640, 480, most) if tile not in set(tiles_of(640, 480, most - 1))]
    assert len(tiles) == most * most
    seen = np.zeros((480, 640), int)
    for left, top, right, bottom in tiles:
        assert 0 <= left < right <= 640
        assert 0 <= top < bottom <= 480
        seen[top:bottom, left:right] += 1
    assert seen.min() == 1
    assert seen.max() == 4


def test_small_pictures_are_not_cut_into_smaller_ones() -> None:
    assert not list(tiles_of(200, 150, 3))
    assert len(list(tiles_of(320, 240, 3))) == 4


def test_one_tile_is_the_whole_picture_only() -> None:
    detector = FakeDetector([face(10, 10, 50, 0.9)])
    (found,) = Tiled(detector, 1, 0.6).detect(blank())
    assert detector.calls == 1
    assert found.score == pytest.approx(0.9)


def test_what_a_tile_shows_lies_where_the_tile_lies() -> None:
    detector = FakeDetector([], [], [], [], [face(100, 120, 30, 0.9)])
    (found,) = Tiled(detector, 2, 0.6).detect(blank())
    assert [picture.shape[:2] for picture in detector.pictures] == [(480, 640)] + [(288, 384)] * 4
    assert (found.box.x0, found.box.y0, found.box.width) == (256 + 100, 192 + 120, 30)
    np.testing.assert_array_equal(found.points[0], (356, 312))
    assert found.score == pytest.approx(TRUST[2] * 0.9)


def test_a_face_that_a_tile_cuts_off_is_left_to_the_others() -> None:
    cut = face(355, 100, 30, 0.9)
    assert not Tiled(FakeDetector([], [cut], []), 2, 0.6).detect(blank())
    at_the_edge_of_the_picture = face(-1, 100, 30, 0.9)
    assert Tiled(FakeDetector([], [at_the_edge_of_the_picture], []), 2, 0.6).detect(blank())


def test_two_weak_looks_make_a_sure_one_and_one_does_not() -> None:
    weak = face(20, 20, 40, 0.5)
    assert not Tiled(FakeDetector([weak], []), 2, 0.6).detect(blank())
    (found,) = Tiled(FakeDetector([weak], [face(22, 21, 40, 0.45)], []), 2, 0.6).detect(blank())
    assert found.score == pytest.approx(1 - (1 - 0.5) * (1 - TRUST[2] * 0.45))
    assert found.box == weak.box


def test_the_same_look_counts_once() -> None:
    (found,) = together([[face(0, 0, 40, 0.5), face(2, 2, 40, 0.5)]], 1.0)
    assert found.score == pytest.approx(0.5)


def test_a_part_of_a_face_is_no_other_face() -> None:
    (found,) = together([[face(0, 0, 100, 0.9)], [face(30, 30, 20, 0.8)]], 1.0)
    assert found.box.width == 100
    assert found.score == pytest.approx(0.9)


def test_the_likeliest_come_first() -> None:
    several = [face(100 * n, 0, 40, score) for n, score in enumerate((0.7, 0.9, 0.8))]
    found = Tiled(FakeDetector(several, []), 2, 0.6).detect(blank())
    assert [one.box.x0 for one in found] == [100, 200, 0]


@pytest.mark.skipif(not PORTRAIT.is_file(), reason="edge/assets/portrait.jpg is not here")
def test_a_face_across_the_room_is_found() -> None:
    portrait = cv2.imread(str(PORTRAIT))
    assert portrait is not None
    (near,) = open_detector(FaceConfig()).detect(portrait)
    scale = 11 / near.box.width
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    room = np.full((480, 640, 3), 90, np.uint8)
    room[200 : 200 + small.shape[0], 120 : 120 + small.shape[1]] = small
    detector = open_detector(FaceConfig(min_score=0.36, min_size_px=8))
    (far,) = Tiled(detector, 3, 0.6).detect(room)
    assert far.box.iou(near.scaled(scale, scale).moved(120, 200).box) > 0.5
    assert not [one for one in detector.detect(room) if one.score >= 0.6]
