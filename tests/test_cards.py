"""`models/README.md` and its charts: made from the cards alone, whatever models there are."""

from __future__ import annotations

import copy
import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="model cards need the training extra: pip install -e .[training]")

from edge.emotion.labels import LABELS
from quantize import card_charts, cards
from quantize.__main__ import main
from training.errors import DataError

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The shipped cards beside files that stand for their models."""
    folder = tmp_path / "models"
    folder.mkdir()
    for path in MODELS.glob("*.tflite"):
        (folder / path.name).write_bytes(b"stands for a model")
        shutil.copy(path.with_suffix(".json"), folder)
    return folder


def shipped_card() -> dict[str, Any]:
    return json.loads((MODELS / "emotion.json").read_text())


def add(folder: Path, name: str, card: dict[str, Any]) -> None:
    (folder / f"{name}.tflite").write_bytes(b"stands for a model")
    (folder / f"{name}.json").write_text(json.dumps({**card, "name": name}))


def test_the_committed_page_and_charts_are_what_the_command_makes() -> None:
    made = cards.texts(MODELS)
    for name, text in made.items():
        assert (MODELS / name).read_text(encoding="utf-8") == text, f"{name}: run `python -m quantize cards`"
    committed = {f"{cards.CHARTS}/{path.name}" for path in (MODELS / cards.CHARTS).iterdir()}
    assert committed == made.keys() - {cards.README}


def test_every_model_gets_a_section_and_charts_that_can_be_read(models: Path) -> None:
    add(models, "emotion-nano", shipped_card())
    assert main(["cards", f"--out={models}"]) == 0
    text = (models / cards.README).read_text()
    for name in ("emotion", "emotion-nano", "face"):
        assert f"\n## `{name}`\n" in text
    assert text.count("Article 5(1)(f)") == 1, "what all cards say is said once"
    for chart in (models / cards.CHARTS).iterdir():
        assert f"]({cards.CHARTS}/{chart.name})" in text
        root = ElementTree.parse(chart).getroot()
        assert root.find("{*}title").text


def test_what_only_one_card_says_stands_in_its_own_section(models: Path) -> None:
    other = shipped_card()
    other["limits"] = [*other["limits"], "Only for owls."]
    other["intended_use"] = "Owls."
    before = cards.texts(models)[cards.README]
    people = len(list(models.glob("emotion*.tflite")))
    add(models, "emotion-owl", other)
    text = cards.texts(models)[cards.README]
    assert text.index("## `emotion-owl`") < text.index("Only for owls.")
    assert before.count(shipped_card()["intended_use"]) == 1
    assert text.count(shipped_card()["intended_use"]) == people


def test_a_page_of_models_of_ones_own_pictures_speaks_of_no_others(tmp_path: Path) -> None:
    card = shipped_card()
    del card["licence_notes"]
    card |= {"origin": {"pictures": "those of the person who trained it"}, "licence": "MIT", "limits": ["None."]}
    card["metrics"] = {
        key: card["metrics"][key] for key in ("split", "faces", "everyday", "balanced", "faces_by_label")
    }
    card["training"]["notes"] = []
    add(tmp_path, "mine", card)
    text = cards.texts(tmp_path)[cards.README]
    assert "FER" not in text
    assert "ten people" not in text
    assert "the emotion that the picture was sorted to" in text


def test_failures_tell_only_of_emotions_with_faces_and_of_the_models_own_figures() -> None:
    card = shipped_card()
    card["metrics"]["faces_by_label"]["disgust"] = 0
    card["uncertain"] = {"rule": "as in the card of emotion"}
    text = " ".join(cards.failures(card))
    assert "disgust" not in text
    assert "below a confidence of 0.57, as in the card of emotion." in text
    assert ">disgust<" not in card_charts.charts(card)["recall"]
    card["uncertain"] = {"rule": "as usual", "coverage": 0.0, "accuracy_of_accepted": 0.0}
    assert cards.failures(card)[-1].endswith(": all of the faces it was set on.")


def test_a_card_with_intervals_shows_them(models: Path) -> None:
    card = copy.deepcopy(shipped_card())
    share = {"value": 0.9, "low": 0.88, "high": 0.92, "faces": 1000}
    card["metrics"] |= {"by_agreement": {"all 10": share}, "without_ties": share}
    card["metrics"]["everyday"]["recall_interval"] = {label: {"low": 0.5, "high": 0.7} for label in LABELS}
    add(models, "emotion", card)
    made = cards.texts(models)
    assert made["charts/emotion.recall.svg"].count('class="whisker everyday"') == len(LABELS)
    assert "all 10" in made["charts/emotion.agreement.svg"]
    assert "| without faces whose vote is tied | 90.0 % (88.0–92.0) of 1,000 |  |" in made[cards.README]


def test_charts_of_models_that_are_gone_are_removed(models: Path) -> None:
    add(models, "emotion-old", shipped_card())
    cards.write(models)
    for path in models.glob("emotion-old.*"):
        path.unlink()
    cards.write(models)
    assert not list((models / cards.CHARTS).glob("emotion-old*"))
    assert "emotion-old" not in (models / cards.README).read_text()


def test_a_readme_of_somebody_else_is_left_alone(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (models / cards.README).write_text("# Mine\n")
    assert main(["cards", f"--out={models}"]) == 2
    assert "was not made by" in capsys.readouterr().err
    assert (models / cards.README).read_text() == "# Mine\n"
    assert not (models / cards.CHARTS).exists()


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"labels": [], "origin": {}, "licence": "", "sha256": ""}'])
def test_a_broken_card_is_one_line_and_writes_nothing(
    models: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (models / "emotion.json").write_text(text)
    assert main(["cards", f"--out={models}"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (models / cards.README).exists()


def test_a_model_without_a_card_is_named(models: Path) -> None:
    (models / "emotion.json").unlink()
    with pytest.raises(DataError, match=r"emotion\.tflite has no usable card"):
        cards.texts(models)
