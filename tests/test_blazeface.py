"""BlazeFace: its arithmetic, and the shipped file on real photographs where they are at hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.config import FaceConfig
from edge.detectors import open_detector
from edge.detectors.blazeface import BlazeFace, anchor_centres, decoded
from edge.detectors.merging import merged, overlaps
from edge.emotion.card import card_path
from edge.errors import ModelError
from edge.types import Face

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / "blazeface.tflite"
PORTRAIT = ROOT / "edge" / "assets" / "portrait.jpg"
MEDIA = ROOT.parent / "shared" / "media"
EMOTIONS = ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")

needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="the test photographs are not here")
needs_portrait = pytest.mark.skipif(not PORTRAIT.is_file(), reason="edge/assets/portrait.jpg is not here")


@pytest.fixture(scope="module")
def detector() -> BlazeFace:
    return BlazeFace(MODEL, min_score=0.6, min_size_px=20, max_faces=10)


def detection(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([[x0, y0], [x1, y1], *[[x0, y0]] * 4], np.float32)


def test_anchors_stand_in_the_middle_of_their_cells() -> None:
    anchors = anchor_centres(192, [4], [1])
    assert anchors.shape == (2304, 2)
    assert anchors[:2].tolist() == [[2, 2], [6, 2]]
    assert anchors[48].tolist() == [2, 6]


def test_several_strides_and_anchors_a_cell() -> None:
    anchors = anchor_centres(128, [8, 16], [2, 6])
    assert len(anchors) == 896
    assert anchors[:3].tolist() == [[4, 4], [4, 4], [12, 4]]
    assert anchors[512].tolist() == [8, 8]


def test_decoding_adds_the_anchor_to_centre_and_points_but_not_to_the_size() -> None:
    offsets = np.array([[[1, 2], [10, 20], [3, 4], [5, 6], [7, 8], [9, 10], [0, 0], [0, 0]]], np.float32)
    pairs = decoded(offsets, np.array([[100, 50]], np.float32))
    assert pairs[0].tolist() == [[96, 42], [106, 62], [103, 54], [105, 56], [107, 58], [109, 60]]


def test_overlap() -> None:
    one = detection(0, 0, 10, 10)
    others = np.stack([one, detection(5, 0, 15, 10), detection(20, 20, 30, 30), detection(3, 3, 3, 3)])
    assert overlaps(one, others).tolist() == pytest.approx([1, 1 / 3, 0, 0])


def test_overlapping_boxes_become_their_mean_weighted_by_score() -> None:
    pairs = np.stack([detection(0, 0, 10, 10), detection(100, 0, 110, 10), detection(2, 0, 12, 10)])
    faces, scores = merged(pairs, np.array([0.6, 0.7, 0.9], np.float32), 0.3)
    assert scores.tolist() == pytest.approx([0.9, 0.7])
    assert faces[0, 0].tolist() == pytest.approx([2 * 0.9 / 1.5, 0])
    assert faces[1].tolist() == detection(100, 0, 110, 10).tolist()


def test_nothing_merges_into_nothing() -> None:
    faces, scores = merged(np.empty((0, 6, 2), np.float32), np.empty(0, np.float32), 0.3)
    assert faces.shape == (0, 6, 2)
    assert scores.shape == (0,)


@pytest.mark.parametrize("shape", [(480, 640, 3), (480, 640), (300, 300, 3), (1, 1), (1, 500), (500, 1, 3), (7, 9, 3)])
def test_a_picture_of_any_size_and_depth_without_a_face(detector: BlazeFace, shape: tuple[int, ...]) -> None:
    assert detector.detect(np.full(shape, 90, np.uint8)) == []


def test_open_detector_reads_the_kind_from_the_card() -> None:
    assert isinstance(open_detector(FaceConfig(model=str(MODEL)), threads=1), BlazeFace)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "crystal ball"}, "no face detector known"),
        ({"anchors": None}, "does not say how to read"),
        ({"anchors": {"strides": [8], "per_cell": [1]}}, "not the card's network"),
        ({"sha256": "0" * 64}, "checksum"),
    ],
)
def test_a_wrong_card_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    model = tmp_path / "blazeface.tflite"
    shutil.copy(MODEL, model)
    card = json.loads(card_path(MODEL).read_text(encoding="utf-8"))
    card_path(model).write_text(json.dumps({**card, **change}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        open_detector(FaceConfig(model=str(model)), threads=1)


def check_upright(face: Face) -> None:
    """Eyes left and right, nose between and below them, mouth below the nose, all in the box."""
    left, right, nose, mouth = face.points
    assert left[0] < nose[0] < right[0]
    assert max(left[1], right[1]) < nose[1] < mouth[1]
    box = face.box
    assert (face.points > (box.x0, box.y0)).all()
    assert (face.points < (box.x1, box.y1)).all()


def check_same_place(face: Face, expected: Face, tolerance: float) -> None:
    """tolerance: in widths of the face, for eyes and mouth, by which is cut; the nose has half as much again."""
    most = tolerance * expected.box.width * np.array([1, 1, 1.5, 1])
    assert (np.abs(face.points - expected.points).max(axis=1) < most).all()


@needs_portrait
def test_the_portrait_is_one_face(detector: BlazeFace) -> None:
    (face,) = detector.detect(cv2.imread(str(PORTRAIT)))
    check_upright(face)


@needs_portrait
def test_the_same_face_wherever_however_large_and_in_grey(detector: BlazeFace) -> None:
    portrait = cv2.imread(str(PORTRAIT))
    portrait = cv2.resize(portrait, (300, round(300 * portrait.shape[0] / portrait.shape[1])))
    (expected,) = detector.detect(portrait)
    (grey,) = detector.detect(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY))
    check_same_place(grey, expected, 0.05)
    moved = cv2.copyMakeBorder(portrait, 40, 10, 200, 30, cv2.BORDER_REPLICATE)
    (face,) = detector.detect(moved)
    check_same_place(Face(face.box, face.score, face.points - np.float32([200, 40])), expected, 0.08)
    (large,) = detector.detect(cv2.resize(portrait, None, fx=3, fy=3))
    check_same_place(Face(large.box, large.score, large.points / 3), expected, 0.05)


@needs_portrait
def test_a_face_that_fills_the_picture_is_found(detector: BlazeFace) -> None:
    portrait = cv2.imread(str(PORTRAIT))
    (face,) = detector.detect(portrait)
    (x, y), half = face.box.centre, face.box.width * 0.57
    tight = portrait[max(0, int(y - half)) : int(y + half), max(0, int(x - half)) : int(x + half)]
    assert len(detector.detect(tight)) == 1


@needs_portrait
def test_min_score_min_size_and_max_faces() -> None:
    portrait = cv2.imread(str(PORTRAIT))
    pair = np.hstack([portrait, portrait])
    both = BlazeFace(MODEL, 0.5, 20, 10).detect(pair)
    assert len(both) == 2
    assert both[0].score >= both[1].score
    assert len(BlazeFace(MODEL, 0.5, 20, 1).detect(pair)) == 1
    assert BlazeFace(MODEL, 0.99, 20, 10).detect(pair) == []
    assert BlazeFace(MODEL, 0.5, max(face.box.width for face in both) + 1, 10).detect(pair) == []


@needs_media
@pytest.mark.parametrize("emotion", EMOTIONS)
def test_each_portrait_is_one_face(detector: BlazeFace, emotion: str) -> None:
    (face,) = detector.detect(cv2.imread(str(MEDIA / "faces" / f"faceapi_{emotion}.jpg")))
    check_upright(face)


@needs_media
def test_single_people_are_found_once(detector: BlazeFace) -> None:
    paths = [
        *sorted((MEDIA / "faces").glob("human_stock-emotions-*")),
        *sorted((MEDIA / "faces").glob("deepface_img*")),
    ]
    assert paths
    assert [path.name for path in paths if len(detector.detect(cv2.imread(str(path)))) != 1] == []


@needs_media
def test_no_face_where_there_is_none(detector: BlazeFace) -> None:
    paths = sorted((MEDIA / "no_faces").iterdir())
    assert paths
    assert [path.name for path in paths if detector.detect(cv2.imread(str(path)))] == []
