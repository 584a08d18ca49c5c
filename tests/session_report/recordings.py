"""What `--jsonl` could have recorded."""

from __future__ import annotations

from pathlib import Path

from edge.lines import event_line, frame_line, to_json
from edge.session_report.strip import shares
from tests.results import WALL, result


def line(t: float, *tracks, began: float = WALL, events=(), source: str = "auto", file: str | None = None) -> str:
    shown = result(*tracks, t=t, wall=began + t, events=tuple(events), file=file)
    lines = [frame_line(shown, source), *(event_line(event, shown) for event in events)]
    return "".join(to_json(one) + "\n" for one in lines)


def recording(folder: Path, *lines: str) -> Path:
    path = folder / "session.jsonl"
    path.write_text("".join(lines))
    return path


def steady(seconds: float, *tracks, fps: float = 10, start: float = 0.0, **more) -> str:
    return "".join(line(start + n / fps, *tracks, **more) for n in range(round(seconds * fps)))


def percent(seconds) -> dict[str, int]:
    return {kind: round(100 * part) for kind, part in shares(seconds)}
