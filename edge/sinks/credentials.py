"""Passwords, tokens and certificates, from files only the service user can read, or only root."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from paho.mqtt.client import Client

from edge.config import MqttConfig, WebConfig
from edge.errors import SinkError

CREDENTIAL = "mqtt-password"
"""The name under which systemd's LoadCredential= hands the service a file of root's; see systemd.exec(5)."""
TOKEN_LENGTH = 16
"""At least."""


def identify(client: Client, config: MqttConfig) -> None:
    """Give a client that is not connected yet our name, password and certificates. Raises SinkError."""
    secret = password(config)
    if config.username:
        client.username_pw_set(config.username, secret)
    if config.tls:
        client.tls_set_context(tls_context(config))


def password(config: MqttConfig) -> str | None:
    """The first line of the password file, else of the credential; None where there is neither. Raises SinkError."""
    if not config.password_file:
        return _credential() if config.username else None
    if not config.username:
        raise SinkError("[mqtt] password_file is given without username")
    return secret(config.password_file, "[mqtt] password_file")


def page_token(config: WebConfig) -> str | None:
    """What a visitor of the page must know; None: it is for this machine alone. Raises SinkError."""
    if not config.token_file:
        return None
    token = secret(config.token_file, "[web] token_file")
    if len(token) < TOKEN_LENGTH:
        raise SinkError(f"[web] token_file {config.token_file}: the token is shorter than {TOKEN_LENGTH} letters")
    return token


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


def _credential() -> str | None:
    """The service always has one; an empty first line stands for none."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder or not (path := Path(folder, CREDENTIAL)).is_file():
        return None
    try:
        return (path.read_text(encoding="utf-8").splitlines() or [""])[0] or None
    except (OSError, UnicodeDecodeError) as err:
        raise SinkError(f"the credential {path} cannot be read: {err}") from err


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
