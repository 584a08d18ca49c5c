"""From a Keras network to an int8 file that the device takes, its card and its report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotion.card import card_path
from edge.emotion.classifier import EmotionClassifier, probabilities
from edge.emotion.labels import LABELS
from tests.synthetic_fer2013 import write_fer2013
from training.sources import read_source

pytest.importorskip("tensorflow", reason="conversion needs the training extra: pip install -e .[training]")
pytest.importorskip("keras", reason="conversion needs the training extra: pip install -e .[training]")

import keras

from quantize import calibration, cards
from quantize.__main__ import main
from quantize.convert import ConversionError, check_integers, load_float32
from quantize.converter import float_content
from quantize.describe import FEW_FACES
from quantize.operators import float_operators
from training.metrics import calibration_error
from training.networks import residual
from training.run import BEST, CURVE, FACTS

# Keras reads TensorFlow's tensors in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data/, run/ (an untrained network) and rows.csv; `converted` adds models/."""
    folder = tmp_path_factory.mktemp("convert")
    for name in ("data", "run", "models"):
        (folder / name).mkdir()
    write_fer2013(folder / "data")
    choices = calibration.choose(read_source(folder / "data")["Training"], per_label=8)
    calibration.write_choices(choices, folder / "rows.csv")
    keras.utils.set_random_seed(1)
    residual(stem=16, widths=(16,), blocks=(1,)).save(folder / "run" / BEST)
    facts = {"recipe": {"epochs": 1}, "seed": 1, "commit": "abc", "backend": "jax"}
    (folder / "run" / FACTS).write_text(json.dumps({**facts, "training": {"faces": 56, "base_rates": [1 / 7] * 7}}))
    (folder / "run" / CURVE).write_text("epoch,loss,accuracy,nll\n1,1.9,0.5,1.8\n")
    (folder / "models" / "README.md").write_text(cards.MADE)
    return folder


@pytest.fixture(scope="module")
def converted(home: Path) -> Path:
    """The int8 file, made by the command."""
    assert convert(home) == 0
    return home / "models" / "tiny.tflite"


def convert(home: Path, **changed: Path) -> int:
    options = {"data": home / "data", "run": home / "run", "calibration": home / "rows.csv", "out": home / "models"}
    return main(["convert", "--name", "tiny", *(f"--{key}={value}" for key, value in (options | changed).items())])


def test_the_file_is_all_integers_and_takes_raw_pixels(converted: Path) -> None:
    content = converted.read_bytes()
    check_integers(content)
    assert float_operators(content) == []
    classifier = EmotionClassifier(converted)
    assert classifier.size == 48
    assert classifier.card["input"] == [1, 48, 48, 1]


def test_a_finished_model_is_calibrated_again(converted: Path, tmp_path: Path) -> None:
    folder, data = tmp_path / "models", tmp_path / "data"
    folder.mkdir()
    data.mkdir()
    write_fer2013(data, per_label=FEW_FACES)
    model, known = folder / converted.name, json.loads(card_path(converted).read_text())
    model.write_bytes(converted.read_bytes())
    fitted = []
    for changed in ({}, {"temperature": 3.0, "bias": [0.5] * 7}):
        card_path(model).write_text(json.dumps(known | changed))
        assert main(["calibrate", f"--model={model}", f"--data={data}"]) == 0
        fitted.append(json.loads(card_path(model).read_text()))
    assert fitted[0] == fitted[1]
    assert set(folder.iterdir()) == {model, card_path(model)}


def test_calibrating_on_few_faces_measures_and_keeps_the_rest(converted: Path, home: Path, tmp_path: Path) -> None:
    model, before = tmp_path / converted.name, json.loads(card_path(converted).read_text())
    model.write_bytes(converted.read_bytes())
    card_path(model).write_text(json.dumps(before | {"metrics": {**before["metrics"], "faces": 0}}))
    assert main(["calibrate", f"--model={model}", f"--data={home / 'data'}"]) == 0
    before["metrics"]["float32"] = {"everyday": before["metrics"]["float32"]["everyday"]}
    assert json.loads(card_path(model).read_text()) == before


def test_it_answers_like_the_network(converted: Path, home: Path) -> None:
    network = load_float32(home / "run")
    faces = read_source(home / "data")["PrivateTest"].images[:20]
    classifier = EmotionClassifier(converted)
    for face in faces:
        expected = network(face[None, ..., None].astype(np.float32)).numpy()[0]
        np.testing.assert_allclose(classifier.logits(face), expected, atol=0.1 * np.ptp(expected))


def test_the_card_says_what_it_is(converted: Path) -> None:
    card = json.loads(converted.with_suffix(".json").read_text())
    assert card["name"] == "tiny"
    assert card["labels"] == list(LABELS)
    assert card["training"]["commit"] == "abc"
    assert card["training"]["calibration_pictures"] == 58
    assert card["parameters"] > 0
    assert card["multiply_accumulates"] > 0
    assert card["size_bytes"] == converted.stat().st_size
    assert 0 <= card["uncertain_below"] <= 1
    assert card["metrics"]["everyday"]["accuracy"]["low"] <= card["metrics"]["everyday"]["accuracy"]["value"]
    assert len(card["metrics"]["corruptions"]["accuracy"]) == 14
    assert card["metrics"]["float32"]["faces"] == card["metrics"]["faces"] == 56
    assert "research" in card["licence"]
    assert any("AI Act" in limit for limit in card["limits"])


def test_nothing_is_left_behind_and_the_page_of_models_is_made_anew(converted: Path) -> None:
    names = {path.name for path in converted.parent.iterdir()}
    assert {"tiny.tflite", "tiny.json", "README.md", "charts"} <= names
    charts = {path.name for path in (converted.parent / "charts").iterdir()}
    assert charts == {f"tiny.{chart}.svg" for chart in ("recall", "corruptions", "agreement")}
    assert not [name for name in names if name.startswith(".")]
    sha256 = json.loads(converted.with_suffix(".json").read_text())["sha256"]
    assert sha256 in (converted.parent / "README.md").read_text()


def test_the_report_compares_float_and_int8(
    converted: Path, home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["report", f"--run={home / 'run'}", f"--model={converted}", f"--data={home / 'data'}"]
    assert main([*options, "--limit-points=100"]) == 0
    result = json.loads(converted.with_suffix(".report.json").read_text())
    assert 0 <= result["equal_decisions"] <= 1
    assert result["int8"]["size_bytes"] < result["float"]["size_bytes"]
    assert result["operators"]["CONV_2D"] > 0
    assert capsys.readouterr().out == converted.with_suffix(".report.md").read_text()
    faces = read_source(home / "data")["PrivateTest"].labelled()
    classifier = EmotionClassifier(converted)
    alone = np.array([classifier.logits(face) for face in faces.images])
    confidence, right = probabilities(alone, 1.0).max(axis=1), alone.argmax(axis=1) == faces.labels
    before = calibration_error(confidence, right)
    assert result["int8"]["calibration_error_before"] == pytest.approx(before, abs=1e-4), "without the card's bias"
    assert result["int8"]["has_bias"]
    assert main([*options, "--limit-points=-101"]) == 1


def test_a_run_on_ones_own_pictures_needs_nothing_else(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer than the committed choice asks for, and some emotions without any."""
    for label in ("happy", "sad", "neutral"):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for number in range(14):
            image = np.random.default_rng(number).integers(0, 256, (48, 48)).astype(np.uint8)
            cv2.imwrite(str(tmp_path / "faces" / label / f"{number}.png"), image)
    shutil.copytree(home / "run", tmp_path / "run")
    facts = json.loads((home / "run" / FACTS).read_text())
    (tmp_path / "run" / FACTS).write_text(json.dumps({**facts, "recipe": {"epochs": 1, "start": "emotion"}}))
    again = {**facts, "recipe": {"epochs": 1, "start": str(tmp_path / "first")}}
    (tmp_path / "first").mkdir()
    (tmp_path / "run" / FACTS).rename(tmp_path / "first" / FACTS)
    (tmp_path / "run" / FACTS).write_text(json.dumps(again))
    places = [f"--data={tmp_path / 'faces'}", f"--run={tmp_path / 'run'}", f"--out={tmp_path}"]
    assert main(["convert", "--name", "mine", *places]) == 0
    card = json.loads((tmp_path / "mine.json").read_text())
    assert "weights of `emotion`" in card["origin"]["made"]
    assert card["training"]["calibration_pictures"] == 2 + 3 * 10
    assert card["metrics"]["faces"] == 6
    assert not (tmp_path / "README.md").exists(), "a page of models is written where one is kept"
    assert card["uncertain"] == {"rule": "as in the card of emotion"}
    assert "as in the card of emotion." in " ".join(cards.failures(card))
    monkeypatch.chdir(tmp_path / "faces")
    assert main(["report", f"--model={tmp_path / 'mine.tflite'}", "--limit-points=100", "--data=.", places[1]]) == 0
    result = json.loads((tmp_path / "mine.report.json").read_text())
    assert result["split"] == "faces, PrivateTest, everyday base rates"


def test_a_run_of_fer2013s_own_labels_is_measured_by_them(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "run", tmp_path / "run")
    facts = json.loads((home / "run" / FACTS).read_text())
    recipe = {"epochs": 1, "own_labels": 0.7}
    (tmp_path / "run" / FACTS).write_text(json.dumps({**facts, "recipe": recipe}))
    places = [f"--data={home / 'data'}", f"--run={tmp_path / 'run'}"]
    calibrated = f"--calibration={home / 'rows.csv'}"
    assert main(["convert", "--name", "words", *places, calibrated, f"--out={tmp_path}", "--split=PublicTest"]) == 0
    card = json.loads((tmp_path / "words.json").read_text())
    assert card["metrics"]["truth"] == "FER2013's own labels"
    assert card["metrics"]["split"] == "PublicTest"
    assert "authors_majority" not in card["metrics"]
    assert "use `emotion`" in card["intended_use"]
    assert cards.headline(card["metrics"])[0][0].startswith("right by FER2013's own labels, of 56 faces (PublicTest)")
    assert main(["report", f"--model={tmp_path / 'words.tflite'}", "--limit-points=100", *places]) == 0
    result = json.loads((tmp_path / "words.report.json").read_text())
    assert result["split"] == "FER2013's own labels, PrivateTest, everyday base rates"


def test_a_run_of_fer2013_without_votes_is_converted(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "run", tmp_path / "run")
    (tmp_path / "data").mkdir()
    shutil.copy(home / "data" / "fer2013.csv", tmp_path / "data")
    facts = json.loads((home / "run" / FACTS).read_text())
    (tmp_path / "run" / FACTS).write_text(json.dumps({**facts, "recipe": {"epochs": 1, "own_labels": 1.0}}))
    places = [f"--data={tmp_path / 'data'}", f"--run={tmp_path / 'run'}", f"--out={tmp_path}"]
    assert main(["convert", "--name", "words", *places]) == 0
    card = json.loads((tmp_path / "words.json").read_text())
    assert card["metrics"]["truth"] == "FER2013's own labels"
    assert "votes" not in card["origin"]


def test_a_table_that_is_no_text_is_one_line(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "people.csv"
    table.write_bytes("path,emotion\nmüde.png,happy\n".encode("latin-1"))
    for changed in ({"data": table}, {"calibration": table}):
        assert convert(home, out=tmp_path / "models", **changed) == 2
        assert f"quantize: {table}: not a text file in UTF-8" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("seed", ["-1", "4294967296", "one"])
def test_a_seed_is_a_number_that_numpy_takes(home: Path, seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["choose", f"--data={home / 'data'}", "--seed", seed])
    assert f"'{seed}' is no whole number from 0 to 4294967295" in capsys.readouterr().err


def test_a_float_file_is_refused(home: Path) -> None:
    with pytest.raises(ConversionError, match=r"not all integers after conversion: .*CONV_2D.* compute in float"):
        check_integers(float_content(load_float32(home / "run")))


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"run": "nowhere"}, "is not a trained network"),
        ({"data": "nowhere"}, "nowhere is missing"),
        ({"calibration": "nowhere"}, "is missing; make it with"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str], complaint: str
) -> None:
    out = tmp_path / "models"
    paths = {key: tmp_path / value for key, value in changed.items()}
    assert convert(home, out=out, **paths) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("quantize: ")
    assert complaint in last
    assert not out.exists()
