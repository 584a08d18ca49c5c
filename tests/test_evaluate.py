"""The numbers that reports are made of, against values known by hand or from scikit-learn."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotion.classifier import log_offsets, probabilities
from edge.emotion.labels import LABELS
from tests.synthetic_fer2013 import write_fer2013
from training.__main__ import main
from training.confidence import accept_above, fit_base_rates, fit_calibration, fit_temperature
from training.corruptions import CORRUPTIONS, corrupted
from training.data import NO_LABEL, FaceSet
from training.evaluate import Measured, measure
from training.held_out import (
    CONTEMPT,
    HeldOut,
    authors_majority,
    has_twin,
    held_out,
    known,
    second_half_of_people,
)
from training.metrics import calibration_error, evaluate, mcnemar, proportion, rounded
from training.reports.figures import draw
from training.reports.tables import headline

SAD, NEUTRAL = LABELS.index("sad"), LABELS.index("neutral")


def faces(labels: list[int]) -> FaceSet:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48)).astype(np.uint8)
    targets = np.eye(len(LABELS), dtype=np.float32)[np.maximum(labels, 0)]
    return FaceSet(images, targets, np.array(labels), np.arange(len(labels)))


class BarClassifier:
    """Answers the label of a synthetic face: the place of its brightest bar."""

    def __init__(self) -> None:
        self.card = {"temperature": 1.0, "base_rates": [1 / 7] * 7}

    def logits(self, face: np.ndarray) -> np.ndarray:
        return face[:42].reshape(7, -1).mean(axis=1).astype(np.float32) / 10


def test_a_share_has_wilsons_interval() -> None:
    share = proportion(90, 100)
    assert (share["value"], share["low"], share["high"]) == pytest.approx((0.9, 0.8256, 0.9448), abs=1e-4)
    assert proportion(0, 10)["low"] == 0
    assert proportion(10, 10)["high"] == pytest.approx(1)


def test_evaluation_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn belongs to the training extra")
    random = np.random.default_rng(3)
    labels, answers = random.integers(0, 7, 500), random.dirichlet(np.ones(7), 500)
    result, guess = evaluate(answers, faces(labels.tolist())), answers.argmax(axis=1)
    assert result["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(labels, guess))
    assert result["macro_f1"] == pytest.approx(metrics.f1_score(labels, guess, average="macro"))
    assert result["confusion"] == metrics.confusion_matrix(labels, guess).tolist()
    assert result["nll"] == pytest.approx(metrics.log_loss(labels, answers))
    angry = result["per_class"]["angry"]
    assert angry["recall_interval"]["low"] < angry["recall"] < angry["recall_interval"]["high"]
    for index, label in enumerate(LABELS):
        ours, theirs = result["per_class"][label], metrics.precision_recall_fscore_support(labels, guess)
        assert [ours[key] for key in ("precision", "recall", "f1", "faces")] == pytest.approx(
            [column[index] for column in theirs]
        )


def test_faces_without_a_label_do_not_count() -> None:
    answers = np.eye(7)[[NEUTRAL, SAD, SAD, SAD]]
    result = evaluate(answers, faces([NEUTRAL, NEUTRAL, SAD, NO_LABEL]))
    assert result["faces"] == 3
    assert result["neutral_called_sad"] == 0.5
    assert result["macro_f1"] == pytest.approx(2 / 3), "labels without a face do not count in the mean"


def test_calibration_error_of_known_confidences() -> None:
    right = np.array([True] * 60 + [False] * 40)
    assert calibration_error(np.full(100, 0.8), right) == pytest.approx(0.2)
    half = np.where(np.arange(100) % 2, 0.3, 0.9)
    assert calibration_error(half, np.full(100, 0.6)) == pytest.approx(0.3), "bins do not cancel each other"


def test_mcnemar_counts_only_differing_answers() -> None:
    first = np.array([True] * 50 + [False] * 3 + [True] * 11)
    second = np.array([True] * 50 + [True] * 3 + [False] * 11)
    assert mcnemar(first, second) == pytest.approx(2 * (1 + 14 + 91 + 364) / 2**14)
    assert mcnemar(first, first) == 1.0


def test_the_fitted_temperature_is_the_one_that_was_used() -> None:
    logits = np.random.default_rng(5).normal(0, 3, (400, 7))
    assert fit_temperature(logits, probabilities(logits, 1.7)) == pytest.approx(1.7, abs=1e-3)


def test_the_fitted_bias_is_the_one_that_was_used() -> None:
    logits = np.random.default_rng(5).normal(0, 3, (20000, 7))
    used = np.array([0.3, -0.2, 0.1, 0, -0.4, 0.2, 0])
    temperature, bias = fit_calibration(logits, probabilities(logits, 1.7, used))
    assert temperature == pytest.approx(1.7, abs=1e-2)
    assert bias == pytest.approx(used, abs=1e-2)


def test_the_fitted_base_rates_lie_between_what_is_expected_and_what_serves_all_emotions() -> None:
    """Faces whose logits say their label, and the first label to all of them by half a nat too much."""
    labels = np.arange(7000) % 7
    logits = np.random.default_rng(5).normal(0, 1, (7000, 7)) + 2 * np.eye(7)[labels]
    logits[:, 0] += 0.5
    shares = probabilities(logits, 1.0).mean(axis=0)
    rates = fit_base_rates(logits, labels, 1.0)
    assert rates.sum() == pytest.approx(1, abs=1e-5)
    # What all other labels would have to be multiplied by is the root of e.
    assert shares[0] / shares[1:].mean() < rates[0] / rates[1:].mean() < np.exp(0.5)
    few = fit_base_rates(logits[:35], labels[:35], 1.0)
    assert few == pytest.approx(probabilities(logits[:35], 1.0).mean(axis=0), rel=0.1)


def test_an_emotion_that_few_faces_do_not_show_stays_possible() -> None:
    labels = np.arange(60) % 6
    logits = np.random.default_rng(5).normal(0, 1, (60, 7)) + 2 * np.eye(7)[labels]
    _, bias = fit_calibration(logits, np.eye(7)[labels])
    assert -1 < bias[6] < 0


def test_the_cards_bias_moves_everyday_answers_only(test_set: HeldOut) -> None:
    classifier = BarClassifier()
    classifier.card["bias"] = [20.0, 0, 0, 0, 0, 0, 0]
    result = measure(classifier, test_set).result
    without = measure(BarClassifier(), test_set).result
    assert result["everyday"]["per_class"]["angry"]["recall"] == 1.0
    assert result["everyday"]["confusion"] != without["everyday"]["confusion"]
    assert result["balanced"]["confusion"] == without["balanced"]["confusion"]


def test_the_lowest_threshold_that_is_right_often_enough() -> None:
    confidence = np.array([0.3, 0.5, 0.7, 0.9])
    right = np.array([False, True, True, True])
    threshold = accept_above(confidence, right, wanted=0.9)
    assert threshold.confidence == pytest.approx(0.301)
    assert (threshold.coverage, threshold.accuracy) == (0.75, 1.0)
    assert accept_above(confidence, ~right[::-1] & False).coverage == 0.0
    assert accept_above(confidence, np.ones(4, bool)).confidence == 0.0


def test_the_authors_rule_for_a_majority() -> None:
    votes = np.array(
        [
            [6, 4, 0, 0, 0, 0, 0, 0, 0, 0],  # 6 of 10
            [5, 5, 0, 0, 0, 0, 0, 0, 0, 0],  # no more than half
            [4, 1, 1, 1, 1, 1, 0, 0, 1, 0],  # single votes dropped: 4 of 4
            [0, 0, 0, 0, 0, 0, 0, 8, 2, 0],  # contempt
            [0, 0, 0, 0, 0, 0, 0, 0, 9, 1],  # unknown
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],  # nothing left
        ]
    )
    assert authors_majority(votes).tolist() == [NEUTRAL, NO_LABEL, NEUTRAL, CONTEMPT, NO_LABEL, NO_LABEL]


def test_twins_are_pixel_identical() -> None:
    some = faces([0, 1, 2])
    assert has_twin(some, some.take(np.array([1]))).tolist() == [False, True, False]


def test_the_later_half_of_the_people() -> None:
    names = ["S010_1.png", "S137_1.png", "S011_1.png", "S137_2.png", "S052_1.png"]
    assert second_half_of_people(names).tolist() == [False, True, False, True, True]


def test_fourteen_corruptions_that_never_change() -> None:
    some = faces([0, 1]).images
    assert len(CORRUPTIONS) == 14
    for name in CORRUPTIONS:
        spoilt = corrupted(some, name)
        assert spoilt.shape == some.shape
        assert spoilt.dtype == np.uint8
        assert (spoilt != some).any()
        assert (spoilt == corrupted(some, name)).all()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FER2013 files; two PrivateTest faces changed: one tied between neutral and sad, one that nobody can name."""
    folder = tmp_path_factory.mktemp("fer2013")
    write_fer2013(folder, per_label=2)
    lines = (folder / "fer2013new.csv").read_text().splitlines()
    private = [number for number, line in enumerate(lines) if line.startswith("PrivateTest")]
    for number, votes in zip(private[4:6], ("5,0,0,5,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,10,0"), strict=True):
        lines[number] = ",".join([*lines[number].split(",")[:2], votes])
    (folder / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def test_set(data: Path) -> HeldOut:
    return held_out(known(data), "PrivateTest", ck=None)


@pytest.fixture(scope="module")
def measured(test_set: HeldOut) -> Measured:
    """Of a classifier that answers the keyword of each face."""
    return measure(BarClassifier(), test_set, corruptions=True)


def test_every_protocol_counts_its_own_faces(measured: Measured) -> None:
    result = measured.result
    assert result["everyday"]["faces"] == 13, "the face that nobody can name has no majority"
    assert result["everyday"]["accuracy"]["value"] == pytest.approx(12 / 13, abs=1e-4), "a tie goes to neutral"
    assert (result["without_ties"]["faces"], result["without_ties"]["value"]) == (12, 1)
    assert (result["without_twins"]["faces"], result["without_twins"]["high"]) == (13, pytest.approx(0.9863, abs=1e-4))
    assert (result["authors_majority"]["faces"], result["authors_majority"]["accuracy"]["value"]) == (12, 1)
    assert (result["fer2013_labels"]["faces"], result["fer2013_labels"]["accuracy"]["value"]) == (14, 1)
    assert result["fer2013_labels"]["without_twins"]["faces"] == 14
    assert {words: one["faces"] for words, one in result["by_agreement"].items()} == {
        "at most 5 of 10": 1,
        "all 10": 12,
    }
    assert "neutral, happiness" in result["tie_rule"]


def test_a_share_of_no_faces_is_a_dash(data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "fer2013.csv", tmp_path)
    lines = (data / "fer2013new.csv").read_text().splitlines()
    tied = [",".join([*line.split(",")[:2], "5,0,0,5,0,0,0,0,0,0"]) for line in lines[1:]]
    (tmp_path / "fer2013new.csv").write_text("\n".join([lines[0], *tied]) + "\n")
    result = measure(BarClassifier(), held_out(known(tmp_path), "PrivateTest", ck=None)).result
    assert result["without_ties"] == {"value": None, "low": 0.0, "high": 1.0, "faces": 0}
    assert result["authors_majority"]["faces"] == 0
    lines = {line[0]: line[1] for line in headline(result)}
    assert lines["without tied faces"] == lines["FER+ authors' rule, 8 classes"] == "–"
    draw({"model": "bars", **result}, tmp_path, "bars")
    assert (tmp_path / "bars.protocols.png").is_file()


def test_fer2013_without_its_votes_is_measured_by_its_own_labels(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(data / "fer2013.csv", tmp_path)
    test = held_out(known(tmp_path), "PrivateTest", ck=None)
    assert (test.truth, test.crowd, len(test.faces)) == ("FER2013's own labels", None, 14)
    assert test.names[0].startswith("fer2013.csv row ")
    assert measure(BarClassifier(), test).result["everyday"]["accuracy"]["value"] == 1
    assert "fer2013new.csv is missing: FER2013's own labels count" in caplog.text


def test_corruptions_cost_what_they_hide(measured: Measured) -> None:
    for rates in ("accuracy", "balanced_accuracy"):
        shares = measured.result["corruptions"][rates]
        assert shares["brightness × 1.6"] > shares["lower half covered"]


def test_base_rates_move_answers_and_are_both_reported(test_set: HeldOut) -> None:
    classifier = BarClassifier()
    classifier.card["base_rates"] = [1e-12, 1, 1, 1, 1, 1, 1]
    result = measure(classifier, test_set).result
    assert result["everyday"]["confusion"] == measure(BarClassifier(), test_set).result["everyday"]["confusion"]
    assert result["balanced"]["confusion"] != result["everyday"]["confusion"]


def test_base_rates_change_the_shares_before_they_become_majorities() -> None:
    random = np.random.default_rng(8)
    logits, learnt, wanted = random.normal(0, 2, (5, 7)), random.dirichlet(np.ones(7)), random.dirichlet(np.ones(7))
    card = {"temperature": 0.5, "bias": [1.0] + [0.0] * 6, "base_rates": learnt.tolist()}
    shares = probabilities(logits, 1.0) / learnt * wanted
    expected = shares**2 / (shares**2).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities(logits, 0.5, log_offsets(card, tuple(wanted))), expected)


def test_of_pictures_in_folders_only_those_are_measured_that_nobody_trained_on(tmp_path: Path) -> None:
    for label in ("happy", "anger"):
        (tmp_path / label).mkdir()
        for number in range(20):
            image = np.full((48, 48), number, np.uint8)
            image[6 * LABELS.index("happy") :][:6] = 200
            cv2.imwrite(str(tmp_path / label / f"{number}.png"), image)
    result = measure(BarClassifier(), held_out(known(tmp_path), "PrivateTest", ck=None)).result
    assert result["everyday"]["faces"] == 6
    assert result["everyday"]["accuracy"]["value"] == 0.5
    assert not {"by_agreement", "authors_majority", "fer2013_labels"} & result.keys()


def test_rounding_goes_all_the_way_down() -> None:
    assert rounded({"a": [1 / 3, {"b": 2 / 3}], "c": 7}, 2) == {"a": [0.33, {"b": 0.67}], "c": 7}


def test_a_missing_model_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--model", str(tmp_path / "none.tflite"), "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_both_views_are_the_mean_of_a_face_and_its_mirror_image() -> None:
    class Left(BarClassifier):
        """Sure of the label that stands in the upper left corner."""

        def logits(self, face: np.ndarray) -> np.ndarray:
            return 5 * np.eye(7, dtype=np.float32)[face[0, 0]]

    one_sided = faces([2, 3, 4])
    one_sided.images[:, 0, 0] = (2, 3, 5)
    one_sided.images[:, 0, -1] = (2, 6, 4)
    result = measure(Left(), HeldOut("PublicTest", one_sided, [], None, None, [])).result
    sure, other = np.exp(5) / (np.exp(5) + 6), 1 / (np.exp(5) + 6)
    mean = (sure + other) / 2
    assert result["everyday"]["nll"] == pytest.approx(-np.log([sure, sure, other]).mean(), abs=1e-4)
    assert result["both_views"]["everyday"]["nll"] == pytest.approx(-np.log([sure, mean, mean]).mean(), abs=1e-4)
