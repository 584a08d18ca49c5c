"""What everything is drawn with: icons, letters, opacity."""

from __future__ import annotations

import numpy as np
import pytest

from edge.drawings import ICONS
from edge.emotion.labels import LABELS
from edge.overlay.icons import icon_mask, program_icon
from edge.overlay.ink import paint, text_mask
from tests.overlay.scenes import flat


def test_every_label_has_its_own_drawing() -> None:
    masks = [icon_mask(label, 40) for label in LABELS]
    assert all(mask.shape == (40, 40) and mask.max() > 200 for mask in masks)
    assert all(not np.array_equal(one, other) for i, one in enumerate(masks) for other in masks[:i])
    assert {*LABELS, "uncertain"} <= set(ICONS)


def test_program_icon_has_transparent_corners() -> None:
    icon = program_icon(64)
    assert icon.shape == (64, 64, 4)
    assert icon[0, 0, 3] == 0
    assert icon[32, 32, 3] == 255


@pytest.mark.parametrize("size", [9, 10, 14, 23, 52, 120])
def test_letters_are_not_cut_off(size: int) -> None:
    mask = text_mask("gypfl", size)
    assert mask.max() > 180
    assert not mask[0].any()
    assert not mask[-1].any()


def test_ink_outside_of_the_canvas_is_cut_off() -> None:
    canvas, mask = flat(10, 10, 0), np.full((6, 6), 255, np.uint8)
    paint(canvas, mask, -3, -3, (255, 255, 255))
    paint(canvas, mask, 8, 8, (255, 255, 255))
    paint(canvas, mask, 50, 50, (255, 255, 255))
    assert (canvas[:3, :3] == 255).all()
    assert (canvas[8:, 8:] == 255).all()
    assert not canvas[3:8, :].any()


def test_opacity_mixes() -> None:
    canvas = flat(4, 4, 100)
    paint(canvas, np.full((4, 4), 255, np.uint8), 0, 0, (200, 200, 200), opacity=0.5)
    assert (canvas == 150).all()
