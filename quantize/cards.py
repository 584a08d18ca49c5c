"""`models/README.md`: what the cards say about every shipped model, for a user, a journalist and a lawyer.

The whole file and the charts beside it are made from the cards; the words between the figures are in `cards.md.jinja`.
"""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import jinja2

from edge.emotion.card import Card, card_path
from edge.emotion.labels import LABELS
from quantize import card_charts
from training import recipes
from training.errors import DataError
from training.evaluate import RATES
from training.reports.tables import (
    HEADER,
    Row,
    by_both_views,
    counted,
    flat,
    interval,
    markdown,
    percent,
    percent_or_dash,
)

README, CHARTS = "README.md", "charts"
MADE = "<!-- made by `python -m quantize cards` from the .json files; change those or quantize/cards.md.jinja -->"
COMMON = ("intended_use", "licence_notes", "limits")
"""What emotion cards say alike is said once."""


def write(models: Path) -> None:
    """Write `README.md` and `charts/` of the folder anew. Raises DataError, also for a README that it did not make."""
    path = models / README
    if path.exists() and not made_here(path):
        raise DataError(f"{path} was not made by `python -m quantize cards`; move it away, then try again")
    files = texts(models)
    shutil.rmtree(models / CHARTS, ignore_errors=True)
    for name, text in files.items():
        (models / name).parent.mkdir(exist_ok=True)
        (models / name).write_text(text, encoding="utf-8")


def made_here(readme: Path) -> bool:
    return readme.is_file() and readme.read_text(encoding="utf-8").startswith(MADE)


def texts(models: Path) -> dict[str, str]:
    """Every file that belongs there, by its name in the folder. Raises DataError for a model without a usable card."""
    try:
        cards = [_card(path) for path in sorted(models.glob("*.tflite"))]
        emotions = [card for card in cards if "labels" in card]
        charts = {
            f"{CHARTS}/{card['name']}.{name}.svg": chart
            for card in emotions
            for name, chart in card_charts.charts(card).items()
        }
        return {README: _readme(cards, emotions, list(charts)), **charts}
    except (KeyError, TypeError, AttributeError, jinja2.UndefinedError) as err:
        raise DataError(f"a card in {models} lacks something ({err}); convert that model again") from err


def _card(model: Path) -> Card:
    try:
        card = json.loads(card_path(model).read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise DataError(f"{model} has no usable card ({err})") from err
    if not isinstance(card, dict):
        raise DataError(f"{card_path(model)} is no card")
    return {**card, "file": model.name, "size_bytes": model.stat().st_size}


def _readme(cards: list[Card], emotions: list[Card], charts: list[str]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown, made of our own cards
    )
    common = {key: _alike([card.get(key) for card in emotions]) for key in COMMON}
    return environment.get_template("cards.md.jinja").render(
        made=MADE,
        listing=listing(cards),
        common=common,
        of_fer2013=any("FER2013" in card["origin"]["pictures"] for card in emotions),
        emotions=[_emotion(card, common, charts) for card in emotions],
        others=[{**card, "measured": measurements(card.get("metrics", {}))} for card in cards if "labels" not in card],
    )


def listing(cards: list[Card]) -> str:
    """One line a model: file, origin, licence, checksum."""
    lines = [
        (
            f"`{card['file']}`, {card['size_bytes'] / 1000:.0f} KB",
            "; ".join(f"{key}: {value}" for key, value in card["origin"].items() if key != "sha256"),
            card["licence"],
            f"`{card['sha256']}`",
        )
        for card in cards
    ]
    return markdown(("file", "origin", "licence", "SHA-256"), lines).replace("---:", "---")


def _emotion(card: Card, common: dict[str, Any], charts: list[str]) -> dict[str, Any]:
    """What the template says about one emotion model."""
    metrics = card["metrics"]
    own = {key: card.get(key) if card.get(key) != common[key] else None for key in COMMON}
    own["limits"] = [limit for limit in card.get("limits", []) if limit not in (common["limits"] or [])]
    return {
        **card,
        "title": card.get("title") or recipe_title(card["training"]["recipe"].get("name", "")),
        "figures": markdown(HEADER, headline(metrics)),
        "charts": {path.rsplit(".", 2)[-2]: path for path in charts if path.startswith(f"{CHARTS}/{card['name']}.")},
        "failures": failures(card),
        "own": own,
    }


def _mean_recall(one: dict[str, Any], metrics: dict[str, Any]) -> float:
    """Of the emotions that the faces show."""
    shown = [recall for label, recall in one["recall"].items() if metrics["faces_by_label"][label]]
    return sum(shown) / len(shown)


def headline(metrics: dict[str, Any]) -> list[Row]:
    """The lines of a card's table of figures; what an older card lacks is left out."""
    both = (metrics["everyday"], metrics["balanced"])
    single = {
        "without faces whose vote is tied": metrics.get("without_ties"),
        "without pictures that Training holds, too": metrics.get("without_twins"),
        "the FER+ authors' rule, 8 classes": metrics.get("authors_majority"),
        "FER2013's own labels": metrics.get("fer2013_labels"),
    }
    truth = f" by {metrics['truth']}" if "truth" in metrics else ""
    lines: list[Row] = [
        (
            f"right{truth}, of {metrics['faces']:,} faces ({metrics['split']})",
            *(interval(one["accuracy"]) for one in both),
        ),
        *by_both_views("the same by both views, as a single picture is named", metrics, "both_views"),
        ("macro-F1: every emotion counts alike", *(f"{one['macro_f1']:.3f}" for one in both)),
        ("mean over the emotions of those right", *(percent(_mean_recall(one, metrics)) for one in both)),
        ("calibration error", *(f"{one['calibration_error']:.3f}" for one in both)),
        ("neutral faces called sad", *(percent_or_dash(one["neutral_called_sad"]) for one in both)),
        *((name, _share(share), "") for name, share in single.items() if share),
    ]
    if "ck" in metrics:
        ck = metrics["ck"]
        lines.append(("CK+: posed, other people and cameras", *(interval(ck[rates]["accuracy"]) for rates in RATES)))
        lines += by_both_views("the same by both views", metrics, "ck_both_views")
        lines.append(("the same where neutral is ruled out", "", interval(ck["balanced_without_neutral"]["accuracy"])))
    if "corruptions" in metrics:
        spoilt = metrics["corruptions"]
        means = (spoilt["mean_accuracy"], spoilt.get("balanced_mean_accuracy"))
        words = f"mean over {len(spoilt['accuracy'])} ways of spoiling the pictures"
        lines.append((words, *("" if mean is None else percent(mean) for mean in means)))
    if "float32" in metrics:
        before = metrics["float32"]
        shares = (interval(before[rates]["accuracy"]) if rates in before else "" for rates in RATES)
        lines.append(("the same network before int8", *shares))
    return lines


def failures(card: Card) -> list[str]:
    """Sentences about where it fails, read from the numbers."""
    metrics = card["metrics"]
    recall = metrics["everyday"]["recall"]
    shown = [label for label in LABELS if metrics["faces_by_label"][label]]
    seldom = sorted(shown, key=lambda label: recall[label])[:3]
    other = metrics["balanced"]["recall"]
    found = ", ".join(f"**{label}** in {percent(recall[label])} ({percent(other[label])})" for label in seldom)
    sentences = [f"Least often recognised: {found}; in brackets with balanced base rates."]
    wrong = [percent_or_dash(metrics[rates]["neutral_called_sad"]) for rates in RATES]
    sentences.append(f"Of neutral faces it calls {wrong[0]} sad ({wrong[1]}).")
    if "corruptions" in metrics:
        spoilt = metrics["corruptions"]["accuracy"]
        worst = ", ".join(f"**{name}** {percent(spoilt[name])}" for name in sorted(spoilt, key=spoilt.__getitem__)[:3])
        clean = percent(metrics["everyday"]["accuracy"]["value"])
        sentences.append(f"The bad pictures that cost it the most: {worst} right, where it is {clean} on clean ones.")
    if "uncertain" in card:
        sentences.append(_uncertain(card["uncertain"], card["uncertain_below"]))
    return sentences


def _uncertain(rule: dict[str, Any], below: float) -> str:
    """The sentence about what it will not name. rule: with its figures only where they are this model's own."""
    words = f"It calls itself uncertain below a confidence of {below:.2f}"
    if "coverage" not in rule:
        return f"{words}, {rule['rule']}."
    if not rule["coverage"]:
        return f"{words}: all of the faces it was set on."
    return (
        f"{words}: about {percent(1 - rule['coverage'])} of the faces it was set on. Of the others "
        f"{percent(rule['accuracy_of_accepted'])} were right there."
    )


def recipe_title(name: str) -> str:
    """The first line of the recipe's docstring; empty where there is no such recipe (any more)."""
    path = Path(recipes.__path__[0]) / f"{name}.py"
    if not name or not path.exists():
        return ""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]


def _alike(values: list[Any]) -> Any:
    """What all cards have in common: the value, or of lists the entries that are in all; else None."""
    if not values:
        return None
    if all(isinstance(value, list) for value in values):
        return [entry for entry in values[0] if all(entry in value for value in values)]
    return values[0] if all(value == values[0] for value in values) else None


def _share(share: dict[str, Any]) -> str:
    """A share as `training.evaluate` writes it: flat, or with its accuracy inside; with or without its faces."""
    one = flat(share) if "accuracy" in share else share
    return counted(one) if "faces" in one else interval(one)


def measurements(metrics: dict[str, Any]) -> str:
    """Any card's numbers: single ones as a list, and a table of those that were measured in several settings alike."""
    single = [f"- {_words(key)}: {value}\n" for key, value in metrics.items() if not isinstance(value, dict)]
    tables = []
    for key, value in metrics.items():
        if isinstance(value, dict):
            inner = list(value.values())
            if inner and all(isinstance(each, dict) for each in inner):
                lines = [(_words(name), *(str(each.get(name, "")) for each in inner)) for name in inner[0]]
                tables.append(markdown((_words(key), *value), lines))
            else:
                tables.append(markdown((_words(key), ""), [(_words(name), str(each)) for name, each in value.items()]))
    return "\n".join(["".join(single), *tables] if single else tables)


def _words(key: str) -> str:
    return key.replace("_", " ")
