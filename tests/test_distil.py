"""Teachers: their mean opinion of the very view that the student sees becomes part of its targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

import keras

from training.data import FaceSet
from training.distil import Taught, Teachers, taught_once, trained_network
from training.emotions import begun_from
from training.errors import DataError
from training.networks import residual

# Keras reads TensorFlow's tensors in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)


def small_network(path: Path, side: int = 48) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = residual(side=side, stem=16, widths=(16,), blocks=(1,))
    model.save(path)
    return model


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_several_teachers_are_averaged(faces: np.ndarray, tmp_path: Path) -> None:
    small = small_network(tmp_path / "small.keras")
    expected = [softmax(model.predict(faces, verbose=0)) for model in (small, trained_network("emotion"))]
    actual = Teachers(["emotion", str(tmp_path / "small.keras")]).probabilities(faces)
    np.testing.assert_allclose(actual, np.mean(expected, axis=0), atol=1e-3)
    np.testing.assert_allclose(actual.sum(axis=1), 1, atol=1e-5)


def test_shrunk_views_are_enlarged_for_the_teacher(faces: np.ndarray) -> None:
    assert Teachers(["emotion"]).probabilities(faces[:, :32, :32]).shape == (3, 7)


def test_their_share_of_the_targets(faces: np.ndarray) -> None:
    targets, opinion = np.eye(7, dtype=np.float32)[:3], np.full((3, 7), 1 / 7)
    shown = []

    def probabilities(batch: np.ndarray) -> np.ndarray:
        shown.append(batch)
        return opinion

    (seen, mixed), *rest = Taught([(faces, targets)], probabilities, share=0.25)
    assert not rest
    assert seen is shown[0] is faces
    np.testing.assert_allclose(mixed, 0.75 * targets + 0.25 / 7, atol=1e-6)
    assert mixed.dtype == np.float32


def test_views_that_come_again_are_not_asked_about_again(faces: np.ndarray) -> None:
    targets, shown, answers = np.eye(7, dtype=np.float32)[:3], [], {}

    def probabilities(batch: np.ndarray) -> np.ndarray:
        shown.append(batch)
        return np.eye(7)[[len(shown)] * 3]

    batches = [(faces, targets), (faces[::-1], targets)]
    first, again = (list(Taught(batches, probabilities, 0.5, answers)) for _ in range(2))
    assert len(shown) == 2
    for (_, before), (_, after) in zip(first, again, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_face_and_its_mirror_image_are_the_same_to_both_views(faces: np.ndarray) -> None:
    teachers = Teachers(["emotion"])
    alone, mirrored = teachers.probabilities(faces), teachers.probabilities(faces[:, :, ::-1])
    assert np.abs(alone - mirrored).max() > 1e-3
    for views in (faces, faces[:, :, ::-1]):
        np.testing.assert_allclose(teachers.by_both_views(views), (alone + mirrored) / 2, atol=1e-6)


def test_taught_once_they_see_the_face_as_it_is(faces: np.ndarray) -> None:
    pixels, targets = faces[..., 0].astype(np.uint8), np.eye(7, dtype=np.float32)[:3]
    shown = []

    def probabilities(batch: np.ndarray) -> np.ndarray:
        shown.append(batch)
        return np.eye(7)[[len(shown)] * 3]

    taught = taught_once(FaceSet(pixels, targets, np.arange(3), np.arange(3)), probabilities, share=0.5)
    np.testing.assert_array_equal(shown[0], faces)
    np.testing.assert_allclose(taught.targets, targets / 2 + np.eye(7)[1] / 2)
    assert taught.targets.dtype == np.float32
    np.testing.assert_array_equal(taught.labels, np.arange(3))


def test_a_run_can_begin_where_another_ended_with_its_network(faces: np.ndarray, tmp_path: Path) -> None:
    ended = small_network(tmp_path / "best.keras")
    begun = begun_from(str(tmp_path))
    assert begun.__name__ == "residual"
    expected = ended.predict(faces, verbose=0)
    np.testing.assert_allclose(begun().predict(faces, verbose=0), expected, atol=1e-5)
    np.testing.assert_allclose(begun(side=None).predict(faces, verbose=0), expected, atol=1e-5)


def test_a_teacher_of_another_size_is_named(tmp_path: Path) -> None:
    small_network(tmp_path / "other.keras", side=32)
    with pytest.raises(DataError, match=r"other.keras: takes \(32, 32, 1\)"):
        Teachers(["emotion", str(tmp_path / "other.keras")])


def test_a_file_that_is_no_network_is_one_line(tmp_path: Path) -> None:
    junk = tmp_path / "junk.keras"
    junk.write_bytes(b"no network")
    for use in (trained_network, lambda name: Teachers([name])):
        with pytest.raises(DataError, match=r"junk\.keras is not a trained network"):
            use(str(junk))


def test_a_teacher_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing; train that network first"):
        Teachers([str(tmp_path)])
