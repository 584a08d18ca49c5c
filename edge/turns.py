"""Whose emotion is asked for in which frame."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

ROUNDING_S: Final = 0.005
"""Of frame times: a third of a second is ten frames at 30 a second, also where the clock says 0.3332."""


class Turns:
    """All faces in one batch, at most so often; a new face at once. Remembers who was there and when all were asked."""

    def __init__(self, rate_hz: float) -> None:
        self._every_s = 1 / rate_hz - ROUNDING_S
        self._there: frozenset[int] = frozenset()
        self._asked = -math.inf
        self._waited = False

    def due(self, ids: Collection[int], time: float, *, rest: float, busy: bool) -> frozenset[int]:
        """The faces to ask about. rest: times as long between two turns as set.

        busy: the detector has looked at this frame; those who had a turn before wait for the next, so that no frame
        bears the cost of both.
        """
        everyone = frozenset(ids)
        new, self._there = everyone - self._there, everyone
        if not everyone:
            return everyone
        if time - self._asked < self._every_s * rest:
            return new
        self._waited = busy and not self._waited and new != everyone
        if self._waited:
            return new
        self._asked = time
        return everyone
