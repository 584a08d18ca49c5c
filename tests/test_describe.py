"""What a card is told by few faces, or by hard ones."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.emotion.card import Card, load_verified
from training.data import labelled_faces

pytest.importorskip("keras", reason="quantizing needs the training extra: pip install -e .[training]")

from quantize.describe import USUAL_UNCERTAIN_BELOW, calibrated_card

SHIPPED = Path(__file__).parents[1] / "models" / "emotion.tflite"


def noise(labels: list[int]):
    images = np.random.default_rng(1).integers(0, 256, (len(labels), 48, 48)).astype(np.uint8)
    return labelled_faces(images, np.array(labels))


def card_of(path: Path, start: str | None) -> Card:
    shutil.copy(SHIPPED, path)
    card = load_verified(SHIPPED)[1]
    return card | {"training": {"recipe": {"start": start}}, "temperature": 9.0, "bias": [0.0] * 7}


def test_emotions_without_pictures_are_not_lost_in_the_card(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "mine.tflite"
    with caplog.at_level(logging.WARNING):
        card = calibrated_card(path, card_of(path, "emotion"), noise([3] * 40 + [5] * 40))
    shipped = load_verified(SHIPPED)[1]
    for key in ("temperature", "bias", "base_rates", "uncertain_below"):
        assert card[key] == shipped[key]
    assert "kept what the card of emotion says" in caplog.text


def test_hard_faces_do_not_make_everything_uncertain(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "mine.tflite"
    with caplog.at_level(logging.WARNING):
        card = calibrated_card(path, card_of(path, None), noise(list(range(7)) * 25))
    assert card["uncertain_below"] == USUAL_UNCERTAIN_BELOW
    assert card["uncertain"]["rule"].startswith("as usual: at hardly any confidence")
    assert card["uncertain"]["rule"] in caplog.text
