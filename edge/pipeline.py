"""One frame, one chain: detect, track, crop, classify, smooth, announce."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.config import Config, EmotionConfig, FaceConfig
from edge.detectors import Detector, open_detector
from edge.emotion.classifier import EmotionClassifier
from edge.emotion.crop import face_input
from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from edge.events import Announcer
from edge.smoothing import Smoother
from edge.tracker import Tracker
from edge.types import Face, Frame, Result, Track


class Classifier(Protocol):
    """What the pipeline asks of the emotion model; see EmotionClassifier."""

    size: int
    uncertain_below: float

    def classify(self, faces: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]: ...


def build_pipeline(config: Config) -> Pipeline:
    """Load both models as configured. Raises ModelError."""
    detector = open_detector(config.face, config.emotion.threads)
    classifier = EmotionClassifier(find_model(config.emotion.model), config.emotion.base_rates, config.emotion.threads)
    return Pipeline(detector, classifier, config.face, config.emotion)


class Pipeline:
    """Frames in, results out. No I/O, no threads; time comes from the frames, the stopwatch only measures stages."""

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        face: FaceConfig,
        emotion: EmotionConfig,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._detector, self._classifier, self._stopwatch = detector, classifier, stopwatch
        self._detect_every = face.detect_every
        self._tracker = Tracker(face.forget_after_s)
        self._smoother = Smoother(emotion.smoothing_s)
        self._announcer = Announcer(emotion.hysteresis, emotion.dwell_s, classifier.uncertain_below)
        self._frames_since_detection: int | None = None
        self._began: float | None = None

    def process(self, frame: Frame) -> Result:
        """Find and name the faces of one frame. A picture of a folder stands alone: no ids, averages or events."""
        started = self._stopwatch()
        found = self._still(frame) if frame.file is not None else self._follow(frame)
        detected = self._stopwatch()
        raw = self._classify(frame, [face for _, face in found])
        classified = self._stopwatch()
        name = self._named_alone if frame.file is not None else self._named
        tracks = tuple(name(id_, face, p, frame.time) for (id_, face), p in zip(found, raw, strict=True))
        self._smoother.keep(self._tracker.ids())
        self._announcer.keep(self._tracker.ids())
        if self._began is None:
            self._began = frame.time
        finished = self._stopwatch()
        ms = {
            "detect": (detected - started) * 1e3,
            "classify": (classified - detected) * 1e3,
            "total": (finished - started) * 1e3,
        }
        return Result(frame, frame.time - self._began, tracks, self._announcer.take(), ms)

    def _still(self, frame: Frame) -> list[tuple[int, Face]]:
        return [(self._tracker.new_id(), face) for face in self._detector.detect(frame.image)]

    def _follow(self, frame: Frame) -> list[tuple[int, Face]]:
        """Look for faces when it is time to, or when someone is new or missing; else carry the known ones on."""
        since = self._frames_since_detection
        if since is None or since + 1 >= self._detect_every or self._tracker.unsure:
            self._tracker.update(self._detector.detect(frame.image), frame.time)
            self._frames_since_detection = 0
        else:
            self._frames_since_detection = since + 1
        return self._tracker.faces(frame.time)

    def _classify(self, frame: Frame, faces: list[Face]) -> npt.NDArray[np.float64]:
        crops = [face_input(frame.image, face.points, self._classifier.size) for face in faces]
        return self._classifier.classify(crops) if crops else np.empty((0, len(LABELS)))

    def _named(self, id_: int, face: Face, raw: npt.NDArray[np.float64], time: float) -> Track:
        smooth = self._smoother.update(id_, raw, time)
        settled = self._announcer.update(id_, smooth, time)
        return Track(id_, face, smooth, bool(smooth.max() < self._classifier.uncertain_below), settled)

    def _named_alone(self, id_: int, face: Face, raw: npt.NDArray[np.float64], time: float) -> Track:
        likeliest = LABELS[int(raw.argmax())]
        return Track(id_, face, raw, bool(raw.max() < self._classifier.uncertain_below), likeliest)
