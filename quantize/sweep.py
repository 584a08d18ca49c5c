"""How many calibration faces are enough: the same network converted with more and more of them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from edge.emotion.labels import LABELS
from edge.emotion.tflite import TfliteModel
from quantize.calibration import choose, representative
from quantize.convert import float_content, int8_content, load_float32
from training.data import FaceSet
from training.metrics import paired_difference

log = logging.getLogger(__name__)

SIZES = (50, 100, 200, 500, 1000, 2000)
"""Faces; a label with fewer than its seventh gives what it has."""


def sweep(run: Path, splits: dict[str, FaceSet]) -> list[dict[str, Any]]:
    """For each size what int8 changes on PublicTest, where choices are made. Raises DataError for an unusable run."""
    model = load_float32(run)
    faces = splits["PublicTest"].labelled()
    truth = _answers(float_content(model), faces.images)
    rarest = min(int((splits["Training"].labels == label).sum()) for label in range(len(LABELS)))
    result = []
    for size in SIZES:
        choices = choose(splits["Training"], per_label=min(size // len(LABELS), rarest))
        logits = _answers(int8_content(model, representative(splits["Training"], choices)), faces.images)
        one, other = (answer.argmax(axis=1) for answer in (truth, logits))
        result.append(
            {
                "faces": len(choices),
                "difference": paired_difference(one == faces.labels, other == faces.labels),
                "equal_decisions": float((one == other).mean()),
                "snr_db": float(10 * np.log10((truth**2).sum() / ((truth - logits) ** 2).sum())),
            }
        )
        log.info("%d calibration faces: %.2f %% equal decisions", len(choices), 100 * result[-1]["equal_decisions"])
    return result


def _answers(content: bytes, images: np.ndarray) -> np.ndarray:
    network = TfliteModel(content, "the converted network")
    into, out = network.input_quantization(), network.output_quantization()
    shape = network.input_shape
    return np.stack(
        [out.dequantize(network.run(into.quantize(image.reshape(shape).astype(np.float32)))[0][0]) for image in images]
    )
