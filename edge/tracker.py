"""Who is who from frame to frame: detections matched by overlap, faces followed by their look in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.follower import Anchor, anchored, followed
from edge.types import Face, Frame, Image

COAST_S = 0.25
"""A face the detector misses is still shown, and looked for in every frame, for so long; its id is kept for longer."""

MATCH_IOU = 0.2
SAME_PLACE_RATIO = 0.8
"""Without overlap: a face no further than this many box widths away, and of similar size, is the same one."""
SIMILAR_SIZE_RATIO = 1.7
VELOCITY_SMOOTHING = 0.5


@dataclass
class _Known:
    id: int
    face: Face
    placed: float
    """When the face was where `face` says."""
    seen: float
    """When the detector saw it last."""
    missed: float | None = None
    """The first look since then that did not find it."""
    velocity: tuple[float, float] = (0.0, 0.0)
    sightings: int = 1
    anchor: Anchor | None = None

    def at(self, time: float) -> Face:
        """The face where it should be now; the motion is trusted no further than COAST_S."""
        ahead = min(max(time - self.placed, 0.0), COAST_S)
        return _moved(self.face, self.velocity[0] * ahead, self.velocity[1] * ahead)

    def in_view(self, time: float) -> bool:
        return self.sightings >= 2 and (self.missed is None or time - self.missed <= COAST_S)

    def place(self, face: Face, image: Image, time: float) -> None:
        """Here it is now, found by the detector or followed."""
        elapsed = time - self.placed
        if elapsed > 0:
            (ax, ay), (bx, by) = self.face.box.centre, face.box.centre
            fresh = ((bx - ax) / elapsed, (by - ay) / elapsed)
            old = self.velocity if self.sightings > 1 else fresh
            self.velocity = (
                old[0] + VELOCITY_SMOOTHING * (fresh[0] - old[0]),
                old[1] + VELOCITY_SMOOTHING * (fresh[1] - old[1]),
            )
        self.face, self.placed = face, time
        self.anchor = anchored(image, face)


class Tracker:
    """Gives every face an id that is never given out again. Remembers the known faces between frames, and their look.

    Times are seconds of the source's clock and must not go back. A face counts once the detector has seen it twice.
    Detections below min_score only say that somebody known is still there (Zhang et al., "ByteTrack: multi-object
    tracking by associating every detection box", 2022).
    """

    def __init__(self, forget_after_s: float, min_score: float = 0.0) -> None:
        self._forget_after_s, self._min_score = forget_after_s, min_score
        self._known: list[_Known] = []
        self._next_id = 1
        self._looked = -math.inf
        self.promising = False
        """True where the last look saw what may be a new face, but not clearly enough."""

    @property
    def unsure(self) -> bool:
        """True while a face is new or has just been missed: then the next frame deserves a look of the detector."""
        return any(
            known.sightings < 2 or (known.missed is not None and self._looked - known.missed <= COAST_S)
            for known in self._known
        )

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def update(self, faces: list[Face], frame: Frame) -> None:
        """Take in what the detector found in this frame; forget who was not seen for too long."""
        time = self._looked = frame.time
        free = list(range(len(faces)))
        for known, index in self._matches(faces, time):
            free.remove(index)
            known.place(faces[index], frame.searched, time)
            known.seen, known.missed = time, None
            known.sightings += 1
        for known in self._known:
            if known.seen < time and known.missed is None:
                known.missed, known.anchor = time, None
        self._known = [known for known in self._known if time - known.seen <= self._limit(known)]
        fresh = [faces[index] for index in free if faces[index].score >= self._min_score]
        self.promising = len(fresh) < len(free)
        self._known += [_Known(self.new_id(), face, time, time) for face in fresh]

    def follow(self, frame: Frame) -> bool:
        """Follow the faces in view by their look. False where one got lost: the detector should look at this frame."""
        everyone = True
        for known in self._known:
            if known.anchor is None:
                continue
            face = followed(frame.searched, known.anchor)
            if face is None:
                everyone = False
                known.anchor = None
            else:
                known.place(face, frame.searched, frame.time)
        return everyone

    def faces(self, time: float) -> list[tuple[int, Face]]:
        """The confirmed faces in view, by id, each where it should be at this time."""
        return [(known.id, known.at(time)) for known in self._known if known.in_view(time)]

    def ids(self) -> set[int]:
        """Everyone confirmed and not yet forgotten, in view or not."""
        return {known.id for known in self._known if known.sightings >= 2}

    def _limit(self, known: _Known) -> float:
        return self._forget_after_s if known.sightings >= 2 else COAST_S

    def _matches(self, faces: list[Face], time: float) -> list[tuple[_Known, int]]:
        """Pairs of a known face and the index of its detection; the best-fitting first, each used once."""
        scored = [
            (_likeness(known.at(time), face), number, index)
            for number, known in enumerate(self._known)
            for index, face in enumerate(faces)
        ]
        pairs: list[tuple[_Known, int]] = []
        taken_known: set[int] = set()
        taken_faces: set[int] = set()
        for score, number, index in sorted(scored, reverse=True):
            if score > 0 and number not in taken_known and index not in taken_faces:
                taken_known.add(number)
                taken_faces.add(index)
                pairs.append((self._known[number], index))
        return pairs


def _likeness(expected: Face, found: Face) -> float:
    """1..2 where the boxes overlap, 0..1 where they are near and alike in size, 0 where it cannot be the same."""
    overlap = expected.box.iou(found.box)
    if overlap >= MATCH_IOU:
        return 1 + overlap
    (ax, ay), (bx, by) = expected.box.centre, found.box.centre
    small, large = sorted((expected.box.width, found.box.width))
    distance = math.hypot(ax - bx, ay - by) / max(large, 1e-6)
    if large > SIMILAR_SIZE_RATIO * small or distance >= SAME_PLACE_RATIO:
        return 0.0
    return 1 - distance / SAME_PLACE_RATIO


def _moved(face: Face, dx: float, dy: float) -> Face:
    if not dx and not dy:
        return face
    shift = face.points.dtype.type(dx), face.points.dtype.type(dy)
    return Face(face.box.moved(dx, dy), face.score, face.points + shift)
