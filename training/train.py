"""Train a network by a recipe. Reads from top to bottom: batches, optimizer, epochs, the best on PublicTest kept."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from training.errors import DataError
from training.hardware import has_accelerator, has_fast_bfloat16, share_among_devices
from training.learner import Learner, make_learner
from training.memory import fitted, with_batch_size
from training.recipe import Recipe
from training.run import (
    BEST,
    History,
    begun_facts,
    best_epoch,
    check_same,
    facts_of,
    read_history,
    replace_file,
    write_facts,
    write_history,
)
from training.task import Batch, Epoch, Task

log = logging.getLogger(__name__)

DRAWN_EVERY_S = 30.0
"""The curves: drawing them can take as long as an epoch on a GPU."""

Watch = Callable[[dict[str, float]], None]


def train(
    recipe: Recipe,
    training: Any,
    selection: Any,
    run: Path,
    seed: int,
    task: Task,
    watch: Watch | None = None,
) -> keras.Model:
    """Train on one split, keep the weights that do best on the other. Continues where a killed run stopped.

    task: what is learnt. watch: told every line of the table of epochs.

    Writes into the folder `run`: run.json (recipe, seed, commit), epochs.csv, curves.png, best.keras and what to
    continue from.
    Returns the best model, with averaged weights.
    """
    run.mkdir(parents=True, exist_ok=True)
    log.info("%s", use_fast_arithmetic())
    log.info("devices that share each batch: %d", share_among_devices())
    begun = begun_facts(run)
    recipe = _fitted(recipe, task, training, begun)
    facts = facts_of(recipe, task.facts(training), seed)
    if begun:
        check_same(run, begun, facts)
    keras.utils.set_random_seed(seed)
    learner, history = _begun(recipe, task, steps=len(task.batches(training, recipe, seed, 0)), run=run)
    if history:
        log.info("continuing after epoch %d of %d", len(history), recipe.epochs)
    else:
        write_facts(run, facts)

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
                replace_file(run / BEST, learner.averaged().save)
            write_history(run, history)
            replace_file(run / learner.state_name, learner.save)
            if time.monotonic() >= draw_at:
                task.draw(history, best, run / "curves.png")
                draw_at = time.monotonic() + DRAWN_EVERY_S
            log.info("epoch %(epoch)d: loss %(loss).4f, " + task.told, line)
            if watch:
                watch(line)
    task.draw(history, best_epoch(history, task.cost), run / "curves.png")
    return keras.models.load_model(run / BEST)


def _is_over(history: History, recipe: Recipe, task: Task) -> bool:
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


def _mean_loss(learner: Learner, batches: Iterator[Batch], epoch: int) -> float:
    """Of an epoch's steps. Raises DataError where the network has come to nothing."""
    loss = float(np.mean([learner.step(*batch) for batch in batches]))
    if not math.isfinite(loss):
        raise DataError(
            f"epoch {epoch + 1}: the loss is no number any more; set a lower learning_rate, name another --run"
        )
    return loss


def _fitted(recipe: Recipe, task: Task, training: Any, begun: dict[str, Any] | None) -> Recipe:
    """The recipe in batches that the memory holds: of a run that is to be continued, in those it began with.

    begun: the facts of that run.
    """
    if begun:
        return with_batch_size(recipe, begun["recipe"]["batch_size"])
    if not has_accelerator():
        return recipe

    def one_step(recipe: Recipe) -> None:
        full_size = task.batches(training, recipe, 0, recipe.small_epochs)
        make_learner(recipe, 1, task.loss).step(*full_size[0])

    return fitted(recipe, one_step)


def _begun(recipe: Recipe, task: Task, steps: int, run: Path) -> tuple[Learner, History]:
    """The learner and the lines of the epochs it has been through: none, or where a killed run saved its state.

    The state is written after the history: a line more than the state has steps for is of an epoch to be done again.
    """
    learner = make_learner(recipe, steps, task.loss)
    if not (run / learner.state_name).exists():
        return learner, []
    learner.load(run / learner.state_name)
    return learner, read_history(run)[: learner.steps // steps]


@contextmanager
def _progress(epochs: int, done: int) -> Iterator[Callable[[Epoch], Iterator[Batch]]]:
    """Yields what passes the batches of an epoch on and moves the bar, with the time left of all epochs.

    The bar is full in the end, also of a run that stops early.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("training", total=None)

        def advance(batches: Epoch) -> Iterator[Batch]:
            if bar.tasks[task].total is None:
                bar.update(task, total=epochs * len(batches), completed=done * len(batches))
            for batch in batches:
                yield batch
                bar.advance(task)

        yield advance
        steps = max(1, int(bar.tasks[task].completed))
        bar.update(task, total=steps, completed=steps)
