"""What settings must fulfil together, and the seven shares of the base rates."""

from __future__ import annotations

import ipaddress
import math
import os
import re
from pathlib import Path

from edge.config import CameraConfig, Config, MqttConfig
from edge.emotion.labels import LABELS
from edge.errors import ConfigError

_LEAST_FRAMES = 3
"""So many are missed before a camera counts as lost."""


def check_relations(config: Config, path: Path) -> None:
    _check_camera(config.camera, path)
    check_base_rates(config.emotion.base_rates, f"{path}: [emotion] base_rates")
    _check_mqtt(config.mqtt, path)
    if config.csv.path == "-":
        raise ConfigError(f"{path}: [csv] path = '-': must be a file; what standard output takes is [jsonl]")
    _check_own_files(config, path)
    if not config.web.token_file and not is_loopback(config.web.host):
        shown = as_written(config.web.host)
        raise ConfigError(f"{path}: [web] host = {shown}: others can reach it: give a token_file, or 127.0.0.1")


def _check_camera(config: CameraConfig, path: Path) -> None:
    """A camera that delivers as it is asked to must not count as lost."""
    by_rate = 1 / config.fps, f"fps = {config.fps}"
    by_exposure = config.exposure_ms / 1000, f"exposure_ms = {config.exposure_ms:g}"
    frame_s, reason = max(by_rate, by_exposure)
    least_s = _LEAST_FRAMES * frame_s
    if config.stall_timeout_s < least_s:
        shown = math.ceil(100 * least_s) / 100
        raise ConfigError(
            f"{path}: [camera] stall_timeout_s = {config.stall_timeout_s:g}: with {reason} must be at least {shown:g}, "
            f"the time of {_LEAST_FRAMES} frames"
        )


def _check_mqtt(config: MqttConfig, path: Path) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", config.device):
        shown = as_written(config.device)
        raise ConfigError(
            f"{path}: [mqtt] device = {shown}: must be 1 to 64 letters, digits, '-' or '_' (it is part of topics)"
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", config.discovery_prefix):
        shown = as_written(config.discovery_prefix)
        raise ConfigError(
            f"{path}: [mqtt] discovery_prefix = {shown}: must be letters, digits, '-' or '_', levels parted by '/'"
        )
    if bool(config.certificate_file) != bool(config.key_file):
        raise ConfigError(f"{path}: [mqtt] certificate_file and key_file belong together: give both or neither")
    unused = [key for key in ("ca_file", "certificate_file", "key_file") if getattr(config, key)]
    if unused and not config.tls:
        raise ConfigError(
            f"{path}: [mqtt] {', '.join(unused)}: without tls = true nothing is encrypted, the password neither: "
            f"set it, or leave {'this' if len(unused) == 1 else 'these'} out"
        )


def _check_own_files(config: Config, path: Path) -> None:
    """Each output writes into a file of its own."""
    places = {
        "[jsonl] path": config.jsonl.path if config.jsonl.enabled else "",
        "[csv] path": config.csv.path if config.csv.enabled else "",
        "[mqtt] spool": config.mqtt.spool if config.mqtt.enabled else "",
    }
    taken: dict[str, str] = {}
    for key, name in places.items():
        if name and name != "-" and (other := taken.setdefault(os.path.realpath(name), key)) != key:
            raise ConfigError(f"{path}: {key} = {as_written(name)}: is {other}, too; give each a file of its own")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_base_rates(rates: object, where: str) -> None:
    """'everyday', 'balanced', or seven positive numbers that sum to 1 in the order of LABELS. Raises ConfigError."""
    if rates not in ("everyday", "balanced") and not _are_shares(rates):
        wanted = f"{len(LABELS)} positive numbers that sum to 1, for {', '.join(LABELS)}"
        raise ConfigError(f"{where} = {as_written(rates)}: must be 'everyday', 'balanced' or {wanted}")


def _are_shares(rates: object) -> bool:
    if not isinstance(rates, tuple) or len(rates) != len(LABELS):
        return False
    return all(type(rate) in (int, float) and 0 < rate <= 1 for rate in rates) and abs(sum(rates) - 1) < 0.01


def as_written(value: object) -> str:
    """As the owner wrote it, in one line of bearable length."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out an integer of more than 4300 digits
        return "a far too large number"
    return text if len(text) <= 80 else f"{text[:77]}..."
