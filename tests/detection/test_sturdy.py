"""YuNet taught by itself: views in bad light, the loss, and a few steps from weights of its own shapes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.detection.photographs import write_table

torch = pytest.importorskip("torch", reason="needs the extra torch: pip install -e .[torch]")
pytest.importorskip("onnx", reason="needs the training extra: pip install -e .[training]")

from training.detection import sturdy, weights  # noqa: E402
from training.detection.bad_light import UNTOUCHED, seen_in_bad_light  # noqa: E402
from training.detection.yunet import YuNet  # noqa: E402
from training.errors import DataError  # noqa: E402

PORTRAIT = Path(__file__).parents[2] / "edge" / "assets" / "portrait.jpg"


def shapes() -> list[tuple[tuple[int, ...], int]]:
    """Of YuNet's kernels, and how many biases: the stem, 15 units of the backbone and neck, 12 of the heads."""

    def unit(taken: int, given: int) -> list[tuple[tuple[int, ...], int]]:
        return [((given, taken, 1, 1), given), ((given, 1, 3, 3), given)]

    backbone = [(16, 16), (16, 16), (16, 64), (64, 64), (64, 64), *[(64, 64)] * 6]
    heads = [(64, given) for given in (1, 4, 1, 10) for _ in range(3)]
    stem = [((16, 3, 3, 3), 16)]
    return [*stem, *(shape for pair in [*backbone, *[(64, 64)] * 3, *heads] for shape in unit(*pair))]


@pytest.fixture
def made_up() -> list[weights.Convolution]:
    random = np.random.default_rng(1)
    return [
        (random.normal(0, 0.3, kernel).astype(np.float32), np.zeros(biases, np.float32)) for kernel, biases in shapes()
    ]


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return cv2.imread(str(PORTRAIT))


def test_bad_light_changes_most_pictures_and_keeps_their_form(portrait: np.ndarray):
    random = np.random.default_rng(1)
    seen = [seen_in_bad_light(portrait, random) for _ in range(60)]
    assert {picture.shape for picture in seen} == {portrait.shape}
    assert {picture.dtype for picture in seen} == {np.dtype(np.uint8)}
    same = np.mean([np.array_equal(picture, portrait) for picture in seen])
    assert 0.3 * UNTOUCHED < same < 3 * UNTOUCHED
    grey = np.mean([np.ptp(picture.astype(int), axis=2).max() == 0 for picture in seen])
    assert 0.15 < grey < 0.6
    assert min(picture.mean() for picture in seen) < 0.5 * portrait.mean()


def test_a_view_has_the_networks_size_and_depends_on_the_seed_only(portrait: np.ndarray):
    pictures = sturdy.Pictures([portrait, portrait[:100]], [True, False], seed=3)
    good, bad, showing = pictures.batch(7)
    again, *_ = pictures.batch(7)
    other, *_ = pictures.batch(8)
    assert good.shape == bad.shape == (sturdy.BATCH, 3, sturdy.HEIGHT, sturdy.WIDTH)
    assert torch.equal(good, again)
    assert not torch.equal(good, other)
    assert not torch.equal(good, bad)
    assert 0 < showing.sum() < len(showing)


def test_to_agree_costs_nothing_and_to_differ_costs_something(made_up: list[weights.Convolution]):
    network = YuNet(made_up)
    with torch.no_grad():
        answers = network(torch.rand(1, 3, 64, 96) * 255)
    assert answers.shape == (1, 8 * 12 + 4 * 6 + 2 * 3, 16)
    there, nowhere = torch.tensor([True]), torch.tensor([False])
    assert sturdy.imitation_loss(answers, answers, there).item() == pytest.approx(0, abs=1e-5)
    assert sturdy.imitation_loss(answers + 1, answers, there).item() > 0.01
    assert sturdy.imitation_loss(answers, answers, nowhere).item() > 0.01


def test_a_few_steps_move_the_weights_halfway(
    made_up: list[weights.Convolution], portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sturdy, "BATCH", 2)
    result = sturdy.taught(made_up, sturdy.Pictures([portrait], [True], seed=1), steps=3)
    assert [(kernel.shape, len(bias)) for kernel, bias in result] == shapes()
    moved = max(float(np.abs(new - old).max()) for (new, _), (old, _) in zip(result, made_up, strict=True))
    assert 0 < moved < 1e-3


def test_weights_are_kept_in_order(made_up: list[weights.Convolution], tmp_path: Path):
    weights.save(tmp_path / "yunet.npz", made_up)
    for (kernel, bias), (old, old_bias) in zip(weights.load(tmp_path / "yunet.npz"), made_up, strict=True):
        assert np.array_equal(kernel, old)
        assert np.array_equal(bias, old_bias)
    (tmp_path / "other.npz").write_bytes(b"nothing")
    for name in ("other.npz", "missing.npz"):
        with pytest.raises(DataError, match=f"{name}: no weights that can be read"):
            weights.load(tmp_path / name)


def test_pictures_kept_aside_do_not_train(tmp_path: Path):
    write_table(tmp_path, 52)
    assert 0 < len(sturdy.read(tmp_path, 1)._pictures) < 52


def test_a_folder_without_pictures_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "other.onnx").write_bytes(b"onnx")
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "out.npz"), "--source", str(tmp_path / "other.onnx")]
    assert sturdy.main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out.npz").exists()
