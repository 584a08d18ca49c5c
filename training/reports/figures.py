"""The figures of one model's evaluation. Each function draws into a file; `draw` draws all that the numbers allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from edge.emotion.labels import LABELS
from training.evaluate import RATES
from training.reports.style import (
    COLOURS,
    DPI,
    INK,
    LINE,
    SOFT,
    WORDS,
    at_right,
    drawing,
    legend_below,
    percent_axis,
    rows,
    whisker,
)
from training.reports.tables import flat

LEGEND = {WORDS[rates]: COLOURS[rates] for rates in RATES}
BLUES = LinearSegmentedColormap.from_list("blues", ["#ffffff", COLOURS["everyday"]])
ORANGES = LinearSegmentedColormap.from_list("oranges", ["#ffffff", COLOURS["balanced"]])


def draw(result: dict[str, Any], folder: Path, stem: str) -> dict[str, Path]:
    """Draw every figure as `<stem>.<name>.png`; returns the files by name."""
    every = {"protocols": protocols, "recall": recall, "confusion": confusion, "calibration": calibration}
    if "by_agreement" in result:
        every["agreement"] = agreement
    if "corruptions" in result:
        every["corruptions"] = corruptions
    files = {name: folder / f"{stem}.{name}.png" for name in every}
    for name, figure in every.items():
        figure(result, files[name])
    return files


def protocols(result: dict[str, Any], path: Path) -> None:
    """The same answers scored in every way that is usual, each with its interval."""
    lines = scored(result)
    with drawing(9, 1.5 + 0.5 * len(lines)) as (figure, (axes,)):
        for row, (_, shares) in enumerate(lines):
            for number, (rates, share) in enumerate(shares.items()):
                y = row + 0.13 * (2 * number - len(shares) + 1)
                whisker(axes, y, share, COLOURS[rates])
                place, words = (100 * share["value"], y), f"{100 * share['value']:.1f}"
                style = {"ha": "center", "fontsize": 8, "color": COLOURS[rates]}
                axes.annotate(words, place, (0, 6), textcoords="offset points", **style)
        rows(axes, [name for name, _ in lines])
        lowest = min(share["low"] for _, shares in lines for share in shares.values())
        percent_axis(axes, max(0, 10 * np.floor(10 * lowest)), 100)
        axes.set_title("One model, scored in every usual way")
        used = {rates for _, shares in lines for rates in shares}
        legend_below(figure, axes, {WORDS[rates]: colour for rates, colour in COLOURS.items() if rates in used})
        figure.savefig(path, dpi=DPI)


def scored(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What each way of scoring is called, and the shares by base rates."""
    faces = f"{result['everyday']['faces']:,} faces"
    title = f"the crowd's majority, {faces}" if "tie_rule" in result else f"{result['split']}, {faces}"
    lines = [(title, {rates: result[rates]["accuracy"] for rates in RATES})]
    if "authors_majority" in result:
        single = {
            "without tied faces": result["without_ties"],
            "without twins of Training": result["without_twins"],
            "FER+ authors' rule, 8 classes": flat(result["authors_majority"]),
            "FER2013's own labels": flat(result["fer2013_labels"]),
        }
        shown = {name: share for name, share in single.items() if share["faces"]}
        lines += [(f"{name}, {share['faces']:,}", {"everyday": share}) for name, share in shown.items()]
    if "ck" in result:
        ck = result["ck"]
        lines.append((f"CK+, {ck['everyday']['faces']:,}", {rates: one["accuracy"] for rates, one in ck.items()}))
    return lines


def recall(result: dict[str, Any], path: Path) -> None:
    """Which share of each emotion is recognised, and how far the base rates move it."""
    kinds = {rates: result[rates]["per_class"] for rates in RATES}
    labels = [label for label in LABELS if kinds["everyday"][label]["faces"]]
    with drawing(9, 1.5 + 0.5 * len(labels)) as (figure, (axes,)):
        for y, label in enumerate(labels):
            for rates, up in zip(RATES, (-0.14, 0.14), strict=True):
                one = kinds[rates][label]
                whisker(axes, y + up, {**one["recall_interval"], "value": one["recall"]}, COLOURS[rates])
            at_right(axes, y, f"{kinds['everyday'][label]['faces']:,}")
        at_right(axes, -0.6, "faces")
        rows(axes, labels)
        percent_axis(axes)
        axes.set_title("Which share of each emotion is recognised")
        legend_below(figure, axes, LEGEND)
        figure.savefig(path, dpi=DPI)


def confusion(result: dict[str, Any], path: Path) -> None:
    """What is taken for what: per cent of a row, and the number of faces below."""
    with drawing(12, 5.6, columns=2) as (figure, both):
        for axes, rates, colours in zip(both, RATES, (BLUES, ORANGES), strict=True):
            counts = np.array(result[rates]["confusion"])
            _heat(axes, counts, colours)
            axes.set_title(WORDS[rates])
        both[0].set_ylabel("what people see")
        figure.supxlabel("what the model says; per cent of the row, number of faces below", fontsize=9, color=SOFT)
        figure.savefig(path, dpi=DPI)


def _heat(axes: Axes, counts: np.ndarray, colours: LinearSegmentedColormap) -> None:
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="equal")
    for (row, column), share in np.ndenumerate(shares):
        if not counts[row, column]:
            continue
        ink = "white" if share > 0.55 else INK
        axes.text(column, row - 0.1, f"{100 * share:.0f}", ha="center", va="center", color=ink, fontsize=11)
        axes.text(
            column, row + 0.27, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=6.5, alpha=0.8
        )
    axes.set_xticks(range(len(LABELS)), LABELS, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(LABELS)), LABELS)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def calibration(result: dict[str, Any], path: Path) -> None:
    """Left: how often a confidence is right. Right: how much is wrong when only the surest faces are answered."""
    with drawing(11, 4.6, columns=2) as (figure, (left, right)):
        left.plot([0, 100], [0, 100], ls=(0, (2, 3)), color=SOFT, lw=1)
        for rates in RATES:
            one, colour = result[rates], COLOURS[rates]
            bins = [b for b in one["calibration_curve"] if b["faces"] >= 5]
            x, y = ([100 * b[key] for b in bins] for key in ("confidence", "outcome"))
            left.plot(x, y, color=colour, lw=1.8)
            sizes = [10 + 700 * b["faces"] / one["faces"] for b in bins]
            left.scatter(x, y, s=sizes, color=colour, alpha=0.85, edgecolor="white", zorder=3)
            risk = one["risk_coverage"]
            right.plot([100 * p["coverage"] for p in risk], [100 * p["risk"] for p in risk], color=colour, lw=2)
            sure = one["sure"]
            if sure["accuracy"] is not None:
                right.plot(100 * sure["share"], 100 * (1 - sure["accuracy"]), "o", ms=9, color=colour, mec="white")
        left.set(xlim=(0, 102), ylim=(0, 102), xlabel="confidence, %", ylabel="right, %", aspect="equal")
        left.set_title("Is it right as often as it says?")
        errors = "\n".join(f"{rates} {result[rates]['calibration_error']:.3f}" for rates in RATES)
        left.annotate(f"calibration error\n{errors}", (99, 4), ha="right", fontsize=9, color=SOFT, linespacing=1.4)
        right.set(
            xlim=(0, 102), ylim=(0, None), xlabel="faces answered, the surest first, %", ylabel="wrong among them, %"
        )
        right.set_title("How much is wrong among the surest?")
        right.annotate(
            "dot: where it begins to say “uncertain”", (2, right.get_ylim()[1] * 0.93), fontsize=9, color=SOFT
        )
        legend_below(figure, left, LEGEND)
        figure.savefig(path, dpi=DPI)


def agreement(result: dict[str, Any], path: Path) -> None:
    """Accuracy by how many of ten people chose the majority."""
    groups = result["by_agreement"]
    with drawing(9, 1.2 + 0.5 * len(groups)) as (figure, (axes,)):
        for y, share in enumerate(groups.values()):
            axes.barh(y, 100 * share["value"], height=0.56, color=COLOURS["everyday"], alpha=0.85)
            axes.plot([100 * share["low"], 100 * share["high"]], [y, y], color=INK, lw=1.4)
            axes.annotate(
                f"{100 * share['value']:.1f} %", (2, y), va="center", color="white", fontsize=10, weight="bold"
            )
            at_right(axes, y, f"{share['faces']:,}")
        at_right(axes, -0.6, "faces")
        rows(axes, [f"{words} agree" for words in groups])
        percent_axis(axes)
        axes.set_title("Accuracy by how many of ten people agree")
        figure.savefig(path, dpi=DPI)


def corruptions(result: dict[str, Any], path: Path) -> None:
    """Accuracy when every face is spoilt in one way, the worst at the top, against clean faces."""
    spoilt = result["corruptions"]
    by_rates = {"everyday": spoilt["accuracy"], "balanced": spoilt["balanced_accuracy"]}
    names = sorted(spoilt["accuracy"], key=lambda name: spoilt["accuracy"][name])
    with drawing(9, 1.6 + 0.34 * len(names)) as (figure, (axes,)):
        for rates, shares in by_rates.items():
            axes.axvline(100 * result[rates]["accuracy"]["value"], color=COLOURS[rates], lw=1.2, ls=(0, (4, 3)))
            for y, name in enumerate(names):
                axes.plot(100 * shares[name], y, "o", ms=7.5, color=COLOURS[rates], mec="white", mew=0.8, zorder=3)
        for y, name in enumerate(names):
            ends = sorted(100 * shares[name] for shares in by_rates.values())
            axes.plot(ends, [y, y], color=LINE, lw=3, zorder=2)
        rows(axes, names)
        percent_axis(axes, max(0, 10 * np.floor(10 * min(min(each.values()) for each in by_rates.values()))), 100)
        axes.set_title("Accuracy when every picture is spoilt (dashed: clean pictures)")
        legend_below(figure, axes, LEGEND)
        figure.savefig(path, dpi=DPI)
