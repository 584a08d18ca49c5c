from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edge.config import JsonlConfig
from edge.control import Control
from edge.errors import SinkError
from edge.sinks.jsonl import Jsonl
from tests.results import changed, result, track

ROOT = Path(__file__).parents[1]


@pytest.fixture
def control():
    return Control()


def opened(path, control):
    sink = Jsonl(JsonlConfig(enabled=True, path=str(path)), "auto", control)
    sink.open()
    return sink


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_events_of_a_frame_follow_its_line(tmp_path, control):
    sink = opened(tmp_path / "out.jsonl", control)
    sink.show(result(track(), number=1))
    sink.show(result(track(), number=2, events=(changed(3), changed(4))))
    sink.show(result(number=3))
    lines = read(tmp_path / "out.jsonl")
    sink.close()
    assert [line.get("frame", line.get("id")) for line in lines] == [1, 2, 3, 4, 3]
    assert [line.get("event") for line in lines] == [None, None, "emotion_changed", "emotion_changed", None]


def test_a_file_is_appended_to(tmp_path, control):
    for number in (1, 2):
        sink = opened(tmp_path / "out.jsonl", control)
        sink.show(result(number=number))
        sink.close()
        sink.close()
    assert [line["frame"] for line in read(tmp_path / "out.jsonl")] == [1, 2]


@pytest.mark.parametrize("path", ["missing/folder/out.jsonl", "."])
def test_a_file_that_cannot_be_written_is_one_line(tmp_path, control, path):
    with pytest.raises(SinkError, match="cannot be written") as caught:
        opened(tmp_path / path, control)
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_a_sink_error(control):
    sink = opened("/dev/full", control)
    with pytest.raises(SinkError, match=r"/dev/full.*No space left"):
        sink.show(result())
    sink.close()


def test_a_named_pipe_waits_for_no_reader_and_tells_when_it_has_gone(tmp_path, control):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(SinkError):
        opened(path, control)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    sink = opened(path, control)
    sink.show(result(number=5))
    assert json.loads(os.read(reader, 10000))["frame"] == 5
    os.close(reader)
    with pytest.raises(SinkError, match="reader has gone"):
        sink.show(result())
    sink.close()
    assert not control.stop.is_set()


def test_a_slow_reader_of_standard_output_gets_every_line(tmp_path, control, monkeypatch):
    reader, writer = os.pipe()
    with open(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        sink = opened("-", control)
        thread = threading.Thread(target=lambda: [sink.show(result(track(), number=n)) for n in range(500)])
        thread.start()
        time.sleep(0.2)
        assert thread.is_alive()
        received = b""
        while received.count(b"\n") < 500:
            received += os.read(reader, 5000)
        thread.join(5)
        sink.close()
    os.close(reader)
    assert [json.loads(line)["frame"] for line in received.splitlines()] == list(range(500))


def test_a_reader_that_reads_nothing_does_not_keep_us_from_stopping(control, monkeypatch):
    reader, writer = os.pipe()
    with open(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        sink = opened("-", control)
        threading.Timer(0.2, control.stop.set).start()
        while not control.stop.is_set():
            sink.show(result(track()))  # the last one returns, although nobody has read
        sink.close()
    os.close(reader)


def test_a_live_camera_does_not_wait_for_a_slow_reader(control, monkeypatch, caplog):
    """Whole lines are dropped, told once when it begins and once with their number."""
    caplog.set_level("INFO")
    reader, writer = os.pipe()
    with open(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        sink = Jsonl(JsonlConfig(True, "-"), "auto", control, patient=False)
        sink.open()
        for number in range(1000):
            sink.show(result(track(), number=number))
        received = os.read(reader, 1 << 20)
        sink.show(result(track(), number=1000))
        sink.close()
    while part := os.read(reader, 1 << 20):
        received += part
    os.close(reader)
    numbers = [json.loads(line)["frame"] for line in received.splitlines()]
    assert numbers == [*range(len(numbers) - 1), 1000]
    assert len(numbers) < 900
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert f"{1001 - len(numbers)} results were dropped" in caplog.text


HEAD = """
import sys
from edge.config import JsonlConfig
from edge.control import Control
from edge.sinks.jsonl import Jsonl
from tests.results import result, track

control = Control()
sink = Jsonl(JsonlConfig(True, "-"), "auto", control)
sink.open()
number = 0
while not control.stop.is_set():
    sink.show(result(track(), number=number))
    number += 1
sink.close()
"""


def test_head_ends_the_program_quietly():
    program = subprocess.Popen([sys.executable, "-c", HEAD], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert json.loads(program.stdout.readline())["frame"] == 0
    program.stdout.close()
    assert program.wait(10) == 0
    assert program.stderr.read() == b""
    program.stderr.close()


TALKATIVE = """
import ctypes, os
from edge.config import JsonlConfig
from edge.control import Control
from edge.sinks.jsonl import Jsonl
from tests.results import result, track

def talk():
    os.write(1, b"a driver says hello\\n")
    ctypes.CDLL(None).printf(b"and keeps back what it prints\\n")

sink = Jsonl(JsonlConfig(True, "-"), "auto", Control())
for number in range(2):
    sink.open()
    talk()
    sink.show(result(track(), number=number))
    talk()
    sink.close()
print("the end")
"""


def test_what_libraries_print_goes_to_standard_error():
    program = subprocess.run([sys.executable, "-c", TALKATIVE], cwd=ROOT, capture_output=True, text=True, timeout=30)
    *lines, last = program.stdout.splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1]
    assert last == "the end", "afterwards standard output is as before"
    assert program.stderr.count("a driver says hello\n") == program.stderr.count("what it prints\n") == 4


def test_a_closed_standard_output_is_a_sink_error(control, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SinkError, match="standard output"):
        opened("-", control)
