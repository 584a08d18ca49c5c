from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.lookout import Lookout
from edge.motion import Motion
from edge.types import Box, Frame
from tests.conftest import face_at, textured

PICTURE = textured(640, 480)
PERSON = Box(270, 100, 370, 200)


def noisy(image: np.ndarray, seed: int, sigma: float = 6) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def with_patch(x: int, y: int, side: int, shade: int = 0) -> np.ndarray:
    image = PICTURE.copy()
    image[y : y + side, x : x + side] = shade
    return image


def motion_from(image: np.ndarray = PICTURE) -> Motion:
    motion = Motion()
    motion.remember(image)
    return motion


def test_the_noise_of_a_dark_room_is_no_motion() -> None:
    motion = motion_from(noisy(PICTURE, 0))
    assert not any(motion.seen(noisy(PICTURE, seed), []) for seed in range(1, 6))


def test_a_small_new_thing_is_motion() -> None:
    assert motion_from().seen(with_patch(500, 300, 24), [])


def test_what_changes_slowly_adds_up() -> None:
    motion = motion_from()
    assert [motion.seen(np.clip(PICTURE.astype(int) + 3 * step, 0, 255).astype(np.uint8), []) for step in (1, 12)] == [
        False,
        True,
    ]


def test_a_known_face_may_move_and_its_shoulders_too() -> None:
    assert not motion_from().seen(with_patch(280, 110, 80), [PERSON])
    shoulder = PICTURE.copy()
    shoulder[260:480, 200:208] = 0  # an edge that moved by two cells
    assert not motion_from().seen(shoulder, [PERSON])


@pytest.mark.parametrize(("x", "y"), [(400, 110), (300, 280)], ids=["beside", "before"])
def test_somebody_new_beside_or_before_a_known_person_is_motion(x: int, y: int) -> None:
    assert motion_from().seen(with_patch(x, y, 90), [PERSON])


def test_grey_pictures_and_another_size_are_taken() -> None:
    motion = motion_from()
    assert motion.seen(textured(320, 480), [])
    grey = cv2.cvtColor(PICTURE, cv2.COLOR_BGR2GRAY)
    assert not motion_from(grey).seen(grey, [])


def looks(lookout: Lookout, pictures: list[np.ndarray], **state: float) -> list[int]:
    """The numbers of the frames, 30 a second, that are looked at."""
    found = []
    for number, image in enumerate(pictures):
        frame = Frame(image, number / 30, 0.0, number)
        if lookout.due(frame, [face_at(500, 400).box], **{"rest": 1, "promising": False, **state}):
            lookout.look(frame)
            found.append(number)
    return found


def test_a_still_room_is_looked_at_seldom() -> None:
    assert looks(Lookout(0.4, 1.0), [PICTURE] * 61) == [0, 30, 60]


def test_what_moves_is_looked_at_when_the_rest_is_over() -> None:
    moved = with_patch(100, 100, 60)
    assert looks(Lookout(0.4, 1.0), [PICTURE] * 5 + [moved] * 40) == [0, 12, 42]


def test_a_hot_device_rests_longer_and_somebody_missed_is_looked_for_sooner() -> None:
    assert looks(Lookout(0.4, 1.0), [PICTURE] * 61, rest=2) == [0, 60]
    assert looks(Lookout(0.4, 1.0), [PICTURE] * 25, promising=True) == [0, 12, 24]


def test_no_rest_is_every_frame() -> None:
    assert looks(Lookout(0.0, 1.0), [PICTURE] * 3) == [0, 1, 2]


def test_a_hot_device_rests_where_no_rest_is_set() -> None:
    assert looks(Lookout(0.0, 1.0), [PICTURE] * 25, rest=4) == [0, 12, 24]
