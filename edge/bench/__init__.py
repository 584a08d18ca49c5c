"""`emotion-edge bench`: what this device needs for one frame, stage by stage, and how many frames it manages."""

from __future__ import annotations

import dataclasses
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge import board
from edge.cameras import camera_for
from edge.config import Config
from edge.detectors import look, open_detector
from edge.emotion.boards import estimated
from edge.emotion.card import load_verified
from edge.emotion.classifier import EmotionClassifier
from edge.emotion.crop import face_input
from edge.emotion.tflite import find_model
from edge.errors import EdgeError, SourceError
from edge.follower import anchored, followed
from edge.lines import frame_line, to_json
from edge.pipeline import build_pipeline
from edge.types import Frame, Image, Result

PEOPLE = (1, 2, 4)
WARM_UP = 5

Milliseconds = list[float]


MOST_KEPT_MB = 100
"""Of frames: a Pi has little memory. They are shown again and again until there are as many as wanted."""


class DaemonError(EdgeError):
    """What a daemon that was measured said when it ended, with its exit code."""

    def __init__(self, said: str, exit_code: int) -> None:
        super().__init__(said)
        self.exit_code = exit_code


def bench(config: Config, frames: int, file: Path | None = None, source: str | None = None) -> dict[str, Any]:
    """Measure on the first so many frames of the configured source.

    file: of the configuration. source: what stands in the place of its own.
    Returns JSON-ready numbers: the stages (see `_stages`) and the whole chain in ms of elapsed time, frames a second by
    people in view, memory in MB. Raises SourceError where the source gives no frame, or none with a face.
    """
    first_result_s, peak_mb = _daemon(frames, file, source)
    pictures, capture = _captured(config, frames)
    stages = {"capture": capture, **_stages(config, pictures)}
    began = time.process_time()
    chain = _chain(config, pictures)
    core_s = (time.process_time() - began) / (len(chain) + WARM_UP)
    crowds = {people: _chain(config, pictures, people) for people in PEOPLE}
    return {
        "device": _device(),
        "source": camera_for(config.camera.source, config.camera).name,
        "frames": len(pictures),
        "threads": config.emotion.threads,
        "size": [pictures[0].width, pictures[0].height],
        "stages": {name: _summary(ms) for name, ms in stages.items()},
        "frame": _summary(chain),
        "frames_per_s": {str(people): 1e3 / float(np.mean(ms)) for people, ms in crowds.items()},
        "share_of_a_core_at_30_per_s": core_s * 30,
        "first_result_s": first_result_s,
        "peak_mb": peak_mb,
        "temperature_c": board.temperature_c(),
        "throttled": board.throttled(),
        "estimates": _estimates(config),
    }


def _daemon(frames: int, file: Path | None, source: str | None) -> tuple[float, float]:
    """Seconds from start to the first result, and the most memory of a run in MB: of daemons of their own.

    A source in the configuration may hold a password: every user of the machine can read a command.
    """
    command = [sys.executable, "-m", "edge.bench.child", "--no-sinks"]
    command += [*(["--config", str(file)] if file else []), *(["--source", source] if source else []), "--limit"]
    starts = []
    for limit in (1, 1, frames):
        began = time.perf_counter()
        done = subprocess.run([*command, str(limit)], capture_output=True, text=True)  # noqa: S603 ourselves
        starts.append(time.perf_counter() - began)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [f"the daemon ended with code {done.returncode}"])[-1]
            raise DaemonError(said.removeprefix("emotion-edge: "), done.returncode)
    return starts[1], float(done.stdout)


def _captured(config: Config, wanted: int) -> tuple[list[Frame], Milliseconds]:
    """Frames of the source, of the configured size, and what reading each took; waiting for a live camera included."""
    camera = camera_for(config.camera.source, config.camera)
    pictures: list[Frame] = []
    ms: Milliseconds = []
    camera.open()
    try:
        while len(ms) < wanted:
            began = time.perf_counter()
            frame = camera.read()
            if frame is None:
                break
            ms.append((time.perf_counter() - began) * 1e3)
            if (len(pictures) + 1) * frame.image.nbytes <= MOST_KEPT_MB * 1e6 or not pictures:
                pictures.append(dataclasses.replace(frame, image=frame.image.copy(), file=None))
    finally:
        camera.close()
    if not pictures:
        raise SourceError(f"{camera.name}: gave no frame to measure on")
    return [
        dataclasses.replace(kept, time=number / 30) for number, kept in enumerate(_to_and_fro(pictures, len(ms)))
    ], ms


def _to_and_fro(pictures: list[Frame], count: int) -> list[Frame]:
    """So many, without a jump: on to the last, back to the first, and so on."""
    there_and_back = [*pictures, *pictures[-2:0:-1]]
    return [there_and_back[number % len(there_and_back)] for number in range(count)]


def _stages(config: Config, pictures: list[Frame]) -> dict[str, Milliseconds]:
    """Each stage on every frame, as if none were ever skipped; `overlay` where its library is installed."""
    detector = open_detector(config.face, config.emotion.threads)
    classifier = EmotionClassifier(find_model(config.emotion.model), config.emotion.base_rates, config.emotion.threads)
    found = [look(detector, frame) for frame in pictures]
    seen = [(frame, faces[0]) for frame, faces in zip(pictures, found, strict=True) if faces]
    if not seen:
        name = camera_for(config.camera.source, config.camera).name
        raise SourceError(f"{name}: no face in its first {len(pictures)} frames; show it one")
    crops = [face_input(frame.tracking_image, face.points, classifier.size) for frame, face in seen]
    anchors = [anchored(frame.tracking_image, face) for frame, face in seen]
    pipeline = build_pipeline(config)
    results = [pipeline.process(frame) for frame in pictures]
    drawn = _drawing(config)
    return {
        "detect": _timed(lambda frame: look(detector, frame), pictures),
        "follow": _timed(
            lambda pair: followed(pair[0][0].tracking_image, pair[1]), list(zip(seen, anchors, strict=True))
        ),
        "crop": _timed(lambda pair: face_input(pair[0].tracking_image, pair[1].points, classifier.size), seen),
        "classify": _timed(lambda crop: classifier.classify([crop]), crops),
        **({"overlay": _timed(drawn, results)} if drawn else {}),
        "publish": _timed(lambda result: to_json(frame_line(result, "bench")), results),
    }


def _drawing(config: Config) -> Callable[[Result], Image] | None:
    """What a screen takes; None without Pillow, which is there only where something draws."""
    try:
        from edge.overlay import Overlay
    except ModuleNotFoundError as err:
        if err.name != "PIL":
            raise
        return None
    overlay = Overlay(config.window.style, config.window.bars)
    return lambda result: overlay.draw(result, None)


def _chain(config: Config, pictures: list[Frame], people: int | None = None) -> Milliseconds:
    """The whole pipeline as the daemon runs it. people: see `_crowd`; None: the frames as they are."""
    return _timed(build_pipeline(config).process, pictures, lambda frame: _crowd(frame, people) if people else frame)


def _crowd(frame: Frame, people: int) -> Frame:
    """The same frame with the picture repeated, half as large, in so many quarters; the rest is grey."""
    grey = None if frame.grey is None else _repeated(frame.grey, people)
    return dataclasses.replace(frame, image=_repeated(frame.image, people), grey=grey)


def _repeated(image: Image, people: int) -> Image:
    height, width = image.shape[0] // 2, image.shape[1] // 2
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    canvas = np.full_like(image, 128)
    for place in range(people):
        top, left = place // 2 * height, place % 2 * width
        canvas[top : top + height, left : left + width] = small
    return canvas


def _timed(
    stage: Callable[[Any], Any], inputs: list[Any], prepared: Callable[[Any], Any] = lambda value: value
) -> Milliseconds:
    """ms of each call; the first few inputs once more before, so that caches are warm. prepared: not timed."""
    ms: Milliseconds = []
    for number, value in enumerate(map(prepared, [*inputs[:1] * WARM_UP, *inputs])):
        began = time.perf_counter()
        stage(value)
        if number >= WARM_UP:
            ms.append((time.perf_counter() - began) * 1e3)
    return ms


def _summary(ms: Milliseconds) -> dict[str, float]:
    p50, p95 = np.percentile(ms, (50, 95))
    return {"mean": float(np.mean(ms)), "p50": float(p50), "p95": float(p95), "max": max(ms)}


def _estimates(config: Config) -> dict[str, list[dict[str, Any]]]:
    """Rooflines of both networks on the boards, by model; one whose card does not say its work is left out."""
    found = {}
    for name in (config.face.model, config.emotion.model):
        _, card = load_verified(find_model(name))
        if "multiply_accumulates" in card:
            found[str(card["name"])] = estimated(int(card["multiply_accumulates"]))
    return found


def _device() -> str:
    """The board's own name where it has one, else the processor's."""
    if name := board.name():
        return name
    try:
        cpu = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in cpu.splitlines() if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.machine()
