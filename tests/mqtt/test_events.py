"""Events, also those of the time without a broker."""

from __future__ import annotations

import logging

from edge.sinks.mqtt.event_queue import IN_FLIGHT, EventQueue
from tests.mosquitto import wait_until
from tests.mqtt.loop import connect, events_of, keep_showing
from tests.results import changed, result, track


def test_events_are_sent_at_once_with_their_own_times(broker, listener, mqtt):
    sink = mqtt(broker.port)
    connect(sink, listener)
    sink.show(result(track(), events=(changed(3), changed(4)), t=7.25))
    wait_until(lambda: len(listener.texts("event")) == 2)
    assert [event["id"] for event in events_of(listener)] == [3, 4]
    assert list(events_of(listener)[0]) == ["schema", "time", "t", "event", "id", "from", "to", "confidence"]
    assert events_of(listener)[0]["t"] == 7.25
    assert {heard.qos for heard in listener.heard if heard.topic == "event"} == {1}


def test_the_last_events_before_the_end_are_sent(broker, listener, mqtt, monkeypatch):
    for patience in ("_LAST_EVENTS_S", "_GOODBYE_S"):
        monkeypatch.setattr(f"edge.sinks.mqtt.sink.{patience}", 60.0)
    sink = mqtt(broker.port)
    for number in range(300):
        sink.show(result(events=(changed(number),)))
    sink.close()
    wait_until(lambda: len(listener.texts("event")) == 300)
    wait_until(lambda: listener.texts("status")[-1] == "offline")


def test_events_of_an_outage_come_late_but_in_order(broker, listener, mqtt, caplog):
    caplog.set_level(logging.INFO)
    sink = mqtt(broker.port)
    connect(sink, listener)
    sink.show(result(events=(changed(1),), t=1.0))
    wait_until(lambda: len(listener.texts("event")) == 1)
    broker.stop()
    wait_until(lambda: "connection lost" in caplog.text)
    for number in range(2, 200):
        sink.show(result(events=(changed(number),), t=float(number)))
    broker.start()
    listener.listen()
    keep_showing(sink, lambda: len(listener.texts("event")) == 199)
    events = events_of(listener)
    assert [event["id"] for event in events] == list(range(1, 200))
    assert [event["t"] for event in events] == [float(number) for number in range(1, 200)]
    assert "late" not in events[0]
    assert all(event["late"] is True for event in events[1:])
    sink.show(result(events=(changed(500),)))
    wait_until(lambda: len(listener.texts("event")) == 200)
    assert "late" not in events_of(listener)[-1]
    assert listener.texts("status")[-1] == "online"


def test_a_full_queue_drops_the_oldest_and_says_so_once(broker, listener, mqtt, caplog):
    caplog.set_level(logging.INFO)
    sink = mqtt(broker.port, event_queue=10)
    connect(sink, listener)
    broker.stop()
    wait_until(lambda: "connection lost" in caplog.text)
    for number in range(25):
        sink.show(result(events=(changed(number),)))
    assert caplog.text.count("oldest") == 1
    broker.start()
    listener.listen()
    keep_showing(sink, lambda: len(listener.texts("event")) == 10)
    assert [event["id"] for event in events_of(listener)] == list(range(15, 25))
    keep_showing(sink, lambda: "15 events were lost" in caplog.text)
    assert caplog.text.count("lost while") == 1


def event(number: int) -> dict:
    return {"id": number}


def test_the_queue_sends_what_was_not_acknowledged_again_and_first():
    queue, sent = EventQueue(10), []
    for number in range(4):
        queue.add(event(number))

    def publish(line: dict) -> int:
        sent.append(line)
        return len(sent)

    queue.send(publish)
    queue.acknowledge(1)
    queue.acknowledge(99)
    queue.add(event(4))
    assert queue.start_again() == 4
    queue.send(publish)
    assert sent[4:] == [{"id": number, "late": True} for number in (1, 2, 3, 4)]
    assert len(queue) == 4


def test_the_queue_keeps_a_bound_on_both_sides():
    queue = EventQueue(5)
    for number in range(IN_FLIGHT + 20):
        queue.add(event(number))
        queue.send(lambda line: line["id"])
    assert len(queue) == IN_FLIGHT + 5
    assert queue.dropped == 15
    queue.start_again()
    assert len(queue) == 5
