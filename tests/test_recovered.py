"""Shipped models as networks to train on: they answer as the device does, and learn from a few pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

from edge.emotion.classifier import EmotionClassifier
from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from training.__main__ import main
from training.networks import multiply_accumulates
from training.recovered import recovered

# Keras reads TensorFlow's tensors in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_a_recovered_network_answers_as_the_device_does() -> None:
    path = find_model("emotion")
    classifier, network = EmotionClassifier(path), recovered(path)
    assert multiply_accumulates(network) == classifier.card["multiply_accumulates"]
    random = np.random.default_rng(0)
    faces = [cv2.resize(random.integers(0, 256, (6, 6)).astype(np.uint8), (48, 48)) for _ in range(12)]
    expected = np.stack([classifier.logits(face) for face in faces])
    actual = network.predict(np.stack(faces)[..., None].astype(np.float32), verbose=0)
    np.testing.assert_allclose(actual, expected, atol=0.15 * np.ptp(expected))
    assert recovered(path, side=None).input_shape == (None, None, None, 1)


def test_finetuning_on_a_few_recorded_faces_of_some_emotions(tmp_path: Path) -> None:
    """As the device records them. The emotions without pictures keep a base rate: the model itself is a teacher."""
    random = np.random.default_rng(0)
    for emotion in ("happy", "sad"):
        folder = tmp_path / "faces" / emotion
        folder.mkdir(parents=True)
        for index in range(10):
            picture = random.integers(0, 256, (48, 48)).astype(np.uint8)
            cv2.imwrite(str(folder / f"20261122T1504{index:02d}.123Z_{index}.png"), picture)
    run = tmp_path / "run"
    command = ["train", "finetune", "--data", str(tmp_path / "faces"), "--run", str(run)]
    assert main([*command, "--set", "epochs=1", "batch_size=8"]) == 0
    facts = json.loads((run / "run.json").read_text())
    assert facts["training"]["faces"] == 14
    rates = dict(zip(LABELS, facts["training"]["base_rates"], strict=True))
    assert rates["happy"] > 0.25
    assert sum(rates.values()) == pytest.approx(1, abs=1e-3)
    assert (run / "best.keras").exists()
