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
    aside. Which ones depends on the people's or the files' names only, so that the same pictures divide alike. Of
    FEWEST_PEOPLE or more, whole people are set aside, one at least for each split.
    """
    given = {split: [one for one in pictures if one.split == split] for split in SPLITS}
    training = given["Training"] + [one for one in pictures if one.split is None]
    public, private = given["PublicTest"], given["PrivateTest"]
    if not public:
        part = _by_people if _are_kept_apart(pictures, where) else _by_emotion
        if private:
            public, private = part(private, 0.5)
        else:
            aside, training = part(training, sum(KEPT_ASIDE.values()), len(KEPT_ASIDE))
            public, private = part(aside, KEPT_ASIDE["PublicTest"] / sum(KEPT_ASIDE.values()))
    return {"Training": training, "PublicTest": public, "PrivateTest": private}


def _are_kept_apart(pictures: list[Picture], where: Path) -> bool:
    people = {one.person for one in pictures if one.person}
    if 0 < len(people) < FEWEST_PEOPLE:
        log.warning("%s shows %d people, too few to keep them apart: its pictures are divided", where, len(people))
    return len(people) >= FEWEST_PEOPLE


def _by_people(pictures: list[Picture], share: float, fewest: int = 1) -> tuple[list[Picture], list[Picture]]:
    """About this share of the pictures, and the others: whole people, so many of them at least.

    A picture of nobody known is a person of its own. Pictures of a single one are divided nonetheless.
    """
    people = _grouped(pictures, lambda one: one.person or one.path.name)
    return _filled(people, share, fewest) if len(people) > fewest else _by_emotion(pictures, share)


def _by_emotion(pictures: list[Picture], share: float, fewest: int = 0) -> tuple[list[Picture], list[Picture]]:
    """About this share of the pictures, alike of every emotion, and the others. Of a few pictures it may be none."""
    chosen, others = [], []
    for group in _grouped(pictures, lambda one: str(one.label)).values():
        some, rest = _filled(_grouped(group, lambda one: f"{one.path.parent.name}/{one.path.name}"), share)
        chosen += some
        others += rest
    return chosen, others


def _filled(groups: dict[str, list[Picture]], share: float, fewest: int = 0) -> tuple[list[Picture], list[Picture]]:
    """Whole groups, in an order that only their names decide, until the share is reached; the smallest, if too few."""
    wanted = share * sum(map(len, groups.values()))
    chosen: list[str] = []
    others: list[str] = []
    filled = 0
    for name in sorted(groups, key=lambda name: hashlib.sha256(name.encode()).digest()):
        # Rounded to the nearer side: half of a group may be too much.
        fits = filled + len(groups[name]) / 2 <= wanted
        (chosen if fits else others).append(name)
        filled += fits * len(groups[name])
    smallest = sorted(others, key=lambda name: len(groups[name]))[: max(0, fewest - len(chosen))]
    sides = (chosen + smallest, [name for name in others if name not in smallest])
    some, rest = ([one for name in side for one in groups[name]] for side in sides)
    return some, rest


def _grouped(pictures: list[Picture], by: Callable[[Picture], str]) -> dict[str, list[Picture]]:
    groups: defaultdict[str, list[Picture]] = defaultdict(list)
    for one in pictures:
        groups[by(one)].append(one)
    return dict(groups)
