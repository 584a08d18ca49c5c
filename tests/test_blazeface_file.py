"""Making models/blazeface.*: only the file that was examined, with a card the device can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.detectors.blazeface import BlazeFace
from edge.emotion.card import load_verified
from edge.emotion.tflite import TfliteModel
from quantize.blazeface import SOURCE, main
from quantize.blazeface_int8 import CalibrationError, calibration_inputs, plain_float32, quantized
from quantize.operators import operators
from training.packaged import SourceMissingError

MODEL = Path(__file__).parents[1] / "models" / "blazeface.tflite"


@pytest.fixture(scope="module")
def googles() -> bytes:
    """The float16 file as Google made it."""
    try:
        return SOURCE.read(None)
    except SourceMissingError as err:
        pytest.skip(str(err))


def test_the_shipped_file_is_int8_but_for_its_last_two_convolutions() -> None:
    content, _ = load_verified(MODEL)
    convolutions = [operator for operator in operators(content) if "CONV" in operator.name]
    assert [operator.floats for operator in convolutions].count(True) == 2
    assert TfliteModel(content, "int8").input_quantization().dtype == np.int8


def test_the_shipped_card_says_where_it_comes_from_and_how_good_it_is() -> None:
    _, card = load_verified(MODEL)
    assert card["licence"] == "Apache-2.0"
    assert card["origin"]["sha256"] == SOURCE.sha256
    assert set(card["metrics"]["at_min_score"]) == {"0.5", "0.6"}


def test_made_again_as_google_made_it(googles: bytes, tmp_path: Path) -> None:
    source = tmp_path / "google.tflite"
    source.write_bytes(googles)
    assert main(["--out", str(tmp_path / "models"), "--source", str(source)]) == 0
    assert (tmp_path / "models" / "blazeface.tflite").read_bytes() == googles
    BlazeFace(tmp_path / "models" / "blazeface.tflite", 0.6, 20, 10)


def test_another_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(b"TFL3")
    assert main(["--out", str(tmp_path), "--source", str(other)]) == 2
    assert "checksum" in capsys.readouterr().err
    assert not (tmp_path / "blazeface.tflite").exists()


@pytest.fixture(scope="module")
def plain(googles: bytes) -> bytes:
    return plain_float32(googles)


@pytest.fixture(scope="module")
def noise() -> list[np.ndarray]:
    random = np.random.default_rng(1)
    return [random.uniform(-1, 1, (1, 192, 192, 3)).astype(np.float32) for _ in range(3)]


def test_unpacking_and_fusing_change_nothing(googles: bytes, plain: bytes, noise: list[np.ndarray]) -> None:
    assert {"DEQUANTIZE", "RELU"} & {operator.name for operator in operators(plain)} == set()
    before, after = TfliteModel(googles, "before"), TfliteModel(plain, "after")
    for batch in noise:
        for one, other in zip(before.run(batch), after.run(batch), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.filterwarnings("ignore")
def test_all_but_the_last_two_convolutions_become_int8(plain: bytes, noise: list[np.ndarray]) -> None:
    pytest.importorskip("ai_edge_quantizer", reason="ai-edge-quantizer is not installed")
    content = quantized(plain, noise)
    convolutions = [operator for operator in operators(content) if "CONV" in operator.name]
    assert [operator.floats for operator in convolutions].count(True) == 2
    assert TfliteModel(content, "int8").input_quantization().dtype == np.int8


def test_too_few_calibration_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="holds 0 pictures"):
        calibration_inputs(tmp_path, 192)
