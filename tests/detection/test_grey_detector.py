"""From a run's folder to the device's file: all integers, right grids, a card that the device can read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")
pytest.importorskip("tensorflow", reason="training needs the training extra: pip install -e .[training]")

from edge.config import FaceConfig
from edge.detectors import open_detector
from edge.emotion.card import card_path
from edge.errors import ModelError
from quantize.grey_detector import main
from quantize.operators import float_operators
from tests.detection.photographs import drawn, write_table
from training.recipe import load_recipe
from training.run import BEST, CURVE, FACTS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both files of an untrained network."""
    folder = tmp_path_factory.mktemp("grey")
    write_table(folder / "data", 52)
    run = folder / "run"
    run.mkdir()
    load_recipe("face_smoke").network().save(run / BEST)
    facts = {"recipe": {"name": "face_smoke"}, "seed": 1, "commit": None, "backend": "torch", "training": {}}
    (run / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    (run / CURVE).write_text("epoch,loss,precision\n1,2.0,0.1\n2,1.5,0.2\n", encoding="utf-8")
    models = folder / "models"
    assert main(["--run", str(run), "--data", str(folder / "data"), "--out", str(models), "--name", "ours"]) == 0
    return models


@pytest.mark.parametrize("name", ["ours", "ours-near"])
def test_the_files_are_all_integers_and_open_on_the_device(models: Path, name: str) -> None:
    model = models / f"{name}.tflite"
    assert float_operators(model.read_bytes()) == []
    card = json.loads(card_path(model).read_text(encoding="utf-8"))
    assert card["training"]["best_epoch"] == 2
    assert set(card["metrics"]["kept_aside"]) == {"int8", "float32"}
    detector = open_detector(FaceConfig(str(model), min_score=0.05))
    for picture in (drawn(1)[0], np.zeros((100, 300, 3), np.uint8)):
        assert isinstance(detector.detect(picture), list)


def test_a_card_that_does_not_say_how_to_read_it_is_refused(models: Path, tmp_path: Path) -> None:
    model = tmp_path / "ours.tflite"
    model.write_bytes((models / "ours.tflite").read_bytes())
    card = json.loads((models / "ours.json").read_text(encoding="utf-8"))
    for key in ("strides", "sureness", "merge_iou"):
        card_path(model).write_text(json.dumps({k: v for k, v in card.items() if k != key}), encoding="utf-8")
        with pytest.raises(ModelError, match=key):
            open_detector(FaceConfig(str(model)))


def test_no_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(tmp_path, 52)
    assert main(["--run", str(tmp_path / "none"), "--data", str(tmp_path), "--out", str(tmp_path / "models")]) == 2
    assert "is not the folder of a run" in capsys.readouterr().err
