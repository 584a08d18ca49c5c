"""Whether everybody keeps their id: portraits that cross and are hidden for a second, detectors that miss, and clips.

    python tests/bench/identities.py MEDIA

MEDIA holds `faces/`, `no_faces/` and `videos/`. Of each scene: the ids given out, how often a person's id changed
(0 is right), and the share of a person's visible frames in which they were reported. In clips nobody wrote down the
truth; there the ids are counted, and a clip with one person should have one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edge.cameras import camera_for
from edge.config import CameraConfig, Config
from edge.detectors import WEAK_SCORE_RATIO, Detector, open_detector
from edge.emotion.classifier import EmotionClassifier
from edge.emotion.tflite import find_model
from edge.pipeline import Pipeline
from edge.types import Box, Face, Frame, Image
from tests.bench.moving_portraits import WIDTH, Appearance, Person, cut_out, played

FACE_PX = 110
SECONDS = 6.0
PHOTOGRAPHS = (
    "faceapi_happy.jpg",
    "fr_biden.jpg",
    "human_stock-emotions-a-1.jpg",
    "human_stock-emotions-b-1.jpg",
    "fer_justin.jpg",
)
CLIPS = (
    "talking_to_camera.mp4",
    "interview.mp4",
    "posed_timeline.mp4",
    "two_heads_turning.gif",
    "several_people_cuts.mp4",
)


class Forgetful:
    """A detector that misses every face in this share of its looks."""

    def __init__(self, detector: Detector, share: float) -> None:
        self._detector, self._share, self._chance = detector, share, np.random.default_rng(1)
        self.colour = detector.colour

    def detect(self, image: Image) -> list[Face]:
        found = self._detector.detect(image)
        return [] if self._chance.random() < self._share else found


def chain(missing: float = 0.0) -> Pipeline:
    config = Config()
    faint = replace(config.face, min_score=config.face.min_score * WEAK_SCORE_RATIO)
    detector: Detector = open_detector(faint)
    if missing:
        detector = Forgetful(detector, missing)
    return Pipeline(detector, EmotionClassifier(find_model(config.emotion.model)), config.face, config.emotion)


def across(speed: float, y: float, start: float) -> Callable[[float], tuple[float, float]]:
    """Back and forth along a level line between the sides, pixels a second."""
    low, high = FACE_PX, WIDTH - FACE_PX

    def path(time: float) -> tuple[float, float]:
        place = (start - low + speed * time) % (2 * (high - low))
        return low + min(place, 2 * (high - low) - place), y

    return path


def swaying(x: float, y: float) -> Callable[[float], tuple[float, float]]:
    return lambda time: (x + 12 * np.sin(2 * time), y + 6 * np.sin(3 * time))


def casts(one: Person, other: Person) -> Iterator[tuple[str, list[Appearance], float]]:
    """Name, cast, and the share of looks that find nothing."""
    for speed in (80, 160, 320):
        pair = [Appearance(one, across(speed, 240, 130)), Appearance(other, across(-speed, 250, 510))]
        yield f"crossing at {speed} px/s", pair, 0.0
    yield "overtaking", [Appearance(one, across(60, 230, 130)), Appearance(other, across(150, 250, 130))], 0.0
    still = [Appearance(one, swaying(200, 240), (2.0, 3.0)), Appearance(other, swaying(450, 240))]
    yield "hidden for 1 s", still, 0.0
    walking = [Appearance(one, across(60, 240, 150), (2.0, 3.0)), Appearance(other, swaying(520, 240))]
    yield "hidden for 1 s, walking on", walking, 0.0
    both = [Appearance(one, swaying(200, 240), (2.0, 3.0)), Appearance(other, swaying(450, 240), (2.0, 3.0))]
    yield "both hidden for 1 s", both, 0.0
    pair = [Appearance(one, across(160, 240, 130)), Appearance(other, across(-160, 250, 510))]
    yield "crossing, 40 % of looks miss", pair, 0.4
    yield "swaying, 40 % of looks miss", [Appearance(one, swaying(200, 240)), Appearance(other, swaying(450, 240))], 0.4


class Ledger:
    """Which id each person had last, how often it changed, how often they were seen."""

    def __init__(self, people: int) -> None:
        self.last: list[int | None] = [None] * people
        self.switches = self.seen = self.visible = 0
        self.ids: set[int] = set()

    def write(self, boxes: list[Box | None], found: list[tuple[int, Box]]) -> None:
        self.ids |= {id_ for id_, _ in found}
        for person, box in enumerate(boxes):
            if box is None:
                continue
            self.visible += 1
            overlap, id_ = max(((box.iou(other), id_) for id_, other in found), default=(0.0, 0))
            if overlap < 0.3:
                continue
            self.seen += 1
            self.switches += self.last[person] not in (None, id_)
            self.last[person] = id_


def scene(pipeline: Pipeline, frames: Iterator[tuple[Frame, list[Box | None]]], people: int) -> Ledger:
    ledger = Ledger(people)
    for frame, boxes in frames:
        result = pipeline.process(frame)
        ledger.write(boxes, [(track.id, track.face.box) for track in result.tracks])
    return ledger


def synthesized(media: Path) -> Iterator[str]:
    people = [cut_out(media / "faces" / name, FACE_PX) for name in PHOTOGRAPHS]
    background = cv2.imread(str(media / "no_faces" / "human_background.jpg"))
    rows: dict[str, list[Ledger]] = {}
    for one, other in zip(people, people[1:] + people[:1], strict=True):
        for name, cast, missing in casts(one, other):
            ledger = scene(chain(missing), played(background, cast, SECONDS), len(cast))
            rows.setdefault(name, []).append(ledger)
    for name, ledgers in rows.items():
        ids, switches = sum(len(ledger.ids) for ledger in ledgers), sum(ledger.switches for ledger in ledgers)
        seen = sum(ledger.seen for ledger in ledgers) / sum(ledger.visible for ledger in ledgers)
        yield f"{name:32}{len(ledgers):4} pairs{ids:6} ids{switches:6} changes{seen:8.1%} reported"


def clip(path: Path) -> str:
    camera = camera_for(str(path), CameraConfig())
    camera.open()
    pipeline, ids, number = chain(), set(), 0
    while (frame := camera.read()) is not None:
        ids |= {track.id for track in pipeline.process(frame).tracks}
        number += 1
    camera.close()
    return f"{path.name:32}{number:5} frames{len(ids):5} ids"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    media = parser.parse_args().media
    for line in synthesized(media):
        print(line, flush=True)
    for name in CLIPS:
        print(clip(media / "videos" / name), flush=True)


if __name__ == "__main__":
    main()
