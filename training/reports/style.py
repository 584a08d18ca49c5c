"""How every figure looks: colours, letters, and the pieces that several of them share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, LINE = "#1d2328", "#5c6670", "#dfe3e7"
COLOURS = {"everyday": "#2b6cb8", "balanced": "#d4661c", "balanced_without_neutral": "#8a5a9e"}
WORDS = {
    "everyday": "everyday base rates",
    "balanced": "balanced base rates",
    "balanced_without_neutral": "balanced, neutral ruled out",
}
SERIES = ("#2b6cb8", "#d4661c", "#3d8f5f", "#8a5a9e", "#b3862d", "#5c6670")
"""One colour a model, in comparisons; a seventh begins anew."""

DPI = 150

RULES = {
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.left": False,
    "xtick.bottom": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


@contextmanager
def drawing(width: float, height: float, columns: int = 1, **options: object) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of so many inches with its axes in a row; closed at the end, when it has been saved."""
    with plt.rc_context(RULES):
        figure, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained", squeeze=False, **options)
        try:
            yield figure, list(axes[0])
        finally:
            plt.close(figure)


def percent_axis(axes: Axes, low: float = 0, high: float = 100) -> None:
    """The x axis in per cent, with lines up and down only."""
    axes.set_xlim(low, high)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def rows(axes: Axes, names: list[str]) -> None:
    """One line a name, the first at the top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def whisker(axes: Axes, y: float, share: dict[str, float], colour: str, size: float = 7) -> None:
    """A share, a fraction, as a dot with its interval."""
    axes.plot(
        [100 * share["low"], 100 * share["high"]], [y, y], color=colour, lw=2.4, alpha=0.4, solid_capstyle="round"
    )
    axes.plot(100 * share["value"], y, "o", ms=size, color=colour, mec="white", mew=0.8, clip_on=False, zorder=3)


def at_right(axes: Axes, y: float, words: str, colour: str = SOFT) -> None:
    """A note beside the row at `y`, outside the plot."""
    axes.annotate(words, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=9, color=colour)


def legend_below(figure: Figure, axes: Axes, colours: dict[str, str], title: str | None = None) -> None:
    """One legend below everything: a dot and a word each."""
    dots = [
        axes.plot([], [], "o", ms=7, color=colour, mec="white", label=words)[0] for words, colour in colours.items()
    ]
    figure.legend(handles=dots, loc="outside lower left", ncols=len(dots), title=title)
