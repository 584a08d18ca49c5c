from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.follower import anchored, followed
from tests.conftest import face_at, textured

PICTURE = textured(640, 480)
FACE = face_at(320, 240, 100)


def changed(turn_deg: float = 0.0, scale: float = 1.0, right: float = 0.0, down: float = 0.0) -> tuple:
    """The picture turned and scaled about the face's middle and shifted, and the matrix that did it."""
    matrix = cv2.getRotationMatrix2D((320, 240), turn_deg, scale)
    matrix[:, 2] += right, down
    return cv2.warpAffine(PICTURE, matrix, (640, 480), borderMode=cv2.BORDER_REFLECT), matrix


@pytest.mark.parametrize(
    "change",
    [
        {"right": 12, "down": -9},
        {"turn_deg": 6},
        {"scale": 1.07},
        {"scale": 0.94, "turn_deg": -4, "right": 5, "down": 5},
    ],
)
def test_a_face_is_found_where_it_went(change: dict[str, float]) -> None:
    image, matrix = changed(**change)
    anchor = followed(image, anchored(PICTURE, FACE))
    assert anchor is not None
    face = anchor.face
    np.testing.assert_allclose(face.points, FACE.points @ matrix[:, :2].T + matrix[:, 2], atol=1.0)
    assert face.box.width == pytest.approx(FACE.box.width * change.get("scale", 1.0), rel=0.02)
    assert face.score == FACE.score


def test_grey_and_colour_pictures_are_followed_alike() -> None:
    image, _ = changed(right=7)
    grey = followed(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), anchored(cv2.cvtColor(PICTURE, cv2.COLOR_BGR2GRAY), FACE))
    colour = followed(image, anchored(PICTURE, FACE))
    assert grey.face.box.centre == pytest.approx(colour.face.box.centre, abs=0.2)


def test_a_face_half_outside_the_picture_is_followed() -> None:
    face = face_at(20, 240, 100)
    image, _ = changed(right=6)
    there = followed(image, anchored(PICTURE, face))
    assert there is not None
    assert there.face.box.centre[0] == pytest.approx(26, abs=2)


def test_a_face_is_followed_over_many_frames() -> None:
    """It wanders 60 px, grows by a third and turns by 15 degrees."""
    anchor = anchored(PICTURE, FACE)
    for step in range(1, 31):
        image, matrix = changed(turn_deg=step / 2, scale=1 + step / 90, right=2 * step, down=-step)
        anchor = followed(image, anchor)
        assert anchor is not None
    np.testing.assert_allclose(anchor.face.points, FACE.points @ matrix[:, :2].T + matrix[:, 2], atol=3.0)
    assert anchor.face.box.width == pytest.approx(FACE.box.width * 4 / 3, rel=0.04)


@pytest.mark.parametrize(
    "image", [textured(640, 480, seed=9), np.zeros((480, 640, 3), np.uint8)], ids=["other", "black"]
)
def test_what_cannot_be_found_again_is_lost(image: np.ndarray) -> None:
    assert followed(image, anchored(PICTURE, FACE)) is None
