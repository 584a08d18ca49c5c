"""One program measured over a clip, frame by frame. Started by comparison.py, each program in its own interpreter.

Arguments: `ours` or `fer`, and the clip. Then, for each line "N" on standard input, it works through the next N
frames (the clip starts over where it ends) and answers one line of JSON on standard output:
{"ms": [...], "faces": frames with a face, "peak_mb": largest resident memory so far}.
Reading and scaling a frame to 640x480 is not timed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

WIDTH, HEIGHT = 640, 480

Program = Callable[[Any, int, float], int]
"""Takes an image, its number and its time in the clip; returns how many faces it named."""


def ours() -> Program:
    from edge.config import Config
    from edge.pipeline import build_pipeline
    from edge.types import Frame

    pipeline = build_pipeline(Config())
    return lambda image, number, seconds: len(pipeline.process(Frame(image, seconds, time.time(), number)).tracks)


def fer() -> Program:
    from fer.fer import FER

    detector = FER()
    return lambda image, number, seconds: len(detector.detect_emotions(image))


def frames(clip: str) -> Iterator[tuple[Any, int, float]]:
    """(480, 640, 3) uint8 BGR, number, seconds; without an end."""
    number = 0
    while True:
        capture = cv2.VideoCapture(clip)
        rate = capture.get(cv2.CAP_PROP_FPS) or 30.0
        there, image = capture.read()
        if not there:
            sys.exit(f"{clip} is no clip that OpenCV can read")
        while there:
            yield cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), number, number / rate
            number += 1
            there, image = capture.read()


def peak_mb() -> float:
    """Not that of edge.board: in the other program's environment there is no edge."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    # Only answers may stand on standard output, whatever the libraries print.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    cv2.setNumThreads(1)
    program = {"ours": ours, "fer": fer}[sys.argv[1]]()
    clip = frames(sys.argv[2])
    for line in sys.stdin:
        milliseconds, faces = [], 0
        for _ in range(int(line)):
            frame = next(clip)
            started = time.perf_counter()
            found = program(*frame)
            milliseconds.append((time.perf_counter() - started) * 1e3)
            faces += found > 0
        answers.write(json.dumps({"ms": milliseconds, "faces": faces, "peak_mb": peak_mb()}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
