"""The report's arithmetic and words, on numbers that are easily checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn belongs to the training extra")
pytest.importorskip("jinja2", reason="Jinja2 belongs to the training extra")

from edge.emotion import boards
from edge.emotion.tflite import TfliteModel
from quantize import latency
from quantize.markdown import as_markdown
from quantize.page import as_page, matrices, worst_layers
from quantize.pair import pixel_range
from quantize.publish import publish
from quantize.verdict import chance, milliseconds, verdict
from training.data import FaceSet
from training.metrics import evaluate, one_sided, paired_difference, proportion, reliability, risk_coverage

EMOTION = Path(__file__).parents[1] / "models" / "emotion.tflite"


def result(lost_points: float = 0.2, low: float = -0.004, faces: int = 3519, name: str = "tiny") -> dict:
    """A report on two classes, as `quantize.report.compare` makes it."""
    labels = np.array([0, 0, 1, 1])
    pictures = FaceSet(np.zeros((4, 48, 48), np.uint8), np.eye(2, dtype=np.float32)[labels], labels, np.arange(4))
    answers = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    names = ("<b>yes</b>", "no")
    right = answers.argmax(axis=1) == labels
    one = {
        **evaluate(answers, pictures, names),
        "file": "a.tflite",
        "sha256": "0" * 64,
        "size_bytes": 4000,
        "temperature": 1.5,
        "has_bias": True,
        "temperature_from": "card",
        "calibration_error_before": 0.1,
        "reliability_before": reliability(answers.max(axis=1), right),
        "reliability": reliability(answers.max(axis=1), right),
        "risk_coverage": risk_coverage(answers.max(axis=1), right),
    }
    for kind in one["per_class"].values():
        kind["recall_interval"] = proportion(1, 2)
    return {
        "name": name,
        "split": "four pictures",
        "labels": list(names),
        "faces": faces,
        "lost_points": lost_points,
        "limit_points": 0.5,
        "within_limit": lost_points <= 0.5,
        "difference": {"value": -lost_points / 100, "low": low, "high": 0.001},
        "equal_decisions": 0.986,
        "mcnemar_p": 0.4,
        "only_float_right": 30,
        "only_int8_right": 23,
        "float": one,
        "int8": {**one, "size_bytes": 1000},
        "others": {},
        "quantization": None,
        "operators": {"CONV_2D": 2},
        "float_operators": 0,
        "multiply_accumulates": 59_266_800,
        "weight_correlation": None,
        "layers": [
            {"number": n, "operator": "CONV_2D", "shape": [6, 6, 8], "snr_db": d}
            for n, d in ((1, 30.0), (2, None), (3, 20.0))
        ],
        "latency": [
            {"batch": 1, "threads": 1, "ms": {"float": 2.4, "int8": 1.0}},
            {"batch": 2, "threads": 1, "ms": None},
        ],
        "machine": latency.machine(),
        "boards": boards.estimated(59_266_800),
        "sha256": "0" * 64,
    }


@pytest.mark.parametrize(
    ("lost", "low", "decision"),
    [
        (0.2, -0.004, "Safe to ship"),
        (0.2, -0.006, "Fit to ship"),
        (0.6, -0.01, "Do not ship"),
        (-0.1, 0, "Safe to ship"),
    ],
)
def test_the_verdict_follows_the_limit_and_the_interval(lost: float, low: float, decision: str) -> None:
    assert verdict(result(lost, low)).decision == decision


def test_numbers_keep_the_digits_that_mean_something() -> None:
    assert [milliseconds(ms) for ms in (0.00417, 0.1666, 12.34, 1234.5)] == ["0.0042", "0.17", "12.3", "1234"]
    assert [chance(p) for p in (0.4321, 0.0012, 0.0)] == ["0.43", "0.0012", "< 0.001"]


def test_the_sentence_says_it_all() -> None:
    assert verdict(result()).sentence == (
        "int8 loses 0.20 points of accuracy (95 % interval −0.40 to +0.10), 98.6 % equal decisions, 4.0x smaller, "
        "2.4x faster than float32."
    )
    assert verdict(result(lost_points=-0.1)).sentence.startswith("int8 gains 0.10 points of accuracy")
    assert "neither loses nor gains accuracy" in verdict(result(lost_points=0.001)).sentence


def test_the_page_escapes_names_and_leaves_out_what_was_not_measured() -> None:
    page = as_page(result(name="<script>"))
    assert "<script" not in page
    assert "&lt;b&gt;yes" in page
    assert "<b>yes" not in page
    assert "takes no such batch" in page
    assert "When the picture is bad" not in page
    assert "How many calibration pictures" not in page


def test_the_worst_layers_are_those_with_the_least_signal() -> None:
    assert [layer["number"] for layer in worst_layers(result())] == [3, 1]


def test_the_third_matrix_is_what_int8_changes() -> None:
    numbers = result()
    numbers["int8"] = {**numbers["int8"], "confusion": [[2, 0], [1, 1]]}
    (_, first), (_, second) = matrices(numbers)[2]["rows"]
    assert [cell[0] for cell in first] == ["+1", "−1"]
    assert [cell[0] for cell in second] == ["+1", "−1"]


def test_a_paired_difference_counts_only_what_differs() -> None:
    one = np.array([True] * 90 + [False] * 10)
    other = one.copy()
    other[:4], other[95:97] = False, True
    assert one_sided(one, other) == (4, 2)
    difference = paired_difference(one, other)
    assert difference["value"] == pytest.approx(-0.02)
    # Bonett and Price: (3 - 5) / 102 -+ 1.96 sqrt((5/102 + 3/102 - (2/102)^2) / 102)
    assert (difference["low"], difference["high"]) == pytest.approx((-0.0739, 0.0347), abs=1e-4)


def test_risk_is_counted_from_the_surest_on() -> None:
    points = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False]), points=4)
    assert [point["risk"] for point in points] == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert points[-1]["coverage"] == 1


def test_reliability_keeps_the_bins_that_hold_something() -> None:
    bins = reliability(np.array([0.5, 0.5, 0.99]), np.array([True, False, True]))
    assert bins == [
        {"confidence": 0.5, "outcome": 0.5, "faces": 2},
        {"confidence": 0.99, "outcome": 1.0, "faces": 1},
    ]


def test_the_pixel_range_is_read_from_the_files_input() -> None:
    assert pixel_range(TfliteModel(EMOTION.read_bytes(), "emotion")) == (0, 255)


def test_estimates_grow_with_the_work_and_are_ranges() -> None:
    pi4 = next(one for one in boards.estimated(100_000_000) if one["board"] == "Pi 4")
    assert pi4["one_core_ms"] == pytest.approx(8.3)
    assert pi4["likely_ms"] == pytest.approx([8.3 / 0.49, 8.3 / 0.37])


def test_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    publish({tmp_path / "a": "1", tmp_path / "b": "2"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "1", "b": "2"}
    with pytest.raises(UnicodeEncodeError):
        publish({tmp_path / "a": "3", tmp_path / "b": "\ud800"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "1", "b": "2"}


def test_the_page_and_the_text_name_the_method_and_the_other_faces() -> None:
    change = {"value": 0.001, "low": -0.001, "high": 0.003}
    measured = {"equal_decisions": 0.991, "difference": change, "divergence": 0.00031, "snr_db": 35.2}
    methods = [{"method": "magic", **measured}, {"method": "plain", **measured, "divergence": 0.00083}]
    posed = {"faces": 441, "accuracy": {"float": proportion(287, 441), "int8": proportion(288, 441)}}
    posed |= {"difference": change, "equal_decisions": 0.998, "mcnemar_p": 1.0}
    quantization = {"method": "magic", "rule": "it did best", "measured": methods}
    whole = result() | {"quantization": quantization, "others": {"posed faces": posed}}
    for text in (as_page(whole), as_markdown(whole)):
        assert "magic" in text
        assert "0.31" in text
        assert "0.83" in text
        assert "posed faces" in text
        assert "99.8 %" in text


def test_of_classes_without_a_picture_nothing_is_said() -> None:
    labels = np.zeros(4, np.int64)
    pictures = FaceSet(np.zeros((4, 48, 48), np.uint8), np.eye(3, dtype=np.float32)[labels], labels, np.arange(4))
    numbers = result()
    numbers["labels"] = ["here", "answered", "nowhere"]
    one = evaluate(
        np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.2, 0.8, 0], [0.9, 0.1, 0]]),
        pictures,
        ("here", "answered", "nowhere"),
    )
    numbers["float"] = numbers["float"] | one
    numbers["int8"] = numbers["int8"] | one
    text = as_markdown(numbers)
    assert "| here | 4 | 50.0 % | 50.0 % | 100.0 % | 100.0 % |" in text
    assert "| answered |" not in text
    assert "| nowhere |" not in text
    assert "<td>nowhere</td>" not in as_page(numbers)


def test_the_precision_of_a_class_that_is_never_answered_is_a_dash() -> None:
    numbers = result()
    labels = np.array([0, 0, 1, 1])
    pictures = FaceSet(np.zeros((4, 48, 48), np.uint8), np.eye(2, dtype=np.float32)[labels], labels, np.arange(4))
    one = evaluate(np.tile([0.9, 0.1], (4, 1)), pictures, ("<b>yes</b>", "no"))
    numbers["int8"] = numbers["int8"] | one
    assert "| no | 2 | 100.0 % | 0.0 % | 66.7 % | – |" in as_markdown(numbers)
    assert "<td>–</td>" in as_page(numbers)
