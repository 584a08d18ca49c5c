"""Figures of a run: curves, confusion, calibration. Written to the run folder."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def curves(history: list[dict[str, float]], best: dict[str, float], path: Path) -> None:
    """Loss and PublicTest accuracy by epoch, the epoch that was kept marked."""
    epochs = [line["epoch"] for line in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    left.plot(epochs, [line["loss"] for line in history], label="Training, augmented")
    left.plot(epochs, [line["nll"] for line in history], label="PublicTest")
    left.set(xlabel="epoch", ylabel="cross-entropy to the crowd, nats")
    left.legend(frameon=False)
    right.plot(epochs, [100 * line["accuracy"] for line in history], color="C1")
    right.plot(best["epoch"], 100 * best["accuracy"], "o", color="C1")
    right.annotate(
        f"{100 * best['accuracy']:.2f} %",
        (best["epoch"], 100 * best["accuracy"]),
        textcoords="offset points",
        xytext=(0, -16),
        ha="center",
    )
    right.set(xlabel="epoch", ylabel="PublicTest accuracy, %")
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def detection_curves(history: list[dict[str, float]], best: dict[str, float], path: Path) -> None:
    """Loss, and what is found in the pictures kept aside, by epoch; the epoch that was kept marked."""
    epochs = [line["epoch"] for line in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    left.plot(epochs, [line["loss"] for line in history])
    left.set(xlabel="epoch", ylabel="loss on training views")
    right.plot(epochs, [100 * line["precision"] for line in history], label="average precision")
    for name in ("small", "middle", "large"):
        right.plot(epochs, [100 * line[name] for line in history], alpha=0.5, label=f"{name} faces found")
    right.plot(best["epoch"], 100 * best["precision"], "o", color="C0")
    right.set(xlabel="epoch", ylabel="pictures kept aside, %")
    right.legend(frameon=False)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    figure.savefig(path, dpi=110)
    plt.close(figure)
