"""The daemon's health for Prometheus (text exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge.types import State, Status

STATES: Final[tuple[State, ...]] = ("running", "waiting", "paused")
_EVENTS: Final = ("face_appeared", "emotion_changed", "face_left")


def metrics(
    status: Status | None, frames: int, faces: int, events: Mapping[str, int], viewers: Mapping[str, int], dropped: int
) -> str:
    """What the device does not tell is left out. viewers: by what they look at; dropped: those that were too slow."""
    parts = [
        _family("frames_total", "counter", "Frames that went through the pipeline.", {"": frames}),
        _family("faces", "gauge", "Faces in the newest frame.", {"": faces}),
        _family("events_total", "counter", "Changes announced.", {f'event="{e}"': events.get(e, 0) for e in _EVENTS}),
        _family("web_viewers", "gauge", "Open streams.", {f'stream="{s}"': n for s, n in viewers.items()}),
        _family("web_dropped_total", "counter", "Viewers dropped because they were too slow.", {"": dropped}),
    ]
    if status is not None:
        parts += _of_status(status)
    return "".join(parts)


def _of_status(status: Status) -> list[str]:
    stages = {
        f'stage="{s}",quantile="{q}"': ms[i] / 1000 for s, ms in status.ms.items() for i, q in enumerate((0.5, 0.95))
    }
    parts = [
        _family("recording", "gauge", "1 while pictures of faces are stored.", {"": status.recording}),
        _family("state", "gauge", "1 for the state it is in.", {f'state="{s}"': s == status.state for s in STATES}),
        _family("frames_per_second", "gauge", "Over the last seconds.", {"": status.fps}),
        _family("frames_skipped_total", "counter", "Frames nobody had time for.", {"": status.skipped}),
        _family("uptime_seconds", "gauge", "Since the start.", {"": status.uptime_s}),
        _family("stage_seconds", "gauge", "Time a frame takes, of the last ones.", stages),
    ]
    if status.temperature_c is not None:
        parts.append(_family("temperature_celsius", "gauge", "Of the processor.", {"": status.temperature_c}))
    if status.throttled is not None:
        parts.append(_family("throttled", "gauge", "1 while slowed down by heat or power.", {"": status.throttled}))
    if status.rss_mb is not None:
        parts.append(_family("resident_memory_bytes", "gauge", "Of this process.", {"": status.rss_mb * 1024 * 1024}))
    return parts


def _family(name: str, kind: str, help_text: str, samples: Mapping[str, float]) -> str:
    name = f"emotion_edge_{name}"
    lines = [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
    for labels, value in samples.items():
        lines.append(f"{name}{{{labels}}} {float(value)}" if labels else f"{name} {float(value)}")
    return "\n".join(lines) + "\n"
