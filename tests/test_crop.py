"""The face crop: where it looks, that colour does not matter, and that its bytes never change unnoticed."""

from __future__ import annotations

import hashlib
import math

import cv2
import numpy as np
import pytest

from edge.emotion.crop import CROP_VERSION, DOWN_PER_REACH, SIDE_PER_REACH, _sampled, crop_square, face_input

SIZE = 48
WIDTH, HEIGHT = 640, 480


def face_points(centre: tuple[float, float], reach: float, degrees: float) -> np.ndarray:
    """Points of a face whose crop is centred there, turned clockwise: eyes 0.96 reach apart, mouth 0.2 to the right."""
    turn = math.radians(degrees)
    level = np.array([[-0.58, -DOWN_PER_REACH], [0.38, -DOWN_PER_REACH], [0.0, 0.1], [0.1, 1 - DOWN_PER_REACH]])
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return (level * reach @ rotation.T + centre).astype(np.float32)


def looked_at(centre: tuple[float, float], reach: float, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Where in the picture the middle of each crop pixel lies: x and y, each (SIZE, SIZE), pixel edges whole."""
    turn = math.radians(degrees)
    offset = ((np.arange(SIZE) + 0.5) / SIZE - 0.5) * SIDE_PER_REACH * reach
    right, down = np.meshgrid(offset, offset)
    x = centre[0] + right * math.cos(turn) - down * math.sin(turn)
    y = centre[1] + right * math.sin(turn) + down * math.cos(turn)
    return x, y


def ramps() -> tuple[np.ndarray, np.ndarray]:
    """Two pictures whose grey value tells x and y: value = position / 640 * 255 at the middle of each pixel."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    return np.rint(x / WIDTH * 255).astype(np.uint8), np.rint(y / WIDTH * 255).astype(np.uint8)


def noise(seed: int = 7) -> np.ndarray:
    """A (HEIGHT, WIDTH, 3) picture made by integer arithmetic: the same everywhere."""
    state = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint64) + np.uint64(seed)
    state = (state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)) >> np.uint64(33)
    coarse = (state & np.uint64(255)).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)
    return cv2.resize(coarse[::8, ::8].copy(), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR_EXACT)


@pytest.mark.parametrize("degrees", [0, 11, -30, 45, 90, 180])
@pytest.mark.parametrize("reach", [6.0, 18.3, 40.0, 83.0, 130.0])
@pytest.mark.parametrize("centre", [(320.0, 240.0), (301.3, 222.7), (20.0, 30.0), (660.0, 470.0)])
def test_every_crop_pixel_looks_where_the_rule_says(centre: tuple[float, float], reach: float, degrees: float) -> None:
    points = face_points(centre, reach, degrees)
    x, y = looked_at(centre, reach, degrees)
    # Outside the picture its border repeats; halved pictures repeat the mean of the outermost pixels.
    step = max(1.0, SIDE_PER_REACH * reach / SIZE)
    tolerance = 1.1 + step * 255 / WIDTH
    for ramp, position, length in zip(ramps(), (x, y), (WIDTH, HEIGHT), strict=True):
        expected = np.clip(position, 0, length) / WIDTH * 255
        crop = face_input(ramp, points, SIZE).astype(float)
        assert np.abs(crop - expected).max() <= tolerance


@pytest.mark.parametrize("reach", [4.0, 18.3, 60.0, 150.0])
def test_no_systematic_shift(reach: float) -> None:
    """A rising and a falling ramp: halves round up, which brightens both by up to 1/8 a halving, but shifts neither."""
    centre = (320.0, 240.0)
    points = face_points(centre, reach, 0)
    for ramp, position in zip(ramps(), looked_at(centre, reach, 0), strict=True):
        rising = face_input(ramp, points, SIZE).astype(float)
        falling = 255 - face_input(255 - ramp, points, SIZE).astype(float)
        shift = ((rising + falling) / 2 - position / WIDTH * 255).mean()
        assert abs(shift) < 0.1


def test_eyes_are_level_and_in_the_measured_place() -> None:
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    points = face_points((320.0, 240.0), 60.0, 25)
    left, right, _, mouth = points
    for x, y in (left, right, mouth):
        cv2.circle(picture, (round(float(x)), round(float(y))), 7, 255, -1)
    crop = face_input(picture, points, SIZE)
    unit = SIZE / SIDE_PER_REACH
    for x, y in ((-0.58, -DOWN_PER_REACH), (0.38, -DOWN_PER_REACH), (0.1, 1 - DOWN_PER_REACH)):
        assert crop[int(SIZE / 2 + y * unit), int(SIZE / 2 + x * unit)] > 200


def test_crop_square_of_a_level_face() -> None:
    points = np.array([[100, 100], [140, 100], [120, 120], [122, 150]], np.float32)
    assert crop_square(points) == pytest.approx((121, 100 + DOWN_PER_REACH * 50, SIDE_PER_REACH * 50, 1, 0))


def test_points_that_coincide_still_give_a_crop() -> None:
    crop = face_input(noise(), np.full((4, 2), 50, np.float32), SIZE)
    assert crop.shape == (SIZE, SIZE)


@pytest.mark.parametrize("centre", [(-5000.0, 240.0), (5000.0, 5000.0), (320.0, -900.0)])
def test_a_face_far_outside_repeats_the_border(centre: tuple[float, float]) -> None:
    picture = ramps()[0]
    crop = face_input(picture, face_points(centre, 20.0, 0), SIZE)
    x = np.clip(looked_at(centre, 20.0, 0)[0], 0, WIDTH) / WIDTH * 255
    assert np.abs(crop - x).max() <= 2


def test_colour_and_grey_give_the_same() -> None:
    grey = cv2.cvtColor(noise(), cv2.COLOR_BGR2GRAY)
    points = face_points((300.0, 200.0), 47.0, 9)
    from_grey = face_input(grey, points, SIZE)
    assert np.array_equal(from_grey, face_input(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), points, SIZE))
    assert np.array_equal(from_grey, face_input(noise(), points, SIZE))


def test_the_picture_is_not_changed() -> None:
    picture = noise()
    before = picture.copy()
    face_input(picture, face_points((300.0, 200.0), 47.0, 9), SIZE)
    assert np.array_equal(picture, before)


def test_shrinking_does_not_alias() -> None:
    """Stripes finer than a crop pixel become even grey: without halving they would become wide stripes."""
    stripes = np.zeros((HEIGHT, WIDTH), np.uint8)
    stripes[:, ::2] = 255
    crop = face_input(stripes, face_points((320.0, 240.0), 150.0, 0), SIZE)
    assert np.ptp(crop[8:-8, 8:-8].astype(int)) <= 2


def test_sampling_is_integer_arithmetic() -> None:
    """OpenCV's remap against its definition: whole weights of 1/32 pixels, one rounding. The same on any processor."""
    grey = cv2.cvtColor(noise(), cv2.COLOR_BGR2GRAY)[:90, :110]
    centre_x, centre_y, along, across = 52.3, 41.9, 1.3, 0.4
    position = np.arange(1 - SIZE, SIZE, 2) / 2
    x = np.rint((centre_x - 0.5 + along * position[None, :] - across * position[:, None]) * 32).astype(int)
    y = np.rint((centre_y - 0.5 + across * position[None, :] + along * position[:, None]) * 32).astype(int)
    total = np.full(x.shape, 512)
    for dy in (0, 1):
        for dx in (0, 1):
            weight = np.abs(32 * (1 - dx) - x % 32) * np.abs(32 * (1 - dy) - y % 32)
            total += weight * grey[np.clip(y // 32 + dy, 0, 89), np.clip(x // 32 + dx, 0, 109)]
    assert np.array_equal(_sampled(grey, centre_x, centre_y, along, across, SIZE), total >> 10)


GOLDEN = {
    (320.0, 240.0, 60.0, 0.0): "687505976acd8cacf7164f386fed17a758a22fc2a0a892247c38004ca38f5060",
    (301.3, 222.7, 18.3, 17.0): "1e42219db01121df1583307631594a9963e03355ece1a8b32a49bb8effca9855",
    (20.0, 30.0, 90.0, -33.0): "43e42f848e47f5f4d850c2b7921187690b6add701284c63f7cd32b2821dc904b",
    (630.0, 470.0, 7.5, 5.0): "4de9200f06c438bd6d512671f7855319eef3415556d818d54dc64cdae2d61da5",
}
"""sha256 of the crop, by centre, reach and turn. Another value is another crop rule: raise CROP_VERSION."""


@pytest.mark.parametrize("face", GOLDEN)
def test_golden(face: tuple[float, float, float, float]) -> None:
    assert CROP_VERSION == 1
    x, y, reach, degrees = face
    # Points in 1/64 pixels, so that the processor's sine cannot matter.
    points = np.rint(face_points((x, y), reach, degrees) * 64) / 64
    crop = face_input(noise(), points.astype(np.float32), SIZE)
    assert hashlib.sha256(crop.tobytes()).hexdigest() == GOLDEN[face]
