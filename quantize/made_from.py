"""What a network was made from, as its run folder tells it and those of the networks that it began and learned from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.emotion.card import load_verified
from edge.emotion.tflite import find_model
from edge.errors import ModelError
from training.run import FACTS
from training.sources import FER2013, PICTURES


@dataclass(frozen=True)
class MadeFrom:
    """start: the name of the weights it began from, None where those were random.

    Whether FER2013 was read by: its own training (`fer2013`), that of its first weights (`start_fer2013`), that of a
    teacher (`taught_fer2013`). own: its training, or that of the run it began from, read other pictures.
    votes: some of them learnt FER+, too.
    """

    start: str | None
    fer2013: bool
    start_fer2013: bool
    taught_fer2013: bool
    own: bool
    votes: bool

    @property
    def holds_fer2013(self) -> bool:
        return self.fer2013 or self.start_fer2013 or self.taught_fer2013


def made_from(facts: dict[str, Any]) -> MadeFrom:
    """facts: of a run's run.json. Where it does not name its sources, being an old one, they are the usual ones.

    What cannot be looked at (a missing run, somebody's network) is not said to be made from FER2013.
    """
    recipe = facts["recipe"]
    start = recipe.get("start")
    before = of_run(start)
    first = before.start if before else start
    sources = facts.get("training", {}).get("sources") or [PICTURES if first else FER2013]
    begun = before.holds_fer2013 if before else _is_of_fer2013(start)
    taught = any(_is_of_fer2013(name) for name in recipe.get("teachers") or ())
    return MadeFrom(
        start=first,
        fer2013=FER2013 in sources,
        start_fer2013=begun,
        taught_fer2013=taught,
        own=PICTURES in sources or bool(before and before.own),
        votes=begun or taught or (FER2013 in sources and recipe.get("own_labels", 0.0) < 1),
    )


def of_run(name: str | None) -> MadeFrom | None:
    """What the network of a run folder, or a `.keras` file in one, was made from; None for anything else."""
    folder = Path(name or "")
    if folder.suffix == ".keras":
        folder = folder.parent
    if not name:
        return None
    try:
        return made_from(json.loads((folder / FACTS).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_of_fer2013(name: str | None) -> bool:
    if not name:
        return False
    run = of_run(name)
    if run:
        return run.holds_fer2013
    try:
        card = load_verified(find_model(name))[1]
    except ModelError:
        return False
    return FER2013 in str(card.get("origin"))
