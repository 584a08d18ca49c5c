"""What a run trains: a network, its optimizer and the moving average of its weights, in Keras or in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from training.errors import DataError
from training.hardware import divisible
from training.recipe import Recipe
from training.task import Loss


class Learner(Protocol):
    """One step at a time; `averaged` is what is measured and kept."""

    state_name: str
    """Of the file in the run's folder that a killed run continues from."""

    @property
    def steps(self) -> int:
        """Batches trained on so far."""

    def step(self, faces: np.ndarray, targets: np.ndarray) -> float:
        """Train on one batch, (B, S, S, 1) float32 pixels 0..255 and (B, 7) distributions. Returns its loss."""

    def logits(self, faces: np.ndarray) -> np.ndarray:
        """(N, 7) float64 of the averaged network for (N, S, S, 1) float32 pixels."""

    def averaged(self) -> keras.Model:
        """The network at its full input size with the averaged weights."""

    def save(self, path: Path) -> None:
        """Everything `load` needs to go on as if nothing had happened."""

    def load(self, path: Path) -> None: ...


def make_learner(recipe: Recipe, steps: int, loss: Loss | None = None) -> Learner:
    """The one for Keras's backend; `steps` batches make an epoch. loss: in PyTorch; None is cross-entropy anywhere.

    With KERAS_BACKEND=torch the network runs as PyTorch modules, twice as fast on a CPU as Keras runs it there.
    """
    if keras.backend.backend() == "torch":
        from training.twin import TorchLearner

        return TorchLearner(recipe, steps, loss) if loss else TorchLearner(recipe, steps)
    if loss:
        raise DataError(f"recipe '{recipe.name}' trains in PyTorch only: set KERAS_BACKEND=torch")
    return KerasLearner(recipe, steps)


class KerasLearner:
    """Trains with Keras on TensorFlow or JAX."""

    state_name = "state.keras"

    def __init__(self, recipe: Recipe, steps: int) -> None:
        self._kept = recipe.network()
        self._model = recipe.network(side=None)
        self._model.compile(
            _optimizer(recipe, steps), keras.losses.CategoricalCrossentropy(from_logits=True), jit_compile="auto"
        )
        self._model.optimizer.build(self._model.trainable_variables)

    @property
    def steps(self) -> int:
        return int(self._model.optimizer.iterations)

    def step(self, faces: np.ndarray, targets: np.ndarray) -> float:
        # Some versions of Keras answer with the mean since the last reset, others do not.
        self._model.reset_metrics()
        return float(self._model.train_on_batch(faces, targets))

    def logits(self, faces: np.ndarray) -> np.ndarray:
        with self._averaged_weights():
            answers = self._model.predict(divisible(faces), batch_size=512, verbose=0)
        return answers[: len(faces)].astype(np.float64)

    def averaged(self) -> keras.Model:
        with self._averaged_weights():
            self._kept.set_weights(self._model.get_weights())
        return self._kept

    def save(self, path: Path) -> None:
        self._model.save(path)

    def load(self, path: Path) -> None:
        # Into a newly made network: a saved optimizer forgets which weights do not decay.
        self._model.load_weights(path)

    @contextmanager
    def _averaged_weights(self) -> Iterator[None]:
        """Inside, the model has the moving average of its weights; outside again, the weights being trained."""
        trained = self._model.get_weights()
        self._model.optimizer.finalize_variable_values(self._model.trainable_variables)
        try:
            yield
        finally:
            self._model.set_weights(trained)


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    common: dict[str, Any] = {
        "weight_decay": recipe.weight_decay,
        "use_ema": True,
        "ema_momentum": recipe.averaging,
        "ema_overwrite_frequency": None,
    }
    rate = recipe.schedule(steps)
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(rate, momentum=recipe.momentum, nesterov=True, **common)
    else:
        optimizer = keras.optimizers.AdamW(rate, **common)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
