"""The shipped models on photographs and clips of real people, as issue by issue they must go on working."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PORTRAITS = {
    "faceapi_angry.jpg": "angry",
    "faceapi_disgusted.jpg": "disgust",
    "faceapi_fearful.jpg": "fear",
    "faceapi_happy.jpg": "happy",
    "faceapi_neutral.jpg": "neutral",
    "faceapi_sad.jpg": "sad",
    "faceapi_surprised.jpg": "surprise",
}


def lines_of(source: Path, folder: Path) -> list[dict]:
    output = folder / "out.jsonl"
    command = [sys.executable, "-m", "edge", "run", "--source", str(source), "--jsonl", str(output)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_seven_portraits_are_found_and_five_named_right(media, tmp_path):
    by_name = {Path(line["file"]).name: line["faces"] for line in lines_of(media / "faces", tmp_path)}
    assert all(len(by_name[name]) == 1 for name in PORTRAITS)
    right = [name for name, emotion in PORTRAITS.items() if by_name[name][0]["emotion"] == emotion]
    assert len(right) >= 5, {name: by_name[name][0]["emotion"] for name in PORTRAITS}


def test_hardly_a_face_where_there_is_none(media, tmp_path):
    lines = lines_of(media / "no_faces", tmp_path)
    assert len(lines) == len(list((media / "no_faces").iterdir()))
    assert sum(len(line["faces"]) for line in lines) <= 1


def test_the_one_woman_keeps_one_id(media, tmp_path):
    lines = lines_of(media / "videos" / "talking_to_camera.mp4", tmp_path)
    frames = [line for line in lines if "event" not in line]
    assert len(frames) == 464
    assert {face["id"] for line in frames for face in line["faces"]} == {1}
    assert sum(len(line["faces"]) == 1 for line in frames) >= 0.98 * len(frames)


def test_the_posed_timeline_has_no_flicker(media, tmp_path):
    """Every pose lasts two seconds: no more changes are told than poses change, and none lasts shorter than 0.5 s."""
    lines = lines_of(media / "videos" / "posed_timeline.mp4", tmp_path)
    changes = [line for line in lines if line.get("event") == "emotion_changed"]
    assert len(changes) <= 14
    apart = [after["t"] - before["t"] for before, after in itertools.pairwise(changes)]
    assert min(apart, default=9) >= 0.5
