"""When the detector should look at a frame: its look is most of what a frame costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from edge.motion import Motion
from edge.turns import ROUNDING_S
from edge.types import Box, Frame

PROMISING_REST_RATIO: Final = 0.4
"""Of the rest between two looks, where something looked nearly like a face or somebody is missed."""

GLANCE_S: Final = 0.1
"""Whether something moves is asked so often; it costs a tenth of a look."""


class Lookout:
    """Looks for new faces are due every `search_s` where something moves, every `still_s` where nothing does.

    Remembers when the last one was, and what the picture was like.
    """

    def __init__(self, search_s: float, still_s: float) -> None:
        """search_s: 0 makes every frame due, of a device that need not rest."""
        self._search_s, self._still_s = search_s - ROUNDING_S, max(search_s, still_s) - ROUNDING_S
        self._motion = Motion()
        self.looked = self._glanced = -math.inf

    def look(self, frame: Frame) -> None:
        """This frame is being looked at."""
        self._motion.remember(frame.tracking_image)
        self.looked = self._glanced = frame.time

    def due(self, frame: Frame, known: Sequence[Box], *, rest: float, promising: bool) -> bool:
        """Whether to look for everybody in this frame. rest: times as long between two looks as set."""
        rested = (frame.time - self.looked) / (rest * (PROMISING_REST_RATIO if promising else 1))
        if rested < (self._search_s if rest == 1 else max(self._search_s, GLANCE_S - ROUNDING_S)):
            return False
        if self._search_s <= 0 or rested >= self._still_s:
            return True
        if frame.time - self._glanced < GLANCE_S - ROUNDING_S:
            return False
        self._glanced = frame.time
        return self._motion.seen(frame.tracking_image, known)
