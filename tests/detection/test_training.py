"""A face detector's run: its network, loss and twin; the command trains, and a killed run ends like an unbroken one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is optional: pip install -e .[torch]")
pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

import keras
import torch
from keras import layers

from tests.detection.photographs import write_table
from training.detection.losses import detection_loss
from training.detection.network import VALUES, detector
from training.detection.targets import COLUMNS, FACE, TARGET_BOX, TARGET_POINTS, WEIGHT, Grids
from training.twin import Twin

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = {"stem": 4, "quarter": 8, "widths": (8, 8, 8), "neck": 8}


@pytest.fixture
def network() -> keras.Model:
    """Its batch statistics are those of a trained one: none is 0 or 1."""
    model = detector(None, None, **SMALL)
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, value.shape) for value in layer.get_weights()])
    return model


def test_the_twin_of_a_detector_computes_what_keras_computes(network: keras.Model) -> None:
    pixels = np.random.default_rng(1).uniform(0, 255, (2, 96, 128, 1)).astype(np.float32)
    twin = Twin(network).eval()
    twin.read(network)
    with torch.inference_mode():
        ours = twin(torch.from_numpy(pixels).permute(0, 3, 1, 2)).numpy()
    theirs = keras.ops.convert_to_numpy(network(pixels, training=False))
    assert ours.shape == (2, 12 * 16 + 6 * 8 + 3 * 4, VALUES)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())
    other = detector(None, None, **SMALL)
    twin.write(other)
    for expected, actual in zip(network.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_a_fixed_odd_size_answers_like_the_padded_one(network: keras.Model) -> None:
    """240 rows are 7.5 cells of 32: what lies far from the lower edge is the same as in a picture of 256 rows."""
    fixed = detector(240, 320, **SMALL)
    fixed.set_weights(network.get_weights())
    pixels = np.random.default_rng(1).uniform(0, 255, (1, 256, 320, 1)).astype(np.float32)
    short = keras.ops.convert_to_numpy(fixed(pixels[:, :240], training=False))[0]
    full = keras.ops.convert_to_numpy(network(pixels, training=False))[0]
    assert len(short) == 30 * 40 + 15 * 20 + 8 * 10
    np.testing.assert_allclose(short[: 8 * 40], full[: 8 * 40], atol=1e-4 * np.abs(full).max())


def test_the_right_answer_costs_least() -> None:
    grids = Grids(96, 96)
    boxes = np.array([[10, 12, 40, 50], [50, 50, 62, 64]], np.float32)
    points = np.stack([np.linspace(box[:2], box[2:], 5) for box in boxes]).astype(np.float32)
    rows = torch.from_numpy(grids.targets(boxes, points, np.zeros(2, bool), np.ones(2, np.float32)))[None]
    answers = torch.zeros(*rows.shape[:2], VALUES)
    answers[..., 0] = torch.where(rows[..., FACE] > 0, 8.0, -8.0)
    answers[..., 1:5], answers[..., 5:] = rows[..., TARGET_BOX], rows[..., TARGET_POINTS]
    right = float(detection_loss(answers, rows))
    assert right < 0.01
    for changed, by in ((0, 8), (1, 1), (3, 1), (5, 1)):
        wrong = answers.clone()
        wrong[..., changed] += by
        assert float(detection_loss(wrong, rows)) > right + 0.01


def test_a_batch_without_faces_has_a_loss() -> None:
    rows = torch.zeros(1, 20, COLUMNS)
    rows[..., WEIGHT] = 1
    assert 0 < float(detection_loss(torch.zeros(1, 20, VALUES), rows)) < 20


def test_the_command_trains_and_a_killed_run_ends_like_an_unbroken_one(tmp_path: Path) -> None:
    write_table(tmp_path / "data", 52)
    run_smoke(tmp_path, "unbroken")
    run_smoke(
        tmp_path, "broken", after="os.replace = lambda a, b, r=os.replace: (r(a, b), 'state' in str(b) and os._exit(9))"
    )
    run_smoke(tmp_path, "broken")
    one, other = (torch.load(tmp_path / run / "state.pt", weights_only=True) for run in ("unbroken", "broken"))
    for name, value in one["average"].items():
        assert torch.equal(value, other["average"][name]), name
    facts = json.loads((tmp_path / "unbroken" / "run.json").read_text())
    assert facts["training"]["pictures_with_faces"] + facts["training"]["pictures_without"] < 52
    assert (tmp_path / "unbroken" / "curves.png").is_file()


def run_smoke(folder: Path, run: str, after: str = "") -> None:
    """Train the smoke recipe; `after` are statements that make the process end early."""
    code = f"import os, sys; {after}\nfrom training.__main__ import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["train", "face_smoke", "--data", str(folder / "data"), "--run", str(folder / run)]
    environment = os.environ | {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == (9 if after else 0), done.stderr
