"""Work less before the chip slows itself down: a device in a closed case on a summer's day keeps running."""

from __future__ import annotations

import logging
import math
from typing import Final

from edge.types import Status

log = logging.getLogger(__name__)

STEPS: Final = (1, 2, 4)
"""Times as long between two looks of the detector, and between two answers of the classifier for a face."""

COOLER_C: Final = 5.0
"""Below the limit, and the chip is cool again."""
STEP_S: Final = 20.0
"""A step takes as long to show in the temperature."""
CALM_S: Final = 60.0
"""The alarm of a supply that is just too weak comes and goes; for so long without it, and there is power again."""


class Pace:
    """Decides how much to rest. Remembers the step, when it was taken, and when the board was throttled last.

    A step slower where the chip is as hot as `hot_c`, is throttled or lacks power; a step faster where it has cooled.
    """

    def __init__(self, hot_c: float) -> None:
        self._hot_c = hot_c
        self._step = 0
        self._changed = self._throttled = -math.inf

    def update(self, status: Status, now: float) -> int:
        """What to multiply every rest by. now: seconds of a monotonic clock; to be asked about once a second."""
        strained = self._strain(status)
        if status.throttled:
            self._throttled = now
        calm = now - self._throttled >= CALM_S
        cool = calm and not strained and (status.temperature_c is None or status.temperature_c < self._hot_c - COOLER_C)
        step = min(self._step + 1, len(STEPS) - 1) if strained else max(self._step - 1, 0) if cool else self._step
        if step != self._step and now - self._changed >= STEP_S:
            self._step, self._changed = step, now
            if strained:
                log.warning("%s: looking for faces %d times less often", strained, STEPS[step])
            else:
                log.info(
                    "cooler: looking for faces %s", f"{STEPS[step]} times less often" if step else "as often as set"
                )
        return STEPS[self._step]

    def _strain(self, status: Status) -> str:
        """What is wrong, in words; empty where nothing is."""
        if status.throttled:
            return "the board throttles itself or lacks power"
        if status.temperature_c is not None and status.temperature_c >= self._hot_c:
            return f"{status.temperature_c:.0f} °C"
        return ""
