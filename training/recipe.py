"""The knobs of a training run. One file in `recipes/` sets them; `train.py` reads them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import keras

from training import recipes
from training.augment import Augmentation
from training.data import DataError


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run learns, except the data and the seed."""

    network: Callable[[], keras.Model]
    epochs: int
    """All of them, warm-up and refining included."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    augmentation_ramp_epochs: int = 4
    """Augmentation grows to its full strength over these: level, centred faces first, harder ones later."""
    batch_size: int = 128
    learning_rate: float = 2e-3
    """The peak of a cosine after `warmup_epochs`; AdamW."""
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
    name: str = ""
    """Of its file; `load_recipe` fills it in."""


def recipe_names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))


def load_recipe(name: str) -> Recipe:
    """The recipe of this name in `training/recipes`. Raises DataError where there is none."""
    if name not in recipe_names():
        raise DataError(f"no recipe '{name}'; there are {', '.join(recipe_names())}")
    recipe = importlib.import_module(f"training.recipes.{name}").RECIPE
    assert isinstance(recipe, Recipe)
    return replace(recipe, name=name)
