"""What the card says: where the network comes from, how sure it may be, how good it is."""

from __future__ import annotations

import csv
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.emotion.card import Card, card_path, check_emotion_card, load_verified, write_card
from edge.emotion.classifier import EmotionClassifier, probabilities
from edge.emotion.crop import CROP_VERSION
from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from edge.errors import ModelError
from quantize.course import course
from quantize.statements import BENCHMARK_USE, INTENDED_USE, LICENCE_NOTES, LIMITS, origin
from training.confidence import ACCEPTED_ACCURACY, Threshold, accept_above, fit_base_rates, fit_calibration
from training.data import FaceSet
from training.errors import DataError
from training.evaluate import measure, model_logits
from training.held_out import HeldOut
from training.networks import multiply_accumulates
from training.run import CURVE, FACTS, best_epoch

log = logging.getLogger(__name__)

UNCERTAIN_RULE = (
    f"the lowest confidence at which the accepted faces of PublicTest are at least {ACCEPTED_ACCURACY:.0%} right"
)


FEW_FACES = 20
"""Of an emotion: fewer cannot tell how often the network is right about it."""
LEAST_COVERAGE = 0.25
"""Share of the faces that must be sure enough to be named."""
USUAL_UNCERTAIN_BELOW = 0.575
"""The shipped model's."""
KEPT_OF_THE_START = ("temperature", "bias", "base_rates", "uncertain_below", "uncertain")


def described(run: Path, model: keras.Model, licence: str, calibration_faces: int) -> Card:
    """The part of the card that needs no measurement. Raises DataError where the run folder is incomplete."""
    facts, epochs = _run_facts(run)
    best = best_epoch([{key: float(value) for key, value in line.items()} for line in epochs])
    if len(epochs) < facts["recipe"]["epochs"]:
        log.warning("%s is not finished: %d of %d epochs", run, len(epochs), facts["recipe"]["epochs"])
    data = dict(facts["training"])
    return {
        "labels": list(LABELS),
        "input": [1, *model.input_shape[1:]],
        "crop_version": CROP_VERSION,
        "base_rates": data.pop("base_rates"),
        "origin": origin(_first_start(facts)),
        "licence": licence,
        "licence_notes": LICENCE_NOTES,
        "intended_use": BENCHMARK_USE if learnt_words(facts["recipe"]) else INTENDED_USE,
        "limits": list(LIMITS),
        "training": {
            **course(facts, len(epochs), int(best["epoch"])),
            "data": data,
            "calibration_pictures": calibration_faces,
        },
        "multiply_accumulates": multiply_accumulates(model),
        "parameters": model.count_params(),
    }


def learnt_words(recipe: dict[str, Any]) -> bool:
    """Whether most of the targets were FER2013's own labels."""
    return float(recipe.get("own_labels", 0.0)) >= 0.5


def _first_start(facts: dict[str, Any]) -> str | None:
    """What the first run began from, where one began with the weights of another."""
    start = facts["recipe"].get("start")
    while start and (Path(start) / FACTS).is_file():
        start = json.loads((Path(start) / FACTS).read_text())["recipe"].get("start")
    return start


def calibrated_card(path: Path, card: Card, selection: FaceSet) -> Card:
    """Write the card of the file at `path`, with what these faces tell of its confidence; return it.

    Temperature and bias fit the crowd's majority label, since that is what a confidence is about: of the faces at 0.8,
    eight in ten are what most people say. (Fitted to the votes they would tell which share of the people says so.)
    The base rates, which `balanced` divides out, are nearly the shares of votes that the network expects here. Where
    some emotion has hardly a face among them, a network that began from a shipped one keeps what that one's card says:
    else the emotions somebody has no pictures of would be lost in the card, which the network still knows.
    """
    selection = selection.labelled()
    before = _shipped_start(card)
    fewest = int(np.bincount(selection.labels, minlength=len(LABELS)).min())
    if before is not None and fewest < FEW_FACES:
        log.warning("%d faces of some emotion to calibrate on: kept what the card of %s says", fewest, before["name"])
        card = card | {key: before[key] for key in KEPT_OF_THE_START if key in before}
        card = card | {"size_bytes": path.stat().st_size}
        write_card(path, card)
        return card
    write_card(path, card | {"temperature": 1.0, "uncertain_below": 0.0})
    logits = model_logits(EmotionClassifier(path), selection.images)
    temperature, bias = fit_calibration(logits, np.eye(len(LABELS))[selection.labels])
    answers = probabilities(logits, temperature, bias)
    confidence, right = answers.max(axis=1), answers.argmax(axis=1) == selection.labels
    threshold, rule = accept_above(confidence, right), UNCERTAIN_RULE
    if threshold.coverage < LEAST_COVERAGE:  # then hardly anything would ever be said
        usual = float((before or {}).get("uncertain_below", USUAL_UNCERTAIN_BELOW))
        sure = confidence >= usual
        threshold = Threshold(usual, float(sure.mean()), float(right[sure].mean()) if sure.any() else 0.0)
        rule = f"as usual: at hardly any confidence are {ACCEPTED_ACCURACY:.0%} of these faces right"
        log.warning("uncertain below %g, %s", usual, rule)
    card = card | {
        "temperature": temperature,
        "bias": bias.tolist(),
        "base_rates": fit_base_rates(logits, selection.labels, temperature).tolist(),
        "uncertain_below": threshold.confidence,
        "uncertain": {
            "rule": rule,
            "coverage": round(threshold.coverage, 5),
            "accuracy_of_accepted": round(threshold.accuracy, 5),
        },
        "size_bytes": path.stat().st_size,
    }
    write_card(path, card)
    return card


def _shipped_start(card: Card) -> Card | None:
    """The card of the shipped model that the training began from."""
    start = card.get("training", {}).get("recipe", {}).get("start")
    if not start or Path(start).is_dir():
        return None
    try:
        return load_verified(find_model(start))[1]
    except ModelError:
        return None


def calibrated_again(model: Path, selection: FaceSet, test: HeldOut) -> Card:
    """Fit and measure the card of a finished model anew, on these faces; replace and return it. Raises ModelError.

    What the float network said by everyday base rates is kept where the int8 one still says the same: then the faces
    are the same, too. An error leaves the old card.
    """
    content, card = load_verified(model)
    check_emotion_card(card, model)
    before = card.get("metrics", {})
    with tempfile.TemporaryDirectory(dir=model.parent, prefix=".calibrating_") as folder:
        staged = Path(folder) / model.name
        staged.write_bytes(content)
        card = with_metrics(staged, calibrated_card(staged, card, selection), test, corruptions=True)
        if "float32" in before and before["everyday"] == card["metrics"]["everyday"]:
            card["metrics"]["float32"] = {"everyday": before["float32"]["everyday"]}
            write_card(staged, card)
        os.replace(card_path(staged), card_path(model))
    return card


def with_metrics(path: Path, card: Card, test: HeldOut, corruptions: bool = False) -> Card:
    """Measure the file through the device's classifier, write the numbers into its card, return it."""
    card = card | {"metrics": summary(measure(EmotionClassifier(path), test, corruptions).result)}
    write_card(path, card)
    return card


PROTOCOLS = ("tie_rule", "without_ties", "without_twins", "authors_majority", "fer2013_labels", "by_agreement")
"""Other ways to score the same answers, which a card tells in full."""


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """The numbers of `training.evaluate.measure` that belong on a card."""
    short = {
        **{key: result[key] for key in ("split", "truth") if key in result},
        "faces": result["everyday"]["faces"],
        "everyday": _headline(result["everyday"]),
        "balanced": _headline(result["balanced"]),
        "faces_by_label": {label: one["faces"] for label, one in result["everyday"]["per_class"].items()},
    }
    for views in ("both_views", "ck_both_views"):
        if views in result:
            keys = ("accuracy", "macro_f1", "calibration_error")
            short[views] = {rates: {key: one[key] for key in keys} for rates, one in result[views].items()}
    short |= {key: result[key] for key in PROTOCOLS if key in result}
    if "ck" in result:
        short["ck"] = {rates: {"accuracy": one["accuracy"]} for rates, one in result["ck"].items()}
    if "corruptions" in result:
        short["corruptions"] = result["corruptions"]
    return short


def _headline(one: dict[str, Any]) -> dict[str, Any]:
    keys = ("accuracy", "macro_f1", "calibration_error", "calibration_error_to_votes", "neutral_called_sad")
    return {key: one[key] for key in keys} | {
        "recall": {label: numbers["recall"] for label, numbers in one["per_class"].items()},
        "recall_interval": {
            label: {end: numbers["recall_interval"][end] for end in ("low", "high")}
            for label, numbers in one["per_class"].items()
            if numbers["recall_interval"]
        },
    }


def _run_facts(run: Path) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The facts of `run.json` and the lines of `epochs.csv`."""
    try:
        facts = json.loads((run / FACTS).read_text(encoding="utf-8"))
        with open(run / CURVE, newline="", encoding="utf-8") as file:
            epochs = list(csv.DictReader(file))
        rates = np.array(facts["training"]["base_rates"], dtype=float)
        if not epochs or len(rates) != len(LABELS) or not {"recipe", "seed", "commit", "backend"} <= facts.keys():
            raise ValueError("it lacks an entry")
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise DataError(f"{run} is not the folder of a training run: {err}") from err
    return facts, epochs
