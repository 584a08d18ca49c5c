"""What is worth telling: a face appeared, its emotion changed, it left. Hysteresis and dwell keep it calm."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.emotion.labels import LABELS
from edge.types import Event


@dataclass
class _Announced:
    label: str
    confidence: float
    since: float
    told: bool = False
    """That the face has appeared."""
    candidate: str | None = None
    candidate_since: float = 0.0


class Announcer:
    """Decides which label of each face is announced. Remembers, for each id, what was announced last.

    A face is announced with the label of its first clear look that is no less likely than `uncertain_below`, or with
    the one it has after `dwell_s`: a blurred first look is not what somebody showed. Who has left by then is never
    announced. Another label is announced once its probability has exceeded the announced one's by `hysteresis` for
    `dwell_s` seconds without a break, and is no less than `uncertain_below` by then: the average takes as long to get
    there. A moment without a clear look is a break.
    """

    def __init__(self, hysteresis: float, dwell_s: float, uncertain_below: float) -> None:
        self._hysteresis, self._dwell_s, self._uncertain_below = hysteresis, dwell_s, uncertain_below
        self._announced: dict[int, _Announced] = {}
        self._events: list[Event] = []

    def update(
        self,
        id_: int,
        probabilities: npt.NDArray[np.float64],
        time: float,
        *,
        clear: bool = True,
    ) -> str:
        """The announced label of this face after its smoothed (7,) probabilities of this frame.

        clear: False where the look at it was not clear enough to be believed; see `unclear` for later ones.
        """
        best = int(probabilities.argmax())
        label, confidence = LABELS[best], float(probabilities[best])
        known = self._announced.setdefault(id_, _Announced(label, confidence, time))
        if not known.told:
            known.label, known.confidence = label, confidence
            if clear and confidence >= self._uncertain_below:
                self._appeared(id_, known, uncertain=False)
            elif time - known.since >= self._dwell_s:
                self._appeared(id_, known, uncertain=True)
            return label
        lead = confidence - float(probabilities[LABELS.index(known.label)])
        if label == known.label or lead <= self._hysteresis:
            known.candidate = None
            known.confidence = float(probabilities[LABELS.index(known.label)])
            return known.label
        if known.candidate != label:
            known.candidate, known.candidate_since = label, time
        if time - known.candidate_since >= self._dwell_s and confidence >= self._uncertain_below:
            self._events.append(Event("emotion_changed", id_, known.label, label, confidence))
            self._announced[id_] = _Announced(label, confidence, time, told=True)
        return self._announced[id_].label

    def unclear(self, id_: int, time: float) -> None:
        """There was no clear look at this face. After `dwell_s` it has appeared all the same."""
        known = self._announced[id_]
        known.candidate = None
        if not known.told and time - known.since >= self._dwell_s:
            self._appeared(id_, known, uncertain=True)

    def missed(self, ids: Collection[int]) -> None:
        """These were not seen."""
        for known in (self._announced[id_] for id_ in ids if id_ in self._announced):
            known.candidate = None

    def keep(self, ids: Collection[int]) -> None:
        """Everyone else has left."""
        for id_ in [id_ for id_ in self._announced if id_ not in ids]:
            last = self._announced.pop(id_)
            if last.told:
                self._events.append(Event("face_left", id_, last.label, None, last.confidence))

    def take(self) -> tuple[Event, ...]:
        """The events since the last call, in order."""
        events, self._events = tuple(self._events), []
        return events

    def _appeared(self, id_: int, known: _Announced, *, uncertain: bool) -> None:
        known.told = True
        self._events.append(Event("face_appeared", id_, None, known.label, known.confidence, uncertain))
