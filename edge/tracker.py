"""Who is who from frame to frame: detections matched by place and look, faces followed by their look in between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.follower import Anchor, alike, anchored, followed
from edge.types import Box, Face, Frame

COAST_S: Final = 0.25
"""A face the detector misses is still shown, and looked for in every frame, for so long; its id is kept for longer."""

MATCH_IOU: Final = 0.2
SAME_PLACE_RATIO: Final = 0.8
"""Without overlap: a face no further than this many box widths away, and of similar size, may be the same one."""
STRAYING_PER_S: Final = 1.0
"""Box widths more for each second that nobody saw it."""
SIMILAR_SIZE_RATIO: Final = 1.7
LEAST_ALIKE: Final = 0.4
"""A followed face that looks less like itself when the detector saw it last is something that came before it."""
LEAST_ALIKE_AFTERWARDS: Final = 0.25
"""The same of one that was missed, with nobody near that hid it: by now somebody else may be in its place."""
TOUCHING: Final = 0.1
"""Of its width, how near to another face's box one may begin to disappear behind it: what is seen of it then is less
wide, and seems to move less."""
LONGEST_PASSING_S: Final = 2.0
"""Faces that touch for longer are not passing each other: they stay side by side, and are known as they are there."""
COVERED_IOU: Final = 0.1
LONGEST_COVERED_S: Final = 3.0
"""Behind another face nobody can be seen leaving: for so long, at most, the clock of the missed one stands still."""

VELOCITY_S: Final = 0.15
"""Time constant of the average over a face's velocity."""
COASTING_S: Final = 0.6
"""A face that is not seen slows down with this time constant: people do not walk on for ever."""

UNWATCHED_S: Final = 5.0
"""After so long without a frame (a lost camera, a pause) nobody is known any more: another may stand in the place."""


@dataclass
class _Known:
    id: int
    face: Face
    placed: float
    """When the face was where `face` says."""
    seen: float
    """When the detector saw it last."""
    look: npt.NDArray[np.float32]
    """As the detector saw it last."""
    anchor: Anchor | None
    """None: it cannot be followed now."""
    missed: float | None = None
    """The first look since then that did not find it."""
    gone: float = math.inf
    """The clock of who has left runs from here."""
    velocity: complex = 0j
    sightings: int = 1
    touched: float | None = None
    """Since when another face has been so near that it may hide a part of this one."""

    def at(self, time: float) -> Face:
        """The face where it should be now."""
        coasting_s = COASTING_S * -math.expm1(-max(time - self.placed, 0.0) / COASTING_S)
        move = self.velocity * coasting_s
        return self.face.moved(move.real, move.imag) if move else self.face

    def in_view(self, time: float) -> bool:
        return self.sightings >= 2 and (self.missed is None or time - self.missed <= COAST_S)

    def least_alike(self) -> float:
        """How much like itself a face must look to be this one. Behind another, half of it may be what was seen."""
        return LEAST_ALIKE_AFTERWARDS if self.missed is not None and self.touched is None else -1.0

    def place(self, anchor: Anchor, time: float, touches: bool) -> None:
        """Here it is now, found by the detector or followed. touches: another face; passing, it moves on as before."""
        self.touched = (time if self.touched is None else self.touched) if touches else None
        elapsed = time - self.placed
        if elapsed > 0 and (self.sightings < 2 or not self._is_passed(time)):
            fresh = (complex(*anchor.face.box.centre) - complex(*self.face.box.centre)) / elapsed
            fresh_share = 1.0 if self.sightings == 1 else -math.expm1(-elapsed / VELOCITY_S)
            self.velocity += fresh_share * (fresh - self.velocity)
        self.face, self.placed, self.anchor = anchor.face, time, anchor

    def detected(self, anchor: Anchor, time: float, touches: bool) -> None:
        self.place(anchor, time, touches)
        self.seen, self.missed, self.gone = time, None, math.inf
        if not self._is_passed(time):
            self.look = anchor.look()
        self.sightings += 1

    def _is_passed(self, time: float) -> bool:
        return self.touched is not None and time - self.touched <= LONGEST_PASSING_S

    def miss(self, time: float) -> None:
        """A look did not find it."""
        self.anchor = None
        if self.missed is None:
            self.missed = self.gone = time


class Tracker:
    """Gives every face an id that is never given out again. Remembers the known faces between frames, and their look.

    Times are seconds of the source's clock and must not go back. A face counts once the detector has seen it twice.
    Detections below min_score only say that somebody seen before is still there (Zhang et al., "ByteTrack: multi-object
    tracking by associating every detection box", 2022).
    """

    def __init__(self, forget_after_s: float, min_score: float = 0.0, max_faces: int = 1000) -> None:
        """max_faces: so many are known at a time; who comes later gets no id until somebody has left."""
        self._forget_after_s, self._min_score, self._max_faces = forget_after_s, min_score, max_faces
        self._known: list[_Known] = []
        self._next_id = 1
        self._faint = False
        self._watched = -math.inf

    @property
    def promising(self) -> bool:
        """True where the last look saw what may be a new face, but not clearly enough; and while somebody is missed."""
        return self._faint or any(known.missed is not None for known in self._known)

    def unsure(self, time: float) -> bool:
        """Whether this frame deserves a look: a face is new, was missed a moment ago, or is about to be given up."""
        return any(
            known.sightings < 2
            or (known.missed is not None and time - known.missed <= COAST_S)
            or time - known.gone >= self._limit(known)
            for known in self._known
        )

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def update(self, faces: list[Face], frame: Frame) -> None:
        """Take in all that the detector found in this frame, the surest first; forget who was not seen for too long."""
        time = frame.time
        if time - self._watched > UNWATCHED_S:
            self._known = []
        self._watched = time
        anchors = [anchored(frame.tracking_image, face) for face in faces]
        pairs = _matches(self._known, anchors, time)
        boxes = [face.box for face in faces]
        for known in self._known:
            if known.id in pairs:
                anchor = anchors[pairs[known.id]]
                known.detected(anchor, time, _touches(anchor.face.box, boxes))
            else:
                known.miss(time)
        self._stop_clocks(time)
        self._known = [known for known in self._known if time - known.gone < self._limit(known)]
        free = [anchors[index] for index in range(len(faces)) if index not in pairs.values()]
        fresh = [anchor for anchor in free if anchor.face.score >= self._min_score]
        self._faint = len(fresh) < len(free)
        fresh = fresh[: max(0, self._max_faces - len(self._known))]
        self._known += [_Known(self.new_id(), new.face, time, time, new.look(), new) for new in fresh]

    def forget(self) -> None:
        """Nobody is known any more."""
        self._known = []

    def follow(self, frame: Frame) -> bool:
        """Follow the faces in view by their look. False where one got lost: the detector should look at this frame."""
        everyone = True
        self._watched = frame.time
        boxes = self._seen_boxes()
        for known in self._known:
            if known.anchor is None:
                continue
            anchor = followed(frame.tracking_image, known.anchor)
            if anchor is not None and alike(anchor.look(), known.look) >= LEAST_ALIKE:
                known.place(anchor, frame.time, _touches(known.face.box, boxes))
            else:
                everyone = False
                known.anchor = None
        return everyone

    def faces(self, frame: Frame) -> list[tuple[int, Face]]:
        """The confirmed faces in view, by id, each where it should be in this frame.

        Who is missed behind another face is not in view, nor whose middle has left the picture.
        """
        there = self._seen_boxes()
        placed = [(known, known.at(frame.time)) for known in self._known if known.in_view(frame.time)]
        return [
            (known.id, face)
            for known, face in placed
            if _is_inside(face.box, frame) and (known.missed is None or not _is_covered(face.box, there))
        ]

    def ids(self) -> set[int]:
        """Everyone confirmed and not yet forgotten, in view or not."""
        return {known.id for known in self._known if known.sightings >= 2}

    def _limit(self, known: _Known) -> float:
        return self._forget_after_s if known.sightings >= 2 else COAST_S

    def _stop_clocks(self, time: float) -> None:
        """Who is missed where another face stands may be behind it."""
        there = self._seen_boxes()
        for known in self._known:
            recent = known.missed is not None and time - known.seen < LONGEST_COVERED_S
            if recent and _is_covered(known.at(time).box, there):
                known.gone = time

    def _seen_boxes(self) -> list[Box]:
        return [known.face.box for known in self._known if known.missed is None]


def _touches(box: Box, boxes: list[Box]) -> bool:
    """Whether another of the boxes lies so near that it may hide a part of the face. boxes: this one among them."""
    return any(other != box and _gap(box, other) < TOUCHING * box.width for other in boxes)


def _is_covered(box: Box, others: list[Box]) -> bool:
    return any(box.iou(other) > COVERED_IOU for other in others)


def _is_inside(box: Box, frame: Frame) -> bool:
    (x, y), (height, width) = box.centre, frame.tracking_image.shape[:2]
    return bool(0 <= x < width and 0 <= y < height)


def _gap(one: Box, other: Box) -> float:
    """Pixels between them along the axis where they are further apart; negative where they overlap."""
    return max(one.x0 - other.x1, other.x0 - one.x1, one.y0 - other.y1, other.y0 - one.y1)


def _matches(everyone: list[_Known], anchors: list[Anchor], time: float) -> dict[int, int]:
    """The number of the detection of each known face that was found, by id; the best-fitting first, each used once."""
    looks = [anchor.look() for anchor in anchors]
    scored = []
    for known in everyone:
        expected, straying = known.at(time), STRAYING_PER_S * (time - known.placed)
        for index, anchor in enumerate(anchors):
            near = _nearness(expected, anchor.face, straying)
            similar = alike(known.look, looks[index])
            if near > 0 and similar >= known.least_alike():
                scored.append((near + similar, known.id, index))
    pairs: dict[int, int] = {}
    for _, id_, index in sorted(scored, reverse=True):
        if id_ not in pairs and index not in pairs.values():
            pairs[id_] = index
    return pairs


def _nearness(expected: Face, found: Face, straying: float) -> float:
    """0..1: how well the place and size of a detection fit; 0 where it cannot be the same face.

    straying: box widths that it may be further away, because nobody has seen it for a while.
    """
    overlap = expected.box.iou(found.box)
    if overlap >= MATCH_IOU:
        return overlap
    small, large = sorted((expected.box.width, found.box.width))
    distance = abs(complex(*expected.box.centre) - complex(*found.box.centre)) / max(large, 1e-6)
    reach = SAME_PLACE_RATIO + straying
    if large > SIMILAR_SIZE_RATIO * small or distance >= reach:
        return 0.0
    return MATCH_IOU * (1 - distance / reach)
