"""Hides faces beyond recognition."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from edge.overlay.ink import outline
from edge.overlay.place import View
from edge.types import SAME_FACE_IOU, Box, Frame, Image, Result

_MARGIN: Final = 0.3
"""Of the box's width and height, on every side: hair, ears and chin tell who it is, too."""

_CELLS: Final = 5
"""So many colours across are left of a face."""

_HOLD_S: Final = 1.0
"""A face stays hidden for so long after the detector lost it: it is most likely still there."""


class Veil:
    """Hides the faces of each picture. Remembers where faces were a moment ago.

    Also what only may be a face, and faces that nobody tracks. One that was never found is not hidden: the style
    `none` is the one that shows no picture at all.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, Box]] = {}
        self._others: list[tuple[float, Box]] = []

    def hide(self, canvas: Image, view: View, result: Result) -> None:
        """Blur the faces in place, and those seen less than a second before."""
        frame = result.frame
        for box in self.follow(result):
            grown = Box(
                box.x0 - _MARGIN * box.width,
                box.y0 - _MARGIN * box.height,
                box.x1 + _MARGIN * box.width,
                box.y1 + _MARGIN * box.height,
            )
            blur(canvas, view.box(grown.clipped(frame.width, frame.height)))

    def follow(self, result: Result) -> list[Box]:
        """Remember where faces are, also in a frame that is not drawn. Returns what is to be hidden in this one."""
        frame, tracks = result.frame, result.tracks
        now = {track.id for track in tracks}
        # Pictures of a folder have nothing to do with one another; a clip that begins again goes back in time.
        lost = {id_: (time, box) for id_, (time, box) in self._seen.items() if id_ not in now and _holds(frame, time)}
        self._seen = {**lost, **{track.id: (frame.time, track.face.box) for track in tracks}}
        # The last look's own, and older ones that it may have missed.
        older = [
            (time, box)
            for time, box in self._others
            if _holds(frame, time) and all(box.iou(newer) < SAME_FACE_IOU for newer in result.others)
        ]
        self._others = [*older, *((frame.time, box) for box in result.others)]
        return [
            *(track.face.box for track in tracks),
            *(box for _, box in lost.values()),
            *(box for _, box in self._others),
        ]


def _holds(frame: Frame, time: float) -> bool:
    return frame.file is None and 0 <= frame.time - time < _HOLD_S


def blur(canvas: Image, box: Box) -> None:
    """Replace what is in the box by a few soft spots of colour, in place."""
    x0, y0, x1, y1 = (round(value) for value in (box.x0, box.y0, box.x1, box.y1))
    part = canvas[y0:y1, x0:x1]
    if part.size == 0:
        return
    height, width = part.shape[:2]
    rows = max(1, round(_CELLS * height / max(height, width)))
    columns = max(1, round(_CELLS * width / max(height, width)))
    spots = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(spots, (width, height), interpolation=cv2.INTER_LINEAR)
    # Round corners: outside the face, in the margin.
    shape = np.zeros((height, width), np.uint8)
    corners = outline(Box(0, 0, width - 1, height - 1), 0.25 * min(width, height))
    cv2.fillConvexPoly(shape, np.rint(corners).astype(np.int32), 255)
    np.copyto(part, blurred, where=shape[..., None] > 0)
