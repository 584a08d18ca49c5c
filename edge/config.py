"""Every setting: name, default, unit, allowed values. Read once from one TOML file, checked, frozen.

`edge/config.example.toml` is the same list for the owner; a test keeps the two alike.
"""

from __future__ import annotations

import dataclasses
import difflib
import ipaddress
import math
import os
import re
import sys
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.emotion.labels import LABELS
from edge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_LEAST_FRAMES = 3
"""So many are missed before a camera counts as lost."""


def setting(default: Any, *, low: float | None = None, high: float | None = None, choices: tuple[Any, ...] = ()) -> Any:
    """A field with its allowed range (both ends included) or its allowed words or numbers."""
    return field(default=default, metadata={"low": low, "high": high, "choices": choices})


@dataclass(frozen=True)
class CameraConfig:
    source: str = "auto"
    width: int = setting(640, low=160, high=3840)
    height: int = setting(480, low=120, high=2160)
    fps: int = setting(30, low=1, high=120)
    rotation: int = setting(0, choices=(0, 90, 180, 270))
    flip: str = setting("none", choices=("none", "horizontal", "vertical", "both"))
    grey_width: int = setting(640, low=160, high=3840)
    focus_m: float = setting(0.0, low=0, high=1000)
    exposure_ms: float = setting(0.0, low=0, high=1000)
    exposure_ev: float = setting(0.0, low=-8, high=8)
    gain: float = setting(0.0, low=0, high=64)
    stall_timeout_s: float = setting(5.0, low=0.5, high=60)
    give_up_s: float = setting(60.0, low=0, high=86400)


@dataclass(frozen=True)
class FaceConfig:
    model: str = "face"
    min_score: float = setting(0.6, low=0.05, high=0.99)
    min_size_px: int = setting(20, low=8, high=1000)
    max_faces: int = setting(10, low=1, high=100)
    tiles: int = setting(1, low=1, high=3)
    full_search_s: float = setting(0.4, low=0, high=10)
    still_search_s: float = setting(1.0, low=0, high=60)
    forget_after_s: float = setting(1.0, low=0.1, high=10)


@dataclass(frozen=True)
class QualityConfig:
    min_size_px: int = setting(24, low=8, high=1000)
    min_score: float = setting(0.5, low=0, high=0.99)
    min_inside: float = setting(0.75, low=0, high=1)
    max_turn: float = setting(0.9, low=0.05, high=10)
    min_sharpness: float = setting(0.005, low=0, high=1)


@dataclass(frozen=True)
class EmotionConfig:
    model: str = "emotion"
    base_rates: str | tuple[float, ...] = "everyday"
    rate_hz: float = setting(15, low=0.5, high=120)
    smoothing_s: float = setting(0.25, low=0, high=10)
    hysteresis: float = setting(0.10, low=0, high=0.9)
    dwell_s: float = setting(0.25, low=0, high=10)
    threads: int = setting(1, low=1, high=16)


@dataclass(frozen=True)
class FileConfig:
    enabled: bool = False
    path: str = "-"
    rotate_mb: float = setting(0.0, low=0, high=100000)
    keep: int = setting(9, low=1, high=999)
    fsync: str = setting("rotation", choices=("never", "rotation", "always"))


@dataclass(frozen=True)
class JsonlConfig(FileConfig):
    pass


@dataclass(frozen=True)
class CsvConfig(FileConfig):
    path: str = "emotions.csv"


@dataclass(frozen=True)
class TerminalConfig:
    enabled: bool = True


@dataclass(frozen=True)
class WindowConfig:
    enabled: bool = False
    fullscreen: bool = False
    style: str = setting("picture", choices=("picture", "blurred", "none"))
    bars: bool = False
    console: str = setting("auto", choices=("auto", "kmsdrm", "framebuffer"))


@dataclass(frozen=True)
class MqttConfig:
    enabled: bool = False
    host: str = "localhost"
    port: int = setting(1883, low=1, high=65535)
    device: str = "camera"
    username: str = ""
    password_file: str = ""
    tls: bool = False
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    interval_s: float = setting(1.0, low=0.1, high=3600)
    health_interval_s: float = setting(60.0, low=1, high=86400)
    event_queue: int = setting(1000, low=1, high=100000)
    spool: str = ""
    home_assistant: bool = True
    discovery_prefix: str = "homeassistant"


@dataclass(frozen=True)
class OledConfig:
    enabled: bool = False
    driver: str = setting(
        "ssd1306",
        choices=("ssd1306", "ssd1309", "sh1106", "sh1107", "ssd1327", "ssd1351", "st7735", "st7789", "ili9341"),
    )
    interface: str = setting("i2c", choices=("i2c", "spi"))
    width: int = setting(128, low=64, high=480)
    height: int = setting(64, low=32, high=480)
    rotation: int = setting(0, low=0, high=3)
    contrast: int = setting(200, low=0, high=255)
    port: int = setting(1, low=0, high=255)
    address: int = setting(0x3C, low=0, high=127)
    device: int = setting(0, low=0, high=9)
    data_pin: int = setting(24, low=0, high=63)
    reset_pin: int = setting(25, low=0, high=63)
    light_pin: int = setting(18, low=0, high=63)


@dataclass(frozen=True)
class RecordConfig:
    enabled: bool = False
    folder: str = "faces"
    which: str = setting("uncertain", choices=("uncertain", "all"))
    interval_s: float = setting(2.0, low=0.1, high=3600)
    max_mb: int = setting(50, low=1, high=1000)
    max_age_days: int = setting(30, low=1, high=3650)


@dataclass(frozen=True)
class WebConfig:
    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = setting(8080, low=1, high=65535)
    token_file: str = ""
    style: str = setting("picture", choices=("picture", "blurred", "none"))
    viewers: int = setting(4, low=1, high=50)


@dataclass(frozen=True)
class PaceConfig:
    hot_c: float = setting(75.0, low=40, high=120)


@dataclass(frozen=True)
class LogConfig:
    level: str = setting("info", choices=("debug", "info", "warning", "error"))


@dataclass(frozen=True)
class Config:
    camera: CameraConfig = CameraConfig()
    face: FaceConfig = FaceConfig()
    quality: QualityConfig = QualityConfig()
    emotion: EmotionConfig = EmotionConfig()
    jsonl: JsonlConfig = JsonlConfig()
    csv: CsvConfig = CsvConfig()
    terminal: TerminalConfig = TerminalConfig()
    window: WindowConfig = WindowConfig()
    mqtt: MqttConfig = MqttConfig()
    oled: OledConfig = OledConfig()
    record: RecordConfig = RecordConfig()
    web: WebConfig = WebConfig()
    pace: PaceConfig = PaceConfig()
    log: LogConfig = LogConfig()


def load_config(path: Path) -> Config:
    """Read a TOML file; what it leaves out has its default. Raises ConfigError naming the key and what is allowed."""
    tables = _read_toml(path)
    sections: dict[str, Any] = {}
    known = {section.name: section for section in dataclasses.fields(Config)}
    for name, table in tables.items():
        if name not in known:
            raise ConfigError(f"{path}: unknown section {name!r}{_suggestion(name, known)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} = {_shown(table)} stands outside a section")
        kind: type = type(known[name].default)
        sections[name] = kind(**{key: _checked(kind, f"{path}: [{name}] ", key, v) for key, v in table.items()})
    config = Config(**sections)
    _check_relations(config, path)
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        # -sig: some editors put a byte order mark first.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: cannot read the configuration: {err}") from err
    except (ValueError, RecursionError) as err:  # ValueError: wrong TOML, or a number of thousands of digits
        raise ConfigError(f"{path}: not valid TOML: {err}") from err


def _checked(kind: type, place: str, key: str, value: Any) -> Any:
    """The value of one key in the type and range its field asks for."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if key not in fields:
        raise ConfigError(f"{place}unknown key {key!r}{_suggestion(key, fields)}")
    where = f"{place}{key} = {_shown(value)}"
    wanted = typing.get_type_hints(kind)[key]
    value = _typed(wanted, where, value)
    if value == "" and fields[key].default != "":
        raise ConfigError(f"{where}: must not be empty; leave the line out for {_shown(fields[key].default)}")
    limits = fields[key].metadata
    if choices := limits.get("choices"):
        if value not in choices:
            raise ConfigError(f"{where}: must be one of {', '.join(map(str, choices))}")
    elif limits and not limits["low"] <= value <= limits["high"]:
        raise ConfigError(f"{where}: must be between {limits['low']} and {limits['high']}")
    return float(value) if wanted is float else value


def _typed(wanted: Any, where: str, value: Any) -> Any:
    """The value itself where a field of this type may hold it: a float's may be whole, an array becomes a tuple."""
    if isinstance(wanted, types.UnionType):
        return tuple(value) if isinstance(value, list) else value
    if wanted is float and type(value) is int:
        return value
    if type(value) is not wanted:
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise ConfigError(f"{where}: must be {names[wanted]}")
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{where}: must not hold a zero character")
    return value


def _check_relations(config: Config, path: Path) -> None:
    _check_camera(config.camera, path)
    check_base_rates(config.emotion.base_rates, f"{path}: [emotion] base_rates")
    _check_mqtt(config.mqtt, path)
    if config.csv.path == "-":
        raise ConfigError(f"{path}: [csv] path = '-': must be a file; what standard output takes is [jsonl]")
    _check_own_files(config, path)
    if not config.web.token_file and not is_loopback(config.web.host):
        shown = _shown(config.web.host)
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
        shown = _shown(config.device)
        raise ConfigError(
            f"{path}: [mqtt] device = {shown}: must be 1 to 64 letters, digits, '-' or '_' (it is part of topics)"
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", config.discovery_prefix):
        shown = _shown(config.discovery_prefix)
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
            raise ConfigError(f"{path}: {key} = {_shown(name)}: is {other}, too; give each a file of its own")


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
        raise ConfigError(f"{where} = {_shown(rates)}: must be 'everyday', 'balanced' or {wanted}")


def _are_shares(rates: object) -> bool:
    if not isinstance(rates, tuple) or len(rates) != len(LABELS):
        return False
    return all(type(rate) in (int, float) and 0 < rate <= 1 for rate in rates) and abs(sum(rates) - 1) < 0.01


def _suggestion(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(known)}"


def _shown(value: object) -> str:
    """As the owner wrote it, in one line of bearable length."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out an integer of more than 4300 digits
        return "a far too large number"
    return text if len(text) <= 80 else f"{text[:77]}..."
