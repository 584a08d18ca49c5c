"""YuNet: the shipped file, and made again from OpenCV's weights where their package is installed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.config import FaceConfig
from edge.detectors import open_detector
from edge.emotion.card import load_verified
from edge.types import Face, Image
from tests.detection.photographs import write_table

ROOT = Path(__file__).parents[1]
MODELS = [ROOT / "models" / f"{name}.tflite" for name in ("face", "face-far")]
PORTRAIT = ROOT / "edge" / "assets" / "portrait.jpg"

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module", params=MODELS, ids=[model.stem for model in MODELS])
def model(request: pytest.FixtureRequest) -> Path:
    return request.param


def found(model: Path, picture: Image) -> list[Face]:
    return open_detector(FaceConfig(str(model))).detect(picture)


@pytest.fixture(scope="module")
def portrait() -> Image:
    picture = cv2.imread(str(PORTRAIT))
    assert picture is not None
    return picture  # type: ignore[return-value]


def test_the_shipped_card_says_where_it_comes_from_and_how_good_it_is(model: Path) -> None:
    _, card = load_verified(model)
    assert card["licence"] == "MIT"
    assert card["origin"]["file"] == "face_detection_yunet_2023mar.onnx"
    assert set(card["metrics"]["at_min_score"]) == {"0.5", "0.6"}


@pytest.mark.parametrize("grey", [False, True])
def test_it_finds_the_one_face_of_the_portrait_and_its_points(model: Path, portrait: Image, grey: bool) -> None:
    (face,) = found(model, cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY) if grey else portrait)
    left, right, nose, mouth = face.points
    assert left[0] < nose[0] < right[0]
    assert max(left[1], right[1]) < nose[1] < mouth[1]
    assert face.box.x0 < left[0] < right[0] < face.box.x1


def test_it_finds_faces_of_every_size(model: Path, portrait: Image) -> None:
    for share in (0.3, 0.5, 0.8):  # the face is 28 to 74 pixels wide
        small = cv2.resize(portrait, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        scene = np.full((480, 640, 3), 90, np.uint8)
        scene[60 : 60 + len(small), 60 : 60 + len(small)] = small
        assert len(found(model, scene)) == 1


@pytest.mark.parametrize("shape", [(480, 640, 3), (50, 600, 3), (600, 50), (1, 1, 3)])
def test_a_picture_of_any_size_and_depth_without_a_face(model: Path, shape: tuple[int, ...]) -> None:
    assert found(model, np.full(shape, 128, np.uint8)) == []


@pytest.fixture(scope="module")
def yunet() -> object:
    pytest.importorskip("tensorflow", reason="converting needs the training extra: pip install -e .[training]")
    pytest.importorskip("onnx", reason="converting needs the training extra: pip install -e .[training]")
    from quantize import yunet

    return yunet


@pytest.fixture(scope="module")
def onnx_file(yunet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.packaged import SourceMissingError

    path = tmp_path_factory.mktemp("yunet") / yunet.SOURCE.name
    try:
        path.write_bytes(yunet.SOURCE.read(None))
    except SourceMissingError as err:
        pytest.skip(str(err))
    return path


def test_the_network_answers_as_opencv_does(yunet, onnx_file: Path, portrait: Image) -> None:
    from edge.detectors.anchor_free import cell_centres, decoded, joint

    picture = cv2.resize(portrait, (320, 256), interpolation=cv2.INTER_AREA)
    network = yunet.network(yunet.convolutions(onnx_file.read_bytes()), 256, 320)
    answers = [np.asarray(grid)[0] for grid in network(picture[None].astype(np.float32))]
    best = []
    for stride, scores, boxes, points in zip((8, 16, 32), *(answers[part::3] for part in range(3)), strict=True):
        logits = joint(scores.reshape(-1, 2))
        cell = int(logits.argmax())
        centre = cell_centres(*scores.shape[:2], stride)[cell : cell + 1]
        pairs = decoded(boxes.reshape(-1, 4)[[cell]], points.reshape(-1, 10)[[cell]], centre, np.float32([stride]))
        best.append((1 / (1 + np.exp(-logits[cell])), pairs[0]))
    score, pairs = max(best, key=lambda one: one[0])
    _, rows = cv2.FaceDetectorYN.create(str(onnx_file), "", (320, 256), 0.6).detect(picture)
    x, y, width, height = rows[0, :4]
    # A pixel apart: OpenCV pads the picture on all sides, TensorFlow below and right.
    assert pairs[:2] == pytest.approx(np.array([[x, y], [x + width, y + height]]), abs=2)
    assert pairs[2:5] == pytest.approx(rows[0, 4:10].reshape(3, 2), abs=2)
    assert score == pytest.approx(rows[0, 14], abs=0.02)


def test_made_again_it_is_all_integers_and_opens_on_the_device(yunet, onnx_file: Path, tmp_path: Path) -> None:
    from quantize.operators import float_operators

    write_table(tmp_path / "data", 52)
    arguments = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "models"), "--source", str(onnx_file)]
    assert yunet.main([*arguments, "--name", "again"]) == 0
    for name in ("again", "again-far"):
        model = tmp_path / "models" / f"{name}.tflite"
        assert float_operators(model.read_bytes()) == []
        assert set(load_verified(model)[1]["metrics"]["kept_aside"]) == {"int8", "float32"}
        assert isinstance(open_detector(FaceConfig(str(model))).detect(np.zeros((100, 300, 3), np.uint8)), list)


def test_another_file_is_refused(yunet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"onnx")
    assert yunet.main(["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--source", str(other)]) == 2
    assert "checksum" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
