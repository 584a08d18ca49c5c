"""Train a network by a recipe. Reads from top to bottom: batches, optimizer, epochs, the best on PublicTest kept."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import logging
import math
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from training import figures
from training.ahead import made_ahead
from training.augment import augmented
from training.data import FaceSet, base_rates
from training.errors import DataError
from training.hardware import has_accelerator, has_fast_bfloat16, share_among_devices
from training.learner import Learner, make_learner
from training.memory import fitted, with_batch_size
from training.recipe import Recipe
from training.task import Task

log = logging.getLogger(__name__)

BEST, CURVE, FACTS = "best.keras", "epochs.csv", "run.json"
DRAWN_EVERY_S = 30.0
"""The curves: drawing them can take as long as an epoch on a GPU."""

Watch = Callable[[dict[str, float]], None]


class Batches:
    """One epoch of augmented faces. Batch `index` depends on (seed, epoch, index) only, so a resumed run is the same.

    The last, partial batch is dropped: compiled backends would compile everything again for it.
    """

    def __init__(self, faces: FaceSet, recipe: Recipe, seed: int, epoch: int) -> None:
        self.faces, self.recipe, self.seed, self.epoch = faces, recipe, seed, recipe.views_of(epoch)
        self.augmentation = recipe.augmentation_of(self.epoch)
        self.order = faces.drawn(np.random.default_rng((seed, self.epoch)))

    def __len__(self) -> int:
        return max(1, len(self.order) // self.recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(B, S, S, 1) float32 pixels 0..255 and (B, 7) float32 targets."""
        random = np.random.default_rng((self.seed, self.epoch, index))
        chosen = self.order[index * self.recipe.batch_size : (index + 1) * self.recipe.batch_size]
        faces = np.stack([self._view(self.faces.images[row], random) for row in chosen])
        return faces[..., None].astype(np.float32), self.faces.targets[chosen]

    def _view(self, image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        face = augmented(image, self.augmentation, random)
        if self.epoch >= self.recipe.small_epochs:
            return face
        return cv2.resize(face, (self.recipe.small_side,) * 2, interpolation=cv2.INTER_AREA)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All batches in order, the next ones made while one is trained on."""
        return made_ahead(self, processes=has_accelerator())


def train(
    recipe: Recipe,
    training: Any,
    selection: Any,
    run: Path,
    seed: int,
    task: Task | None = None,
    watch: Watch | None = None,
) -> keras.Model:
    """Train on one split, keep the weights that do best on the other. Continues where a killed run stopped.

    task: what is learnt, by default the emotions of a FaceSet. watch: told every line of the table of epochs.

    Writes into the folder `run`: run.json (recipe, seed, commit), epochs.csv, curves.png, best.keras and what to
    continue from.
    Returns the best model, with averaged weights.
    """
    run.mkdir(parents=True, exist_ok=True)
    log.info("%s", use_fast_arithmetic())
    log.info("devices that share each batch: %d", share_among_devices())
    task = task or EMOTIONS
    training = task.first(training, recipe.faces)
    recipe = _fitted(recipe, task, training, run)
    facts = task.facts(training)
    _check_same_run(run, recipe, facts, seed)
    keras.utils.set_random_seed(seed)
    learner, history = _begun(recipe, task, steps=len(task.batches(training, recipe, seed, 0)), run=run)
    if history:
        log.info("continuing after epoch %d of %d", len(history), recipe.epochs)
    else:
        _write_facts(run / FACTS, recipe, facts, seed)

    draw_at = 0.0
    with _progress(recipe.epochs, len(history)) as advance:
        for epoch in range(len(history), recipe.epochs):
            if _is_over(history, recipe, task):
                log.info("no better for %d epochs: stopped early", recipe.patience)
                break
            batches = task.batches(training, recipe, seed, epoch)
            loss = _mean_loss(learner, advance(batches), epoch)
            line = {"epoch": epoch + 1, "loss": loss, **task.score(learner, selection)}
            history.append(line)
            best = best_epoch(history, task.cost)
            if best is line:
                _replace(run / BEST, learner.averaged().save)
            _write_history(run / CURVE, history)
            _replace(run / learner.state_name, learner.save)
            if time.monotonic() >= draw_at:
                task.draw(history, best, run / "curves.png")
                draw_at = time.monotonic() + DRAWN_EVERY_S
            log.info("epoch %(epoch)d: loss %(loss).4f, " + task.told, line)
            if watch:
                watch(line)
    task.draw(history, best_epoch(history, task.cost), run / "curves.png")
    return keras.models.load_model(run / BEST)


def _crowd_cost(line: dict[str, float]) -> float:
    # Not the accuracy: its standard error is 0.6 points, and the maximum of many epochs picks the luck.
    return line["nll"]


def best_epoch(
    history: list[dict[str, float]], cost: Callable[[dict[str, float]], float] = _crowd_cost
) -> dict[str, float]:
    """The line of the epoch to keep: the lowest cost, in thousandths; of equals the last.

    The cost is by default the cross-entropy on PublicTest.
    """
    return min(reversed(history), key=lambda line: round(cost(line), 3))


def _is_over(history: list[dict[str, float]], recipe: Recipe, task: Task) -> bool:
    if recipe.patience is None or not history:
        return False
    return len(history) - best_epoch(history, task.cost)["epoch"] >= recipe.patience


def use_fast_arithmetic() -> str:
    """Switch on the 16-bit arithmetic this machine does fast; weights stay float32. Returns what was done."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            keras.mixed_precision.set_dtype_policy("mixed_float16")
            return "mixed precision: float16 on the GPU"
        if has_fast_bfloat16():
            tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})
            return "mixed precision: bfloat16 on the CPU"
    if keras.backend.backend() == "jax":
        import jax

        if jax.default_backend() == "gpu":
            keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
            return "mixed precision: bfloat16 on the GPU"
    if keras.backend.backend() == "torch" and has_fast_bfloat16():  # the twin sees to it
        return f"mixed precision: bfloat16 on the {'GPU' if has_accelerator() else 'CPU'}"
    return "full precision: float32"


def _mean_loss(learner: Learner, batches: Iterator[tuple[np.ndarray, np.ndarray]], epoch: int) -> float:
    """Of an epoch's steps. Raises DataError where the network has come to nothing."""
    loss = float(np.mean([learner.step(*batch) for batch in batches]))
    if not math.isfinite(loss):
        raise DataError(
            f"epoch {epoch + 1}: the loss is no number any more; set a lower learning_rate, name another --run"
        )
    return loss


def _check_same_run(run: Path, recipe: Recipe, training: dict[str, Any], seed: int) -> None:
    """Raises DataError where the folder holds a run of another recipe, seed or data: it would go on as neither.

    recipe: in batches as large as that run's, see `_fitted`.
    """
    if not (run / CURVE).exists():
        return
    begun = json.loads((run / FACTS).read_text())
    asked = json.loads(json.dumps(_facts(recipe, training, seed)))
    pairs = [("seed", begun["seed"], seed)]
    for part in ("recipe", "training"):
        pairs += [(key, value, asked[part].get(key)) for key, value in begun[part].items()]
    for key, before, now in pairs:
        if before != now:
            other = f"another {key} ({_short(before)}, not {_short(now)})"
            raise DataError(f"{run} holds a run with {other}: name another --run, or delete it")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _fitted(recipe: Recipe, task: Task, training: Any, run: Path) -> Recipe:
    """The recipe in batches that the memory holds: of a run that is to be continued, in those it began with."""
    if (run / CURVE).exists():
        return with_batch_size(recipe, json.loads((run / FACTS).read_text())["recipe"]["batch_size"])
    if not has_accelerator():
        return recipe

    def one_step(recipe: Recipe) -> None:
        full_size = task.batches(training, recipe, 0, recipe.small_epochs)
        make_learner(recipe, 1, task.loss).step(*full_size[0])

    return fitted(recipe, one_step)


def _begun(recipe: Recipe, task: Task, steps: int, run: Path) -> tuple[Learner, list[dict[str, float]]]:
    """The learner and the lines of the epochs it has been through: none, or where a killed run saved its state.

    The state is written after the history: a line more than the state has steps for is of an epoch to be done again.
    """
    learner = make_learner(recipe, steps, task.loss)
    if not (run / learner.state_name).exists():
        return learner, []
    learner.load(run / learner.state_name)
    return learner, _read_history(run / CURVE)[: learner.steps // steps]


def crowd_score(logits: np.ndarray, faces: FaceSet) -> dict[str, float]:
    """Of a network's (N, 7) logits: accuracy on the crowd's majority, mean cross-entropy to the targets in nats."""
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    counted = faces.labels >= 0
    return {
        "accuracy": float((logits.argmax(axis=1) == faces.labels)[counted].mean()),
        "nll": float(np.average(-(faces.targets * log_p).sum(axis=1), weights=faces.repeats)),
    }


def _score(learner: Learner, faces: FaceSet) -> dict[str, float]:
    return crowd_score(learner.logits(faces.images[..., None].astype(np.float32)), faces)


@contextmanager
def _progress(epochs: int, done: int) -> Iterator[Callable[[Batches], Iterator[tuple[np.ndarray, np.ndarray]]]]:
    """Yields what passes the batches of an epoch on and moves the bar, with the time left of all epochs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("training", total=None)

        def advance(batches: Batches) -> Iterator[tuple[np.ndarray, np.ndarray]]:
            if bar.tasks[task].total is None:
                bar.update(task, total=epochs * len(batches), completed=done * len(batches))
            for batch in batches:
                yield batch
                bar.advance(task)

        yield advance


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Replace the file in one step: a kill leaves the old one or the new one."""
    beside = path.with_name("writing_" + path.name)
    write(beside)
    os.replace(beside, path)


def _faces_facts(training: FaceSet) -> dict[str, Any]:
    return {
        "faces": len(training),
        "images_sha256": hashlib.sha256(training.images.tobytes()).hexdigest(),
        "targets_sha256": hashlib.sha256(training.targets.tobytes()).hexdigest(),
        "base_rates": base_rates(training).round(5).tolist(),
    }


EMOTIONS = Task(
    batches=Batches,
    loss=None,
    score=_score,
    cost=_crowd_cost,
    told="PublicTest accuracy %(accuracy).4f, loss %(nll).4f",
    draw=figures.curves,
    facts=_faces_facts,
    first=lambda faces, count: faces.take(np.arange(len(faces))[:count]),
)


def _write_facts(path: Path, recipe: Recipe, training: dict[str, Any], seed: int) -> None:
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    facts = _facts(recipe, training, seed) | {"commit": commit.stdout.strip() or None}
    path.write_text(json.dumps(facts, indent=2) + "\n")


def _facts(recipe: Recipe, training: dict[str, Any], seed: int) -> dict[str, Any]:
    network = recipe.network
    return {
        "recipe": {**dataclasses.asdict(recipe), "network": str(getattr(network, "func", network).__name__)},
        "seed": seed,
        "commit": None,
        "backend": keras.backend.backend(),
        "training": training,
    }


def _read_history(path: Path) -> list[dict[str, float]]:
    if not path.exists():
        return []
    with open(path, newline="") as file:
        lines = [{key: float(value) for key, value in line.items()} for line in csv.DictReader(file)]
    return [{**line, "epoch": int(line["epoch"])} for line in lines]


def _write_history(path: Path, history: list[dict[str, float]]) -> None:
    beside = path.with_name("writing_" + path.name)
    with open(beside, "w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(history[0]))
        table.writeheader()
        table.writerows(history)
    os.replace(beside, path)
