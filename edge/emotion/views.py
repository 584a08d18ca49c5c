"""Which views of a face the classifier is shown: as it is and in the mirror.

A face means the same in the mirror, and the mean of both answers is right more often than one
(`python -m training.mirror`). A face that is followed shows its views in turn, which costs nothing: the average over
time takes the mean. A picture that stands alone shows both.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

Crop = npt.NDArray[np.uint8]


class Views:
    """Remembers which faces were last shown as they are."""

    def __init__(self) -> None:
        self._as_it_is: set[int] = set()

    def next(self, id_: int, crop: Crop) -> Crop:
        """The one that is next for this face. crop: (S, S)."""
        self._as_it_is ^= {id_}
        return crop if id_ in self._as_it_is else mirrored(crop)

    def keep(self, ids: Collection[int]) -> None:
        """Forget everyone else."""
        self._as_it_is.intersection_update(ids)


def mirrored(crop: Crop) -> Crop:
    """(S, S), left and right exchanged."""
    return np.ascontiguousarray(crop[:, ::-1])
