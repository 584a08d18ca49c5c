"""The charts of a model card: standalone SVG, the same text on every machine, readable on light and on dark pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from edge.emotion.card import Card
from edge.emotion.labels import LABELS
from training.evaluate import RATES


@dataclass(frozen=True)
class Mark:
    """A share, 0..1, in the colour of its base rates, with its interval where it is known."""

    rates: str
    value: float
    interval: dict[str, float] | None = None


@dataclass(frozen=True)
class Line:
    """One row of a chart. note: at its right end."""

    name: str
    marks: list[Mark]
    note: str = ""


def charts(card: Card) -> dict[str, str]:
    """Every chart that the card's numbers allow, by name."""
    metrics = card["metrics"]
    name = card["name"]
    result = {"recall": _drawn(f"{name}: which share of each emotion is recognised", _recall(metrics), "faces")}
    if "corruptions" in metrics:
        clean = [Mark(rates, metrics[rates]["accuracy"]["value"]) for rates in RATES]
        title = f"{name}: accuracy when every picture is spoilt"
        result["corruptions"] = _drawn(title, _corruptions(metrics["corruptions"]), "", clean)
    if "by_agreement" in metrics:
        title = f"{name}: accuracy by how many of ten people chose the majority"
        result["agreement"] = _drawn(title, _agreement(metrics["by_agreement"]), "faces")
    return result


def _recall(metrics: dict[str, Any]) -> list[Line]:
    faces = metrics.get("faces_by_label", {})
    return [
        Line(
            label,
            [
                Mark(rates, metrics[rates]["recall"][label], metrics[rates].get("recall_interval", {}).get(label))
                for rates in RATES
            ],
            f"{faces[label]:,}" if label in faces else "",
        )
        for label in LABELS
        if faces.get(label, 1)
    ]


def _corruptions(spoilt: dict[str, Any]) -> list[Line]:
    balanced = spoilt.get("balanced_accuracy", {})
    lines = [
        Line(name, [Mark("everyday", share), *([Mark("balanced", balanced[name])] if name in balanced else [])])
        for name, share in spoilt["accuracy"].items()
    ]
    return sorted(lines, key=lambda line: line.marks[0].value)


def _agreement(groups: dict[str, Any]) -> list[Line]:
    return [
        Line(words, [Mark("everyday", share["value"], share)], f"{share['faces']:,}") for words, share in groups.items()
    ]


def _drawn(title: str, lines: list[Line], note: str, clean: list[Mark] | None = None) -> str:
    """note: what the notes at the right end are. clean: vertical lines through all rows."""
    used = [rates for rates in RATES if any(mark.rates == rates for line in lines for mark in line.marks)]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("card_chart.svg.jinja").render(
        title=title,
        lines=lines,
        note=note if any(line.note for line in lines) else "",
        clean=[mark for mark in clean or [] if mark.rates in used],
        used=used,
    )
