"""A recorded session (the lines of the jsonl sink) as one page for people."""

from __future__ import annotations

import os
from pathlib import Path

from edge.errors import OutputError
from edge.session_report.page import page
from edge.session_report.session import read_session


def write_report(recording: Path, out: Path | None = None) -> str:
    """Draw a recording, also one that is still being written, into one HTML file; by default beside it.

    Returns one line that says where it lies and what is in it. Raises SourceError for what is not a recording, and
    OutputError where the page cannot be written.
    """
    session = read_session(recording)
    out = out or recording.with_name(recording.name + ".html")
    if os.path.realpath(out) == os.path.realpath(recording):
        raise OutputError(f"{out}: is the recording itself; choose another file for the page")
    try:
        out.write_text(page(session, recording.name), encoding="utf-8")
    except OSError as err:
        raise OutputError(f"{out}: cannot be written: {err.strerror}; choose another place with --out") from err
    unreadable = f", {session.unreadable} lines could not be read" if session.unreadable else ""
    return f"{out}: {session.frames} frames{unreadable}"
