"""What the card says: where the network comes from, how sure it may be, how good it is."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.emotion.card import Card, card_path, card_text, check_emotion_card, load_verified
from edge.emotion.classifier import EmotionClassifier, probabilities
from edge.emotion.crop import CROP_VERSION
from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from edge.errors import ModelError
from quantize.course import course, learnt_words, stopped_early
from quantize.made_from import made_from, of_run
from quantize.publish import publish
from quantize.statements import BENCHMARK_USE, INTENDED_USE, limits, origin, terms
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
FITTED = ("temperature", "bias", "base_rates", "uncertain_below", "uncertain")
"""What the faces a card is fitted to tell of the network's confidence."""


def described(run: Path, model: keras.Model, licence: str | None, calibration_faces: int) -> Card:
    """The part of the card that needs no measurement. Raises DataError where the run folder is incomplete.

    licence: what the owner of the pictures says of it, or None.
    """
    facts, epochs = _run_facts(run)
    best = int(best_epoch([{key: float(value) for key, value in line.items()} for line in epochs])["epoch"])
    recipe = facts["recipe"]
    if len(epochs) < recipe["epochs"] and not stopped_early(recipe, len(epochs), best):
        log.warning("%s is not finished: %d of %d epochs", run, len(epochs), recipe["epochs"])
    data, made = dict(facts["training"]), made_from(facts)
    return {
        "labels": list(LABELS),
        "input": [1, *model.input_shape[1:]],
        "crop_version": CROP_VERSION,
        "base_rates": data.pop("base_rates"),
        "origin": origin(made),
        **terms(made, licence),
        "intended_use": BENCHMARK_USE if made.fer2013 and learnt_words(recipe) else INTENDED_USE,
        "limits": limits(made),
        "training": {
            **course(facts, len(epochs), best),
            "data": data,
            "calibration_pictures": calibration_faces,
        },
        "multiply_accumulates": multiply_accumulates(model),
        "parameters": model.count_params(),
    }


def calibrated(content: bytes, card: Card, selection: FaceSet, before: Card | None = None) -> Card:
    """The card of this file, with what these faces tell of its confidence.

    Temperature and bias fit the crowd's majority label, since that is what a confidence is about: of the faces at 0.8,
    eight in ten are what most people say. (Fitted to the votes they would tell which share of the people says so.)
    The base rates, which `balanced` divides out, are nearly the shares of votes that the network expects here.

    before: the card that it has, or that of the shipped model it began from. Where some emotion has hardly a face
    among these, that one's values are kept: else the emotions somebody has no pictures of would be lost in the card,
    which the network still knows.
    """
    selection = selection.labelled()
    few = _seldom(selection)
    if before is not None and few:
        words = "fewer than %d faces to calibrate on of %s: kept what the card of %s says"
        log.warning(words, FEW_FACES, ", ".join(few), before["name"])
        return card | {key: before[key] for key in FITTED if key in before} | {"size_bytes": len(content)}
    unfitted = card | {"temperature": 1.0, "uncertain_below": 0.0}
    logits = model_logits(_classifier(content, unfitted), selection.images)
    temperature, bias = fit_calibration(logits, np.eye(len(LABELS))[selection.labels])
    answers = probabilities(logits, temperature, bias)
    threshold, rule = _threshold(answers.max(axis=1), answers.argmax(axis=1) == selection.labels, before)
    return card | {
        "temperature": temperature,
        "bias": bias.tolist(),
        "base_rates": fit_base_rates(logits, selection.labels, temperature).tolist(),
        "uncertain_below": threshold.confidence,
        "uncertain": {
            "rule": rule,
            "coverage": round(threshold.coverage, 5),
            "accuracy_of_accepted": round(threshold.accuracy, 5),
        },
        "size_bytes": len(content),
    }


def _seldom(faces: FaceSet) -> list[str]:
    """The emotions that too few of the faces show."""
    counts = np.bincount(faces.labels, minlength=len(LABELS))
    return [label for label, count in zip(LABELS, counts, strict=True) if count < FEW_FACES]


def _threshold(confidence: np.ndarray, right: np.ndarray, before: Card | None) -> tuple[Threshold, str]:
    """Below which confidence it is uncertain, and by which rule. before: see `calibrated`."""
    threshold = accept_above(confidence, right)
    if threshold.coverage >= LEAST_COVERAGE:
        return threshold, UNCERTAIN_RULE
    # Hardly anything would ever be said.
    usual = float((before or {}).get("uncertain_below", USUAL_UNCERTAIN_BELOW))
    sure = confidence >= usual
    rule = f"as usual: at hardly any confidence are {ACCEPTED_ACCURACY:.0%} of these faces right"
    log.warning("uncertain below %g, %s", usual, rule)
    return Threshold(usual, float(sure.mean()), float(right[sure].mean()) if sure.any() else 0.0), rule


def shipped_start(run: Path) -> Card | None:
    """The card of the shipped model that the run, or the first of those it followed, began from.

    Its rule of uncertainty without the figures, which are of another network.
    """
    made = of_run(str(run))
    if made is None or made.start is None:
        return None
    try:
        before = load_verified(find_model(made.start))[1]
    except ModelError:
        return None
    return before | {"uncertain": {"rule": f"as in the card of {before['name']}"}}


def calibrated_again(model: Path, selection: FaceSet, test: HeldOut) -> Card:
    """Fit and measure the card of a finished model anew, on these faces; replace and return it. Raises ModelError.

    What the float network said by everyday base rates is kept where the int8 one still says the same: then the faces
    are the same, too. An error leaves the old card.
    """
    content, card = load_verified(model)
    check_emotion_card(card, model)
    before = card.get("metrics", {})
    card = with_metrics(content, calibrated(content, card, selection, before=card), test, corruptions=True)
    if "float32" in before and before["everyday"] == card["metrics"]["everyday"]:
        card["metrics"]["float32"] = {"everyday": before["float32"]["everyday"]}
    publish({card_path(model): card_text(card)})
    return card


def with_metrics(content: bytes, card: Card, test: HeldOut, corruptions: bool = False) -> Card:
    """The card of this file with what was measured of it through the device's classifier."""
    return card | {"metrics": summary(measure(_classifier(content, card), test, corruptions).result)}


def _classifier(content: bytes, card: Card) -> EmotionClassifier:
    return EmotionClassifier(Path("the converted network"), loaded=(content, card))


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
