"""The knobs of a training run. One file in `recipes/` sets them; `train.py` reads them."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import keras

from training import recipes
from training.augment import Augmentation
from training.errors import DataError
from training.schedule import Cosines

_RANGES = (
    ("epochs", 1, 100_000),
    ("batch_size", 1, 65_536),
    ("faces", 1, 10_000_000),
    ("learning_rate", 1e-9, 1000.0),
    ("averaging", 0.0, 0.999999),
    ("teacher_share", 0.0, 1.0),
    ("own_labels", 0.0, 1.0),
    ("warmup_epochs", 0, 100_000),
    ("small_epochs", 0, 100_000),
    ("small_side", 8, 1024),
    ("augmentation_ramp_epochs", 0, 100_000),
    ("patience", 1, 100_000),
    ("distinct_epochs", 1, 100_000),
    ("weight_decay", 0.0, 100.0),
    ("momentum", 0.0, 0.999999),
    ("class_balance", 0.0, 10.0),
    ("logit_adjustment", 0.0, 10.0),
)
"""Knobs of a recipe, from and to; a knob that is None is off."""


@dataclass(frozen=True)
class Refining:
    """A warm restart at the end of a run: another cosine of the learning rate."""

    epochs: int
    rate: float
    """Its peak."""
    augmentation: Augmentation | None = None
    """None: as just before it."""


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
    refinings: tuple[Refining, ...] = ()
    """One after the other, the last ends the run."""
    weight_decay: float = 0.05
    """Decoupled (times the learning rate); none on biases and batch normalization."""
    averaging: float = 0.9995
    """Momentum of the moving average of the weights, which is what is evaluated and kept."""
    patience: int | None = None
    """Stop when so many epochs in a row were no better on PublicTest than the best before them."""
    start: str | None = None
    """Begin from these weights instead of from random ones, in their own network: a run folder's, a `.keras` file's, or
    a shipped model's, by name or path."""
    normalized: bool = False
    """Give what it begins from batch normalization (`training.normalization`), where a shipped file has none left."""
    own_labels: float = 0.0
    """Share of FER2013's own label (a search word) in its faces' targets; the rest is what the crowd saw."""
    teachers: tuple[str, ...] = ()
    """Run folders, `.keras` files or shipped models whose mean probabilities join the targets."""
    teacher_share: float = 0.5
    """Of the targets, where there are teachers."""
    distinct_epochs: int | None = None
    """After so many the views begin again, batch by batch, so that teachers are asked once about each; None: never."""
    teachers_see: Literal["views", "both_views", "faces"] = "views"
    """Every view that the student sees; it and its mirror image, which means the same; or each face as it is and its
    mirror image, once, before the first step."""
    class_balance: float = 0.0
    """Weigh an emotion's loss by its base rate to the power of minus this: 1 makes all emotions count alike."""
    logit_adjustment: float = 0.0
    """The tau of Menon et al. (2021); `training/balance.py` says what it comes to here."""
    faces: int | None = None
    """Train on so many faces only, drawn by the seed; of a detector's recipe, show so many views an epoch."""
    finds_faces: bool = False
    """A face detector's recipe; the others name emotions."""
    name: str = ""
    """Of its file; `load_recipe` fills it in."""

    def __post_init__(self) -> None:
        if not all(isinstance(one, Refining) for one in self.refinings):
            raise DataError("refinings=: only () can be set from outside; others are written in a recipe's file")
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise DataError(f"{name}={value}: must be between {low:g} and {high:g}")
        if self.distinct_epochs is not None and (self.refinings or self.small_epochs):
            raise DataError(
                f"distinct_epochs={self.distinct_epochs}: views that begin again cannot become milder or larger; "
                "set refinings=() small_epochs=0"
            )
        if self.refinings and self.epochs_before_refining <= self.warmup_epochs:
            refining = self.epochs - self.epochs_before_refining
            raise DataError(
                f"epochs={self.epochs}: must be more than {self.warmup_epochs + refining}, of which "
                f"{self.warmup_epochs} warm up and {refining} refine; or set refinings=()"
            )

    def views_of(self, epoch: int) -> int:
        """The epoch, counted from 0, whose views an epoch shows."""
        return epoch % self.distinct_epochs if self.distinct_epochs else epoch

    def augmentation_of(self, epoch: int) -> Augmentation:
        """How the faces of an epoch, counted from 0, are changed."""
        ramp = self.augmentation_ramp_epochs
        augmentation = self.augmentation.at(min(1.0, epoch / ramp) if ramp else 1.0)
        begin = self.epochs_before_refining
        for refining in self.refinings:
            if epoch >= begin:
                augmentation = refining.augmentation or augmentation
            begin += refining.epochs
        return augmentation

    def schedule(self, steps: int) -> Cosines:
        """The learning rate by step, where `steps` make an epoch."""
        first = (self.learning_rate, steps * (self.epochs_before_refining - self.warmup_epochs))
        return Cosines(steps * self.warmup_epochs, [first, *((one.rate, steps * one.epochs) for one in self.refinings)])

    @property
    def epochs_before_refining(self) -> int:
        return self.epochs - sum(refining.epochs for refining in self.refinings)


def with_knobs(recipe: Recipe, settings: list[str]) -> Recipe:
    """The recipe with some knobs set otherwise, each given as `name=value`. Raises DataError."""
    kinds = {one.name: one for one in fields(Recipe) if one.name not in ("network", "augmentation", "name")}
    changed = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in kinds:
            raise DataError(f"--set {setting}: no knob '{name}'; there are {', '.join(sorted(kinds))}")
        changed[name] = _value(text, getattr(recipe, name), kinds[name], setting)
    return replace(recipe, **changed)


def _value(text: str, now: Any, knob: Field[Any], setting: str) -> Any:
    """What the text stands for. now: the knob's value in the recipe. Raises DataError."""
    if isinstance(now, str) or knob.type == "str | None":
        kind = get_type_hints(Recipe)[knob.name]
        allowed = get_args(kind) if get_origin(kind) is Literal else ()
        if allowed and text not in allowed:
            raise DataError(f"--set {setting}: '{knob.name}' is one of {', '.join(allowed)}")
        return None if knob.type == "str | None" and text == "None" else text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as err:
        raise DataError(f"--set {setting}: '{text}' is not a value; '{knob.name}' is {now!r} in the recipe") from err
    whole = knob.type in ("int", "int | None")
    wanted = int if whole else (int, float) if knob.type == "float" else type(now)
    if (value is None and "None" not in str(knob.type)) or (value is not None and not isinstance(value, wanted)):
        raise DataError(f"--set {setting}: '{knob.name}' is {knob.type}, for example {now!r}")
    return value


def recipe_names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))


def load_recipe(name: str) -> Recipe:
    """The recipe of this name in `training/recipes`. Raises DataError where there is none."""
    if name not in recipe_names():
        raise DataError(f"no recipe '{name}'; there are {', '.join(recipe_names())}")
    recipe = importlib.import_module(f"training.recipes.{name}").RECIPE
    assert isinstance(recipe, Recipe)
    return replace(recipe, name=name)
