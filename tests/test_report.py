"""The report on any classifier: what it writes, and what it refuses in one line without writing anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="conversion needs the training extra: pip install -e .[training]")
pytest.importorskip("keras", reason="conversion needs the training extra: pip install -e .[training]")

import keras
from keras import layers

from quantize.__main__ import main
from quantize.converter import float_content, int8_content

# Keras reads TensorFlow's tensors in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLASSES = ("dark", "grey", "white")
SIDE = 16


def pictures_of(level: int, count: int) -> np.ndarray:
    """(count, S, S) uint8 noise around a level of grey."""
    noise = np.random.default_rng(level).integers(-30, 31, (count, SIDE, SIDE))
    return np.clip(noise + level, 0, 255).astype(np.uint8)


PICTURES = np.concatenate([pictures_of(level, 12) for level in (30, 120, 220)])


def network(seed: int, classes: int = len(CLASSES), softmax: bool = True) -> keras.Model:
    """Random convolutions; the dense layer is fitted to the pictures by least squares."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((SIDE, SIDE, 1))
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Conv2D(12, 3, activation="relu", padding="same", bias_initializer="random_normal")(x)
    x = layers.Conv2D(12, 3, activation="relu", padding="same", bias_initializer="random_normal")(x)
    features = layers.GlobalAveragePooling2D()(x)
    dense = layers.Dense(classes, activation="softmax" if softmax else None)
    model = keras.Model(pixels, dense(features))
    seen = keras.Model(pixels, features)(PICTURES[..., None].astype(np.float32)).numpy()
    design = np.hstack([seen, np.ones((len(seen), 1), np.float32)])
    wanted = 6 * np.eye(classes)[np.repeat(range(len(CLASSES)), 12)]
    solved = np.linalg.lstsq(design, wanted, rcond=1e-4)[0]
    dense.set_weights([solved[:-1], solved[-1]])
    return model


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """float.keras and int8.tflite of one network, others that do not belong to it, and pictures/<class>/*.png."""
    folder = tmp_path_factory.mktemp("foreign")
    ours = network(1)
    ours.save(folder / "float.keras")
    (folder / "float.tflite").write_bytes(float_content(ours))
    (folder / "int8.tflite").write_bytes(int8_content(ours, PICTURES))
    (folder / "truncated.tflite").write_bytes((folder / "int8.tflite").read_bytes()[:-2000])
    (folder / "other.tflite").write_bytes(int8_content(network(2), PICTURES))
    (folder / "four.tflite").write_bytes(int8_content(network(1, classes=4), PICTURES))
    (folder / "broken.keras").write_bytes(b"not a network")
    (folder / "empty").mkdir()
    for number, picture in enumerate(PICTURES):
        place = folder / "pictures" / CLASSES[number // 12]
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{number}.png"), picture)
    return folder


def report(home: Path, out: Path, **changed: str) -> int:
    options = {"float": "float.tflite", "int8": "int8.tflite", "data": "pictures"} | changed
    paths = [f"--{key}={home / value if key != 'labels' else value}" for key, value in options.items()]
    return main(["report", f"--out={out}", "--limit-points=50", *paths])


def test_any_classifier_gets_its_page(home: Path, tmp_path: Path) -> None:
    assert report(home, tmp_path) == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"int8.report.{kind}" for kind in ("json", "md", "html")}
    result = json.loads((tmp_path / "int8.report.json").read_text())
    assert result["labels"] == list(CLASSES)
    assert result["faces"] == 36
    assert result["float"]["accuracy"]["value"] > 0.9
    assert result["equal_decisions"] > 0.9
    assert result["weight_correlation"] > 0.999
    assert result["multiply_accumulates"] == SIDE * SIDE * 9 * (12 + 144) + 36
    assert all(layer["snr_db"] > 10 for layer in result["layers"][:-1])
    assert [(one["batch"], one["threads"]) for one in result["latency"]] == [(b, t) for b in (1, 2, 4) for t in (1, 2)]
    page = (tmp_path / "int8.report.html").read_text()
    assert "<script" not in page
    assert not re.search(r"(src|href|url\()\s*=?\s*[\"']?https?:", page)


def test_the_data_has_a_name_where_it_is_here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home / "pictures")
    files = [f"--{kind}={home / kind}.tflite" for kind in ("float", "int8")]
    assert main(["report", "--data=.", f"--out={tmp_path}", "--limit-points=50", *files]) == 0
    assert "the folder pictures, 36 pictures" in (tmp_path / "int8.report.md").read_text()


def test_a_keras_file_serves_as_well(home: Path, tmp_path: Path) -> None:
    assert report(home, tmp_path, float="float.keras") == 0


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"int8": "other.tflite"}, "do not belong together: their weights correlate by"),
        ({"int8": "four.tflite"}, "do not belong together: (1, 16, 16, 1) to 3 classes, and (1, 16, 16, 1) to 4"),
        ({"labels": "white,grey,dark"}, "another order: the float network is right in"),
        ({"labels": "dark,grey"}, "white is none of the labels dark, grey"),
        ({"labels": "dark,grey,white,black"}, "the network answers 3 classes, but there are 4"),
        ({"int8": "float.tflite"}, "takes float32 input, the int8 file of a report must take int8 input"),
        ({"float": "int8.tflite"}, "takes int8 input, the float file of a report must take float input"),
        ({"data": "empty"}, "holds no pictures"),
        ({"data": "nowhere"}, "holds no pictures"),
        ({"int8": "truncated.tflite"}, "the interpreter refuses this file"),
        ({"int8": "nowhere.tflite"}, "is missing"),
        ({"float": "broken.keras"}, "is not a trained network"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str], complaint: str
) -> None:
    out = tmp_path / "out"
    assert report(home, out, **changed) == 2
    captured = capsys.readouterr()
    last = captured.err.splitlines()[-1]
    assert last.startswith("quantize: ")
    assert complaint in last
    assert captured.out == ""
    assert not out.exists()


def test_the_order_it_names_is_the_right_one(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(home, tmp_path, labels="white,grey,dark") == 2
    assert "--labels dark,grey,white" in capsys.readouterr().err


def test_the_two_ways_to_name_models_do_not_mix(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", f"--data={home}"]) == 2
    assert main(["report", f"--data={home}", f"--float={home}", f"--run={home}"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
