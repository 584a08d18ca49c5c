"""Small stand-ins for the parts of the chain, for unit tests of the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np

from edge.emotion.labels import LABELS
from edge.types import Face, Frame, Image, Result, Status


class FakeClock:
    """Stands still until it is set."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FakeDetector:
    """Finds in the nth picture it is shown the nth list of faces; the last list stays."""

    def __init__(self, *answers: list[Face], colour: bool = False) -> None:
        self.answers, self.colour = list(answers), colour
        self.calls = 0
        self.pictures: list[Image] = []

    def detect(self, image: Image) -> list[Face]:
        self.pictures.append(image)
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        return answer


class FakeClassifier:
    """Sees the emotions it is told to, one after the other, whatever the face; the last one stays."""

    size = 48
    uncertain_below = 0.5

    def __init__(self, *labels: str, certainty: float = 0.9) -> None:
        self.labels, self.certainty = list(labels), certainty
        self.calls = 0

    def classify(self, faces: list[np.ndarray]) -> np.ndarray:
        label = self.labels[min(self.calls, len(self.labels) - 1)]
        self.calls += 1
        row = np.full(len(LABELS), (1 - self.certainty) / (len(LABELS) - 1))
        row[LABELS.index(label)] = self.certainty
        return np.tile(row, (len(faces), 1))


class FakeCamera:
    """A live camera that plays a script. Its copies play on in the same script, as openings of one device do.

    steps: what each read does; the last stays. A number: a frame after so many seconds. An exception: raised.
    An Event: the driver hangs until it is set.
    openings: what each open does, likewise; None succeeds, and a number does after so many seconds.
    """

    live = True

    def __init__(
        self,
        *steps: float | Exception | threading.Event,
        openings: Sequence[float | Exception | threading.Event | None] = (None,),
    ) -> None:
        self.name = "fake"
        self._steps, self._openings = list(steps), list(openings)
        self.log: list[str] = []
        """`open` and `close` in the order they happened."""

    def open(self) -> None:
        step = self._openings.pop(0) if len(self._openings) > 1 else self._openings[0]
        if isinstance(step, threading.Event):
            step.wait()
        elif isinstance(step, Exception):
            raise step
        elif step is not None:
            time.sleep(step)
        self.log.append("open")

    def read(self) -> Frame | None:
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, threading.Event):
            step.wait()
        else:
            time.sleep(step)
        return Frame(np.zeros((48, 64, 3), np.uint8), time.monotonic(), time.time(), 0)

    def close(self) -> None:
        self.log.append("close")


class FakeSink:
    """Keeps what it is shown; breaks with `failure` as long as one is set."""

    name = "fake"

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.statuses: list[Status] = []
        self.is_open = False
        self.failure: Exception | None = None

    def open(self) -> None:
        self._break()
        self.is_open = True

    def show(self, result: Result) -> None:
        self._break()
        self.results.append(result)

    def status(self, status: Status) -> None:
        self._break()
        self.statuses.append(status)

    def close(self) -> None:
        self.is_open = False

    def _break(self) -> None:
        if self.failure is not None:
            raise self.failure
