"""Where results go. Each sink is one file or folder; the table at the end names them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from edge.config import Config
from edge.control import Control
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


def sinks_for(config: Config, source: str, control: Control, *, live: bool = False) -> list[Sink]:
    """The outputs that are switched on. source: what JSON and displays call the place the frames come from.

    live: frames come when they come. Then nothing waits for a slow reader; of files, no line is lost.
    Each is imported only where it is wanted: a device without a screen needs no library for one.
    """
    sinks: list[Sink] = []
    standard_output_taken = config.jsonl.enabled and config.jsonl.path == "-"
    if config.jsonl.enabled:
        from edge.sinks.jsonl import Jsonl

        sinks.append(Jsonl(config.jsonl, source, control, patient=not live))
    if config.csv.enabled:
        from edge.sinks.table import Table

        sinks.append(Table(config.csv, source, control, patient=not live))
    if config.terminal.enabled and not standard_output_taken:
        from edge.sinks.terminal import Terminal

        sinks.append(Terminal(source, control, patient=not live))
    if config.window.enabled:
        from edge.sinks.window import Window

        sinks.append(Window(config.window, control))
    if config.mqtt.enabled:
        from edge.sinks.mqtt import Mqtt

        sinks.append(Mqtt(config.mqtt, source, control))
    if config.oled.enabled:
        from edge.sinks.oled import Oled

        sinks.append(Oled(config.oled))
    if config.record.enabled:
        from edge.emotion.tflite import find_model
        from edge.sinks.record import Record

        sinks.append(Record(config.record, find_model(config.emotion.model)))
    if config.web.enabled:
        from edge.sinks.web import Web

        sinks.append(Web(config.web, source))
    return sinks
