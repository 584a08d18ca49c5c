"""Which views of a face the classifier is shown: as it is and in the mirror.

A face means the same in the mirror, and the mean of both answers is right more often than one
(`python -m training.mirror`). A picture that stands alone shows both views, and so does a face at first; while it is
followed it shows them in turn, which costs nothing, and the mean is that of the last answer to each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

Crop = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float64]


def both(crop: Crop) -> list[Crop]:
    """(S, S) as it is, and with left and right exchanged."""
    return [crop, np.ascontiguousarray(crop[:, ::-1])]


class Views:
    """Of faces that are followed. Remembers what was said of the view shown last."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[bool, Probabilities]] = {}
        """By face: whether it was in the mirror, and the answer."""

    def next(self, id_: int, crop: Crop) -> list[Crop]:
        """What to show of this face now. crop: (S, S)."""
        if id_ not in self._last:
            return both(crop)
        in_the_mirror, _ = self._last[id_]
        return [both(crop)[not in_the_mirror]]

    def mean(self, id_: int, answers: Sequence[Probabilities]) -> Probabilities:
        """(7,) over both views. answers: (7,) to each view that `next` has just given."""
        in_the_mirror, before = self._last.get(id_, (False, answers[0]))
        self._last[id_] = not in_the_mirror, answers[-1]
        return np.asarray((before + answers[-1]) / 2)

    def keep(self, ids: Collection[int]) -> None:
        """Forget everyone else."""
        self._last = {id_: last for id_, last in self._last.items() if id_ in ids}
