"""The measurements of one model as tables: on the terminal, and as Markdown."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from edge.emotion.labels import LABELS

Row = tuple[str, ...]
HEADER: Row = ("", "everyday base rates", "balanced base rates")


def headline(result: dict[str, Any]) -> list[Row]:
    """What `training.evaluate.measure` found, a line a number; by both base rates where both were measured."""
    both = (result["everyday"], result["balanced"])
    table: list[Row] = [
        ("accuracy (95 % interval)", *(interval(one["accuracy"]) for one in both)),
        *by_both_views("the same by both views", result, "both_views"),
        ("macro-F1", *(f"{one['macro_f1']:.3f}" for one in both)),
        ("mean recall", *(percent(one["mean_recall"]) for one in both)),
        ("calibration error", *(f"{one['calibration_error']:.3f}" for one in both)),
        ("neutral called sad", *(percent_or_dash(one["neutral_called_sad"]) for one in both)),
        ("sure enough to say", *(percent(one["sure"]["share"]) for one in both)),
        ("right where sure", *(percent_or_dash(one["sure"]["accuracy"]) for one in both)),
    ]
    if "authors_majority" in result:
        words = result["fer2013_labels"]
        table += [
            ("without tied faces", counted(result["without_ties"]), ""),
            ("without twins of Training", counted(result["without_twins"]), ""),
            ("FER+ authors' rule, 8 classes", counted(flat(result["authors_majority"])), ""),
            ("FER2013's own labels", counted(flat(words)), ""),
            ("the same, without twins", counted(words["without_twins"]), ""),
        ]
    if "ck" in result:
        ck = result["ck"]
        table.append(
            ("CK+, never trained on", *(interval(ck[rates]["accuracy"]) for rates in ("everyday", "balanced")))
        )
        table += by_both_views("the same by both views", result, "ck_both_views")
        table.append(("the same, neutral ruled out", "", interval(ck["balanced_without_neutral"]["accuracy"])))
    if "corruptions" in result:
        spoilt = result["corruptions"]
        means = (percent(spoilt["mean_accuracy"]), percent(spoilt["balanced_mean_accuracy"]))
        table.append((f"mean of {len(spoilt['accuracy'])} corruptions", *means))
    return table


def by_both_views(words: str, result: dict[str, Any], key: str) -> list[Row]:
    """The line of a face and its mirror image, where they were measured: older reports lack it."""
    if key not in result:
        return []
    return [(words, *(interval(result[key][rates]["accuracy"]) for rates in ("everyday", "balanced")))]


def by_label(result: dict[str, Any]) -> list[Row]:
    """Faces; recall, its interval, precision and F1 with everyday base rates; recall with balanced ones."""
    lines = []
    for label in LABELS:
        one, other = result["everyday"]["per_class"][label], result["balanced"]["per_class"][label]
        if one["faces"]:
            recall = interval({"value": one["recall"], **_ends(one["recall_interval"])})
            shares = (recall, percent(one["precision"]), f"{one['f1']:.3f}", percent(other["recall"]))
            lines.append((label, str(one["faces"]), *shares))
    return lines


def by_corruption(result: dict[str, Any]) -> list[Row]:
    spoilt = result["corruptions"]
    return [
        (name, percent(share), percent(spoilt["balanced_accuracy"][name])) for name, share in spoilt["accuracy"].items()
    ]


def by_agreement(result: dict[str, Any]) -> list[Row]:
    return [(words, str(one["faces"]), interval(one)) for words, one in result["by_agreement"].items()]


def confusions(result: dict[str, Any], rates: str = "everyday") -> list[Row]:
    """A row is what people see, a column the model's answer."""
    return [
        (label, *(str(count) for count in row))
        for label, row in zip(LABELS, result[rates]["confusion"], strict=True)
        if sum(row)
    ]


def as_markdown(result: dict[str, Any], title: str, figures: dict[str, str]) -> str:
    """figures: file names beside the Markdown, by name of the figure."""
    parts = [f"# {title}\n", f"{setting(result)}\n", markdown(HEADER, headline(result)), _picture(figures, "protocols")]
    parts += ["## Each emotion\n", markdown(LABEL_HEADER, by_label(result)), _picture(figures, "recall")]
    parts += ["## What is taken for what\n", "A row is what people see, a column the answer (everyday base rates).\n"]
    parts += [markdown(("", *LABELS), confusions(result)), _picture(figures, "confusion")]
    parts += ["## Does it know how sure it is?\n", _picture(figures, "calibration")]
    if "by_agreement" in result:
        parts += ["## Where people agree\n", markdown(AGREEMENT_HEADER, by_agreement(result))]
        parts += [_picture(figures, "agreement")]
    if "corruptions" in result:
        parts += ["## When the picture is bad\n", markdown(HEADER, by_corruption(result))]
        parts += [_picture(figures, "corruptions")]
    return "\n".join(part for part in parts if part)


LABEL_HEADER: Row = ("", "faces", "recall (95 % interval)", "precision", "F1", "recall, balanced")
AGREEMENT_HEADER: Row = ("people who chose the majority", "faces", "accuracy (95 % interval)")


def setting(result: dict[str, Any]) -> str:
    """What was measured on what, and who says what is right."""
    faces = f"{result['everyday']['faces']:,} faces of {result['split']}"
    words = f"{result['model']}, {faces}, one at a time, as on the device."
    if "tie_rule" in result:
        words += f" Right is what most of ten people said; {result['tie_rule']}."
    return words


def show(result: dict[str, Any], title: str) -> None:
    """Print the headline, the emotions and the corruptions to standard output."""
    console = Console()
    console.print(rich_table(HEADER, headline(result), title))
    console.print(rich_table(LABEL_HEADER, by_label(result), "each emotion"))
    if "corruptions" in result:
        console.print(rich_table(HEADER, by_corruption(result), "when the picture is bad"))


def rich_table(header: Row, lines: list[Row], title: str) -> Table:
    table = Table(*header, title=title, title_justify="left")
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for line in lines:
        table.add_row(*line)
    return table


def markdown(header: tuple[str, ...], lines: list[Any]) -> str:
    """A Markdown table; all columns but the first are numbers, set to the right."""
    ruler = ("---", *("---:" for _ in header[1:]))
    return "".join(f"| {' | '.join(line)} |\n" for line in (header, ruler, *lines))


def interval(share: dict[str, Any]) -> str:
    """87.1 % (85.9–88.2); a dash where there was no face."""
    if share["value"] is None:
        return "–"
    return f"{percent(share['value'])} ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def counted(share: dict[str, Any]) -> str:
    """87.1 % (85.9–88.2) of 3,153"""
    return f"{interval(share)} of {share['faces']:,}" if share["faces"] else interval(share)


def flat(one: dict[str, Any]) -> dict[str, Any]:
    """A share with its number of faces in one dictionary."""
    return {**one["accuracy"], "faces": one["faces"]}


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def percent_or_dash(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _ends(share: dict[str, float]) -> dict[str, float]:
    return {"low": share["low"], "high": share["high"]}


def _picture(figures: dict[str, str], name: str) -> str:
    return f"![{name}]({figures[name]})\n" if name in figures else ""
