"""The one home of the JSON we give away: a line a frame, a line an event, the page's frames, the health message."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import platform
from datetime import datetime, timezone
from typing import Any, Final

from edge import __version__
from edge.emotion.labels import LABELS
from edge.types import Event, Frame, Result, Status, Track

SCHEMA: Final = 1
"""Rises when a key changes its meaning or goes; a new key does not raise it."""


def frame_line(result: Result, source: str) -> dict[str, Any]:
    """One frame and its faces. source: what the owner calls the place the frames come from."""
    frame = result.frame
    return {
        "schema": SCHEMA,
        "time": _utc(frame.wall),
        "t": round(result.t, 3),
        "source": source,
        "file": frame.file,
        "frame": frame.number,
        "width": frame.width,
        "height": frame.height,
        "faces": [_face(track, frame) for track in result.tracks],
        "ms": {stage: round(float(ms), 2) for stage, ms in result.ms.items()},
    }


def page_line(result: Result, source: str) -> dict[str, Any]:
    """A frame line for displays. `shown`: the label each face is shown with, or "uncertain", both after the dwell."""
    line = frame_line(result, source)
    for face, track in zip(line["faces"], result.tracks, strict=True):
        face["shown"] = track.shown_label
    return line


def event_line(event: Event, result: Result) -> dict[str, Any]:
    """One event of this result."""
    return {
        "schema": SCHEMA,
        "time": _utc(result.frame.wall),
        "t": round(result.t, 3),
        "event": event.kind,
        "id": event.id,
        "from": event.before,
        "to": event.after,
        "confidence": round(float(event.confidence), 4),
        **({"uncertain": True} if event.uncertain else {}),
    }


def health_line(status: Status) -> dict[str, Any]:
    """How the daemon is doing. What the device does not tell is null."""
    return {
        "schema": SCHEMA,
        "state": status.state,
        "source": status.source,
        "fps": round(status.fps, 1),
        "skipped": status.skipped,
        "uptime_s": round(status.uptime_s),
        "ms": {stage: {"p50": round(p50, 2), "p95": round(p95, 2)} for stage, (p50, p95) in status.ms.items()},
        "temperature_c": _tenths(status.temperature_c),
        "throttled": status.throttled,
        "rss_mb": _tenths(status.rss_mb),
        "recording": status.recording,
        "restarts": status.restarts,
        "last_error": status.last_error,
        "versions": _versions(),
    }


def to_json(line: dict[str, Any]) -> str:
    """Compact, on one line, in ASCII. Raises ValueError on NaN and infinity, which JSON does not have."""
    return json.dumps(line, allow_nan=False, separators=(",", ":"))


def _face(track: Track, frame: Frame) -> dict[str, Any]:
    box = track.face.box.clipped(frame.width, frame.height)
    return {
        "id": track.id,
        "box": [round(float(edge)) for edge in (box.x0, box.y0, box.x1, box.y1)],
        "detection": round(float(track.face.score), 4),
        "emotion": track.emotion,
        "confidence": round(track.confidence, 4),
        "uncertain": bool(track.uncertain),
        "probabilities": {
            label: round(float(value), 4) for label, value in zip(LABELS, track.probabilities, strict=True)
        },
    }


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _utc(wall: float) -> str:
    """Unix seconds as ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(wall, timezone.utc)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@functools.cache
def _versions() -> dict[str, str]:
    """Of this program and of what its results depend on; a package that pip did not install is left out."""
    versions = {"emotion-edge": __version__, "python": platform.python_version()}
    for package in ("numpy", "opencv-python-headless", "opencv-python", "ai-edge-litert", "tflite-runtime"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
