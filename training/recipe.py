"""The knobs of a training run. One file in `recipes/` sets them; `train.py` reads them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import keras

from training import recipes
from training.augment import Augmentation
from training.data import DataError
from training.schedule import Cosines


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run learns, except the data and the seed."""

    network: Callable[..., keras.Model]
    """Takes `side`, the input's height and width; None for any. Without it, the size that is kept."""
    epochs: int
    """All of them, warm-up and refining included."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    augmentation_ramp_epochs: int = 4
    """Augmentation grows to its full strength over these: level, centred faces first, harder ones later."""
    small_epochs: int = 0
    """The first so many see the augmented faces at `small_side` only: less than half the time an epoch."""
    small_side: int = 32
    batch_size: int = 128
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """SGD is with Nesterov's momentum."""
    momentum: float = 0.9
    """Of SGD."""
    learning_rate: float = 2e-3
    """The peak of a cosine after `warmup_epochs`."""
    warmup_epochs: int = 1
    refining_epochs: int = 0
    """The last so many begin again at `refining_rate`, another cosine: a warm restart."""
    refining_rate: float = 8e-4
    weight_decay: float = 0.05
    """Decoupled (times the learning rate); none on biases and batch normalization."""
    averaging: float = 0.9995
    """Momentum of the moving average of the weights, which is what is evaluated and kept."""
    faces: int | None = None
    """Train on the first so many faces only."""
    finds_faces: bool = False
    """A face detector's recipe; the others name emotions."""
    name: str = ""
    """Of its file; `load_recipe` fills it in."""

    def schedule(self, steps: int) -> Cosines:
        """The learning rate by step, where `steps` make an epoch."""
        return Cosines(
            peak=self.learning_rate,
            warmup=steps * self.warmup_epochs,
            first=steps * (self.epochs - self.refining_epochs - self.warmup_epochs),
            second_peak=self.refining_rate,
            second=steps * self.refining_epochs,
        )


def recipe_names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))


def load_recipe(name: str) -> Recipe:
    """The recipe of this name in `training/recipes`. Raises DataError where there is none."""
    if name not in recipe_names():
        raise DataError(f"no recipe '{name}'; there are {', '.join(recipe_names())}")
    recipe = importlib.import_module(f"training.recipes.{name}").RECIPE
    assert isinstance(recipe, Recipe)
    return replace(recipe, name=name)
