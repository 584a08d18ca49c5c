"""Where results go. Each sink is one file or folder; the table at the end names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol, runtime_checkable

from edge.config import Config
from edge.control import Control
from edge.emotion.tflite import find_model
from edge.types import Result, Status


class Sink(Protocol):
    """One output. The constructor only stores settings; every call returns at once or drops and counts.

    Whatever a sink raises, the daemon logs once, closes it and opens it again later; the others are not disturbed.
    """

    name: str

    def open(self) -> None:
        """Take the screen, file or connection. Raises SinkError."""

    def show(self, result: Result) -> None:
        """One new result."""

    def status(self, status: Status) -> None:
        """How the daemon is doing: at every change and about once a second, also while there are no results."""

    def close(self) -> None:
        """Give everything back. May be called twice, and before open."""


@runtime_checkable
class Remote(Protocol):
    """A sink that needs another side, and works without an error while that is away."""

    @property
    def connected(self) -> bool:
        """Whether the other side is there."""


@runtime_checkable
class Recorder(Protocol):
    """A sink that may keep pictures of faces: while there is one, displays and health say so."""

    keeps_faces: bool


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a sink may be made of.

    source: what JSON and displays call the place the frames come from.
    live: frames come when they come. Then nothing waits for a slow reader; of files, no line is lost.
    """

    config: Config
    source: str
    control: Control
    live: bool = False

    @property
    def patient(self) -> bool:
        return not self.live


def sinks_for(config: Config, source: str, control: Control, *, live: bool = False) -> list[Sink]:
    """The outputs that are switched on. source, live: as in `Wiring`."""
    wiring = Wiring(config, source, control, live)
    return [make(wiring) for section, make in SINKS.items() if _is_wanted(section, config)]


def _is_wanted(section: str, config: Config) -> bool:
    if section == "terminal" and config.jsonl.enabled and config.jsonl.path == "-":
        return False  # lines of JSON have standard output for themselves
    return bool(getattr(config, section).enabled)


def _module(name: str) -> Any:
    """Imported only where it is wanted: a device without a screen needs no library for one."""
    return import_module(f"edge.sinks.{name}")


SINKS: Final[dict[str, Callable[[Wiring], Sink]]] = {
    "jsonl": lambda w: _module("jsonl").Jsonl(w.config.jsonl, w.source, w.control, patient=w.patient),
    "csv": lambda w: _module("csv_file").Csv(w.config.csv, w.source, w.control, patient=w.patient),
    "terminal": lambda w: _module("terminal").Terminal(w.source, w.control, patient=w.patient),
    "window": lambda w: _module("window").Window(w.config.window, w.control),
    "mqtt": lambda w: _module("mqtt").Mqtt(w.config.mqtt, w.source, w.control),
    "oled": lambda w: _module("oled").Oled(w.config.oled),
    "record": lambda w: _module("record").Record(w.config.record, find_model(w.config.emotion.model)),
    "web": lambda w: _module("web").Web(w.config.web, w.source),
}
"""By the section of the configuration that switches it on, in the order in which they are told."""
