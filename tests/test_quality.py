from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import quality
from edge.config import EmotionConfig, FaceConfig, QualityConfig
from edge.emotion.crop import face_input
from edge.pipeline import Pipeline
from edge.types import Box, Face, Frame
from tests.conftest import face_at, textured
from tests.fakes import FakeClassifier, FakeDetector

PORTRAIT = Path(quality.__file__).parent / "assets" / "portrait.jpg"
FRAME = Frame(textured(640, 480), 0.0, 0.0, 0)
LIMITS = QualityConfig()


def is_clear(face: Face, frame: Frame = FRAME) -> bool:
    return quality.clear(face, face_input(frame.image, face.points, 48), frame.image, LIMITS)


def turned(face: Face, share: float) -> Face:
    """Its nose moved to one side by this share of the distance of the eyes."""
    points = face.points.copy()
    points[2, 0] += share * (points[1, 0] - points[0, 0])
    return replace(face, points=points)


def test_a_large_sharp_frontal_face_is_clear() -> None:
    assert is_clear(face_at(300, 200, 120))


@pytest.mark.parametrize(
    "face",
    [
        face_at(300, 200, LIMITS.min_size_px - 1),
        face_at(300, 200, 120, score=LIMITS.min_score - 0.01),
        face_at(20, 200, 120),
        turned(face_at(300, 200, 120), LIMITS.max_turn + 0.01),
        replace(face_at(300, 200, 120), points=np.zeros((4, 2), np.float32)),
    ],
    ids=["small", "faint", "cut off", "turned away", "no eyes"],
)
def test_what_shows_too_little_is_not(face: Face) -> None:
    assert not is_clear(face)


@pytest.mark.parametrize(("blur_px", "clear"), [(0, True), (3, True), (10, False)])
def test_a_blurred_face_is_not(blur_px: float, clear: bool) -> None:
    image = cv2.imread(str(PORTRAIT))
    face = Face(Box(173, 68, 279, 174), 0.9, np.float32([[205, 102], [246, 105], [224, 130], [223, 148]]))
    frame = replace(FRAME, image=cv2.GaussianBlur(image, (0, 0), blur_px) if blur_px else image)
    assert is_clear(face, frame) is clear


def test_turn_minds_neither_tilt_nor_size() -> None:
    face = turned(face_at(0, 0, 100), 0.4)
    angle = np.deg2rad(25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    assert quality.turn(face.points) == pytest.approx(0.4, abs=1e-5)
    assert quality.turn(3 * face.points @ turn.T) == pytest.approx(0.4, abs=1e-5)


def test_sharpness_minds_neither_light_nor_contrast() -> None:
    crop = cv2.GaussianBlur(cv2.cvtColor(textured(48, 48), cv2.COLOR_BGR2GRAY), (0, 0), 1)
    dim = np.rint(crop * 0.4 + 20).astype(np.uint8)
    assert quality.sharpness(dim) == pytest.approx(quality.sharpness(crop), rel=0.1)
    assert quality.sharpness(np.full((48, 48), 90, np.uint8)) == 0


def chain(classifier: FakeClassifier, *sightings: Face) -> Pipeline:
    detector = FakeDetector(*[[face] for face in sightings])
    return Pipeline(detector, classifier, FaceConfig(full_search_s=0), EmotionConfig(rate_hz=120))


def processed(pipeline: Pipeline, count: int) -> list:
    return [pipeline.process(replace(FRAME, time=k / 30, number=k)) for k in range(count)]


def test_a_face_that_turns_away_keeps_its_emotion_and_is_uncertain() -> None:
    front = face_at(300, 200, 120)
    classifier = FakeClassifier(*["happy"] * 9, "sad")
    results = processed(chain(classifier, *[front] * 10, turned(front, 1.2)), 40)
    assert [track.uncertain for result in results for track in result.tracks] == [False] * 9 + [True] * 30
    assert {track.emotion for result in results for track in result.tracks} == {"happy"}
    assert classifier.calls == 9


def test_a_face_that_never_was_clear_is_announced_and_uncertain() -> None:
    results = processed(chain(FakeClassifier("happy"), turned(face_at(300, 200, 120), 1.2)), 15)
    events = [(event.kind, event.uncertain) for result in results for event in result.events]
    assert events == [("face_appeared", True)]
    assert all(track.uncertain for result in results for track in result.tracks)
