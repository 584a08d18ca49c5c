"""What a run learns: emotions, or to find faces. The loop in `train.py` is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Batch = tuple[np.ndarray, np.ndarray]
"""Pictures, (B, H, W, 1) float32 pixels 0..255, and targets; of emotions (B, 7) float32."""

Loss = Callable[..., Any]
"""The network's answers and the targets of one batch, as PyTorch tensors, to a scalar."""


class Epoch(Protocol):
    """One epoch's batches in order."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Batch: ...

    def __iter__(self) -> Iterator[Batch]: ...


@dataclass(frozen=True)
class Task:
    """The parts of a run that depend on what is learnt. A "set" is whatever holds the task's pictures."""

    batches: Callable[..., Epoch]
    """Of training set, recipe, seed and the epoch, counted from 0."""
    loss: Loss | None
    """None for cross-entropy, the only one that trains on every backend of Keras."""
    score: Callable[..., dict[str, float]]
    """(learner, selection set) to numbers for the table of epochs."""
    cost: Callable[[dict[str, float]], float]
    """Of such a line: the epoch where it is least is kept."""
    told: str
    """How the line is said, in %-format by its columns."""
    draw: Callable[..., None]
    """(lines of the table, the best one, path of the picture to write)."""
    facts: Callable[[Any], dict[str, Any]]
    """What to write down about the training set."""
