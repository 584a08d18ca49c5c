"""A picture of any depth becomes BGR bytes, turned as its EXIF data and the configuration say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from edge.cameras import camera_for
from edge.cameras.opencv import decoded, upright
from tests.cameras.sources import CONFIG, CORNERS, frames_of


@pytest.mark.parametrize(
    "pixels",
    [
        CORNERS.astype(np.uint16) * 257,
        CORNERS[:, :, 0],
        CORNERS[:, :, 0].astype(np.uint16) * 257,
        np.dstack([CORNERS] * 2),
    ],
    ids=["16 bit", "grey", "16-bit grey", "alpha"],
)
def test_pictures_of_every_depth_become_bgr_bytes(pixels: np.ndarray):
    pixels = pixels[:, :, :4] if pixels.ndim == 3 else pixels
    image = decoded(bytes(cv2.imencode(".png", pixels)[1]))
    assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
    assert image[5, 5, 0] == 255
    assert image[40, 60, 0] == 0


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path):
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to show it
    path = tmp_path / "turned.jpg"
    PillowImage.fromarray(CORNERS[:, :, ::-1]).save(path, exif=exif)
    (frame,) = frames_of(camera_for(str(path), CONFIG))
    assert (frame.width, frame.height) == (48, 64)
    assert frame.image[5, 40].argmax() == 0, "blue, from the top left, is now at the top right"


@pytest.mark.parametrize(
    ("rotation", "flip", "corner"),
    [
        (0, "none", (5, 5)),
        (0, "horizontal", (5, 60)),
        (0, "vertical", (40, 5)),
        (90, "none", (5, 40)),
        (180, "none", (40, 60)),
        (270, "none", (60, 5)),
        (90, "horizontal", (5, 5)),
        (180, "both", (5, 5)),
    ],
)
def test_a_picture_is_turned_clockwise_and_then_mirrored(rotation: int, flip: str, corner: tuple[int, int]):
    turned = upright(CORNERS, rotation, flip)
    assert turned[corner].tolist() == [255, 0, 0], "blue, from the top left"
    assert sorted(turned.reshape(-1, 3).tolist()) == sorted(CORNERS.reshape(-1, 3).tolist()), "not a pixel is changed"
