"""Screen, and the buses of small displays."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from edge.config import Config
from edge.doctor.finding import Finding, missing_right


def check(config: Config, user: str | None) -> list[Finding]:
    findings = []
    if config.window.enabled:
        findings.append(screen(user))
    if config.oled.enabled and config.oled.interface == "i2c":
        findings.append(bus(user))
    return findings


def screen(user: str | None, dev: Path = Path("/dev"), drm: Path = Path("/sys/class/drm")) -> Finding:
    """user: None where this runs as the owner, who may have a desktop."""
    if not importlib.util.find_spec("pygame"):
        return Finding("screen", "failed", "pygame-ce is missing", "pip install 'emotion-edge[display]'")
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


def bus(user: str | None, dev: Path = Path("/dev")) -> Finding:
    """I2C or SPI, whichever there is."""
    buses = sorted([*dev.glob("i2c-*"), *dev.glob("spidev*")])
    if not buses:
        return Finding("display bus", "failed", "there is neither I2C nor SPI", "switch one on: sudo raspi-config")
    for path in buses:
        if advice := missing_right(path, user):
            return Finding("display bus", "failed", f"{path} may not be opened", advice)
    return Finding("display bus", "ok", ", ".join(map(str, buses)))
