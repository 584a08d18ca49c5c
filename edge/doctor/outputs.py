"""Screen, small display, page, and the files that are written: rights, libraries, places."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edge.config import Config, MqttConfig, OledConfig, WebConfig
from edge.doctor.finding import Finding, missing_right
from edge.errors import SinkError
from edge.extras import how_to_install
from edge.service import SETTINGS, STATE
from edge.sinks.secrets import CREDENTIAL, page_token

FACES = "[record] folder"


def check(config: Config, user: str | None) -> list[Finding]:
    """user: of the service, whose rights these are; None: whoever runs this."""
    findings = []
    if config.window.enabled:
        findings.append(screen(user))
    if config.oled.enabled:
        findings.append(display(config.oled, user))
    if config.web.enabled:
        findings.append(page(config.web, user))
    if config.mqtt.enabled:
        findings += [found for key, path in _secrets(config.mqtt) if (found := readable(key, path, user))]
    return findings + [written(key, path, user) for key, path in _written_places(config)]


def screen(user: str | None, dev: Path = Path("/dev"), drm: Path = Path("/sys/class/drm")) -> Finding:
    """user: None where this runs as the owner, who may have a desktop."""
    if not importlib.util.find_spec("pygame"):
        return Finding("screen", "failed", "pygame-ce is missing", how_to_install("display", for_service=bool(user)))
    desktop = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if desktop and user is None:
        return Finding("screen", "ok", f"desktop {desktop}")
    cards = sorted(dev.glob("dri/card*"))
    framebuffer = dev / "fb0"
    if not cards and framebuffer.exists():
        if advice := missing_right(framebuffer, user):
            return Finding("screen", "failed", f"{framebuffer} may not be opened", advice)
        return Finding("screen", "ok", f"console on {framebuffer}")
    if not cards:
        return Finding(
            "screen",
            "failed",
            "no desktop, and no screen of the kernel's",
            "enable KMS graphics, or switch [window] off",
        )
    if advice := missing_right(cards[0], user):
        return Finding("screen", "failed", f"{cards[0]} may not be opened", advice)
    connected = [path.parent.name for path in drm.glob("*/status") if path.read_text().strip() == "connected"]
    if not connected:
        return Finding("screen", "warning", "no screen is connected", "plug it in before the machine starts")
    return Finding("screen", "ok", f"console on {', '.join(connected)}")


def display(config: OledConfig, user: str | None, dev: Path = Path("/dev")) -> Finding:
    """A small one, on the bus that the configuration names."""
    title = "small display"
    if not importlib.util.find_spec("luma"):
        return Finding(
            title, "failed", "the luma libraries are missing", how_to_install("oled", for_service=bool(user))
        )
    on_spi = config.interface == "spi"
    bus = dev / (f"spidev{config.port}.{config.device}" if on_spi else f"i2c-{config.port}")
    if not bus.exists():
        advice = f"switch {config.interface.upper()} on (sudo raspi-config), or correct [oled] port"
        return Finding(title, "failed", f"there is no {bus}", f"{advice} and device" if on_spi else advice)
    if advice := missing_right(bus, user):
        return Finding(title, "failed", f"{bus} may not be opened", advice)
    return Finding(title, "ok", f"{config.driver} on {bus}")


def page(config: WebConfig, user: str | None) -> Finding:
    if not importlib.util.find_spec("tornado"):
        return Finding("page", "failed", "tornado is missing", how_to_install("web", for_service=bool(user)))
    try:
        page_token(dataclasses.replace(config, token_file=config.token_file and str(_place(config.token_file, user))))
    except SinkError as err:
        return Finding("page", "failed", str(err), "make it anew, and let the user read it whom the program runs as")
    return Finding("page", "ok", f"at {config.host}, port {config.port}")


def readable(key: str, path: str, user: str | None) -> Finding | None:
    """A finding where the program could not read the file: the broker was asked with the rights of whoever asks."""
    place = _place(path, user)
    if not place.exists():
        return Finding(key, "failed", f"{place} is missing", "correct the path, or make it")
    if os.access(place, os.R_OK):
        return None
    if place == SETTINGS / CREDENTIAL:
        return Finding(
            key, "failed", f"{place} is root's", f"leave {key} out: the service is handed that file by itself"
        )
    return Finding(key, "failed", f"{place} may not be read", f"let {user or 'this user'} read it: chown or chgrp")


def written(key: str, path: str, user: str | None) -> Finding:
    """A file or folder that the program makes: where it comes to lie must be there, and writable."""
    place = _place(path, user)
    if user and not place.is_relative_to(STATE):
        said = f"{place} is outside {STATE}, where alone the service may write"
        return Finding(key, "warning", said, f"put it there, or allow it: sudo systemctl edit {user}, ReadWritePaths=")
    if key == FACES:
        return _private_folder(key, place, user)
    if place.is_dir():
        return Finding(key, "failed", f"{place} is a folder", "name a file in it")
    if place.exists() and not os.access(place, os.W_OK):
        return Finding(key, "failed", f"{place} may not be written to", f"give it to {user or 'this user'}: chown")
    return _new_in(key, place, user)


def _new_in(key: str, place: Path, user: str | None) -> Finding:
    """Whether it can be made."""
    folder = place.parent
    if not folder.is_dir():
        return Finding(key, "failed", f"there is no folder {folder}", "make it, or correct the path")
    if not os.access(folder, os.W_OK):
        return Finding(key, "failed", f"{folder} may not be written to", f"give it to {user or 'this user'}: chown")
    return Finding(key, "ok", str(place))


def _private_folder(key: str, place: Path, user: str | None) -> Finding:
    """Of pictures of faces."""
    if not place.exists():
        return _new_in(key, place, user)
    if not place.is_dir():
        return Finding(key, "failed", f"{place} is not a folder", "choose another one for the faces")
    status = place.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        advice = f"choose another folder, or: chown {user or '$USER'} {place} && chmod 700 {place}"
        return Finding(key, "failed", f"others may look into {place}", advice)
    return Finding(key, "ok", str(place))


def _secrets(config: MqttConfig) -> Iterator[tuple[str, str]]:
    for name in ("password_file", "ca_file", "certificate_file", "key_file"):
        if path := getattr(config, name):
            yield f"[mqtt] {name}", path


def _written_places(config: Config) -> Iterator[tuple[str, str]]:
    """By the name of the setting."""
    if config.jsonl.enabled and config.jsonl.path != "-":
        yield "[jsonl] path", config.jsonl.path
    if config.csv.enabled:
        yield "[csv] path", config.csv.path
    if config.mqtt.enabled and config.mqtt.spool:
        yield "[mqtt] spool", config.mqtt.spool
    if config.record.enabled:
        yield FACES, config.record.folder


def _place(path: str, user: str | None) -> Path:
    return (STATE if user else Path.cwd()) / path
