"""How many instructions following, cropping and motion cost: a number that no other program on the machine disturbs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMES = 30
MILLIONS_A_FRAME = 2.63
"""Recorded with OpenCV 5.0, numpy 2.4 and Python 3.11 on x86-64, both networks replaced by ones that cost nothing."""
TOLERANCE = 0.25
"""Other versions of the libraries and another processor count a little differently."""

WORK = """
import sys
from edge.threads import limit_before_imports, limited
limit_before_imports(), limited(1)
from edge.cameras.demo import DemoCamera
from edge.config import EmotionConfig, FaceConfig
from edge.pipeline import Pipeline
from tests.conftest import face_at
from tests.fakes import FakeClassifier, FakeDetector

camera = DemoCamera()
camera.open()
frames = [camera.read() for _ in range(10 + int(sys.argv[1]))]
chain = Pipeline(FakeDetector([face_at(320, 200, 160)]), FakeClassifier("happy"), FaceConfig(), EmotionConfig())
for start, count in ((0, 10), (10, len(frames))):
    for frame in frames[start:count]:
        tracks = chain.process(frame).tracks
    assert tracks
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(not shutil.which("callgrind_control"), reason="valgrind is not installed")
def test_a_frame_costs_no_more_instructions_than_recorded(tmp_path: Path) -> None:
    out = tmp_path / "callgrind.out"
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    with subprocess.Popen(
        [*command, sys.executable, "-c", WORK, str(FRAMES)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as work:
        for switch in ("on", "off"):
            assert work.stdout.readline() == "ready\n"
            subprocess.run(["callgrind_control", "-i", switch, str(work.pid)], check=True, capture_output=True)
            work.stdin.write("\n")
            work.stdin.flush()
        work.communicate(timeout=600)
    (total,) = re.findall(r"^totals: (\d+)", out.read_text(), re.MULTILINE)
    assert int(total) / FRAMES / 1e6 == pytest.approx(MILLIONS_A_FRAME, rel=TOLERANCE)
