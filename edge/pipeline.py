"""One frame, one chain: detect, track, crop, classify, smooth, announce."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge import quality
from edge.config import Config, EmotionConfig, FaceConfig, QualityConfig
from edge.detectors import WEAK_SCORE_RATIO, Detector, look, open_detector
from edge.detectors.tiled import Tiled
from edge.doubt import Doubt
from edge.emotion.classifier import EmotionClassifier
from edge.emotion.crop import face_input
from edge.emotion.labels import LABELS
from edge.emotion.tflite import find_model
from edge.emotion.views import Crop, Views, both
from edge.events import Announcer
from edge.lookout import Lookout
from edge.smoothing import Smoother
from edge.tracker import Tracker
from edge.turns import Turns
from edge.types import SAME_FACE_IOU, Box, Face, Frame, Result, Track

EVERYBODY = 1000
"""More faces than a picture has: of a camera's, `max_faces` are kept, of one that stands alone all."""
STILL_TILES = 3
"""A picture that stands alone has time to be searched for small faces."""

Probabilities = npt.NDArray[np.float64]
Found = list[tuple[int, Face]]
Answer = tuple[Probabilities | None, bool]
"""The classifier's (7,) answer, None where it was not asked; and whether the face shows enough to be believed."""


class Classifier(Protocol):
    """What the pipeline asks of the emotion model; see EmotionClassifier."""

    size: int
    uncertain_below: float

    def classify(self, faces: list[npt.NDArray[np.uint8]]) -> Probabilities: ...


def build_pipeline(config: Config) -> Pipeline:
    """Load both models as configured. Raises ModelError."""
    face = config.face
    weak = replace(face, min_score=face.min_score * WEAK_SCORE_RATIO, max_faces=EVERYBODY, min_size_px=0)
    detector = open_detector(weak, config.emotion.threads)
    still = Tiled(detector, STILL_TILES, face.min_score)
    live = Tiled(detector, face.tiles, weak.min_score) if face.tiles > 1 else detector
    classifier = EmotionClassifier(find_model(config.emotion.model), config.emotion.base_rates, config.emotion.threads)
    return Pipeline(live, classifier, face, config.emotion, config.quality, still)


class Pipeline:
    """Frames in, results out. No I/O, no threads; time comes from the frames, the stopwatch only measures stages."""

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        face: FaceConfig,
        emotion: EmotionConfig,
        enough: QualityConfig = QualityConfig(),  # noqa: B008 frozen
        still_detector: Detector | None = None,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        """still_detector: for pictures that stand alone; None: the same."""
        self._detector, self._still_detector = detector, still_detector or detector
        self._classifier, self._enough, self._stopwatch = classifier, enough, stopwatch
        self._min_score, self._min_size_px = face.min_score, face.min_size_px
        self.rest = 1
        """Times as long between two looks, and between two answers for a face, as set: a device that is too hot."""
        self._spread = face.full_search_s > 0
        self._lookout = Lookout(face.full_search_s, face.still_search_s)
        self._tracker = Tracker(face.forget_after_s, face.min_score, face.max_faces)
        self._turns = Turns(emotion.rate_hz)
        self._views = Views()
        self._smoother = Smoother(emotion.smoothing_s)
        self._announcer = Announcer(emotion.hysteresis, emotion.dwell_s, classifier.uncertain_below)
        self._doubt = Doubt(emotion.dwell_s)
        self._others: tuple[Box, ...] = ()
        self._named: dict[int, Track] = {}
        self._began: float | None = None

    def process(self, frame: Frame) -> Result:
        """Find and name the faces of one frame. A picture of a folder stands alone: no ids, averages or events."""
        started = self._stopwatch()
        found = self._still(frame) if frame.file is not None else self._follow(frame)
        detected = self._stopwatch()
        answers = self._answers(frame, found)
        classified = self._stopwatch()
        tracks = tuple(self._track(frame, id_, frame.in_image(face), answers.get(id_)) for id_, face in found)
        self._keep(self._tracker.ids())
        self._miss(self._named.keys() - {id_ for id_, _ in found})
        if self._began is None:
            self._began = frame.time
        finished = self._stopwatch()
        ms = {
            "detect": (detected - started) * 1e3,
            "classify": (classified - detected) * 1e3,
            "total": (finished - started) * 1e3,
        }
        return Result(frame, frame.time - self._began, tracks, self._announcer.take(), ms, self._others)

    def forget(self, frame: Frame) -> Result:
        """Nobody is watched any more: everyone has left with this frame, the last that was processed."""
        self._tracker.forget()
        self._others = ()
        self._keep(set())
        t = 0.0 if self._began is None else frame.time - self._began
        return Result(frame, t, (), self._announcer.take(), {"detect": 0.0, "classify": 0.0, "total": 0.0})

    def _still(self, frame: Frame) -> Found:
        seen = look(self._still_detector, frame)
        faces = [face for face in self._large_enough(seen, frame) if face.score >= self._min_score]
        self._others = _others(seen, faces, frame)
        return [(self._tracker.new_id(), face) for face in faces]

    def _follow(self, frame: Frame) -> Found:
        """Follow the known faces; look for all when it is time to, or when someone is new, missed or lost."""
        tracker = self._tracker
        known = [face.box for _, face in tracker.faces(frame)]
        if (
            tracker.unsure(frame.time)
            or self._lookout.due(frame, known, rest=self.rest, promising=tracker.promising)
            or not tracker.follow(frame)
        ):
            seen = look(self._detector, frame)
            tracker.update(self._large_enough(seen, frame), frame)
            self._lookout.look(frame)
            self._others = _others(seen, [face for _, face in tracker.faces(frame)], frame)
        return tracker.faces(frame)

    def _large_enough(self, faces: list[Face], frame: Frame) -> list[Face]:
        return [face for face in faces if frame.in_image(face).box.width >= self._min_size_px]

    def _answers(self, frame: Frame, found: Found) -> dict[int, Answer]:
        """For the faces whose turn it is, asked in one batch: clear ones, and those that have no name at all yet."""
        busy = self._spread and frame.time == self._lookout.looked
        due = self._turns.due([id_ for id_, _ in found], frame.time, rest=self.rest, busy=busy)
        answers: dict[int, Answer] = {}
        views: dict[int, list[Crop]] = {}
        for id_, face in found:
            if id_ in due:
                crop = face_input(frame.tracking_image, face.points, self._classifier.size)
                clear = quality.clear(face, crop, frame.tracking_image, self._enough)
                answers[id_] = None, clear
                if frame.file is not None:
                    views[id_] = both(crop)
                elif clear or id_ not in self._named:
                    views[id_] = self._views.next(id_, crop)
        if views:
            given = iter(self._classifier.classify([view for of_one in views.values() for view in of_one]))
            for id_, of_one in views.items():
                answers[id_] = self._views.mean(id_, [next(given) for _ in of_one]), answers[id_][1]
        return answers

    def _track(self, frame: Frame, id_: int, face: Face, answer: Answer | None) -> Track:
        """answer: None where it is not this face's turn; it keeps what it was called."""
        if answer is None:
            return replace(self._named[id_], face=face)
        raw, clear = answer
        if raw is None:
            self._announcer.unclear(id_, frame.time)
            doubtful = self._doubt.update(id_, True, frame.time)
            track = replace(self._named[id_], face=face, uncertain=True, clear=False, doubtful=doubtful)
        elif frame.file is not None:
            return Track(id_, face, raw, self._uncertain(raw, clear), LABELS[int(raw.argmax())], clear)
        else:
            average = self._smoother.update(id_, raw, frame.time) if clear else raw
            settled = self._announcer.update(id_, average, frame.time, clear=clear)
            uncertain = self._uncertain(average, clear)
            doubtful = self._doubt.update(id_, uncertain, frame.time)
            track = Track(id_, face, average, uncertain, settled, clear, doubtful)
        self._named[id_] = track
        return track

    def _uncertain(self, probabilities: Probabilities, clear: bool) -> bool:
        return not clear or bool(probabilities.max() < self._classifier.uncertain_below)

    def _keep(self, ids: set[int]) -> None:
        """Everyone else has left."""
        self._smoother.keep(ids)
        self._announcer.keep(ids)
        self._doubt.keep(ids)
        self._views.keep(ids)
        self._named = {id_: track for id_, track in self._named.items() if id_ in ids}

    def _miss(self, ids: set[int]) -> None:
        """These have not left, but are not seen now."""
        self._announcer.missed(ids)
        self._doubt.missed(ids)


def _others(seen: list[Face], tracked: list[Face], frame: Frame) -> tuple[Box, ...]:
    """What was seen and is none of the tracked faces, in pixels of the image."""
    unknown = (face for face in seen if all(face.box.iou(known.box) < SAME_FACE_IOU for known in tracked))
    return tuple(frame.in_image(face).box for face in unknown)
