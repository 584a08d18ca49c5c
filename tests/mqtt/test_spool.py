"""Events that outlive the program."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge.sinks.mqtt.event_queue import EventQueue
from edge.sinks.mqtt.spool import Spool
from tests.mosquitto import Listener, free_port, wait_until
from tests.mqtt.loop import connect, events_of, keep_showing, running
from tests.results import changed, result


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "events.db"


def numbered(*numbers: int) -> list[tuple[int, dict]]:
    return [(number, {"id": number}) for number in numbers]


def kept(file: Path) -> list[tuple[int, dict]]:
    spool = Spool(str(file))
    events = spool.open()
    spool.close()
    return events


def test_what_is_saved_is_there_for_the_next(file):
    spool = Spool(str(file))
    assert spool.open() == []
    assert spool.save(numbered(3, 4, 5))
    assert spool.save(numbered(4, 5, 10))
    assert spool.save([])
    assert spool.save(numbered(11, 2))
    spool.close()
    spool.close()
    assert kept(file) == numbered(2, 11)
    assert file.stat().st_mode & 0o077 == 0


def test_what_has_not_changed_is_not_written(file):
    spool = Spool(str(file))
    spool.open()
    spool.save(numbered(1, 2))
    before = file.stat().st_mtime_ns
    for _ in range(3):
        spool.save(numbered(1, 2))
    assert file.stat().st_mtime_ns == before
    spool.close()


def damage_text(file: Path) -> None:
    file.write_text("this is not a database, " * 100)


def damage_pages(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    file.write_bytes(content)


def damage_end(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def damage_row(file: Path) -> None:
    database = sqlite3.connect(file)
    with database:
        database.execute("UPDATE events SET event = '{\"id\"'")
    database.close()


def damage_kind(file: Path) -> None:
    database = sqlite3.connect(file)
    with database:
        database.execute("UPDATE events SET event = '[1]'")
    database.close()


@pytest.mark.parametrize("damage", [damage_text, damage_pages, damage_end, damage_row, damage_kind])
def test_a_damaged_file_is_set_aside(file, caplog, damage):
    spool = Spool(str(file))
    spool.open()
    spool.save(numbered(*range(200)))
    spool.close()
    damage(file)
    file.with_name("events.db-journal").write_bytes(b"")
    assert spool.open() == []
    (record,) = caplog.records
    assert f"{file} is damaged" in record.message
    assert "events.db.damaged" in record.message
    assert file.with_name("events.db.damaged").exists()
    assert spool.save(numbered(7))
    spool.close()
    assert kept(file) == numbered(7)


def test_a_file_that_cannot_be_used_is_one_line(tmp_path, caplog):
    (tmp_path / "foreign.db").touch()
    database = sqlite3.connect(tmp_path / "foreign.db")
    with database:
        database.execute("CREATE TABLE events (something TEXT)")
    database.close()
    for name in ("no folder/events.db", ".", "foreign.db"):
        caplog.clear()
        spool = Spool(str(tmp_path / name))
        assert spool.open() == []
        assert not spool.save(numbered(1))
        assert not spool.save(numbered(1, 2))
        spool.close()
        (record,) = caplog.records
        assert "kept in memory only" in record.message


def test_a_file_that_another_program_holds_is_one_line_and_no_long_wait(file, caplog):
    spool = Spool(str(file))
    spool.open()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert not spool.save(numbered(1))
    assert not spool.save(numbered(1))
    other.close()
    (record,) = caplog.records
    assert "locked" in record.message


def test_the_queue_takes_back_what_it_does_not_hold_and_counts_on():
    queue = EventQueue(4)
    queue.restore(numbered(7, 8))
    queue.add({"id": 9})
    assert queue.unsent() == numbered(7, 8, 9)
    queue.restore(numbered(6, 7, 8))
    queue.add({"id": 10})
    assert queue.unsent() == numbered(7, 8, 9, 10)
    assert queue.dropped == 1


def test_events_of_an_outage_survive_a_restart(broker, mqtt, file, caplog):
    first = mqtt(free_port(), spool=str(file))
    for number in range(1, 6):
        first.show(result(events=(changed(number),), t=float(number)))
    first.close()
    assert f"the last 5 events; they wait in {file}" in caplog.text
    listener = Listener(broker.port)
    second = mqtt(broker.port, spool=str(file))
    second.show(result(events=(changed(6),)))
    keep_showing(second, lambda: len(events_of(listener)) == 6)
    assert [(event["id"], event["late"]) for event in events_of(listener)] == [(number, True) for number in range(1, 7)]
    assert [event["t"] for event in events_of(listener)][:5] == [1.0, 2.0, 3.0, 4.0, 5.0]
    keep_showing(second, lambda: not second.waiting)
    second.close()
    listener.close()
    assert kept(file) == []


def test_an_outage_is_written_now_and_then_and_a_connection_is_not(broker, listener, mqtt, file, monkeypatch, caplog):
    sink = mqtt(broker.port, spool=str(file))
    connect(sink, listener)
    empty = file.stat().st_mtime_ns
    sink.show(result(events=(changed(1),)))
    keep_showing(sink, lambda: listener.texts("event") and not sink.waiting)
    broker.stop()
    wait_until(lambda: "connection lost" in caplog.text)
    sink.show(result(events=(changed(2),)))
    sink.status(running())
    assert file.stat().st_mtime_ns == empty
    monkeypatch.setattr("edge.sinks.mqtt.sink._SPOOL_INTERVAL_S", 0.0)
    sink.status(running())
    monkeypatch.setattr("edge.sinks.mqtt.sink._SPOOL_INTERVAL_S", 60.0)
    # A second reader: as after a power failure.
    assert [event["id"] for _, event in kept(file)] == [2]
    broker.start()
    listener.listen()
    keep_showing(sink, lambda: len(listener.texts("event")) == 2)
    keep_showing(sink, lambda: not sink.waiting)
    assert kept(file) == []


def test_a_sink_that_is_opened_again_sends_nothing_twice(broker, listener, mqtt, file):
    sink = mqtt(free_port(), spool=str(file))
    sink.show(result(events=(changed(1),)))
    sink.close()
    sink.open()
    sink.show(result(events=(changed(2),)))
    sink.close()
    last = mqtt(broker.port, spool=str(file))
    connect(last, listener)
    last.show(result(events=(changed(3),)))
    keep_showing(last, lambda: len(listener.texts("event")) == 3)
    assert [event["id"] for event in events_of(listener)] == [1, 2, 3]
