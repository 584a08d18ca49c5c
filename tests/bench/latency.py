"""How old a published result is: the daemon on a live camera of 30 frames a second, watched from outside.

    python tests/bench/latency.py [--clip CLIP.mp4] [--seconds 20]

A camera on loopback plays the clip (the demo unless named) at 640x480 as MJPEG over HTTP; `emotion-edge run --jsonl -`
watches it. For each line the moment it can be read is compared with the time of capture that it states, and with the
moment the camera sent that picture, which adds network, FFmpeg and JPEG. Exits with 1 where the 95th percentile of the
first is longer than one frame.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from edge.cameras import camera_for  # noqa: E402
from edge.config import CameraConfig  # noqa: E402
from tests.cameras.network_cameras import MjpegCamera  # noqa: E402

RATE = 30
SIZE = (640, 480)
PICTURES = 300
WARM_UP_S = 3.0
"""The stream is looked at before it plays, and the first frames come in a heap."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default="demo", help="a video with faces")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with MjpegCamera(pictures(options.clip), 1 / RATE) as camera:
        from_capture, from_camera, skipped = watch(camera, options.seconds)
    print(f"{len(from_capture)} results in {options.seconds:g} s, {skipped} frames skipped")
    for name, ms in (("from capture", from_capture), ("from the camera", from_camera)):
        p50, p95 = np.percentile(ms, (50, 95))
        print(f"{name:16} p50 {p50:5.1f} ms   p95 {p95:5.1f} ms   max {max(ms):5.1f} ms")
    late = np.percentile(from_capture, 95) > 1000 / RATE
    print(f"{'LONGER' if late else 'shorter'} than one frame, {1000 / RATE:.1f} ms, at the 95th percentile")
    return int(late)


def pictures(source: str) -> list[bytes]:
    """The first frames of the clip as JPEGs."""
    clip = camera_for(source, CameraConfig())
    clip.open()
    found: list[bytes] = []
    while len(found) < PICTURES and (frame := clip.read()) is not None:
        found.append(bytes(cv2.imencode(".jpg", cv2.resize(frame.image, SIZE))[1]))
    clip.close()
    return found


def watch(camera: MjpegCamera, seconds: float) -> tuple[list[float], list[float], int]:
    """Ages of the results in ms, from capture and from sending, and how many frames nobody had time for."""
    from_capture: list[float] = []
    from_camera: list[float] = []
    numbers: list[int] = []
    command = [sys.executable, "-m", "edge", "run", "--source", camera.address, "--jsonl", "-"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        began = None
        for text in daemon.stdout:
            now, line = time.time(), json.loads(text)
            if "frame" not in line:
                continue
            began = began or now
            if now - began > WARM_UP_S + seconds:
                break
            if now - began > WARM_UP_S:
                captured = datetime.fromisoformat(line["time"].rstrip("Z")).replace(tzinfo=timezone.utc)
                from_capture.append(1e3 * (now - captured.timestamp()))
                from_camera.append(1e3 * (now - camera.sent[line["frame"]]))
                numbers.append(line["frame"])
        daemon.terminate()
    return from_capture, from_camera, numbers[-1] - numbers[0] + 1 - len(numbers)


if __name__ == "__main__":
    sys.exit(main())
