"""The settings of one run: the configuration, what the command line says instead, and what the device allows."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path

from edge import service
from edge.config import Config
from edge.errors import OutputError
from edge.threads import limited


def with_options(
    config: Config, source: str | None = None, jsonl: str | None = None, window: bool = False, no_sinks: bool = False
) -> Config:
    """The command line wins over the file; what it leaves out stays. Raises OutputError where jsonl cannot be made.

    no_sinks: no output but those that stand beside it on the command line.
    """
    if no_sinks:
        config = _silent(config)
    if source:
        config = replace(config, camera=replace(config.camera, source=source))
    if jsonl:
        if jsonl != "-" and not Path(jsonl).parent.is_dir():
            raise OutputError(f"--jsonl {jsonl}: there is no such folder; make it first")
        config = replace(config, jsonl=replace(config.jsonl, enabled=True, path=jsonl))
    if window:
        config = replace(config, window=replace(config.window, enabled=True))
    return config


def _silent(config: Config) -> Config:
    sections = {part.name: getattr(config, part.name) for part in fields(config)}
    outputs = {name: section for name, section in sections.items() if hasattr(section, "enabled")}
    return replace(config, **{name: replace(section, enabled=False) for name, section in outputs.items()})


def on_this_device(config: Config) -> Config:
    """No more threads than there are cores, in OpenCV and in the interpreters. Loads OpenCV."""
    return replace(config, emotion=replace(config.emotion, threads=limited(config.emotion.threads)))


def is_watched(config: Config, *, measured: bool, endless: bool) -> bool:
    """True where someone follows it live: then clips play at their own speed instead of as fast as the device can.

    measured: without outputs, or for so many frames only. endless: the clip starts over by itself.
    """
    if service.is_this_process():  # it is there for someone, and must not heat the board with a clip
        return True
    if measured:
        return False
    if endless:
        return True
    if config.jsonl.enabled:
        return False
    followed = config.window.enabled or config.mqtt.enabled or config.web.enabled
    return followed or (config.terminal.enabled and sys.stdout.isatty())
