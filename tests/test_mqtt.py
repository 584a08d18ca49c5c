"""Against a real broker. `shown` stands for the daemon's loop: something is shown until something is heard."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config import MqttConfig
from edge.control import Control
from edge.errors import SinkError
from edge.lines import frame_line, to_json
from edge.sinks.event_queue import IN_FLIGHT, EventQueue
from edge.sinks.mqtt import Mqtt
from edge.types import Status
from tests.mosquitto import PROGRAM, Listener, Mosquitto, OldBroker, free_port, wait_until
from tests.results import changed, result, track

ROOT = Path(__file__).parents[1]

# paho-mqtt leaves the socket of a failed TLS handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


@pytest.fixture
def broker(tmp_path):
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def listener(broker):
    listener = Listener(broker.port)
    yield listener
    listener.close()


@pytest.fixture
def control():
    return Control()


@pytest.fixture
def mqtt(control, request):
    """Opens a sink that is closed after the test. Arguments: the port, then settings."""

    def opened(port: int, **settings: object) -> Mqtt:
        settings = {"host": "127.0.0.1", "interval_s": 0.1, **settings}
        sink = Mqtt(MqttConfig(enabled=True, port=port, **settings), "auto", control)
        request.addfinalizer(sink.close)
        sink.open()
        return sink

    return opened


def running(fps: float = 30.0) -> Status:
    return Status("running", "auto", fps)


def connect(sink: Mqtt, listener: Listener) -> None:
    """Until the listener has heard of this connection."""
    before = len(listener.texts("status"))

    def told() -> bool:
        sink.status(running())
        return len(listener.texts("status")) > before

    wait_until(told)


def events_of(listener: Listener) -> list[dict]:
    return [json.loads(text) for text in listener.texts("event")]


def keep_showing(sink: Mqtt, until: Callable[[], object], seconds: float = 5.0) -> None:
    """What the loop does about once a second, faster."""

    def step() -> object:
        sink.status(running())
        return until()

    wait_until(step, seconds)


def test_online_and_offline_are_retained(broker, listener, mqtt):
    sink = mqtt(broker.port)
    connect(sink, listener)
    sink.close()
    wait_until(lambda: listener.texts("status") == ["online", "offline"])
    late = Listener(broker.port)
    wait_until(lambda: ("status", "offline", 0, True) in late.heard)
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
    wait_until(lambda: listener.texts("status") == ["online"])
    victim.kill()
    victim.wait(5)
    wait_until(lambda: listener.texts("status") == ["online", "offline"])


def test_faces_are_told_when_they_change_and_not_too_often(broker, listener, mqtt):
    sink = mqtt(broker.port, interval_s=0.3)
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
    assert time.monotonic() - started > 4 * 0.3
    for _ in range(40):
        sink.show(result(t=1.0))
        time.sleep(0.01)
    texts = listener.texts("faces")
    assert texts[0] == to_json(frame_line(happy, "auto"))
    assert [len(json.loads(text)["faces"]) for text in texts] == [1, 1, 1, 2, 0]
    assert not any(heard.retained for heard in listener.heard if heard.topic == "faces")


def test_events_are_sent_at_once_with_their_own_times(broker, listener, mqtt):
    sink = mqtt(broker.port)
    connect(sink, listener)
    sink.show(result(track(), events=(changed(3), changed(4)), t=7.25))
    wait_until(lambda: len(listener.texts("event")) == 2)
    assert [event["id"] for event in events_of(listener)] == [3, 4]
    assert list(events_of(listener)[0]) == ["schema", "time", "t", "event", "id", "from", "to", "confidence"]
    assert events_of(listener)[0]["t"] == 7.25
    assert {heard.qos for heard in listener.heard if heard.topic == "event"} == {1}


def test_the_last_events_before_the_end_are_sent(broker, listener, mqtt):
    sink = mqtt(broker.port)
    for number in range(300):
        sink.show(result(events=(changed(number),)))
    sink.close()
    wait_until(lambda: len(listener.texts("event")) == 300)
    wait_until(lambda: listener.texts("status")[-1] == "offline")


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
    keep_showing(sink, lambda: len(listener.texts("event")) == 199, 8)
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
    keep_showing(sink, lambda: len(listener.texts("event")) == 10, 8)
    assert [event["id"] for event in events_of(listener)] == list(range(15, 25))
    keep_showing(sink, lambda: "15 events were lost" in caplog.text)
    assert caplog.text.count("lost while") == 1


def test_a_broker_that_is_away_costs_no_time_and_one_line(mqtt, caplog):
    sink = mqtt(free_port())
    started = time.monotonic()
    for number in range(1000):
        sink.show(result(track(), number=number))
        sink.status(running())
    assert time.monotonic() - started < 1
    wait_until(lambda: "Connection refused" in caplog.text)
    time.sleep(1.2)
    started = time.monotonic()
    sink.close()
    assert time.monotonic() - started < 0.2
    assert len(caplog.records) == 1


def test_a_broker_that_hangs_holds_nothing_up(broker, listener, mqtt, caplog):
    sink = mqtt(broker.port)
    connect(sink, listener)
    broker.signal(signal.SIGSTOP)
    slowest = 0.0
    for number in range(3000):
        started = time.monotonic()
        sink.show(result(track(number), events=(changed(number),), number=number))
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 0.3
    assert [record.message for record in caplog.records] == [
        "mqtt: 1000 events wait for the broker, from now on the oldest are lost"
    ]
    started = time.monotonic()
    sink.close()
    assert time.monotonic() - started < 1
    broker.signal(signal.SIGCONT)


def test_a_sink_can_be_opened_again(broker, listener, mqtt):
    sink = mqtt(broker.port)
    connect(sink, listener)
    sink.close()
    sink.close()
    sink.show(result(events=(changed(8),)))
    sink.open()
    connect(sink, listener)
    keep_showing(sink, lambda: events_of(listener)[-1:] and events_of(listener)[-1]["id"] == 8)
    assert listener.texts("status") == ["online", "offline", "online"]


@pytest.fixture
def guarded(tmp_path):
    """A broker that wants a password, which is 'right'."""
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "pi", "right"], check=True)
    users.chmod(0o644)
    with Mosquitto(tmp_path, f"allow_anonymous false\npassword_file {users}\nuser root") as broker:
        yield broker


def test_the_password_comes_from_a_file_and_shows_nowhere(guarded, mqtt, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    (tmp_path / "password").write_text("right\n")
    sink = mqtt(guarded.port, username="pi", password_file=str(tmp_path / "password"))
    listener = Listener(guarded.port, "pi", "right")
    connect(sink, listener)
    listener.close()
    assert "right" not in caplog.text
    assert "right" not in repr(sink) + repr(vars(sink)) + repr(vars(sink._broker))


def test_a_wrong_password_is_one_line_that_says_so(guarded, mqtt, tmp_path, caplog):
    (tmp_path / "password").write_text("wrong\n")
    sink = mqtt(guarded.port, username="pi", password_file=str(tmp_path / "password"))
    wait_until(lambda: caplog.records)
    time.sleep(1.2)
    (record,) = caplog.records
    assert "refuses us: Not authorized; check [mqtt] username and password_file" in record.message
    sink.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"username": "pi", "password_file": "missing"}, "No such file"),
        ({"username": "pi", "password_file": "empty"}, "first line is empty"),
        ({"username": "pi", "password_file": "binary"}, "not text"),
        ({"username": "pi", "password_file": "."}, "directory"),
        ({"password_file": "missing"}, "without username"),
        ({"tls": True, "ca_file": "missing"}, "ca_file.*No such file"),
        ({"tls": True, "ca_file": "empty"}, "ca_file"),
        ({"tls": True, "certificate_file": "missing", "key_file": "missing"}, "certificate_file.*No such file"),
        ({"host": ""}, "not the name of a host"),
        ({"host": "a..b"}, "not the name of a host"),
    ],
)
def test_settings_that_cannot_work_are_one_line(mqtt, tmp_path, monkeypatch, settings, message):
    monkeypatch.chdir(tmp_path)
    Path("empty").write_text("")
    Path("binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SinkError, match=message) as caught:
        mqtt(1883, **settings)
    assert "\n" not in str(caught.value)


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A certificate authority, and what it gave to the broker on 127.0.0.1 and to us."""
    folder = tmp_path_factory.mktemp("certificates")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-subj", "/CN=test ca")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        key, request, certificate = (folder / f"{name}.{suffix}" for suffix in ("key", "csr", "crt"))
        openssl("req", *new_key, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        (folder / "extension").write_text(extension)
        issuer = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial")
        openssl("x509", "-req", "-in", request, *issuer, "-out", certificate, "-extfile", folder / "extension")
    openssl("ec", "-in", folder / "client.key", "-aes128", "-passout", "pass:secret", "-out", folder / "locked.key")
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


@pytest.fixture
def tls_broker(tmp_path, certificates):
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    plain = free_port()
    settings = (
        f"cafile {certificates}/ca.crt\ncertfile {certificates}/server.crt\nkeyfile {certificates}/server.key\n"
        f"require_certificate true\nallow_anonymous true\nuser root\nlistener {plain} 127.0.0.1\n"
    )
    with Mosquitto(tmp_path, settings, plain) as broker:
        listener = Listener(plain)
        yield broker, listener
        listener.close()


def test_tls_with_our_own_authority_and_a_client_certificate(tls_broker, certificates, mqtt):
    broker, listener = tls_broker
    files = {"certificate_file": str(certificates / "client.crt"), "key_file": str(certificates / "client.key")}
    sink = mqtt(broker.port, tls=True, ca_file=str(certificates / "ca.crt"), **files)
    connect(sink, listener)
    sink.show(result(track(), events=(changed(),)))
    wait_until(lambda: listener.texts("event"))
    sink.close()
    wait_until(lambda: listener.texts("status") == ["online", "offline"])


def test_a_broker_of_an_unknown_authority_is_not_trusted(tls_broker, mqtt, caplog):
    mqtt(tls_broker[0].port, tls=True)
    wait_until(lambda: caplog.records)
    assert "certificate verify failed" in caplog.text


def test_a_name_that_the_certificate_does_not_have_is_not_trusted(tls_broker, certificates, mqtt, caplog):
    mqtt(tls_broker[0].port, host="localhost", tls=True, ca_file=str(certificates / "ca.crt"))
    wait_until(lambda: caplog.records)
    assert "Hostname mismatch" in caplog.text


def test_without_a_client_certificate_the_broker_hangs_up(tls_broker, certificates, mqtt, caplog):
    mqtt(tls_broker[0].port, tls=True, ca_file=str(certificates / "ca.crt"))
    wait_until(lambda: caplog.records)
    time.sleep(1.2)
    assert len(caplog.records) == 1


def test_a_locked_key_does_not_ask_at_the_terminal(certificates, mqtt):
    with pytest.raises(SinkError, match="key_file"):
        mqtt(
            1883, tls=True, certificate_file=str(certificates / "client.crt"), key_file=str(certificates / "locked.key")
        )


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
    wait_until(lambda: listener.texts("status") == ["online", "offline"])
    old.close()


def test_who_is_no_broker_is_asked_again(mqtt, caplog):
    answers = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x00", b"\x20\x02\x00\xfe", b"\xff" * 9, b""]
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in answers]
        for server in servers:
            server.settimeout(5)
            mqtt(server.getsockname()[1])
        for server, answer in 2 * list(zip(servers, answers, strict=True)):
            with server.accept()[0] as connection:
                connection.sendall(answer)
    assert len(caplog.records) <= 2 * len(answers)


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
