"""What is said on `status`, `faces` and `health`, and what is heard on `detection/set`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from edge.lines import frame_line, to_json
from edge.types import Status
from tests.mosquitto import Listener, wait_until
from tests.mqtt.loop import connect, keep_showing, running
from tests.results import result, track

ROOT = Path(__file__).parents[2]


def test_online_and_offline_are_retained(broker, listener, mqtt):
    sink = mqtt(broker.port)
    connect(sink, listener)
    sink.close()
    wait_until(lambda: listener.texts("status")[-1] == "offline")
    late = Listener(broker.port)
    # Of QoS 1 where it was the last will that came last: a goodbye is lost when something of the broker's was unread.
    wait_until(lambda: any(heard[:2] == ("status", "offline") and heard.retained for heard in late.heard))
    late.close()


VICTIM = """
import sys, time
from edge.config import MqttConfig
from edge.control import Control
from edge.sinks.mqtt import Mqtt
from edge.types import Status

sink = Mqtt(MqttConfig(True, "127.0.0.1", int(sys.argv[1])), "auto", Control())
sink.open()
while True:
    sink.status(Status("running", "auto"))
    time.sleep(0.01)
"""


def test_a_killed_daemon_is_offline(broker, listener):
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(broker.port)], cwd=ROOT)
    try:
        wait_until(lambda: listener.texts("status") == ["online"])
    finally:
        victim.kill()
        victim.wait(60)
    wait_until(lambda: listener.texts("status")[-1] == "offline")


def test_faces_are_told_when_they_change_and_not_too_often(broker, listener, mqtt):
    sink = mqtt(broker.port, interval_s=0.3, home_assistant=False)  # for whom faces are told once more
    connect(sink, listener)
    happy = result(track(3, "happy"))
    started = time.monotonic()
    changes = [
        result(track(3, "sad")),
        result(track(3, "sad", uncertain=True)),
        result(track(3, "sad"), track(4, "sad")),
    ]
    for told, now in enumerate([happy, *changes, result()], start=1):

        def heard(told=told, now=now):
            sink.show(now)
            return len(listener.texts("faces")) == told

        wait_until(heard)
    assert time.monotonic() - started > 3 * 0.3  # the last one, without a face, at once
    for _ in range(40):
        sink.show(result(t=1.0))
        time.sleep(0.01)
    texts = listener.texts("faces")
    assert texts[0] == to_json(frame_line(happy, "auto"))
    assert [len(json.loads(text)["faces"]) for text in texts] == [1, 1, 1, 2, 0]
    assert not any(heard.retained for heard in listener.heard if heard.topic == "faces")


def test_that_nobody_is_left_is_told_at_once(broker, listener, mqtt):
    sink = mqtt(broker.port, interval_s=3600.0, home_assistant=False)
    connect(sink, listener)
    sink.show(result(track(3, "happy")))
    sink.show(result(t=1.0))  # the last one before the camera is switched off
    sink.status(Status("paused", "auto"))
    wait_until(lambda: len(listener.texts("faces")) == 2, seconds=10)
    assert [len(json.loads(text)["faces"]) for text in listener.texts("faces")] == [1, 0]
    for _ in range(10):
        sink.show(result(t=2.0))
        sink.show(result(track(4, "happy")))
    listener.say("end", b"")
    wait_until(lambda: listener.texts("end"))
    assert len(listener.texts("faces")) == 2


def test_a_notable_change_of_a_probability_is_told(broker, listener, mqtt):
    sink = mqtt(broker.port, home_assistant=False)
    connect(sink, listener)

    def show(confidence: float, told: int) -> None:
        def shown() -> bool:
            sink.show(result(track(3, "happy", confidence)))
            return len(listener.texts("faces")) == told

        wait_until(shown)

    show(0.5, told=1)
    show(0.7, told=2)
    for _ in range(30):
        show(0.79, told=2)
        time.sleep(0.01)
    show(0.81, told=3)


def test_faces_are_repeated_and_told_again_after_a_pause(broker, listener, mqtt):
    sink = mqtt(broker.port, health_interval_s=1.0)
    connect(sink, listener)
    started = time.monotonic()
    sink.show(result(track()))

    def repeated() -> bool:
        sink.show(result(track()))
        return len(listener.texts("faces")) == 2

    wait_until(repeated)
    assert time.monotonic() - started > 0.9
    sink.status(Status("paused", "auto"))
    sink.status(running())
    time.sleep(0.1)
    sink.show(result(track()))
    wait_until(lambda: len(listener.texts("faces")) == 3)


def test_health_is_retained_and_told_again_when_the_camera_goes(broker, listener, mqtt):
    sink = mqtt(broker.port, health_interval_s=0.2)
    connect(sink, listener)
    sink.status(Status("waiting", "auto"))
    wait_until(lambda: len(listener.texts("health")) == 2)
    keep_showing(sink, lambda: len(listener.texts("health")) == 4)
    first, second, *_ = (json.loads(text) for text in listener.texts("health"))
    assert (first["state"], first["fps"], second["state"]) == ("running", 30.0, "waiting")
    late = Listener(broker.port)
    wait_until(lambda: any(heard.topic == "health" and heard.retained for heard in late.heard))
    late.close()


def test_detection_is_switched_and_its_state_retained(broker, listener, mqtt, control):
    sink = mqtt(broker.port)
    connect(sink, listener)
    wait_until(lambda: listener.texts("detection/state") == ["ON"])
    listener.say("detection/set", b"OFF")
    keep_showing(sink, lambda: listener.texts("detection/state") == ["ON", "OFF"])
    assert not control.detection
    listener.say("detection/set", b"ON")
    keep_showing(sink, lambda: listener.texts("detection/state") == ["ON", "OFF", "ON"])
    assert control.detection
    control.switch_detection(False)
    keep_showing(sink, lambda: listener.texts("detection/state")[-1] == "OFF")
    late = Listener(broker.port)
    wait_until(lambda: ("detection/state", "OFF", 0, True) in late.heard)
    late.close()


def test_any_other_command_is_one_line_in_the_log(broker, listener, mqtt, control, caplog):
    connect(mqtt(broker.port), listener)
    garbage = [b"off", b"OFF ", b"", b"0", b"\xff\x00\n", b"OFF" * 300]
    for payload in garbage:
        listener.say("detection/set", payload)
    wait_until(lambda: len(caplog.records) == len(garbage))
    for record in caplog.records:
        assert "ignored" in record.message
        assert len(record.message) < 120
        assert "\n" not in record.message
    assert control.detection


def test_a_huge_command_never_arrives(broker, listener, mqtt, control):
    sink = mqtt(broker.port)
    connect(sink, listener)
    listener.say("detection/set", b"OFF" * 1_000_000)
    listener.say("detection/set", b"OFF")
    wait_until(lambda: not control.detection)
    assert listener.texts("status") == ["online"]


def test_an_old_retained_command_is_ignored(broker, listener, mqtt, control, caplog):
    control.switch_detection(False)
    listener.say("detection/set", b"ON", retain=True)
    connect(mqtt(broker.port), listener)
    wait_until(lambda: "retained command" in caplog.text)
    assert not control.detection
