"""The values that travel through the daemon. All frozen; arrays in them are not to be written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from edge.emotion.labels import LABELS

Image = npt.NDArray[np.uint8]
"""(H, W, 3) BGR, or (H, W) grey; 0..255."""

Points = npt.NDArray[np.float32]
"""(4, 2) pixels of the frame, x then y: the eye left in the picture, the eye right in the picture, nose tip, mouth."""

SAME_FACE_IOU: Final = 0.3
"""Boxes that overlap so much are of one face."""

UNCERTAIN: Final = "uncertain"
"""What displays show in place of a label."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the frame; right and bottom edges excluded. May reach outside the frame."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.width * self.height + other.width * other.height - shared)

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def clipped(self, width: int, height: int) -> Box:
        """The part inside a frame of this size."""
        return Box(
            min(max(self.x0, 0.0), width),
            min(max(self.y0, 0.0), height),
            min(max(self.x1, 0.0), width),
            min(max(self.y1, 0.0), height),
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a source.

    grey: the same view, (H, W), where the camera gives it ready made; it may be smaller than the image.
    time: seconds; monotonic capture time of a live camera, the clip's own time (position / rate) of a file.
    wall: Unix time in seconds at which it was captured or read.
    number: counts from 0 in the source, skipped frames included.
    file: path of the picture in a folder source; such a frame stands alone, nothing is tracked or smoothed across.
    skipped: frames that the camera delivered and nobody took since the one before this.
    """

    image: Image
    time: float
    wall: float
    number: int
    file: str | None = None
    skipped: int = 0
    grey: Image | None = None

    @property
    def tracking_image(self) -> Image:
        """Where faces are followed and cut out: in the camera's own grey picture, else in the image."""
        return self.image if self.grey is None else self.grey

    def in_image(self, face: Face) -> Face:
        """A face in pixels of `tracking_image`, in pixels of the image."""
        height, width = self.tracking_image.shape[:2]
        if (width, height) == (self.width, self.height):
            return face
        return face.scaled(self.width / width, self.height / height)

    def in_tracking_image(self, face: Face) -> Face:
        """A face in pixels of the image, in pixels of `tracking_image`."""
        height, width = self.tracking_image.shape[:2]
        if (width, height) == (self.width, self.height):
            return face
        return face.scaled(width / self.width, height / self.height)

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True)
class Face:
    """One face as a detector found it. score: 0..1."""

    box: Box
    score: float
    points: Points

    def scaled(self, x: float, y: float) -> Face:
        """In a picture that is x times as wide and y times as high."""
        box = Box(self.box.x0 * x, self.box.y0 * y, self.box.x1 * x, self.box.y1 * y)
        return Face(box, self.score, self.points * np.array((x, y), self.points.dtype))

    def moved(self, dx: float, dy: float) -> Face:
        shift = np.array((dx, dy), self.points.dtype)
        return Face(self.box.moved(dx, dy), self.score, self.points + shift)


@dataclass(frozen=True, slots=True)
class Track:
    """One person's face in this frame, under an id that is not given out twice.

    probabilities: (7,) float, in the order of LABELS, calibrated, weighted by the base rates, smoothed; sums to 1.
    uncertain: of this answer: it is not clear enough a look at the face, or the confidence is too low.
    settled: the label the events have announced: it changes only after hysteresis and dwell; displays show it.
    clear: the face is large, sharp and turned to the camera enough to be named.
    doubtful: what displays show of `uncertain`, which changes only after the dwell; None: the same.
    """

    id: int
    face: Face
    probabilities: npt.NDArray[np.float64]
    uncertain: bool
    settled: str
    clear: bool = True
    doubtful: bool | None = None

    @property
    def shown_uncertain(self) -> bool:
        return self.uncertain if self.doubtful is None else self.doubtful

    @property
    def shown_label(self) -> str:
        """What displays call this face."""
        return UNCERTAIN if self.shown_uncertain else self.settled

    @property
    def settled_probability(self) -> float:
        """What displays show beside the settled label, 0..1."""
        return float(self.probabilities[LABELS.index(self.settled)])

    @property
    def emotion(self) -> str:
        """The likeliest label."""
        return LABELS[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The probability of the likeliest label."""
        return float(self.probabilities.max())


EventKind = Literal["face_appeared", "emotion_changed", "face_left"]


@dataclass(frozen=True, slots=True)
class Event:
    """A change worth telling. before is None when a face appears, after when it leaves.

    uncertain: the face has appeared, but what it shows is not clear yet.
    """

    kind: EventKind
    id: int
    before: str | None
    after: str | None
    confidence: float
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What the pipeline found in one frame.

    t: seconds since the source began. ms: milliseconds of each stage and of their total.
    others: where the last look saw what may be faces, too: too small, too many, or not sure enough to be tracked.
    """

    frame: Frame
    t: float
    tracks: tuple[Track, ...] = ()
    events: tuple[Event, ...] = ()
    ms: dict[str, float] = field(default_factory=dict)
    others: tuple[Box, ...] = ()


State = Literal["running", "waiting", "paused"]


@dataclass(frozen=True, slots=True)
class Status:
    """How the daemon is doing. state: waiting means that the camera has not delivered yet, or is lost and being looked
    for; paused, switched off.

    fps: results a second over the last seconds. ms: per stage, (median, 95th percentile) milliseconds.
    temperature_c, throttled, rss_mb: None where the device does not tell.
    recording: pictures of faces are being saved. restarts, last_error: see `edge.status_file`.
    away: names of the outputs that do not work now: they are broken, or have nobody to talk to.
    """

    state: State
    source: str
    fps: float = 0.0
    skipped: int = 0
    uptime_s: float = 0.0
    ms: dict[str, tuple[float, float]] = field(default_factory=dict)
    temperature_c: float | None = None
    throttled: bool | None = None
    rss_mb: float | None = None
    recording: bool = False
    away: tuple[str, ...] = ()
    restarts: int = 0
    last_error: str | None = None

    @property
    def is_recording(self) -> bool:
        """Pictures of faces are being saved now: while the camera is off or away, there are none."""
        return self.recording and self.state == "running"
