"""Learning emotions by a recipe, for the loop in `train.py`: the data, the teachers, the network to begin from."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.emotion.tflite import find_model
from training import figures
from training.balance import class_weights, logit_adjusted, reweighted, weighted
from training.batches import Batches
from training.data import FaceSet, base_rates
from training.distil import Taught, Teachers, taught_once, trained_network
from training.learner import Learner
from training.normalization import MEASURED_ON, normalized
from training.recipe import Recipe
from training.recovered import recovered
from training.run import cross_entropy
from training.sources import kinds, read_sources, require_every_emotion
from training.task import Epoch, Task
from training.train import Watch, train


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


def _facts(training: FaceSet) -> dict[str, Any]:
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
    cost=cross_entropy,
    told="PublicTest accuracy %(accuracy).4f, loss %(nll).4f",
    draw=figures.curves,
    facts=_facts,
)


def train_emotions(recipe: Recipe, sources: list[str], run: Path, seed: int, watch: Watch | None = None) -> keras.Model:
    """Read the sources (`training.sources`) and train. Everything that can be wrong is said before the first step.

    watch: see `training.train`. Raises DataError.
    """
    splits = read_sources(sources, recipe.own_labels)
    training, selection = splits["Training"].some(recipe.faces, seed), splits["PublicTest"]
    if recipe.start is None:
        require_every_emotion(training, sources)
    else:
        faces = training.some(MEASURED_ON, seed).images[..., None].astype(np.float32) if recipe.normalized else None
        recipe = replace(recipe, network=begun_from(recipe.start, faces))
    if recipe.logit_adjustment:
        adjusted = logit_adjusted(recipe.network, base_rates(training), recipe.logit_adjustment)
        recipe = replace(recipe, network=adjusted)
    task, training, selection = _as_task(recipe, training, selection)
    task = _with_kinds(task, kinds(sources))
    return train(recipe, training, selection, run, seed, task, watch)


def begun_from(start: str, faces: np.ndarray | None = None) -> Callable[..., keras.Model]:
    """Makes the network to begin from, with its weights: a run's, a `.keras` file's or a shipped model's own network.

    faces: (N, S, S, 1) float32, where it shall get batch normalization with their statistics. The maker takes `side` as
    a recipe's network does. Raises DataError.
    """
    if faces is None and not Path(start).is_dir() and Path(start).suffix != ".keras":
        return partial(recovered, find_model(start))
    ended = trained_network(start)
    if faces is not None:
        ended = normalized(ended, faces)

    def begun(side: int | None = ended.input_shape[1]) -> keras.Model:
        model = keras.models.clone_model(ended, input_tensors=keras.Input((side, side, 1), name="face"))
        model.set_weights(ended.get_weights())
        return model

    begun.__name__ = ended.name  # run.json tells it
    return begun


def _with_kinds(task: Task, sources: list[str]) -> Task:
    """The task whose facts also tell the kinds of its sources: the model's card says whose pictures they are."""
    return replace(task, facts=lambda faces: {**task.facts(faces), "sources": sources})


def _as_task(recipe: Recipe, training: FaceSet, selection: FaceSet) -> tuple[Task, FaceSet, FaceSet]:
    """What the recipe's knobs make of the targets: weights by emotion, and what teachers think."""
    weights = None
    if recipe.class_balance:
        weights = class_weights(base_rates(training), recipe.class_balance)
        training, selection = weighted(training, weights), weighted(selection, weights)
    if not recipe.teachers:
        return EMOTIONS, training, selection
    teachers = Teachers(recipe.teachers)

    def probabilities(faces: Any) -> Any:
        told = teachers.by_both_views(faces) if recipe.teachers_see != "views" else teachers.probabilities(faces)
        return told if weights is None else reweighted(told, weights)

    if recipe.teachers_see == "faces":
        return EMOTIONS, taught_once(training, probabilities, recipe.teacher_share), selection

    answers: defaultdict[int, dict[int, np.ndarray]] = defaultdict(dict)  # by epoch and batch

    def batches(faces: FaceSet, recipe: Recipe, seed: int, epoch: int) -> Epoch:
        told = answers[recipe.views_of(epoch)] if recipe.distinct_epochs else None
        return Taught(Batches(faces, recipe, seed, epoch), probabilities, recipe.teacher_share, told)

    def facts(faces: FaceSet) -> dict[str, Any]:
        # What the network has learnt to expect, also of an emotion that only its teachers know.
        told = probabilities(faces.images[..., None].astype(np.float32))
        mixed = (1 - recipe.teacher_share) * faces.targets + recipe.teacher_share * told
        return {**EMOTIONS.facts(faces), "base_rates": base_rates(replace(faces, targets=mixed)).round(5).tolist()}

    return replace(EMOTIONS, batches=batches, facts=facts), training, selection
