"""A result as a picture for people."""

from __future__ import annotations

from collections.abc import Sequence

from edge.overlay.layout import Layout, Room
from edge.overlay.marks import draw_bars, draw_box, draw_plate
from edge.overlay.notices import Notices
from edge.overlay.place import fitted
from edge.overlay.veil import Veil
from edge.overlay.words import black, draw_waiting, draw_words
from edge.types import Image, Result, Status, Track


class Overlay:
    """Draws results on copies of their frames. Results of one source, in their order: it remembers a second of them.

    style: 'picture', 'blurred' (faces are hidden) or 'none' (no picture: words on black).
    bars: whether all seven probabilities are shown; may be switched at any time.
    """

    def __init__(self, style: str, bars: bool) -> None:
        self.bars = bars
        self._style = style
        self._layout = Layout()
        self._veil = Veil()

    def draw(self, result: Result, status: Status | None, size: tuple[int, int] | None = None) -> Image:
        """A new (H, W, 3) BGR picture, of `size` (width, height) or of the frame's own.

        A frame of other proportions stands in the middle between black bars.
        """
        frame = result.frame
        size = size or (frame.width, frame.height)
        if self._style == "none":
            canvas = black(size)
            notices = Notices(canvas, status)
            draw_words(canvas, result.tracks, self.bars, notices.between)
            notices.draw(canvas)
            return canvas
        canvas, view = fitted(frame.image, size)
        if self._style == "blurred":
            self._veil.hide(canvas, view, result)
        boxes = [view.box(track.face.box) for track in result.tracks]
        notices = Notices(canvas, status)
        self._draw_marks(Room(canvas, boxes, notices.places), result.tracks)
        notices.draw(canvas)
        return canvas

    def follow(self, result: Result) -> None:
        """In place of `draw`, where nobody looks: faces of this frame stay hidden in the next ones."""
        if self._style == "blurred":
            self._veil.follow(result)

    def waiting(self, status: Status | None, size: tuple[int, int]) -> Image:
        """A new (H, W, 3) BGR picture that says why there is none; status None: just starting."""
        canvas = black(size)
        draw_waiting(canvas, status)
        return canvas

    def _draw_marks(self, room: Room, tracks: Sequence[Track]) -> None:
        canvas, unit = room.canvas, room.unit
        for track, box in zip(tracks, room.faces, strict=True):
            draw_box(canvas, box, track, unit)
        marked = self._layout.place(room, tracks, self.bars)
        for one in marked:
            if one.bars:
                draw_bars(canvas, one.bars, one.track, unit)
        # Last, so that where all is crowded the name is on top.
        for one in marked:
            draw_plate(canvas, one.plate.box, one.track, unit, short=one.plate.short)
