"""Small OLED and LCD displays on I2C or SPI, through luma.oled and luma.lcd."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from edge.config import OledConfig
from edge.errors import SinkError
from edge.extras import how_to_install
from edge.types import Image, Result, Status

if TYPE_CHECKING:
    from types import ModuleType

    from edge.sinks.panels import Panel

_LCD: Final = ("st7735", "st7789", "ili9341")

_SENDS_CHANGES: Final = ("ssd1327", "ssd1351", "st7735", "ili9341")
"""Drivers of luma's that can send only the rectangles that changed."""

_BUS_SHARE: Final = 5
"""After a picture, or a part of one, was sent, nothing is sent for so many times as long: the loop waits for the bus at
most a fifth of its time."""

_DARK_AFTER_S: Final = 60.0
"""With nobody there, an OLED that shows the same picture for months burns it in."""

_NOP: Final = 0xE3
"""The command of every I2C driver above that does nothing (SSD1306, SH1106 and SSD1327 data sheets)."""


class Oled:
    """Shows the nearest face, and sends the picture only when it has changed."""

    name = "oled"

    def __init__(self, config: OledConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self._device: Any = None
        self._small: ModuleType | None = None
        self._panel: Panel
        self._status: Status | None = None
        self._shown: int | None = None
        """The id of the person shown."""
        self._sent = b""
        self._quiet_until = 0.0
        self._nobody_since = 0.0

    def open(self) -> None:
        """Raises SinkError where luma, the bus or the display is missing."""
        try:
            from edge.overlay import small
            from edge.sinks import panels
        except ImportError as err:
            raise SinkError(f"the small display needs luma ({err}): {how_to_install('oled')}") from err
        self._device, self._small = open_device(self._config), small
        self._panel = panels.panel_of(self._device, self._clock)
        self._sent, self._quiet_until, self._nobody_since = b"", 0.0, self._clock()
        self._show_nobody()

    def show(self, result: Result) -> None:
        if self._small is None:
            return
        track = self._small.nearest(result.tracks, self._shown)
        if track is None:
            self._show_nobody()
            return
        self._shown, self._nobody_since = track.id, self._clock()
        self._send(self._small.small_face(track, len(result.tracks) - 1, self._status, self._device.size))

    def status(self, status: Status) -> None:
        self._status = status
        if status.state != "running":
            self._show_nobody()

    def close(self) -> None:
        if self._device is not None:
            device, self._device, self._small = self._device, None, None
            device.cleanup()

    def _show_nobody(self) -> None:
        if self._small is not None:
            picture: Image = self._small.small_nobody(self._status, self._device.size)
            dark = self._clock() - self._nobody_since >= _DARK_AFTER_S
            self._send(picture * 0 if dark else picture)

    def _send(self, picture: Image) -> None:
        content = picture.tobytes()
        now = self._clock()
        if self._small is None or content == self._sent or now < self._quiet_until:
            return
        from PIL import Image as PillowImage

        colours = self._device.mode != "1"
        pixels = picture[..., ::-1] if colours else self._small.lit(picture)
        done = self._panel.send(PillowImage.fromarray(pixels).convert(self._device.mode))
        self._sent = content if done else b""
        self._quiet_until = self._clock() + _BUS_SHARE * (self._clock() - now)


def open_device(config: OledConfig) -> Any:
    """luma's device for a display that answers. Raises SinkError."""
    try:
        import luma.core.error
        import luma.lcd.device
        import luma.oled.device
        from luma.core.framebuffer import diff_to_previous
    except ImportError as err:
        raise SinkError(f"the small display needs luma ({err}): {how_to_install('oled')}") from err
    drivers = luma.lcd.device if config.driver in _LCD else luma.oled.device
    size = {"width": config.width, "height": config.height, "rotate": config.rotation}
    light = {"gpio_LIGHT": config.light_pin} if config.driver in _LCD else {}
    changes = {"framebuffer": diff_to_previous()} if config.driver in _SENDS_CHANGES else {}
    try:
        device = getattr(drivers, config.driver)(_serial(config), **size, **light, **changes)
        device.contrast(config.contrast)
    except ImportError as err:
        raise SinkError(f"{config.driver} on {_place(config)}: {err}: pip install 'luma.core[gpio,spi]'") from err
    except (luma.core.error.Error, OSError, RuntimeError) as err:
        raise SinkError(f"{config.driver} on {_place(config)}: {err}; is it connected, and is the bus on?") from err
    return device


def _serial(config: OledConfig) -> Any:
    from luma.core.interface.serial import i2c, spi

    if config.interface == "spi":
        speed = 32_000_000 if config.driver in _LCD else 8_000_000
        pins = {"gpio_DC": config.data_pin, "gpio_RST": config.reset_pin}
        return spi(port=config.port, device=config.device, bus_speed_hz=speed, **pins)
    serial = i2c(port=config.port, address=config.address)
    try:
        # luma keeps every device it makes until the program ends: make none where no display answers.
        serial.command(_NOP)
    except BaseException:
        serial.cleanup()
        raise
    return serial


def _place(config: OledConfig) -> str:
    if config.interface == "spi":
        return f"/dev/spidev{config.port}.{config.device}"
    return f"/dev/i2c-{config.port}, address 0x{config.address:02X}"
