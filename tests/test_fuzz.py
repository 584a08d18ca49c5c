"""What comes from outside may be anything. It is refused in one line, and never crashes."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge.config import MqttConfig
from edge.control import Control
from edge.emotion.card import EMOTION_KEYS, load_verified
from edge.emotion.classifier import EmotionClassifier
from edge.emotion.tflite import find_model
from edge.errors import EdgeError
from edge.sinks.mqtt import Mqtt

# The folder of a test is written anew by each example.
ANYTHING = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, -1, 0.5, 1e308, 10**400])
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=12)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the shipped emotion model with its card."""
    shipped = find_model("emotion")
    for path in (shipped, shipped.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    return tmp_path / shipped.name


@ANYTHING
@given(key=st.sampled_from(EMOTION_KEYS), value=JSON)
@example(key="labels", value=5)
@example(key="temperature", value=0)
@example(key="temperature", value=float("nan"))
@example(key="base_rates", value=[0] * 7)
@example(key="bias", value=[float("inf")] * 7)
@example(key="base_rates", value=[True] * 7)
@example(key="uncertain_below", value="high")
@example(key="crop_version", value=[1])
def test_a_card_with_any_value_is_refused_or_works(model: Path, key: str, value: object) -> None:
    card = json.loads(model.with_suffix(".json").read_text()) | {key: value}
    model.with_suffix(".json").write_text(json.dumps(card))
    refusal = ""
    try:
        assert 0 <= EmotionClassifier(model, "balanced").uncertain_below <= 1
    except EdgeError as err:
        refusal = str(err)
    finally:
        shutil.copy(find_model("emotion").with_suffix(".json"), model.parent)
    assert not refusal or refusal.startswith(str(model.with_suffix("")))
    assert "\n" not in refusal


@ANYTHING
@given(content=JSON | st.binary(max_size=40))
def test_a_card_of_anything_is_refused(model: Path, content: object) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    model.with_suffix(".json").write_bytes(raw)
    with pytest.raises(EdgeError):
        load_verified(model)


@ANYTHING
@given(start=st.integers(0, 900_000), junk=st.binary(min_size=1, max_size=64), keep=st.booleans())
def test_a_damaged_file_is_refused(model: Path, start: int, junk: bytes, keep: bool) -> None:
    """Cut off, or overwritten somewhere: the checksum says so before the interpreter sees it."""
    content = find_model("emotion").read_bytes()
    damaged = content[:start] + junk + (content[start + len(junk) :] if keep else b"")
    model.write_bytes(damaged)
    if damaged == content:
        return
    with pytest.raises(EdgeError, match="checksum"):
        EmotionClassifier(model)


@pytest.mark.parametrize("size", [0, 1, 100, 5000])
def test_a_file_that_is_no_model_is_refused_also_with_its_checksum(model: Path, size: int) -> None:
    content = find_model("emotion").read_bytes()[:size]
    model.write_bytes(content)
    card = json.loads(model.with_suffix(".json").read_text()) | {"sha256": hashlib.sha256(content).hexdigest()}
    model.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(EdgeError, match="install the model again"):
        EmotionClassifier(model)


@ANYTHING
@given(payload=st.binary(max_size=200) | st.sampled_from([b"ON", b"OFF", b"on", b"ON\n", b"\xff" * 1000]))
@pytest.mark.parametrize("retained", [False, True])
def test_only_on_and_off_of_now_switch_detection(
    caplog: pytest.LogCaptureFixture, payload: bytes, retained: bool
) -> None:
    caplog.clear()
    control = Control()
    sink = Mqtt(MqttConfig(enabled=True), "camera", control)
    with caplog.at_level(logging.WARNING):
        sink.received("emotion-edge/camera/detection/set", payload, retained)
    assert control.detection is (payload != b"OFF" or retained)
    obeyed = payload in (b"ON", b"OFF") and not retained
    assert len(caplog.records) == (0 if obeyed else 1)
    assert all(len(record.getMessage()) < 200 for record in caplog.records)
