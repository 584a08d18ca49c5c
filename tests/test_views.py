"""A face is shown as it is and in the mirror: in turn while it is followed, both where a picture stands alone."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import EmotionConfig, FaceConfig
from edge.emotion.labels import LABELS
from edge.emotion.views import Views, mirrored
from edge.pipeline import Pipeline
from edge.types import Frame
from tests.conftest import face_at, textured
from tests.fakes import FakeDetector

PICTURE = textured(320, 240)


class OneSided:
    """Happy about the first view it is ever shown, and sad about any other."""

    size = 48
    uncertain_below = 0.5

    def __init__(self) -> None:
        self.shown: list[list[np.ndarray]] = []

    def classify(self, faces: list[np.ndarray]) -> np.ndarray:
        self.shown.append(faces)
        first = self.shown[0][0]
        labels = ["happy" if np.array_equal(face, first) else "sad" for face in faces]
        return np.array([np.where(np.array(LABELS) == label, 0.94, 0.01) for label in labels])


def chain(classifier: OneSided, **emotion: float) -> Pipeline:
    return Pipeline(FakeDetector([face_at(100, 100)]), classifier, FaceConfig(), EmotionConfig(rate_hz=120, **emotion))


def test_a_mirrored_face_is_its_own_mirror_image_mirrored():
    crop = np.arange(48 * 48, dtype=np.uint16).reshape(48, 48).astype(np.uint8)
    assert np.array_equal(mirrored(crop)[:, 0], crop[:, -1])
    assert np.array_equal(mirrored(mirrored(crop)), crop)
    assert mirrored(crop).flags.c_contiguous


def test_each_face_takes_its_own_turns():
    views, crop = Views(), np.tile(np.arange(48, dtype=np.uint8), (48, 1))
    as_it_is = [np.array_equal(views.next(id_, crop), crop) for id_ in (1, 1, 2, 1, 2, 2)]
    assert as_it_is == [True, False, True, True, False, True]
    views.keep({1})
    assert np.array_equal(views.next(2, crop), crop), "begins anew"
    assert not np.array_equal(views.next(1, crop), crop)


def test_a_followed_face_is_shown_one_view_at_a_time_and_called_their_mean():
    classifier = OneSided()
    pipeline = chain(classifier, smoothing_s=2.0)
    results = [pipeline.process(Frame(PICTURE, k / 30, 0.0, k)) for k in range(300)]
    assert {len(faces) for faces in classifier.shown} == {1}
    happy, sad = LABELS.index("happy"), LABELS.index("sad")
    for result in results[-20:]:
        probabilities = result.tracks[0].probabilities
        assert probabilities[happy] == pytest.approx(probabilities[sad], abs=0.04)


def test_a_picture_that_stands_alone_is_named_by_both_views():
    classifier = OneSided()
    (track,) = chain(classifier).process(Frame(PICTURE, 0.0, 0.0, 0, file="a.jpg")).tracks
    ((one, other),) = classifier.shown
    assert np.array_equal(other, mirrored(one))
    assert track.probabilities[LABELS.index("happy")] == pytest.approx(0.475)
    assert track.probabilities[LABELS.index("sad")] == pytest.approx(0.475)
    assert track.uncertain
