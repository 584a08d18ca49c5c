"""From face crops to calibrated probabilities, through the int8 model and its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.emotion.card import Card, check_emotion_card, load_verified
from edge.emotion.labels import LABELS
from edge.emotion.tflite import TfliteModel
from edge.errors import ModelError

MOST_AT_ONCE = 16
"""Faces in one pass: more only cost memory."""


class EmotionClassifier:
    """The emotion model as the device runs it. The quantization reports measure through this class, too."""

    def __init__(
        self,
        model: Path,
        base_rates: str | tuple[float, ...] = "everyday",
        threads: int = 1,
        *,
        loaded: tuple[bytes, Card] | None = None,
    ) -> None:
        """base_rates: 'everyday' (as trained), 'balanced' (all alike) or seven numbers. Raises ModelError.

        loaded: the model's bytes and card, where they are not to be read from its file.
        """
        content, self.card = loaded or load_verified(model)
        check_emotion_card(self.card, model)
        self._model = TfliteModel(content, str(model), threads)
        _, height, width, channels = self._model.input_shape if len(self._model.input_shape) == 4 else (0, 0, 0, 0)
        if channels != 1 or height != width:
            raise ModelError(f"{model} takes input {self._model.input_shape}, not one grey square face")
        answers = tuple(int(length) for length in self._model.outputs[0]["shape"])
        if answers != (1, len(LABELS)):
            raise ModelError(f"{model} answers with shape {answers}, not one value for each of {len(LABELS)} labels")
        self.size = height
        """Side of a face crop in pixels."""
        self._input = self._model.input_quantization()
        self._output = self._model.output_quantization()
        self._temperature = float(self.card["temperature"])
        self._offsets = log_offsets(self.card, base_rates)
        self.uncertain_below = float(self.card["uncertain_below"])

    def classify(self, faces: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """faces: (size, size) uint8 grey crops. Returns (N, 7) calibrated probabilities in the order of LABELS."""
        rows = [self._logits(faces[first : first + MOST_AT_ONCE]) for first in range(0, len(faces), MOST_AT_ONCE)]
        logits = np.concatenate(rows) if rows else np.empty((0, len(LABELS)))
        return probabilities(logits, self._temperature, self._offsets)

    def logits(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """(7,) the network's own answer to one (size, size) uint8 face, dequantized."""
        return np.asarray(self._logits([face])[0])

    def _logits(self, faces: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
        """(N, 7) in one pass; the answer to a face does not depend on who else is in the batch."""
        real = np.stack(faces)[..., None].astype(np.float32)
        return self._output.dequantize(self._model.run(self._input.quantize(real))[0])


def probabilities(
    logits: npt.NDArray[Any], temperature: float, offsets: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Softmax of logits / temperature + offsets, over the last axis; in float64."""
    scaled = logits.astype(np.float64) / temperature
    if offsets is not None:
        scaled = scaled + offsets
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def log_offsets(card: Card, base_rates: str | tuple[float, ...]) -> npt.NDArray[np.float64]:
    """(7,) what to add to logits / temperature so that the probabilities fit the place.

    The network tells which share of ten people says what, and the card's base rates are such shares. So they give way
    to the place's before the temperature makes majorities of shares: (log r(c) / r_card(c)) / temperature, after
    Saerens et al., "Adjusting the outputs of a classifier to new a priori probabilities" (2002). The card's bias is the
    difference between shares and majorities in the pictures it was fitted to: it belongs to "everyday" alone.
    """
    if base_rates == "everyday":
        return np.asarray(card.get("bias", [0.0] * len(LABELS)), dtype=np.float64)
    trained = np.asarray(card["base_rates"], dtype=np.float64)
    wanted = np.full(len(LABELS), 1 / len(LABELS)) if base_rates == "balanced" else np.asarray(base_rates, dtype=float)
    shift = np.log(wanted / wanted.sum()) - np.log(trained / trained.sum())
    return np.asarray(shift / float(card["temperature"]))
