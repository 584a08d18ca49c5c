"""An average over time of each face's probabilities, so that one odd frame does not change the label."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]


class Smoother:
    """Exponential moving average with a time constant in seconds, one for each id. Remembers the last average."""

    def __init__(self, time_constant_s: float) -> None:
        self._time_constant_s = time_constant_s
        self._averages: dict[int, tuple[float, Probabilities]] = {}

    def update(self, id_: int, probabilities: Probabilities, time: float) -> Probabilities:
        """The (7,) average after this frame's (7,) probabilities. The first frame of an id stands for itself."""
        average = probabilities
        if id_ in self._averages and self._time_constant_s > 0:
            before, old = self._averages[id_]
            fresh_share = -math.expm1(-max(time - before, 0.0) / self._time_constant_s)
            average = old + fresh_share * (probabilities - old)
        self._averages[id_] = time, average
        return average

    def keep(self, ids: Collection[int]) -> None:
        """Forget everyone else."""
        self._averages = {id_: value for id_, value in self._averages.items() if id_ in ids}
