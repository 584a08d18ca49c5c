"""Passwords, certificates, and settings that cannot work."""

from __future__ import annotations

import logging
import subprocess
import time
from pathlib import Path

import pytest

from edge.errors import SinkError
from tests.mosquitto import PROGRAM, Listener, Mosquitto, free_port, wait_until
from tests.mqtt.loop import connect
from tests.results import changed, result, track

# paho-mqtt leaves the socket of a failed TLS handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


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
    wait_until(lambda: listener.texts("status")[-1] == "offline")


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
