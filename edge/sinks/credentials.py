"""Passwords, tokens and certificates, from files only the service user can read."""

from __future__ import annotations

import ssl
from pathlib import Path

from paho.mqtt.client import Client

from edge.config import MqttConfig
from edge.errors import SinkError


def identify(client: Client, config: MqttConfig) -> None:
    """Give a client that is not connected yet our name, password and certificates. Raises SinkError."""
    secret = password(config)
    if config.username:
        client.username_pw_set(config.username, secret)
    if config.tls:
        client.tls_set_context(tls_context(config))


def password(config: MqttConfig) -> str | None:
    """The first line of the password file, None where there is no file. Raises SinkError."""
    if not config.password_file:
        return None
    if not config.username:
        raise SinkError("[mqtt] password_file is given without username")
    return secret(config.password_file, "[mqtt] password_file")


def secret(path: str, key: str) -> str:
    """The first line of a file. key: what the configuration calls it. Raises SinkError."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        why = err.strerror if isinstance(err, OSError) else "it is not text"
        raise SinkError(f"{key} {path}: {why}") from err
    if not lines or not lines[0]:
        raise SinkError(f"{key} {path}: its first line is empty")
    return lines[0]


def tls_context(config: MqttConfig) -> ssl.SSLContext:
    """Checks the broker's certificate and name, and shows ours where there is one. Raises SinkError."""
    try:
        context = ssl.create_default_context(cafile=config.ca_file or None)
    except OSError as err:
        raise SinkError(f"[mqtt] ca_file {config.ca_file}: {err.strerror or err}") from err
    if config.certificate_file:
        try:
            # Without the empty password, a key that is locked would make OpenSSL ask at the terminal.
            context.load_cert_chain(config.certificate_file, config.key_file, password="")
        except OSError as err:
            files = f"{config.certificate_file}, {config.key_file}"
            raise SinkError(f"[mqtt] certificate_file, key_file {files}: {err.strerror or err}") from err
    return context
