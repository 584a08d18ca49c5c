"""All that is written can be read, whatever the picture behind it: WCAG 2.2, success criteria 1.4.3 and 1.4.11."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edge.overlay import Overlay, ink, marks, notices, words
from edge.overlay.ink import AMBER, PALETTE, PLATE, PLATE_OPACITY, RED, Colour
from edge.types import Box, Image, Status
from tests.overlay.scenes import flat, result, track

BUSY = Status("running", "x", fps=29.6, temperature_c=81.2, throttled=True, recording=True, away=("mqtt",))
PEOPLE = (
    track(1, Box(60, 60, 160, 180), "happy", 0.93),
    track(2, Box(400, 200, 500, 320), "sad", 0.31, uncertain=True),
)

Written = list[tuple[str, float]]


def luminance(colour: Colour) -> float:
    shares = [value / 255 for value in colour]
    blue, green, red = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """Every text that is drawn, and its contrast against what lies behind it."""
    texts: Written = []

    def remembering(write: Callable[..., None]) -> Callable[..., None]:
        def remember(canvas: Image, text: str, x: float, middle: float, size: int, colour: Colour) -> None:
            behind = canvas[round(middle - 0.3 * size) : round(middle + 0.3 * size), round(x) :]
            pixels = behind[:, : ink.text_width(text, size)].reshape(-1, 3)
            texts.append((text, min(contrast(colour, tuple(map(int, pixel))) for pixel in np.unique(pixels, axis=0))))
            write(canvas, text, x, middle, size, colour)

        return remember

    for module in (marks, notices, words):
        monkeypatch.setattr(module, "write", remembering(ink.write))
    return texts


@pytest.mark.parametrize("style", ["picture", "blurred", "none"])
@pytest.mark.parametrize("background", [0, 128, 255])
def test_every_text_stands_out(written: Written, style: str, background: int) -> None:
    Overlay(style, True).draw(result(flat(value=background), *PEOPLE), BUSY)
    Overlay(style, False).draw(result(flat(value=background), *PEOPLE), BUSY)
    Overlay(style, False).draw(result(flat(value=background)), BUSY)
    for status in (None, Status("paused", "x"), Status("waiting", "x")):
        Overlay(style, False).waiting(status, (640, 480))
    texts = {text for text, _ in written}
    assert {"happy", "93%", "uncertain", "30 fps", "no broker", "recording faces", "paused"} <= texts
    assert [text for text, ratio in written if ratio < 4.5] == []


@pytest.mark.parametrize("background", [0, 255])
def test_drawings_and_the_red_dot_stand_out_on_a_plate(background: int) -> None:
    on_plate = flat(40, 40, background)
    ink.dark_plate(on_plate, Box(0, 0, 40, 40), 4)
    behind = tuple(map(int, on_plate[20, 20]))
    assert min(contrast(colour, behind) for colour in (*PALETTE, AMBER, RED)) >= 3
    assert PLATE_OPACITY >= 0.85
    assert contrast(PLATE, behind) < 1.7, "dark, whatever it lies on"
