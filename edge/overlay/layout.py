"""Where each face's label plate and bars come to lie: beside it, over no words, and where they were before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.overlay.marks import bars_size, plate_size
from edge.overlay.place import Side, Spot, around, best_place, overlap, unit_of
from edge.types import Box, Image, Track

_PLATE_SIDES: Final[tuple[Side, ...]] = ("above", "below")
_BARS_SIDES: Final[tuple[Side, ...]] = ("right", "left", "below", "above")

_HARDLY_COVERED: Final = 0.03
"""The part of a face's bars that may lie over other faces."""


@dataclass(frozen=True, slots=True)
class Room:
    """A canvas with faces.

    faces: their boxes on it. taken: places of other things that are not to be covered.
    """

    canvas: Image
    faces: Sequence[Box]
    taken: Sequence[Box]

    @property
    def unit(self) -> float:
        """What sizes are multiples of: smaller where many share the picture."""
        count = len(self.faces)
        return unit_of(self.canvas) * (1.0 if count <= 2 else 0.82 if count <= 4 else 0.66)

    def beside(
        self,
        face: Box,
        size: tuple[float, float],
        sides: Sequence[Side],
        last: Side | None,
        *,
        avoid: Sequence[Box] = (),
        never: Sequence[Box] = (),
    ) -> Spot:
        """The best place for something that belongs to a face. The arguments are those of `best_place`."""
        height, width = self.canvas.shape[:2]
        margin = 4 * self.unit
        bounds = Box(margin, margin, width - margin, height - margin)
        avoid, never = [*self.faces, *avoid], [*self.taken, *never]
        return best_place(face, size, sides, 9 * self.unit, bounds, avoid, last, never)


@dataclass(frozen=True, slots=True)
class Plate:
    """Of a label. short: with the drawing only, where there is no room for words."""

    side: Side
    box: Box
    short: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """A face on the canvas and what is beside it. bars: None where they have no room."""

    track: Track
    face: Box
    plate: Plate
    bars: Box | None = None


class Layout:
    """Places them. Remembers where and how long each plate was, so that plates do not jump about."""

    def __init__(self) -> None:
        self._plates: dict[int, Plate] = {}
        self._bars: dict[int, Side] = {}

    def place(self, room: Room, tracks: Sequence[Track], bars: bool) -> list[Marked]:
        """tracks: in the order of the room's faces. The largest comes first: who is nearest gets the best place."""
        faces = sorted(zip(tracks, room.faces, strict=True), key=lambda one: -one[1].width * one[1].height)
        marked = self._with_plates(room, faces)
        if not bars:
            self._bars = {}
            return marked
        return self._with_bars(room, marked)

    def _with_plates(self, room: Room, faces: Sequence[tuple[Track, Box]]) -> list[Marked]:
        known, self._plates = self._plates, {}
        marked: list[Marked] = []
        for track, face in faces:
            plate = _plate(room, track, face, [one.plate.box for one in marked], known.get(track.id))
            self._plates[track.id] = plate
            marked.append(Marked(track, face, plate))
        return marked

    def _with_bars(self, room: Room, marked: Sequence[Marked]) -> list[Marked]:
        known, self._bars = self._bars, {}
        filled = [one.plate.box for one in marked]
        with_bars: list[Marked] = []
        for one in marked:
            spot = room.beside(one.face, bars_size(room.unit), _BARS_SIDES, known.get(one.track.id), never=filled)
            self._bars[one.track.id] = spot.side
            # The nearest face may have its bars over a face, others only close by and over none. Nobody, over words.
            allowed = one is marked[0] or _belongs(spot, one, room.unit)
            if allowed and not _touches(spot.box, [*room.taken, *filled]):
                filled.append(spot.box)
                one = replace(one, bars=spot.box)
            with_bars.append(one)
        return with_bars


def _plate(room: Room, track: Track, face: Box, plates: Sequence[Box], last: Plate | None) -> Plate:
    """plates: of nearer faces. It is short where the long one would lie over one of them."""
    side = last.side if last else None
    long = room.beside(face, plate_size(track, room.unit), _PLATE_SIDES, side, avoid=plates)
    # One that was short becomes long again only with room to spare: no flicker.
    needed = around([long.box], 6 * room.unit if last and last.short else 0)
    if not _touches(needed, plates):
        return Plate(long.side, long.box, short=False)
    short = room.beside(face, plate_size(track, room.unit, short=True), _PLATE_SIDES, side, avoid=plates)
    return Plate(short.side, short.box, short=True)


def _belongs(bars: Spot, one: Marked, unit: float) -> bool:
    """Whether everybody sees whose bars these are."""
    near = around([one.face, one.plate.box], 12 * unit)
    return bars.covered < _HARDLY_COVERED and overlap(bars.box, near) > 0


def _touches(box: Box, others: Sequence[Box]) -> bool:
    return any(overlap(box, other) for other in others)
