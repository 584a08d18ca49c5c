"""One frame, one chain: detect, track, crop, classify, smooth, announce."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
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

ROUNDING_S = 0.005
"""Of frame times: a third of a second is ten frames at 30 a second, also where the clock says 0.3332."""

KNOWN_SCORE_RATIO = 0.6
"""Of min_score: what a face that is known already must reach to be still there."""

PROMISING_REST_RATIO = 0.4
"""Of full_search_s: where something looked nearly like a face, the next look comes sooner."""


class Classifier(Protocol):
    """What the pipeline asks of the emotion model; see EmotionClassifier."""

    size: int
    uncertain_below: float

    def classify(self, faces: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]: ...


def build_pipeline(config: Config) -> Pipeline:
    """Load both models as configured. Raises ModelError."""
    every = replace(config.face, min_score=config.face.min_score * KNOWN_SCORE_RATIO)
    detector = open_detector(every, config.emotion.threads)
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
        self._search_s = face.full_search_s - ROUNDING_S
        self._emotion_s = 1 / emotion.rate_hz - ROUNDING_S
        self._min_score = face.min_score
        self.rest = 1
        """Times as long between two looks, and between two answers for a face, as set: a device that is too hot."""
        self._tracker = Tracker(face.forget_after_s, face.min_score)
        self._smoother = Smoother(emotion.smoothing_s)
        self._announcer = Announcer(emotion.hysteresis, emotion.dwell_s, classifier.uncertain_below)
        self._looked = -math.inf
        self._named: dict[int, tuple[float, Track]] = {}
        self._began: float | None = None

    def process(self, frame: Frame) -> Result:
        """Find and name the faces of one frame. A picture of a folder stands alone: no ids, averages or events."""
        started = self._stopwatch()
        found = self._still(frame) if frame.file is not None else self._follow(frame)
        detected = self._stopwatch()
        due = [self._due(frame, id_) for id_, _ in found]
        raw = iter(self._classify(frame, [face for (_, face), now in zip(found, due, strict=True) if now]))
        classified = self._stopwatch()
        found = [(id_, frame.in_image(face)) for id_, face in found]
        tracks = tuple(
            self._name(frame, id_, face, next(raw)) if now else replace(self._named[id_][1], face=face)
            for (id_, face), now in zip(found, due, strict=True)
        )
        self._keep(self._tracker.ids())
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
        faces = [face for face in self._detector.detect(frame.searched) if face.score >= self._min_score]
        return [(self._tracker.new_id(), face) for face in faces]

    def _follow(self, frame: Frame) -> list[tuple[int, Face]]:
        """Follow the known faces; look for all when it is time to, or when someone is new, missed or lost."""
        rested = frame.time - self._looked
        rest_s = self._search_s * self.rest * (PROMISING_REST_RATIO if self._tracker.promising else 1)
        if rested >= rest_s or self._tracker.unsure or not self._tracker.follow(frame):
            self._tracker.update(self._detector.detect(frame.searched), frame)
            self._looked = frame.time
        return self._tracker.faces(frame.time)

    def _classify(self, frame: Frame, faces: list[Face]) -> npt.NDArray[np.float64]:
        crops = [face_input(frame.searched, face.points, self._classifier.size) for face in faces]
        return self._classifier.classify(crops) if crops else np.empty((0, len(LABELS)))

    def _due(self, frame: Frame, id_: int) -> bool:
        """Whether it is time to ask the classifier about this face again."""
        return id_ not in self._named or frame.time - self._named[id_][0] >= self._emotion_s * self.rest

    def _name(self, frame: Frame, id_: int, face: Face, raw: npt.NDArray[np.float64]) -> Track:
        if frame.file is not None:
            return Track(id_, face, raw, self._uncertain(raw), LABELS[int(raw.argmax())])
        smooth = self._smoother.update(id_, raw, frame.time)
        settled = self._announcer.update(id_, smooth, frame.time)
        track = Track(id_, face, smooth, self._uncertain(smooth), settled)
        self._named[id_] = frame.time, track
        return track

    def _uncertain(self, probabilities: npt.NDArray[np.float64]) -> bool:
        return bool(probabilities.max() < self._classifier.uncertain_below)

    def _keep(self, ids: set[int]) -> None:
        """Everyone else has left."""
        self._smoother.keep(ids)
        self._announcer.keep(ids)
        self._named = {id_: named for id_, named in self._named.items() if id_ in ids}
