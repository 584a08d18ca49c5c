"""Passwords and tokens, from files only the service user can read, or only root."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from edge.config import MqttConfig, WebConfig
from edge.errors import SinkError

CREDENTIAL: Final = "mqtt-password"
"""The name under which systemd's LoadCredential= hands the service a file of root's; see systemd.exec(5)."""
TOKEN_LENGTH: Final = 16
"""At least."""


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
