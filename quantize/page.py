"""The report as one page of HTML: no script, nothing from the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from quantize import charts, classes, verdict

TEMPLATE = Path(__file__).with_name("page.html")
MATRIX_CLASSES = 12
"""With more classes a confusion matrix is no picture any more."""

WORST_LAYERS = 3


def as_page(result: dict[str, Any]) -> str:
    """result: as `quantize.report.compare` gives it."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    environment.filters["number_or_dash"] = lambda share: "–" if share is None else f"{100 * share:.1f}"
    environment.filters["signed"] = verdict.signed
    environment.filters["ms"] = verdict.milliseconds
    environment.filters["chance"] = verdict.chance
    environment.filters["span"] = lambda share: f"{100 * share['low']:.1f}–{100 * share['high']:.1f}"
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        r=result,
        one=result["float"],
        other=result["int8"],
        verdict=verdict.verdict(result),
        lines=classes.lines(result),
        interval=verdict.difference_interval(result),
        size_ratio=verdict.size_ratio(result),
        speed_ratio=verdict.speed_ratio(result),
        matrices=matrices(result) if len(result["labels"]) <= MATRIX_CLASSES else [],
        worst=worst_layers(result),
        **figures(result),
    )


def figures(result: dict[str, Any]) -> dict[str, Any]:
    """The charts by name; None where there is nothing to draw."""
    one, other = result["float"], result["int8"]
    worst = {layer["number"] for layer in worst_layers(result)}
    kinds = [
        (name, {s: result[s]["per_class"][name]["recall"] for s in charts.SIDES}) for name in classes.shown(result)
    ]
    risk = max(point["risk"] for each in (one, other) for point in each["risk_coverage"])
    return {
        "classes": charts.shares(
            [(name, values, other["per_class"][name]["recall_interval"]) for name, values in kinds],
            "Recall of each class",
        ),
        "before": _reliability(result, "reliability_before", "Calibration of the network alone"),
        "after": _reliability(result, "reliability", "Calibration of what the device says"),
        "risk": charts.curve(
            {s: [(p["coverage"], p["risk"]) for p in result[s]["risk_coverage"]] for s in charts.SIDES},
            "Wrong answers among the surest share",
            ("share of the pictures answered, surest first, %", "wrong among them, %"),
            max(0.04, np.ceil(25 * risk) / 25),
        ),
        "spoilt": charts.shares(
            [(name, {s: result[s]["corruptions"][name] for s in charts.SIDES}, None) for name in one["corruptions"]],
            "Accuracy under corruptions",
        )
        if "corruptions" in one
        else None,
        "layers": charts.bars(
            [(layer_name(x), x["snr_db"], "bad" if x["number"] in worst else "plain") for x in _audible(result)],
            "Signal to error, layer by layer",
            "dB",
        )
        if _audible(result)
        else None,
        "times": charts.times(result["latency"], "Time of a pass")
        if any(setting["ms"] for setting in result["latency"])
        else None,
    }


def worst_layers(result: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(_audible(result), key=lambda layer: layer["snr_db"])[:WORST_LAYERS]


def layer_name(layer: dict[str, Any]) -> str:
    """17 CONV_2D 6×6×112"""
    return f"{layer['number']} {layer['operator']} {'×'.join(map(str, layer['shape']))}"


def matrices(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Three tables of cells: what is written in it, its strength 0..1, its sign. A row is a true class."""
    counts = [np.array(result[side]["confusion"]) for side in charts.SIDES]
    totals = np.maximum(1, counts[0].sum(axis=1, keepdims=True))
    tables = []
    for title, values in zip(("float32", "int8"), counts, strict=True):
        cells = [
            [(str(v), s, "") for v, s in zip(*row, strict=True)] for row in zip(values, values / totals, strict=True)
        ]
        tables.append({"title": title, "rows": list(zip(result["labels"], cells, strict=True))})
    change = counts[1] - counts[0]
    strength = np.abs(change) / max(1, np.abs(change).max())
    cells = [
        [(f"{v:+d}".replace("-", "−") if v else "·", s, "more" if v > 0 else "less") for v, s in zip(*row, strict=True)]
        for row in zip(change, strength, strict=True)
    ]
    return [*tables, {"title": "int8 less float32", "rows": list(zip(result["labels"], cells, strict=True))}]


def _reliability(result: dict[str, Any], key: str, title: str) -> Any:
    lines = {
        side: [(b["confidence"], b["outcome"], b["faces"] / result["faces"]) for b in result[side][key]]
        for side in charts.SIDES
    }
    return charts.curve(lines, title, ("confidence, %", "right, %"), 1.0, diagonal=True)


def _audible(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [layer for layer in result["layers"] if layer["snr_db"] is not None]
