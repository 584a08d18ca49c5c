"""What a card is told by few faces, or by hard ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.emotion.card import Card, card_path, load_verified
from training.data import labelled_faces

pytest.importorskip("keras", reason="quantizing needs the training extra: pip install -e .[training]")

from quantize.describe import USUAL_UNCERTAIN_BELOW, calibrated, calibrated_again, described, shipped_start
from training.held_out import HeldOut
from training.networks import residual
from training.run import CURVE, FACTS

SHIPPED = Path(__file__).parents[1] / "models" / "emotion.tflite"


def noise(labels: list[int]):
    images = np.random.default_rng(1).integers(0, 256, (len(labels), 48, 48)).astype(np.uint8)
    return labelled_faces(images, np.array(labels))


CONTENT, CARD = load_verified(SHIPPED)
UNFITTED = CARD | {"temperature": 9.0, "bias": [0.0] * 7}


def run(folder: Path, recipe: dict[str, Any], sources: list[str] | None, epochs: int = 4) -> Path:
    """The folder of a finished run, without its weights."""
    folder.mkdir()
    facts = {"recipe": {"epochs": 4, **recipe}, "seed": 1, "commit": "abc", "backend": "torch"}
    facts["training"] = {"faces": 56, "base_rates": [1 / 7] * 7} | ({"sources": sources} if sources else {})
    (folder / FACTS).write_text(json.dumps(facts))
    lines = [f"{epoch},1.9,0.5,{1 + epoch}\n" for epoch in range(1, epochs + 1)]
    (folder / CURVE).write_text("epoch,loss,accuracy,nll\n" + "".join(lines))
    return folder


def test_emotions_without_pictures_are_not_lost_in_the_card(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    first = run(tmp_path / "first", {"start": "emotion"}, ["pictures"])
    for begun in (first, run(tmp_path / "second", {"start": str(first)}, ["pictures"])):
        caplog.clear()
        card = calibrated(CONTENT, UNFITTED, noise([3] * 40 + [5] * 40), shipped_start(begun))
        for key in ("temperature", "bias", "base_rates", "uncertain_below"):
            assert card[key] == CARD[key]
        assert card["uncertain"] == {"rule": "as in the card of emotion"}, "its figures are another network's"
        assert "of angry, disgust, fear, sad, neutral: kept what the card of emotion says" in caplog.text


def test_a_run_that_began_from_nothing_has_no_card_to_keep(tmp_path: Path):
    assert shipped_start(run(tmp_path / "run", {}, ["pictures"])) is None


def test_a_finished_model_keeps_what_its_card_says_where_an_emotion_has_few_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    model = tmp_path / "mine.tflite"
    model.write_bytes(CONTENT)
    card_path(model).write_text(json.dumps(CARD | {"name": "mine"}))
    faces = noise([0, 1, 2, 3, 4, 5] * 6)
    card = calibrated_again(model, faces, HeldOut("PrivateTest", faces, [""] * 36, None, None, []))
    for key in ("temperature", "bias", "base_rates", "uncertain_below", "uncertain"):
        assert card[key] == CARD[key]
    assert card["metrics"]["faces"] == 36
    assert load_verified(model)[1] == card
    assert "kept what the card of mine says" in caplog.text


def test_hard_faces_do_not_make_everything_uncertain(caplog: pytest.LogCaptureFixture):
    card = calibrated(CONTENT, UNFITTED, noise(list(range(7)) * 25))
    assert card["uncertain_below"] == USUAL_UNCERTAIN_BELOW
    assert card["uncertain"]["rule"].startswith("as usual: at hardly any confidence")
    assert card["uncertain"]["rule"] in caplog.text


def test_measuring_a_card_writes_nothing_and_changes_none():
    before = json.dumps(CARD)
    calibrated(CONTENT, CARD, noise(list(range(7)) * 25))
    assert json.dumps(CARD) == before


def told(folder: Path, licence: str | None = None) -> Card:
    return described(folder, residual(stem=8, widths=(8,), blocks=(1,)), licence, 56)


def test_the_shipped_card_says_what_a_run_on_fer2013_says(tmp_path: Path):
    for sources in (None, ["FER2013"]):
        card = told(run(tmp_path / f"run{bool(sources)}", {}, sources))
        for key in ("origin", "licence", "licence_notes", "intended_use", "limits"):
            assert card[key] == CARD[key]


def test_the_card_of_a_run_on_ones_own_pictures_names_nobody_elses(tmp_path: Path):
    folder = run(tmp_path / "run", {"own_labels": 0.7}, ["pictures"])
    card = told(folder)
    assert card["origin"]["author"] == "whoever trained it"
    assert card["origin"]["pictures"] == "those of the person who trained it"
    assert "FER" not in json.dumps({key: value for key, value in card.items() if key != "training"})
    assert card["licence"].startswith("none stated")
    assert any("AI Act" in limit for limit in card["limits"])
    assert told(folder, "MIT")["licence"] == "MIT"


@pytest.mark.parametrize(
    ("recipe", "sources", "made", "pictures"),
    [
        ({"start": "emotion"}, ["pictures"], "on from the weights of `emotion`", "FER2013, Training split; then those"),
        ({"start": "FIRST"}, ["pictures"], "random weights", "FER2013, Training split; then those"),
        ({"start": "FIRST"}, ["FER2013"], "random weights", "FER2013, Training split"),
        ({"start": "OWN"}, ["pictures"], "random weights", "those of the person who trained it"),
        ({"teachers": ["emotion"]}, ["pictures"], "random weights", "trained it; its teachers' were FER2013"),
        ({"teachers": ["OWN"]}, ["pictures"], "random weights", "those of the person who trained it"),
        ({}, ["FER2013", "pictures"], "random weights", "FER2013, Training split; those of the person"),
    ],
)
def test_fer2013_is_named_where_anything_was_made_from_it(
    tmp_path: Path, recipe: dict[str, Any], sources: list[str], made: str, pictures: str
):
    places = {"FIRST": run(tmp_path / "first", {}, ["FER2013"]), "OWN": run(tmp_path / "own", {}, ["pictures"])}
    text = json.dumps(recipe)
    for name, place in places.items():
        text = text.replace(name, str(place))
    card = told(run(tmp_path / "run", json.loads(text), sources))
    assert made in card["origin"]["made"]
    assert pictures in card["origin"]["pictures"]
    of_fer2013 = "FER2013" in pictures
    assert ("licence_notes" in card) == ("FER2013" in card["licence"]) == ("votes" in card["origin"]) == of_fer2013


def test_a_run_of_fer2013s_own_labels_has_seen_no_votes(tmp_path: Path):
    assert "votes" not in told(run(tmp_path / "run", {"own_labels": 1.0}, ["FER2013"]))["origin"]


@pytest.mark.parametrize(("patience", "epochs", "warned"), [(None, 2, True), (2, 2, True), (1, 2, False)])
def test_a_run_that_its_patience_ended_is_finished(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, patience: int | None, epochs: int, warned: bool
):
    """The first epoch is its best."""
    told(run(tmp_path / "run", {"patience": patience}, ["FER2013"], epochs))
    assert ("is not finished: 2 of 4 epochs" in caplog.text) is warned
