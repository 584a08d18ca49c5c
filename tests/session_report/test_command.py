"""The command that makes the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import OutputError, SourceError
from edge.session_report import write_report
from edge.session_report.session import read_session
from tests.results import track
from tests.session_report.recordings import recording, steady
from tests.test_cli import assert_refused, emotion_edge


def test_the_command_writes_the_page_beside_the_recording_or_elsewhere(tmp_path):
    path = recording(tmp_path, steady(1, track(1)))
    done = emotion_edge("report", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{path}.html: 10 frames\n"
    assert emotion_edge("report", path, "--out", tmp_path / "page.html").returncode == 0
    assert (tmp_path / "page.html").read_text() == Path(f"{path}.html").read_text()


def test_what_is_no_recording_is_one_line(tmp_path):
    (tmp_path / "notes").write_text("hello\n")
    (tmp_path / "empty").touch()
    (tmp_path / "picture").write_bytes(bytes(range(256)) * 100)
    assert_refused(emotion_edge("report", tmp_path / "missing"), 2, "missing", "no such file")
    for name in ("notes", "empty", "picture"):
        with pytest.raises(SourceError, match="holds no frames") as caught:
            read_session(tmp_path / name)
        assert caught.value.exit_code == 2
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(SourceError, match="is not a file"):
            read_session(path)


def test_a_page_that_cannot_be_written_is_one_line(tmp_path):
    path = recording(tmp_path, steady(1, track(1)))
    before = path.read_text()
    for out in (tmp_path / "no" / "page.html", tmp_path, path):
        with pytest.raises(OutputError) as caught:
            write_report(path, out)
        assert caught.value.exit_code == 2
    assert path.read_text() == before
