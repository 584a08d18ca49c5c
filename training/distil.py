"""Teachers: what trained networks think of the very view that the student sees, mixed into its targets.

The same augmented view for both, so that the student imitates a function and not some labels: Beyer et al., "Knowledge
distillation: a good teacher is patient and consistent" (2022). Several teachers' probabilities are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np

from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from training.data import FaceSet
from training.errors import DataError
from training.hardware import divisible
from training.networks import load_network
from training.recovered import recovered
from training.run import BEST
from training.task import Batch, Epoch

AT_ONCE = 512
"""Faces that a teacher sees in one go."""


class Teachers:
    """names: run folders, `.keras` files, or shipped models by path or name. Raises DataError."""

    def __init__(self, names: Sequence[str]) -> None:
        self._models = [trained_network(name) for name in names]
        self._side = int(self._models[0].input_shape[1])
        for name, model in zip(names, self._models, strict=True):
            if model.input_shape[1:] != (self._side, self._side, 1) or model.output_shape[1:] != (len(LABELS),):
                raise DataError(
                    f"teacher {name}: takes {model.input_shape[1:]} and answers {model.output_shape[1:]}; "
                    f"wanted ({self._side}, {self._side}, 1) and ({len(LABELS)},)"
                )
        self._answer = [_forward(model) for model in self._models]

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        """(B, 7) float32, the mean of the teachers'. faces: (B, S, S, 1) float32 pixels, enlarged where too small."""
        if faces.shape[1] != self._side:
            size = (self._side, self._side)
            faces = np.stack([cv2.resize(face, size, interpolation=cv2.INTER_LINEAR)[..., None] for face in faces])
        parts = np.split(faces, range(AT_ONCE, len(faces), AT_ONCE))
        answers = (np.concatenate([answer(part) for part in parts]) for answer in self._answer)
        return np.mean([_softmax(logits) for logits in answers], axis=0)

    def by_both_views(self, faces: np.ndarray) -> np.ndarray:
        """The same, also of the mirrored faces: an emotion is the same in the mirror, and the mean more often right."""
        return (self.probabilities(faces) + self.probabilities(np.ascontiguousarray(faces[:, :, ::-1]))) / 2


class Taught:
    """An epoch's batches, with the teachers' mean as this share of the targets.

    answers: by the number of a batch, what the teachers said of it before; they are asked about the others.
    """

    def __init__(
        self,
        batches: Epoch,
        probabilities: Callable[[np.ndarray], np.ndarray],
        share: float,
        answers: dict[int, np.ndarray] | None = None,
    ) -> None:
        self._batches, self._probabilities, self._share = batches, probabilities, share
        self._answers = {} if answers is None else answers

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Batch:
        return self._taught(index, self._batches[index])

    def __iter__(self) -> Iterator[Batch]:
        # Here, not in the threads that make the batches: the accelerator does one thing at a time.
        return (self._taught(index, batch) for index, batch in enumerate(self._batches))

    def _taught(self, index: int, batch: Batch) -> Batch:
        faces, targets = batch
        if index not in self._answers:
            self._answers[index] = self._probabilities(faces)
        mixed = (1 - self._share) * targets + self._share * self._answers[index]
        return faces, mixed.astype(np.float32)


def taught_once(faces: FaceSet, probabilities: Callable[[np.ndarray], np.ndarray], share: float) -> FaceSet:
    """The faces with this share of their targets from teachers who saw each as it is."""
    told = probabilities(faces.images[..., None].astype(np.float32))
    return replace(faces, targets=((1 - share) * faces.targets + share * told).astype(np.float32))


def trained_network(name: str) -> keras.Model:
    """A run folder's best network, a `.keras` file's, or a shipped model's, recovered from its integers."""
    path = Path(name)
    if path.is_dir():
        path /= BEST
    if path.suffix != ".keras":
        return recovered(find_model(name))
    if not path.is_file():
        raise DataError(f"{path} is missing; train that network first")
    return load_network(path)


def _forward(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    if keras.backend.backend() != "torch":
        return lambda faces: model.predict_on_batch(divisible(faces))[: len(faces)]
    from training.twin import forward

    return forward(model)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
