from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.config import EmotionConfig, FaceConfig
from edge.pipeline import Pipeline
from edge.types import Frame, Result
from tests.conftest import face_at, textured
from tests.fakes import FakeClassifier, FakeDetector

PICTURE = textured(320, 240)


def frames(count: int, rate: float = 30.0, start: float = 100.0) -> list[Frame]:
    return [Frame(PICTURE, start + k / rate, 0.0, k) for k in range(count)]


def pipeline(detector: FakeDetector, classifier: FakeClassifier, **face: float) -> Pipeline:
    """Nothing moves in PICTURE: looks are as often as if it did."""
    often = {"still_search_s": face["full_search_s"]} if "full_search_s" in face else {}
    return Pipeline(detector, classifier, FaceConfig(**face, **often), EmotionConfig(rate_hz=120))


def events(results: list[Result]) -> list[tuple]:
    return [(event.kind, event.id, event.before, event.after) for result in results for event in result.events]


def test_one_face_appears_changes_and_leaves():
    detector = FakeDetector(*[[face_at(100, 100)]] * 60, [])
    classifier = FakeClassifier(*["neutral"] * 30, "happy")
    chain = pipeline(detector, classifier, full_search_s=0)
    results = [chain.process(frame) for frame in frames(120)]
    assert events(results) == [
        ("face_appeared", 1, None, "neutral"),
        ("emotion_changed", 1, "neutral", "happy"),
        ("face_left", 1, "happy", None),
    ]
    changed = next(result.t for result in results if result.events and result.events[0].kind == "emotion_changed")
    assert 31 / 30 < changed < 31 / 30 + 0.7


def test_time_counts_from_the_first_frame():
    chain = pipeline(FakeDetector([]), FakeClassifier("happy"))
    assert [chain.process(frame).t for frame in frames(3, rate=2)] == [0, 0.5, 1.0]


def test_a_camera_that_gives_grey_is_searched_there_and_answered_in_pixels_of_its_image():
    detector, classifier = FakeDetector([face_at(40, 60, 30)]), FakeClassifier("happy")
    grey = PICTURE[::2, ::4, 0]
    chain = pipeline(detector, classifier, full_search_s=5 / 30)
    results = [chain.process(replace(frame, grey=grey)) for frame in frames(9)]
    assert all(picture is grey for picture in detector.pictures)
    assert detector.calls < len(results), "followed in between, in the same picture"
    boxes = [track.face.box for result in results for track in result.tracks]
    assert len(boxes) == 8
    for box in boxes:
        assert box.centre == pytest.approx((4 * 40, 2 * 60), abs=4)
        assert (box.width, box.height) == pytest.approx((4 * 30, 2 * 30), abs=6)
    points = results[-1].tracks[0].face.points
    assert points.dtype == np.float32
    assert points[0] == pytest.approx(face_at(40, 60, 30).points[0] * (4, 2), abs=4)


def test_a_detector_that_sees_colour_is_shown_the_image_and_its_faces_are_followed_in_the_grey():
    detector, grey = FakeDetector([face_at(160, 120, 80)], colour=True), PICTURE[::2, ::4, 0]
    chain = pipeline(detector, FakeClassifier("happy"), full_search_s=5 / 30)
    results = [chain.process(replace(frame, grey=grey)) for frame in frames(9)]
    assert all(picture.ndim == 3 for picture in detector.pictures)
    for result in results[1:]:
        assert result.tracks[0].face.box.centre == pytest.approx((160, 120), abs=4)


def test_the_detector_rests_between_its_turns():
    detector = FakeDetector([face_at(100, 100)])
    chain = pipeline(detector, FakeClassifier("happy"), full_search_s=5 / 30)
    results = [chain.process(frame) for frame in frames(27)]
    assert detector.calls == 2 + 5  # twice to make sure of the face, then every fifth frame
    assert [len(result.tracks) for result in results] == [0] + [1] * 26
    assert {track.id for result in results for track in result.tracks} == {1}


def test_what_is_seen_and_not_tracked_is_told_for_those_who_hide_faces():
    surplus, small, faint, first = (
        face_at(240, 60),
        face_at(60, 200, 20),
        face_at(250, 200, score=0.45),
        face_at(80, 80),
    )
    seen = [first, surplus, small, faint]
    chain = pipeline(FakeDetector(seen), FakeClassifier("happy"), max_faces=1, min_size_px=30, full_search_s=1.0)
    results = [chain.process(frame) for frame in frames(9)]
    assert set(results[0].others) == {face.box for face in seen}, "seen once only"
    assert [track.face.box for track in results[1].tracks] == [first.box]
    for result in results[1:]:
        assert set(result.others) == {surplus.box, small.box, faint.box}, "until the next look"
    assert chain.forget(frames(1)[0]).others == ()


def test_a_small_camera_picture_has_its_faces_measured_in_the_frames_pixels():
    grey = PICTURE[::2, ::2, 0]
    chain = pipeline(FakeDetector([face_at(60, 60, 20)]), FakeClassifier("happy"), min_size_px=30)
    results = [chain.process(replace(frame, grey=grey)) for frame in frames(3)]
    assert len(results[-1].tracks) == 1
    assert results[-1].others == ()


def test_displays_are_told_of_doubt_that_lasts():
    class Wavering(FakeClassifier):
        def classify(self, faces):
            self.certainty = 0.3 if self.calls // 6 % 2 else 0.9
            return super().classify(faces)

    chain = Pipeline(
        FakeDetector([face_at(100, 100)]),
        Wavering("happy"),
        FaceConfig(),
        EmotionConfig(rate_hz=120, smoothing_s=0.0, dwell_s=0.4),
    )
    tracks = [track for frame in frames(60) for track in chain.process(frame).tracks]
    assert len({track.uncertain for track in tracks}) == 2
    assert len({track.shown_uncertain for track in tracks}) == 1


def test_who_turns_away_for_a_while_does_not_change_by_one_look_after_it():
    looks_away = replace(face_at(100, 100), points=face_at(100, 100).points + np.float32([[0], [0], [1], [0]]) * 40)
    detector = FakeDetector(*[[face_at(100, 100)]] * 30, *[[looks_away]] * 60, [face_at(100, 100)])
    classifier = FakeClassifier(*["happy"] * 22, *["sad"] * 9, "happy")
    chain = pipeline(detector, classifier, full_search_s=0)
    results = [chain.process(frame) for frame in frames(120)]
    assert any(track.emotion == "sad" for result in results for track in result.tracks)
    assert events(results) == [("face_appeared", 1, None, "happy")]


def test_a_face_that_never_looks_here_appears_as_uncertain():
    looks_away = replace(face_at(100, 100), points=face_at(100, 100).points + np.float32([[0], [0], [1], [0]]) * 40)
    chain = pipeline(FakeDetector([looks_away]), FakeClassifier("happy"), full_search_s=0)
    results = [chain.process(frame) for frame in frames(30)]
    assert [(event.kind, event.uncertain) for result in results for event in result.events] == [("face_appeared", True)]


def test_a_hot_device_looks_less_often():
    detector = FakeDetector([face_at(100, 100)])
    chain = pipeline(detector, FakeClassifier("happy"), full_search_s=5 / 30)
    chain.rest = 4
    for frame in frames(42):
        chain.process(frame)
    assert detector.calls == 2 + 2


def test_a_missed_face_is_looked_for_at_once():
    here = [face_at(100, 100)]
    detector = FakeDetector(here, here, [], here)
    chain = pipeline(detector, FakeClassifier("happy"), full_search_s=5 / 30)
    for frame in frames(9):
        result = chain.process(frame)
    assert detector.calls == 4
    assert [track.id for track in result.tracks] == [1]


def test_a_face_is_named_at_the_rate_that_is_set():
    classifier = FakeClassifier("happy")
    detector = FakeDetector([face_at(100, 100)])
    chain = Pipeline(detector, classifier, FaceConfig(), EmotionConfig(rate_hz=10))
    results = [chain.process(frame) for frame in frames(31)]
    assert classifier.calls == 10  # every third of the 30 frames with a face
    assert all(result.tracks[0].settled == "happy" for result in results[1:])


def test_pictures_of_a_folder_stand_alone():
    chain = pipeline(FakeDetector([face_at(100, 100)]), FakeClassifier("happy", "sad"))
    results = [chain.process(Frame(PICTURE, 0.0, 0.0, k, file=f"{k}.jpg")) for k in range(2)]
    assert [result.tracks[0].emotion for result in results] == ["happy", "sad"]
    assert results[0].tracks[0].id != results[1].tracks[0].id
    assert events(results) == []


def test_a_doubtful_face_is_uncertain():
    chain = pipeline(FakeDetector([face_at(100, 100)]), FakeClassifier("sad", certainty=0.4))
    (track,) = [chain.process(frame) for frame in frames(2)][1].tracks
    assert track.uncertain
    assert track.emotion == "sad"
    assert track.probabilities.sum() == pytest.approx(1)


def test_stages_are_timed():
    ticks = iter(np.arange(0, 10, 0.001))
    chain = Pipeline(
        FakeDetector([]), FakeClassifier("sad"), FaceConfig(), EmotionConfig(), stopwatch=lambda: next(ticks)
    )
    assert chain.process(frames(1)[0]).ms == pytest.approx({"detect": 1.0, "classify": 1.0, "total": 3.0})


def test_of_a_crowd_a_camera_shows_the_surest_and_a_picture_that_stands_alone_everybody():
    crowd = [face_at(30 + 40 * n, 100, 30) for n in range(5)]
    chain = Pipeline(
        FakeDetector(crowd), FakeClassifier("happy"), FaceConfig(max_faces=3, full_search_s=0), EmotionConfig()
    )
    assert [len(chain.process(frame).tracks) for frame in frames(3)][-1] == 3
    assert len(chain.process(replace(frames(1)[0], file="group.jpg")).tracks) == 5


def test_a_picture_that_stands_alone_is_searched_by_the_other_detector():
    live, still = FakeDetector([face_at(100, 100)]), FakeDetector([face_at(60, 60), face_at(200, 90)])
    chain = Pipeline(live, FakeClassifier("happy"), FaceConfig(), EmotionConfig(), still_detector=still)
    alone = chain.process(replace(frames(1)[0], file="group.jpg"))
    assert len(alone.tracks) == 2
    assert not live.calls
    chain.process(frames(1)[0])
    assert (live.calls, still.calls) == (1, 1)
