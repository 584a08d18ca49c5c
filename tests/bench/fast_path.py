"""What following and naming at a rate cost in quality: the pipeline as it ships against every frame in full.

    python tests/bench/fast_path.py CLIP.mp4 [CLIP.mp4 ...]

For each clip: milliseconds a frame of processor time (mean, 95th percentile) as shipped and in full; and over every
tenth frame, how many of the faces the full pipeline reports are reported alike: a box of IoU 0.6 or more with the same
likeliest emotion.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from pathlib import Path

import cv2

from edge.cameras import camera_for
from edge.config import CameraConfig, Config
from edge.pipeline import Pipeline, build_pipeline
from edge.types import Frame, Result, Track

EVERY = 10
LEAST_IOU = 0.6
SIZE = (640, 480)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    clips = parser.parse_args().clips
    print(f"{'clip':28}{'mean ms':>9}{'p95 ms':>9}{'in full':>9}{'p95':>9}{'faces':>8}{'alike':>8}")
    for clip in clips:
        print(line(clip))


def line(clip: Path) -> str:
    shipped, full = build_pipeline(Config()), build_pipeline(every_frame_in_full())
    fast_ms, full_ms, alike = [], [], []
    for number, frame in enumerate(frames(clip)):
        fast, cost = timed(shipped, frame)
        fast_ms.append(cost)
        reference, cost = timed(full, frame)
        full_ms.append(cost)
        if number % EVERY == 0:
            alike += [any(same(track, other) for other in fast.tracks) for track in reference.tracks]
    p95 = [statistics.quantiles(ms, n=20)[-1] for ms in (fast_ms, full_ms)]
    share = f"{sum(alike) / len(alike):8.1%}" if alike else f"{'-':>8}"
    return (
        f"{clip.name[:27]:28}{statistics.fmean(fast_ms):9.2f}{p95[0]:9.2f}"
        f"{statistics.fmean(full_ms):9.2f}{p95[1]:9.2f}{len(alike):8}{share}"
    )


def every_frame_in_full() -> Config:
    shipped = Config()
    return dataclasses.replace(
        shipped,
        face=dataclasses.replace(shipped.face, full_search_s=0),
        emotion=dataclasses.replace(shipped.emotion, rate_hz=120),
    )


def frames(clip: Path) -> list[Frame]:
    """All frames of the clip at 640x480."""
    camera = camera_for(str(clip), CameraConfig())
    camera.open()
    found = []
    while (frame := camera.read()) is not None:
        found.append(dataclasses.replace(frame, image=cv2.resize(frame.image, SIZE)))
    camera.close()
    return found


def timed(pipeline: Pipeline, frame: Frame) -> tuple[Result, float]:
    """The result and the processor time of this thread that it took, in ms: what else runs hardly matters."""
    began = time.thread_time()
    result = pipeline.process(frame)
    return result, (time.thread_time() - began) * 1e3


def same(track: Track, other: Track) -> bool:
    return track.face.box.iou(other.face.box) >= LEAST_IOU and track.emotion == other.emotion


if __name__ == "__main__":
    main()
