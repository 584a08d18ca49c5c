"""The curves of a run for TensorBoard, written as they grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.errors import DataError

FOLDER = "tensorboard"


def board(run: Path) -> Callable[[dict[str, float]], None]:
    """Writes a line of the table of epochs at every call. A resumed run goes on in a second file of the same folder.

    Raises DataError where the package is missing.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError as err:
        raise DataError("--tensorboard needs the package tensorboardX: pip install tensorboardX") from err
    writers: list[Any] = []

    def write(line: dict[str, float]) -> None:
        epoch = int(line["epoch"])
        if not writers:
            # An epoch that a killed run had written and must do again is forgotten.
            writers.append(SummaryWriter(str(run / FOLDER), purge_step=epoch))
        for name, value in line.items():
            if name != "epoch":
                writers[0].add_scalar(name, value, epoch)
        writers[0].flush()

    return write
