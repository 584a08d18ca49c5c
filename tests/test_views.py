"""A face is shown as it is and in the mirror: in turn while it is followed, both where a picture stands alone."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import EmotionConfig, FaceConfig
from edge.emotion.labels import LABELS
from edge.emotion.views import Views, both
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
    as_it_is, mirrored = both(crop)
    assert as_it_is is crop
    assert np.array_equal(mirrored[:, 0], crop[:, -1])
    assert np.array_equal(both(mirrored)[1], crop)
    assert mirrored.flags.c_contiguous


def test_each_face_shows_both_views_at_first_and_then_takes_its_own_turns():
    views, crop, answer = Views(), np.tile(np.arange(48, dtype=np.uint8), (48, 1)), np.eye(7)

    def shown(id_: int) -> str:
        now = views.next(id_, crop)
        views.mean(id_, [answer[0] for _ in now])
        return "+".join("face" if np.array_equal(view, crop) else "mirror" for view in now)

    assert [shown(id_) for id_ in (1, 1, 2, 1, 2, 1)] == [
        "face+mirror",
        "face",
        "face+mirror",
        "mirror",
        "face",
        "face",
    ]
    views.keep({1})
    assert shown(2) == "face+mirror", "begins anew"
    assert shown(1) == "mirror"


def test_the_mean_is_that_of_the_last_answer_to_each_view():
    views, crop = Views(), np.tile(np.arange(48, dtype=np.uint8), (48, 1))
    means = []
    for answers in ([0.2, 0.6], [0.4], [1.0], [0.0]):
        assert len(views.next(1, crop)) == len(answers)
        means.append(views.mean(1, [np.full(7, answer) for answer in answers])[0])
    assert means == pytest.approx([0.4, 0.5, 0.7, 0.5])


def test_a_followed_face_is_called_by_both_views_without_wavering():
    classifier = OneSided()
    pipeline = chain(classifier, smoothing_s=0.0)
    results = [pipeline.process(Frame(PICTURE, k / 30, 0.0, k)) for k in range(30)]
    assert [len(faces) for faces in classifier.shown] == [2] + [1] * 28
    for result in results[1:]:
        assert result.tracks[0].probabilities[LABELS.index("happy")] == pytest.approx(0.475)
        assert result.tracks[0].probabilities[LABELS.index("sad")] == pytest.approx(0.475)


def test_a_picture_that_stands_alone_is_named_by_both_views():
    classifier = OneSided()
    (track,) = chain(classifier).process(Frame(PICTURE, 0.0, 0.0, 0, file="a.jpg")).tracks
    ((one, other),) = classifier.shown
    assert np.array_equal(other, both(one)[1])
    assert track.probabilities[LABELS.index("happy")] == pytest.approx(0.475)
    assert track.probabilities[LABELS.index("sad")] == pytest.approx(0.475)
    assert track.uncertain
