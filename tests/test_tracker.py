from __future__ import annotations

import numpy as np
import pytest

from edge.tracker import COAST_S, COASTING_S, Tracker
from edge.types import Face, Frame
from tests.conftest import face_at, textured

STEP_S = 0.1
PICTURE = textured(640, 480)


def frame_at(time: float) -> Frame:
    return Frame(PICTURE, time, 0.0, 0)


def looked(tracker: Tracker, faces: list[Face], time: float) -> None:
    tracker.update(faces, frame_at(time))


def followed(tracker: Tracker, sightings: list[list], start: float = 0.0) -> list[list[int]]:
    """Feed one list of faces a step; the ids in view after each."""
    seen = []
    for step, faces in enumerate(sightings):
        looked(tracker, faces, start + step * STEP_S)
        seen.append([id_ for id_, _ in tracker.faces(frame_at(start + step * STEP_S))])
    return seen


def test_a_face_counts_from_its_second_sighting():
    tracker = Tracker(forget_after_s=1)
    assert followed(tracker, [[face_at(100, 100)], [face_at(103, 100)], [face_at(106, 100)]]) == [[], [1], [1]]


def test_a_single_false_alarm_is_never_shown():
    tracker = Tracker(forget_after_s=1)
    assert followed(tracker, [[face_at(100, 100)], [], [], [], []]) == [[]] * 5
    assert tracker.ids() == set()


def test_an_occlusion_shorter_than_the_limit_keeps_the_id():
    tracker = Tracker(forget_after_s=1)
    here = [face_at(100, 100)]
    seen = followed(tracker, [here, here, *[[]] * 8, here])
    assert seen[1] == [1]
    assert seen[8] == []  # not shown where nobody is
    assert seen[-1] == [1]


def test_somebody_else_in_the_place_of_one_who_was_missed_is_somebody_else():
    tracker = Tracker(forget_after_s=2)
    here = [face_at(100, 100)]
    followed(tracker, [here, here, []])
    another = textured(640, 480, seed=5)
    for step in (8, 9):
        tracker.update(here, Frame(another, step * STEP_S, 0.0, 0))
    assert [id_ for id_, _ in tracker.faces(Frame(another, 9 * STEP_S, 0.0, 0))] == [2]


def test_where_enough_people_are_known_a_further_one_waits():
    tracker = Tracker(forget_after_s=0.5, max_faces=2)
    crowd = [face_at(100 * k, 100, score=0.9 - k / 100) for k in (1, 2, 3)]
    assert followed(tracker, [crowd, crowd, crowd[::-1]])[1:] == [[1, 2]] * 2
    assert sorted(followed(tracker, [crowd[1:]] * 10, start=0.3)[-1]) == [2, 3]


def test_an_id_is_not_given_out_again():
    tracker = Tracker(forget_after_s=0.5)
    here = [face_at(100, 100)]
    assert followed(tracker, [here, here, *[[]] * 10, here, here])[-1] == [2]


def test_two_people_crossing_keep_their_ids():
    tracker = Tracker(forget_after_s=1)
    paths = [[face_at(100 + 12 * k, 100), face_at(400 - 12 * k, 130)] for k in range(26)]
    seen = followed(tracker, paths)
    assert all(sorted(ids) == [1, 2] for ids in seen[1:])
    last = dict(tracker.faces(frame_at(25 * STEP_S)))
    assert last[1].box.centre[0] == pytest.approx(400)
    assert last[2].box.centre[0] == pytest.approx(100)


def test_a_face_half_hidden_moves_on_as_before():
    """What is left of it beside another is less wide and seems to slow down; behind it nothing is seen at all."""
    tracker = Tracker(forget_after_s=1)
    other = face_at(260, 100, 100)
    followed(tracker, [[face_at(80 + 20 * k, 100, 100), other] for k in range(5)])
    for step, (middle, width) in enumerate(((175, 90), (180, 70)), start=5):
        looked(tracker, [face_at(middle, 100, width), other], step * STEP_S)
    assert [id_ for id_, _ in tracker.faces(frame_at(6 * STEP_S))] == [1, 2]
    looked(tracker, [other], 7 * STEP_S)
    assert [id_ for id_, _ in tracker.faces(frame_at(7 * STEP_S))] == [2]
    looked(tracker, [other, face_at(350, 100, 100)], 12 * STEP_S)
    assert dict(tracker.faces(frame_at(12 * STEP_S)))[1].box.centre[0] == pytest.approx(350)


def test_faces_that_stay_side_by_side_are_known_as_they_are_there():
    """One walks up to the other and stops; missed after a while, it is expected where it stood, not further on."""
    tracker = Tracker(forget_after_s=1)
    other = face_at(300, 100, 100)
    followed(tracker, [[face_at(95 + 20 * k, 100, 100), other] for k in range(6)])
    stopped = face_at(195, 100, 100)
    for step in range(6, 40):
        looked(tracker, [stopped, other], step * STEP_S)
    looked(tracker, [other], 40 * STEP_S)
    later = dict(tracker.faces(frame_at(41 * STEP_S)))
    assert later[1].box.centre[0] == pytest.approx(195, abs=1)


def test_a_face_that_left_the_picture_is_not_shown():
    tracker = Tracker(forget_after_s=5)
    followed(tracker, [[face_at(80, 100)], [face_at(50, 100)], [face_at(20, 100)], []])
    assert tracker.faces(frame_at(3 * STEP_S)) == []
    assert tracker.ids() == {1}


def test_between_detections_the_box_moves_on():
    tracker = Tracker(forget_after_s=1)
    followed(tracker, [[face_at(100, 100)], [face_at(110, 100)], [face_at(120, 100)]])
    ((_, face),) = tracker.faces(frame_at(2 * STEP_S + 0.05))
    assert face.box.centre[0] == pytest.approx(125, abs=0.5)
    assert face.points[:, 0].mean() == pytest.approx(125, abs=0.5)


def test_a_missed_face_is_shown_for_a_moment_only():
    tracker = Tracker(forget_after_s=5)
    followed(tracker, [[face_at(100, 100)], [face_at(110, 100)], []])
    assert [id_ for id_, _ in tracker.faces(frame_at(2 * STEP_S))] == [1]
    assert tracker.faces(frame_at(2 * STEP_S + COAST_S * 1.01)) == []
    assert tracker.ids() == {1}


def test_motion_is_not_trusted_for_long():
    tracker = Tracker(forget_after_s=5)
    followed(tracker, [[face_at(100, 100)], [face_at(110, 100)]])
    ((_, face),) = tracker.faces(frame_at(STEP_S + 10))
    assert face.box.centre[0] == pytest.approx(110 + 100 * COASTING_S)


def test_between_detections_a_face_is_followed_by_its_look():
    """The picture moves 3 px right and 2 down a frame; no detector says so."""
    tracker = Tracker(forget_after_s=1)
    followed(tracker, [[face_at(200, 200)]] * 2)
    for step in range(1, 9):
        moved = np.roll(PICTURE, (2 * step, 3 * step), axis=(0, 1))
        assert tracker.follow(Frame(moved, STEP_S + step / 30, 0.0, step))
    ((_, face),) = tracker.faces(frame_at(STEP_S + 8 / 30))
    assert face.box.centre == pytest.approx((224, 216), abs=1)
    np.testing.assert_allclose(face.points, face_at(224, 216).points, atol=1)


def test_a_face_that_cannot_be_followed_asks_for_a_look():
    tracker = Tracker(forget_after_s=1)
    followed(tracker, [[face_at(200, 200)]] * 2)
    assert not tracker.follow(Frame(textured(640, 480, seed=2), STEP_S * 1.5, 0.0, 1))


def test_a_new_or_missed_face_asks_for_another_look():
    tracker = Tracker(forget_after_s=1)
    assert not tracker.unsure(0.0)
    looked(tracker, [face_at(100, 100)], 0.0)
    assert tracker.unsure(0.0)
    looked(tracker, [face_at(100, 100)], 0.1)
    assert not tracker.unsure(0.1)
    looked(tracker, [face_at(100, 100), face_at(400, 100)], 0.2)
    assert tracker.unsure(0.2)


def test_a_face_of_another_size_is_another_face():
    tracker = Tracker(forget_after_s=1)
    followed(tracker, [[face_at(100, 100, 40)]] * 2)
    looked(tracker, [face_at(100, 100, 200)], 0.2)
    looked(tracker, [face_at(100, 100, 200)], 0.3)
    assert tracker.ids() == {1, 2}


def test_a_faint_detection_keeps_a_known_face_and_begins_none():
    tracker = Tracker(forget_after_s=0.5, min_score=0.6)
    followed(tracker, [[face_at(100, 100)]] * 2)
    faint = [face_at(100, 100, score=0.4), face_at(400, 100, score=0.4)]
    assert followed(tracker, [faint] * 10, start=0.2) == [[1]] * 10
    assert tracker.promising


def test_nobody_is_known_again_after_a_time_without_frames():
    """The camera was lost, or switched off: in the same place may stand somebody else."""
    tracker = Tracker(forget_after_s=1)
    here = [face_at(100, 100)]
    followed(tracker, [here, here])
    assert followed(tracker, [here, here], start=600) == [[], [2]]


def test_a_camera_of_one_frame_in_some_seconds_keeps_ids():
    tracker = Tracker(forget_after_s=1)
    for time in (0.0, 4.0, 8.0):
        looked(tracker, [face_at(100, 100)], time)
    assert tracker.ids() == {1}
