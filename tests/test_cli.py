"""The command as its users call it: a process, its standard output, one line of error, its exit code."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.__main__ import main

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def emotion_edge(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def assert_refused(done: subprocess.CompletedProcess[str], code: int, *words: object) -> None:
    """One line on standard error with these words in it, nothing else, and this exit code."""
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("emotion-edge: ")
    for word in words:
        assert str(word) in done.stderr


def config_file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_the_demo_prints_the_contracts_lines():
    done = emotion_edge("run", "--source", "demo", "--limit", 40, "--jsonl", "-")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    frames = [line for line in lines if "event" not in line]
    assert [line["frame"] for line in frames] == list(range(40))
    assert list(frames[-1]) == ["schema", "time", "t", "source", "file", "frame", "width", "height", "faces", "ms"]
    assert sum(len(line["faces"]) == 1 for line in frames) >= 38
    (face,) = frames[-1]["faces"]
    assert list(face) == ["id", "box", "detection", "emotion", "confidence", "uncertain", "probabilities"]
    assert list(face["probabilities"]) == LABELS
    assert face["emotion"] == "happy"
    assert [line["event"] for line in lines if "event" in line] == ["face_appeared"]
    assert done.stderr == ""


def test_a_missing_source():
    assert_refused(emotion_edge("run", "--source", "nowhere.mp4"), 2, "nowhere.mp4")


def test_a_missing_source_in_the_configuration_is_not_restarted(tmp_path):
    config = config_file(tmp_path, '[camera]\nsource = "/nowhere.mp4"\n')
    assert_refused(emotion_edge("run", "--config", config), 78, "/nowhere.mp4")


def test_a_text_file_as_video(tmp_path):
    (tmp_path / "notes.mp4").write_text("no video at all\n" * 100)
    assert_refused(emotion_edge("run", "--source", tmp_path / "notes.mp4"), 2, "notes.mp4")


def test_a_camera_that_is_not_there():
    assert_refused(emotion_edge("run", "--source", "v4l2:/dev/video99"), 75, "/dev/video99")


def test_a_stream_that_is_not_there():
    assert_refused(emotion_edge("run", "--source", "http://127.0.0.1:9/stream"), 75, "http://127.0.0.1:9/stream")


def test_a_broken_picture_is_named_and_the_rest_is_done(tmp_path):
    for name in ("a.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), np.full((60, 80, 3), 127, np.uint8))
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    done = emotion_edge("run", "--source", tmp_path, "--jsonl", "-")
    assert done.returncode == 0
    assert [Path(json.loads(line)["file"]).name for line in done.stdout.splitlines()] == ["a.png", "c.png"]
    assert len(done.stderr.splitlines()) == 1
    assert "b.jpg" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[camera]\nsuorce = 'demo'\n", ("suorce", "did you mean 'source'?")),
        ("[mqtt]\nport = 70000\n", ("port = 70000", "between 1 and 65535")),
        ("[camera\n", ("not valid TOML",)),
        ("[emotion]\nbase_rates = 'often'\n", ("base_rates", "balanced")),
    ],
)
def test_a_wrong_configuration(tmp_path, text, words):
    config = config_file(tmp_path, text)
    assert_refused(emotion_edge("run", "--config", config), 78, config, *words)
    assert_refused(emotion_edge("check", "--config", config), 78, config, *words)


def test_a_model_that_run_would_refuse_is_no_right_configuration(tmp_path):
    config = config_file(tmp_path, '[emotion]\nmodel = "emotoin"\n')
    assert_refused(emotion_edge("check", "--config", config), 78, "no model 'emotoin'")


def test_a_text_that_may_not_be_empty(tmp_path):
    config = config_file(tmp_path, '[camera]\nsource = ""\n')
    assert_refused(emotion_edge("check", "--config", config), 78, "source = ''", "must not be empty")


@pytest.mark.parametrize(("action", "code"), [("run", 0), ("doctor", 1)])
def test_an_interruption_before_anything_has_begun(action, code, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"edge.__main__._{action}", interrupted)
    assert main([action]) == code
    assert len(capsys.readouterr().err.splitlines()) == code


def test_a_number_that_is_none():
    done = emotion_edge("run", "--limit", "abc")
    assert done.returncode == 2
    assert "'abc' must be a whole number, at least 1" in done.stderr


def test_a_right_configuration():
    done = emotion_edge("check", "--config", "edge/config.example.toml")
    assert done.returncode == 0
    assert "valid" in done.stdout


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('[emotion]\nmodel = "face"', "lacks 'labels'"),
        ('[face]\nmodel = "emotion"', "no face detector"),
        ('[camera]\nsource = "nowhere.mp4"', "no such file"),
    ],
)
def test_check_refuses_what_run_refuses(tmp_path, settings, words):
    config = config_file(tmp_path, settings)
    for command in (["check"], ["run", "--limit", "1"]):
        assert_refused(emotion_edge(*command, "--config", config), 78, words)


def test_check_does_not_mind_a_camera_that_is_away(tmp_path):
    for source in ("v4l2:/dev/video99", "http://127.0.0.1:9/video", "auto"):
        done = emotion_edge("check", "--config", config_file(tmp_path, f'[camera]\nsource = "{source}"'))
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("path", "words"), [("a\\u0000b", "must not hold a zero character"), ("loop", "a file of its own")]
)
def test_strange_paths_are_one_line(tmp_path, path, words):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    name = path if path.startswith("a") else str(tmp_path / path)
    outputs = f'[jsonl]\nenabled = true\npath = "{name}"\n[csv]\nenabled = true\npath = "{name}"'
    assert_refused(emotion_edge("check", "--config", config_file(tmp_path, outputs)), 78, words)


def test_a_model_whose_checksum_is_wrong(tmp_path):
    for name in ("emotion.tflite", "emotion.json"):
        shutil.copy(MODELS / name, tmp_path)
    content = bytearray((tmp_path / "emotion.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "emotion.tflite").write_bytes(content)
    config = config_file(tmp_path, f'[emotion]\nmodel = "{tmp_path}/emotion.tflite"\n')
    assert_refused(emotion_edge("run", "--config", config), 78, "emotion.tflite", "checksum")


def test_a_model_that_is_not_there(tmp_path):
    config = config_file(tmp_path, '[face]\nmodel = "elsewhere"\n')
    assert_refused(emotion_edge("run", "--config", config), 78, "elsewhere")


def test_an_output_file_in_no_folder():
    done = emotion_edge("run", "--source", "demo", "--limit", 1, "--jsonl", "/nowhere/faces.jsonl")
    assert_refused(done, 2, "/nowhere/faces.jsonl")


def test_no_command_is_a_usage_error():
    done = emotion_edge()
    assert done.returncode == 2
    assert "usage" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_two_seconds(tmp_path, number):
    output = tmp_path / "faces.jsonl"
    command = [sys.executable, "-m", "edge", "run", "--source", "demo", "--jsonl", str(output)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not (output.exists() and output.read_text().count("\n") > 10):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        asked = time.monotonic()
        running.send_signal(number)
        _, complaints = running.communicate(timeout=30)
        assert time.monotonic() - asked < 2
    assert running.returncode == 0
    assert "Traceback" not in complaints
    assert all(json.loads(line) for line in output.read_text().splitlines())


def test_a_closed_pipe_ends_it_quietly():
    shell = f"{sys.executable} -m edge run --source demo --jsonl - | head -n 3"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.count("\n") == 3
    assert done.stderr == ""


def test_closed_standard_streams_are_nobodys_file(tmp_path: Path):
    """A service manager may close them; the first file that is opened would be where libraries print."""
    output = tmp_path / "faces.jsonl"
    shell = f"{sys.executable} -m edge run --source demo --limit 3 --jsonl {output} <&- >&- 2>&-"
    subprocess.run(["bash", "-c", shell], cwd=ROOT, timeout=60, check=True)
    assert all(json.loads(line) for line in output.read_text().splitlines())
    shell = f"{sys.executable} -m edge run --source demo --limit 3 --jsonl - 2>&-"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count('"frame":') == 3
