"""The machine itself: versions, the service, temperature, power, memory, disk, clock."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from edge import __version__, board
from edge.doctor.finding import Finding, Level
from edge.service import Service

HOT_C, TOO_HOT_C = 70.0, 80.0
"""A Raspberry Pi slows down from 80 °C on, a Jetson a little later."""
LITTLE_MEMORY_MB, LITTLE_DISK_MB = 150, 200
MEMORY = Path("/proc/meminfo")

_NOW, _LOW = board.NOW, board.UNDER_VOLTAGE
_PAST, _WAS_LOW = _NOW << 16, _LOW << 16
"""The firmware's word tells with the same bits, further up, what has been since the start."""


def versions() -> list[Finding]:
    packages = ["ai-edge-litert", "tflite-runtime", "numpy", "opencv-python-headless", "paho-mqtt"]
    found = [f"{name} {version}" for name in packages if (version := _version(name))]
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux") if _has_os_release() else "Linux"
    of_machine = (board.name(), platform.machine(), system, platform.release())
    return [
        Finding("version", "ok", f"emotion-edge {__version__}, Python {platform.python_version()}, {', '.join(found)}"),
        Finding("machine", "ok", ", ".join(filter(None, of_machine))),
    ]


def of_service(service: Service | None) -> list[Finding]:
    if service is None:
        return []
    if service.is_active:
        return [Finding("service", "ok", f"{service.state} since {service.since}; {service.status}")]
    return [
        Finding(
            "service",
            "failed",
            f"{service.state}, {service.result}, code {service.exit_code}, started again {service.restarts} times",
            "see why: journalctl -u emotion-edge -n 20",
        )
    ]


def check() -> list[Finding]:
    findings = [temperature(board.temperature_c()), _power(), memory(_text(MEMORY)), disk(Path(sys.prefix)), clock()]
    return [finding for finding in findings if finding]


def temperature(hottest_c: float | None) -> Finding | None:
    """None where the machine does not tell."""
    if hottest_c is None:
        return None
    if hottest_c < HOT_C:
        return Finding("temperature", "ok", f"{hottest_c:.0f} °C")
    level: Level = "failed" if hottest_c >= TOO_HOT_C else "warning"
    return Finding("temperature", level, f"{hottest_c:.0f} °C", "give it a heat sink or a fan: it slows down at 80 °C")


def _power() -> Finding | None:
    """By the firmware itself, which knows the past; without its program, by what the kernel knows of now."""
    said = _output("vcgencmd", "get_throttled").removeprefix("throttled=")
    try:
        return power(int(said, 16), "since the start")
    except ValueError:
        return power(board.throttle_word(), "now")


def power(word: int | None, when: str) -> Finding | None:
    """word: of the Raspberry Pi's firmware; None elsewhere. when: what it speaks of."""
    if word is None:
        return None
    if not word & (_NOW | _PAST):
        return Finding("power", "ok", f"enough voltage, not slowed down {when}")
    advice = "use the board's own power supply and a short cable"
    if word & (_LOW | _WAS_LOW):
        return Finding("power", "failed" if word & _LOW else "warning", f"under-voltage (0x{word:x})", advice)
    verb = "is" if word & _NOW else "was"
    return Finding("power", "warning", f"the processor {verb} slowed down (0x{word:x})", "give it a heat sink or a fan")


def memory(text: str) -> Finding | None:
    """text: of /proc/meminfo."""
    sizes = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in text.splitlines() if line.endswith("kB")}
    free, total = sizes.get("MemAvailable"), sizes.get("MemTotal")
    if free is None or total is None:
        return None
    if free >= LITTLE_MEMORY_MB:
        return Finding("memory", "ok", f"{free} MB of {total} MB free")
    return Finding("memory", "warning", f"only {free} MB of {total} MB free", "stop programs you do not need")


def disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free // 2**20
    if free >= LITTLE_DISK_MB:
        return Finding("disk", "ok", f"{free} MB free")
    return Finding("disk", "warning", f"only {free} MB free where {folder} is", "free some space: upgrades need it")


def clock() -> Finding | None:
    said = _output("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said == "yes":
        return Finding("clock", "ok", "synchronized")
    if said == "no":
        advice = "connect it to the network, or: sudo timedatectl set-ntp true"
        return Finding("clock", "warning", "not synchronized: the times of events may be wrong", advice)
    return None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _has_os_release() -> bool:
    return any(Path(path).exists() for path in ("/etc/os-release", "/usr/lib/os-release"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _output(*command: str) -> str:
    """What a program says, or nothing where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
