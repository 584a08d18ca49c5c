"""What we show a broker of ourselves: name, password and certificates."""

from __future__ import annotations

import ssl

from paho.mqtt.client import Client

from edge.config import MqttConfig
from edge.errors import SinkError
from edge.sinks.secrets import password


def identify(client: Client, config: MqttConfig) -> None:
    """Give a client that is not connected yet our name, password and certificates. Raises SinkError."""
    secret = password(config)
    if config.username:
        client.username_pw_set(config.username, secret)
    if config.tls:
        client.tls_set_context(_tls_context(config))


def _tls_context(config: MqttConfig) -> ssl.SSLContext:
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
