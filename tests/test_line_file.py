"""Files of lines as both sinks write them: mended, rotated, brought to the disk; and disks that take no more."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import resource
import subprocess
from pathlib import Path

import pytest

from edge.config import CsvConfig, FileConfig, JsonlConfig
from edge.control import Control
from edge.daemon import Outlet
from edge.errors import SinkError
from edge.sinks.csv_file import COLUMNS, Csv
from edge.sinks.jsonl import Jsonl
from edge.sinks.line_file import LineFile, pieces
from tests.fakes import FakeClock
from tests.results import result, track

HEADER = "a,b\n"


def opened(path: Path, *, header: str = "", line_start: str = '{"', **settings) -> LineFile:
    file = LineFile(FileConfig(True, str(path), **settings), Control(), header=header, line_start=line_start)
    file.open()
    return file


def after_writing(path: Path, text: str, **settings) -> str:
    file = opened(path, **settings)
    file.write(text)
    file.close()
    return path.read_text()


def jsonl(path: Path, **settings) -> Jsonl:
    return Jsonl(JsonlConfig(True, str(path), **settings), "auto", Control())


def frames(*files: Path) -> list[int]:
    """The frame numbers of every line; that every line can be read is part of the check."""
    return [json.loads(line)["frame"] for file in files for line in file.read_text().splitlines()]


# --- what a power cut leaves


@pytest.mark.parametrize("half", ['{"', '{"schema":1,"ti', '{"schema":1,"ti\0\0\0\0', "\0" * 5000, "{"])
def test_half_a_line_of_ours_is_cut_off(tmp_path, half):
    (tmp_path / "out").write_text('{"1"}\n' + half)
    assert after_writing(tmp_path / "out", '{"2"}\n') == '{"1"}\n{"2"}\n'


def test_the_last_line_of_somebody_else_gets_its_end(tmp_path):
    (tmp_path / "out").write_text("my notes")
    assert after_writing(tmp_path / "out", '{"2"}\n') == 'my notes\n{"2"}\n'


def test_a_large_file_without_lines_is_not_cut(tmp_path):
    (tmp_path / "out").write_text('{"' + "x" * 3_000_000)
    assert len(after_writing(tmp_path / "out", '{"2"}\n')) == 3_000_002 + len('\n{"2"}\n')


@pytest.mark.parametrize("before", ["", "a", "a,b", "a,b\n", "a,b\n1", "a,b\n1,2", "\0\0\0\0\0\0\0", "a\0\0\0\0"])
def test_a_header_stands_once_whatever_was_there(tmp_path, before):
    (tmp_path / "out").write_text(before)
    text = after_writing(tmp_path / "out", "3,4\n", header=HEADER, line_start="")
    assert text == "a,b\n3,4\n"


@pytest.mark.parametrize("before", ["x", "b,a\n1,2\n", "a,b,c\n", "a,bc"])
def test_a_file_with_other_columns_is_left_alone(tmp_path, before):
    (tmp_path / "out").write_text(before)
    with pytest.raises(SinkError, match="other columns"):
        opened(tmp_path / "out", header=HEADER, line_start="")
    assert (tmp_path / "out").read_text() == before


# --- rotation


def test_rotation_keeps_so_many_old_files_and_their_order(tmp_path):
    sink = jsonl(tmp_path / "out", rotate_mb=0.001, keep=3)
    sink.open()
    for number in range(40):
        sink.show(result(track(), number=number))
    sink.close()
    files = pieces(tmp_path / "out")
    assert [file.name for file in files] == ["out.3", "out.2", "out.1", "out"]
    written = frames(*files)
    assert written == list(range(written[0], 40))
    assert 0 < written[0] < 40
    assert all(1000 <= file.stat().st_size < 2000 for file in files[:-1])


def test_every_file_of_a_table_has_the_header_and_old_ones_are_continued(tmp_path):
    path = tmp_path / "out.csv"
    for run in range(3):
        sink = Csv(CsvConfig(True, str(path), rotate_mb=0.001, keep=9), "auto", Control())
        sink.open()
        for number in range(10):
            sink.show(result(track(1), track(2), number=10 * run + number))
        sink.close()
    rows = []
    for piece in pieces(path):
        header, *more = csv.reader(io.StringIO(piece.read_text()))
        assert header == list(COLUMNS)
        rows += more
    assert [(int(row[4]), int(row[7])) for row in rows] == [(number, who) for number in range(30) for who in (1, 2)]


def test_pieces_of_other_files_are_not_taken(tmp_path):
    for name in ("a[1]", "a[1].1", "a[1].10", "a[1].2", "a[1].gz", "a1.1", "a[1].1.gz"):
        (tmp_path / name).touch()
    assert [piece.name for piece in pieces(tmp_path / "a[1]")] == ["a[1].10", "a[1].2", "a[1].1", "a[1]"]


def test_of_a_link_the_file_it_leads_to_is_rotated(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "there" / "real")
    file = opened(tmp_path / "out", rotate_mb=0.000001)
    for _ in range(3):
        file.write('{"1"}\n')
    file.close()
    assert (tmp_path / "out").is_symlink()
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["real", "real.1", "real.2"]


def test_a_deleted_file_is_made_anew(tmp_path):
    file = opened(tmp_path / "out")
    file.write('{"1"}\n')
    (tmp_path / "out").unlink()
    file.write('{"2"}\n')
    file.close()
    assert (tmp_path / "out").read_text() == '{"2"}\n'


@pytest.mark.parametrize("created", [False, True])
def test_a_file_that_is_set_aside_is_made_anew(tmp_path, created):
    """What logrotate does, without and with its option create."""
    path, clock = tmp_path / "out", FakeClock()
    file = LineFile(FileConfig(True, str(path)), Control(), header=HEADER, clock=clock)
    file.open()
    file.write("1,2\n")
    path.rename(tmp_path / "out-yesterday")
    if created:
        path.touch()
    clock.now += 1.0
    file.write("3,4\n")
    file.write("5,6\n")
    file.close()
    assert (tmp_path / "out-yesterday").read_text() == "a,b\n1,2\n"
    assert path.read_text() == "a,b\n3,4\n5,6\n"


def test_the_name_of_a_file_is_looked_at_once_a_second(tmp_path, monkeypatch):
    path, clock, looked = tmp_path / "out", FakeClock(), []
    file = LineFile(FileConfig(True, str(path)), Control(), clock=clock)
    file.open()
    look = os.stat
    monkeypatch.setattr(os, "stat", lambda *where, **how: looked.append(where) or look(*where, **how))
    for _ in range(300):
        file.write('{"1"}\n')
        clock.now += 0.01
    assert looked.count((str(path),)) == 2
    monkeypatch.undo()
    file.close()
    assert len(path.read_text().splitlines()) == 300


# --- bringing it to the disk


@pytest.mark.parametrize(("policy", "at_write", "at_close"), [("never", 0, 0), ("rotation", 0, 1), ("always", 1, 1)])
def test_when_lines_reach_the_disk(tmp_path, monkeypatch, policy, at_write, at_close):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    file = opened(tmp_path / "out", fsync=policy)
    for _ in range(5):
        file.write('{"1"}\n')
    assert len(synced) == 5 * at_write
    synced.clear()
    file.close()
    assert len(synced) == at_close


def test_a_rotated_file_and_its_name_reach_the_disk(tmp_path, monkeypatch):
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    file = opened(tmp_path / "out", rotate_mb=0.000001)
    file.write('{"1"}\n')
    file.write('{"2"}\n')
    assert synced == [str(tmp_path / "out"), str(tmp_path)]
    file.close()


# --- a disk that takes no more


def show(outlet: Outlet, clock: FakeClock, numbers: range) -> None:
    """A second apart, with and without a face: short lines fit where long ones do not."""
    for number in numbers:
        outlet.show(result(*[track()] * (number % 3), number=number))
        clock.now += 1.0


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 32 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs the program mount")
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a file system ({mounted.stderr.strip()})")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_disk_that_is_full_for_a_while(tiny_disk, caplog, kind):
    path, clock = tiny_disk / "out", FakeClock()
    table = Csv(CsvConfig(True, str(path)), "auto", Control())
    outlet = Outlet(jsonl(path) if kind == "jsonl" else table, clock)
    (tiny_disk / "other").write_bytes(bytes(16 * 1024))
    with caplog.at_level(logging.INFO):
        outlet.open()
        show(outlet, clock, range(200))
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "No space left on device" in caplog.text
        (tiny_disk / "other").unlink()
        show(outlet, clock, range(200, 230))
    outlet.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    if kind == "jsonl":
        written = frames(path)
        assert written == sorted(set(written))
    else:
        header, *rows = csv.reader(io.StringIO(path.read_text()))
        assert {len(row) for row in rows} == {len(header)}
        written = [int(row[4]) for row in rows]
    assert written[0] <= 1
    assert set(range(212, 230)) - set(written) <= (set() if kind == "jsonl" else set(range(0, 230, 3)))


def test_a_limit_of_file_size_cuts_no_line(tmp_path):
    sink = jsonl(tmp_path / "out")
    sink.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(SinkError, match="cannot be written: File too large"):  # noqa: PT012
            for number in range(100):
                sink.show(result(track(), number=number))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    written = frames(tmp_path / "out")
    sink.show(result(number=99))
    sink.close()
    assert frames(tmp_path / "out") == [*range(len(written)), 99]


def test_a_disk_that_becomes_read_only_and_writable_again(tiny_disk, caplog):
    path, clock = tiny_disk / "out", FakeClock()
    outlet = Outlet(jsonl(path), clock)

    def remount(mode: str) -> None:
        # Nothing may be open for writing while it becomes read-only; a daemon's file is.
        outlet.close()
        subprocess.run(["mount", "-o", f"remount,{mode}", str(tiny_disk)], check=True)

    with caplog.at_level(logging.INFO):
        outlet.open()
        show(outlet, clock, range(3))
        remount("ro")
        show(outlet, clock, range(3, 20))
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "Read-only file system" in caplog.text
        remount("rw")
        show(outlet, clock, range(20, 45))
    outlet.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    written = frames(path)
    assert written[:3] == [0, 1, 2]
    assert written[-15:] == list(range(30, 45))


def test_a_folder_that_cannot_be_renamed_in_is_one_line(tmp_path, monkeypatch):
    def refuse(old: str, new: str) -> None:
        raise PermissionError(13, "Permission denied", old)

    monkeypatch.setattr(os, "replace", refuse)
    file = opened(tmp_path / "out", rotate_mb=0.000001)
    file.write('{"1"}\n')
    with pytest.raises(SinkError, match="cannot be renamed"):
        file.write('{"2"}\n')
    file.close()
