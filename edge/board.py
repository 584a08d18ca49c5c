"""What the board tells of itself: its name, its heat, its power, and the memory of this process."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
SYS: Final = Path("/sys")

PLAUSIBLE_C: Final = (-40.0, 125.0)
"""A Jetson says -256 of a part that is switched off."""

NOW: Final = 0xF
"""The bits of the Raspberry Pi's firmware that speak of now: under-voltage, capped, throttled, soft limit of heat."""
UNDER_VOLTAGE: Final = 0x1


def name(proc: Path = PROC) -> str:
    """The board's own; empty where it has none, like a PC."""
    return _text(proc / "device-tree" / "model")


def temperature_c(sysfs: Path = SYS) -> float | None:
    """Of the hottest zone; None where none tells.

    Without the PMIC of a Jetson, which says 100 °C for everything below 120.
    """
    zones = [zone for zone in sysfs.glob("class/thermal/thermal_zone*") if not _text(zone / "type").startswith("PMIC")]
    degrees = [int(said) / 1000 for zone in zones if (said := _text(zone / "temp")).removeprefix("-").isdigit()]
    low, high = PLAUSIBLE_C
    return max((value for value in degrees if low <= value <= high), default=None)


def throttled(sysfs: Path = SYS) -> bool | None:
    """Whether the board slows itself down or lacks power now; None where it does not tell."""
    word = throttle_word(sysfs)
    return None if word is None else bool(word)


def throttle_word(sysfs: Path = SYS) -> int | None:
    """The bits NOW of a Raspberry Pi; None where it does not tell, and elsewhere.

    The kernel asks the firmware every two seconds anyway, so reading is cheap. Where it keeps no word, as on a Pi 5,
    its driver raspberrypi-hwmon tells of under-voltage alone.
    """
    for word in sysfs.glob("devices/platform/soc*/soc*:firmware/get_throttled"):
        with contextlib.suppress(ValueError):
            return int(_text(word), 16) & NOW
    for driver in sysfs.glob("class/hwmon/hwmon*/name"):
        if _text(driver) == "rpi_volt":
            return {"0": 0, "1": UNDER_VOLTAGE}.get(_text(driver.with_name("in0_lcrit_alarm")))
    return None


def resident_mb(proc: Path = PROC) -> float | None:
    """What this process has in memory now; None where the kernel does not tell."""
    return _memory_mb(proc, "VmRSS")


def peak_mb(proc: Path = PROC) -> float | None:
    """The most that this process ever had in memory; None where the kernel does not tell."""
    return _memory_mb(proc, "VmHWM")


def _memory_mb(proc: Path, key: str) -> float | None:
    """Of a line such as `VmRSS:     84212 kB`."""
    lines = (line.split() for line in _text(proc / "self" / "status").splitlines())
    return next((int(line[1]) / 1024 for line in lines if line[:1] == [f"{key}:"]), None)


def _text(path: Path) -> str:
    """Without what stands around it; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        return ""
