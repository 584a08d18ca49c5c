"""Which pictures train, which select and which are kept for the end; no person is in two of them."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from training.pictures import Picture

log = logging.getLogger(__name__)

SPLITS = ("Training", "PublicTest", "PrivateTest")
KEPT_ASIDE = {"PublicTest": 0.15, "PrivateTest": 0.15}
"""Of the pictures, where the data set does not say."""

FEWEST_PEOPLE = 6
"""Of fewer, a single one would be a large part of what is learnt: their pictures are divided instead."""


def divided(pictures: list[Picture], where: Path) -> dict[str, list[Picture]]:
    """The pictures by split: as their data set has them; a split that it lacks is taken from those it has.

    Without validation pictures, half of the test pictures select; without any, some of the training pictures are kept
    aside. Which ones depends on the people's or the files' names only, so that the same pictures divide alike.
    """
    given = {split: [one for one in pictures if one.split == split] for split in SPLITS}
    training = given["Training"] + [one for one in pictures if one.split is None]
    public, private = given["PublicTest"], given["PrivateTest"]
    if private and not public:
        public, private = _parted(private, 0.5, where)
    elif not public:
        aside, training = _parted(training, sum(KEPT_ASIDE.values()), where)
        public, private = _parted(aside, KEPT_ASIDE["PublicTest"] / sum(KEPT_ASIDE.values()), where)
    return {"Training": training, "PublicTest": public, "PrivateTest": private}


def _parted(pictures: list[Picture], share: float, where: Path) -> tuple[list[Picture], list[Picture]]:
    """About this share of the pictures, and the others: whole people where known, else alike of every emotion."""
    people = {one.person for one in pictures if one.person}
    if len(people) >= FEWEST_PEOPLE:
        return _filled(_grouped(pictures, lambda one: one.person or str(one.path.name)), share)
    if people:
        log.warning("%s shows %d people, too few to keep them apart: its pictures are divided", where, len(people))
    chosen, others = [], []
    for group in _grouped(pictures, lambda one: str(one.label)).values():
        some, rest = _filled(_grouped(group, lambda one: f"{one.path.parent.name}/{one.path.name}"), share)
        chosen += some
        others += rest
    return chosen, others


def _filled(groups: dict[str, list[Picture]], share: float) -> tuple[list[Picture], list[Picture]]:
    """Whole groups, in an order that only their names decide, until the share is reached."""
    wanted = share * sum(map(len, groups.values()))
    chosen: list[Picture] = []
    others: list[Picture] = []
    for name in sorted(groups, key=lambda name: hashlib.sha256(name.encode()).digest()):
        # Rounded to the nearer side: half of a group may be too much.
        (chosen if len(chosen) + len(groups[name]) / 2 <= wanted else others).extend(groups[name])
    return chosen, others


def _grouped(pictures: list[Picture], by: Callable[[Picture], str]) -> dict[str, list[Picture]]:
    groups: defaultdict[str, list[Picture]] = defaultdict(list)
    for one in pictures:
        groups[by(one)].append(one)
    return dict(groups)
