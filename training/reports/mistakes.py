"""The surest mistakes as a sheet of pictures. Photographs of people: kept apart, and never committed by accident."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from edge.emotion.labels import LABELS
from training.data import NO_LABEL, FaceSet
from training.reports.style import COLOURS, DPI, INK, SOFT, drawing

FOLDER = "photographs"
COLUMNS, MOST = 8, 40
WARNING = """\
These are photographs of people from a data set that was published for research, or of yours. Look at them to understand
the model; do not publish them or pass them on, and delete this folder when you are done.
"""


def worst(faces: FaceSet, answers: np.ndarray, most: int = MOST) -> np.ndarray:
    """Indices of the wrong answers, the surest first. answers: (N, 7) probabilities."""
    given, confidence = answers.argmax(axis=1), answers.max(axis=1)
    wrong = np.flatnonzero((faces.labels != NO_LABEL) & (given != faces.labels))
    return wrong[np.argsort(-confidence[wrong], kind="stable")][:most]


def sheet(faces: FaceSet, answers: np.ndarray, names: list[str], out: Path, stem: str) -> Path | None:
    """Draw them into `<out>/photographs/`, whose own .gitignore keeps it out of every commit.

    names: (N,) what each face is called. Returns the file; None where nothing is wrong.
    """
    chosen = worst(faces, answers)
    if not len(chosen):
        return None
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    (folder / "README").write_text(WARNING, encoding="utf-8")
    path = folder / f"{stem}.mistakes.png"
    lines = -(-len(chosen) // COLUMNS)
    with drawing(1.45 * COLUMNS, 1.05 + 2.02 * lines) as (figure, (frame,)):
        frame.remove()
        grid = figure.subplots(lines, COLUMNS, squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
        for axes, index in zip(grid.ravel(), chosen, strict=False):
            _one(axes, faces.images[index], answers[index], faces.targets[index], names[index])
        title = f"The {len(chosen)} surest mistakes: what the model says, and below what people see"
        figure.suptitle(title, x=0.01, ha="left", fontsize=13, weight="bold")
        figure.supxlabel("Photographs of people: not for publication.", fontsize=9, color=SOFT)
        figure.savefig(path, dpi=DPI)
    return path


def _one(axes: Axes, image: np.ndarray, answer: np.ndarray, votes: np.ndarray, name: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="lanczos")
    given = int(answer.argmax())
    words = f"{LABELS[given]} {100 * answer[given]:.0f} %"
    axes.set_title(words, fontsize=9.5, pad=3, loc="center", color=COLOURS["balanced"])
    below = {"transform": axes.transAxes, "ha": "center", "va": "top"}
    axes.text(0.5, -0.04, _seen(votes), fontsize=8, color=INK, linespacing=1.25, **below)
    axes.text(0.5, -0.32, name, fontsize=5.5, color=SOFT, **below)


def _seen(votes: np.ndarray) -> str:
    """The two answers with the most votes, in tenths: sad 6, neutral 4."""
    first, second = np.argsort(-votes, kind="stable")[:2]
    words = [f"{LABELS[label]} {10 * votes[label]:.0f}" for label in (first, second) if votes[label] >= 0.05]
    return ",\n".join(words) if votes[first] < 0.995 else f"{LABELS[first]},\neverybody"
