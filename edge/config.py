"""Every setting: name, default, unit, allowed values. `edge/config_file.py` reads them from the owner's file.

`edge/config.example.toml` is the same list for the owner; a test keeps the two alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
