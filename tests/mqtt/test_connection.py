"""Brokers that are away, hang, are old, or are none."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import time

import pytest

from tests.mosquitto import PROGRAM, Mosquitto, OldBroker, free_port, silenced, wait_until
from tests.mqtt.loop import connect, events_of, keep_showing, running
from tests.results import changed, result, track
from tests.stopwatch import Stopwatch


def test_a_broker_that_is_away_costs_no_time_and_one_line(mqtt, caplog, monkeypatch):
    sink = mqtt(free_port())
    watch = Stopwatch()
    for number in range(1000):
        watch.time(lambda number=number: sink.show(result(track(), number=number)))
        sink.status(running())
    assert watch.typical_s < 0.005
    wait_until(lambda: "Connection refused" in caplog.text)
    time.sleep(1.2)
    # There is nobody to say goodbye to, so nobody is waited for.
    monkeypatch.setattr("edge.sinks.mqtt.sink._GOODBYE_S", 120.0)
    started = time.monotonic()
    sink.close()
    assert time.monotonic() - started < 60
    assert len(caplog.records) == 1


def test_a_broker_that_hangs_holds_nothing_up(broker, listener, mqtt, caplog):
    sink = mqtt(broker.port)
    connect(sink, listener)
    broker.signal(signal.SIGSTOP)
    watch = Stopwatch()
    for number in range(3000):
        watch.time(lambda number=number: sink.show(result(track(number), events=(changed(number),), number=number)))
    assert watch.typical_s < 0.005
    assert [record.message for record in caplog.records] == [
        "mqtt: 1000 events wait for the broker, from now on the oldest are lost"
    ]
    sink.close()  # returns, although nobody answers
    broker.signal(signal.SIGCONT)


def test_a_sink_can_be_opened_again(broker, listener, mqtt):
    sink = mqtt(broker.port)
    connect(sink, listener)
    assert sink.connected
    sink.close()
    sink.close()
    assert not sink.connected
    sink.show(result(events=(changed(8),)))
    sink.open()
    connect(sink, listener)
    keep_showing(sink, lambda: events_of(listener)[-1:] and events_of(listener)[-1]["id"] == 8)
    assert list(dict.fromkeys(listener.texts("status"))) == ["online", "offline"]
    assert listener.texts("status")[-1] == "online"


@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00"], ids=["3.1.1", "5"])
def test_a_broker_that_refuses_mqtt_5_is_spoken_to_in_3_1_1(broker, listener, mqtt, control, caplog, refusal):
    caplog.set_level(logging.INFO)
    old = OldBroker(broker.port, refusal)
    sink = mqtt(old.port)
    sink.show(result(events=(changed(),)))
    connect(sink, listener)
    assert old.versions == [5, 4]
    listener.say("detection/set", b"OFF")
    keep_showing(sink, lambda: not control.detection)
    wait_until(lambda: listener.texts("event"))
    assert [record.levelname for record in caplog.records if "mqtt: 127" in record.message] == []
    assert "version 3.1.1" in caplog.text
    sink.close()
    wait_until(lambda: listener.texts("status")[-1] == "offline")
    old.close()


def test_a_huge_command_by_3_1_1_is_one_short_line(broker, listener, mqtt, control, caplog):
    """3.1.1 cannot ask the broker to keep long messages back."""
    old = OldBroker(broker.port)
    sink = mqtt(old.port)
    connect(sink, listener)
    listener.say("detection/set", b"OFF" * 1_000_000)
    wait_until(lambda: caplog.records)
    (record,) = caplog.records
    assert "unknown command for detection/set is ignored: b'OFFOFF" in record.message
    assert len(record.message) < 120
    assert control.detection
    sink.close()
    old.close()


def test_who_is_no_broker_is_asked_again(mqtt, caplog):
    answers = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x00", b"\x20\x02\x00\xfe", b"\xff" * 9, b""]
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in answers]
        for server in servers:
            server.settimeout(60)
            mqtt(server.getsockname()[1])
        for server, answer in 2 * list(zip(servers, answers, strict=True)):
            with server.accept()[0] as connection:
                connection.sendall(answer)
    assert len(caplog.records) <= 2 * len(answers)


def test_a_message_that_cannot_be_read_does_not_end_the_connections_to_come(mqtt, caplog):
    welcome, unreadable_topic = b"\x20\x03\x00\x00\x00", b"\x30\x06\x00\x02\xff\xfe\x00!"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        mqtt(server.getsockname()[1])
        with server.accept()[0] as connection:
            connection.sendall(welcome + unreadable_topic)
            wait_until(lambda: "ignored what the broker sent" in caplog.text)
        server.accept()[0].close()


def test_two_programs_of_one_name_do_not_fill_the_log(broker, listener, mqtt, caplog):
    caplog.set_level(logging.INFO)
    first = mqtt(broker.port)
    connect(first, listener)
    second = mqtt(broker.port)
    wait_until(lambda: "give each its own [mqtt] device" in caplog.text)
    deadline = time.monotonic() + 2.2
    while time.monotonic() < deadline:
        first.status(running())
        second.status(running())
        time.sleep(0.05)
    assert len(caplog.records) <= 6


@pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
@pytest.mark.parametrize(
    ("allowed", "not_heard"),
    [
        ("homeassistant/status", ["the privacy switch is not heard: the broker refuses us emotion-edge/camera/"]),
        ("emotion-edge/camera/detection/set", ["the start of Home Assistant is not heard: the broker refuses us home"]),
        ("nothing", ["the privacy switch", "the start of Home Assistant"]),
    ],
)
def test_a_topic_that_we_may_not_listen_to_is_told_once(mqtt, tmp_path, caplog, allowed, not_heard):
    with Mosquitto(tmp_path, silenced(tmp_path, allowed)) as broker:
        sink = mqtt(broker.port)
        started = time.monotonic()
        keep_showing(sink, lambda: len(caplog.records) >= len(not_heard) and time.monotonic() - started > 0.3)
        assert sink.connected
        assert len(caplog.records) == len(not_heard)
        for record, part in zip(caplog.records, not_heard, strict=True):
            assert part in record.message
            assert "(Not authorized); allow us to read it in the broker's access list" in record.message
        sink.close()


@pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
def test_a_refused_topic_is_told_in_3_1_1_too(mqtt, tmp_path, caplog):
    with Mosquitto(tmp_path, silenced(tmp_path)) as broker:
        old = OldBroker(broker.port)
        sink = mqtt(old.port, home_assistant=False)
        keep_showing(sink, lambda: caplog.records)
        assert "the privacy switch is not heard: the broker refuses us emotion-edge/camera/detection/set" in caplog.text
        sink.close()
        old.close()
