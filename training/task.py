"""What a run learns: emotions, or to find faces. The loop in `train.py` is the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Loss = Callable[..., Any]
"""The network's answers and the targets of one batch, as PyTorch tensors, to a scalar."""


@dataclass(frozen=True)
class Task:
    """The parts of a run that depend on what is learnt. A "set" is whatever holds the task's pictures."""

    batches: Callable[..., Any]
    """(training set, recipe, seed, epoch) to one epoch: has a length; gives pictures and targets in order."""
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
    first: Callable[[Any, int | None], Any]
    """The set's first so many pictures, or all."""
