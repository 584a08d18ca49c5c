"""Whether a face is shown as uncertain: its confidence crosses the threshold often, which no display should do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass
class _Shown:
    doubtful: bool
    other_since: float | None = None


class Doubt:
    """Remembers, for each id, what is shown: the other takes its place after `dwell_s` seconds without a break."""

    def __init__(self, dwell_s: float) -> None:
        self._dwell_s = dwell_s
        self._shown: dict[int, _Shown] = {}

    def update(self, id_: int, uncertain: bool, time: float) -> bool:
        """What to show after this frame's answer. The first one of an id is shown at once."""
        shown = self._shown.setdefault(id_, _Shown(uncertain))
        if uncertain == shown.doubtful:
            shown.other_since = None
            return shown.doubtful
        if shown.other_since is None:
            shown.other_since = time
        if time - shown.other_since >= self._dwell_s:
            self._shown[id_] = _Shown(uncertain)
        return self._shown[id_].doubtful

    def missed(self, ids: Collection[int]) -> None:
        """These were not seen: a break."""
        for shown in (self._shown[id_] for id_ in ids if id_ in self._shown):
            shown.other_since = None

    def keep(self, ids: Collection[int]) -> None:
        """Forget everyone else."""
        self._shown = {id_: shown for id_, shown in self._shown.items() if id_ in ids}
