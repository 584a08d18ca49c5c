"""The camera: is it there, may this user open it, does another program have it, does it deliver."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from edge.cameras import Camera, camera_for
from edge.cameras.demo import DemoCamera
from edge.capture import every_frame, latest_frames
from edge.config import CameraConfig
from edge.control import Control
from edge.doctor.finding import Finding, missing_right
from edge.errors import EdgeError
from edge.service import Service
from edge.types import Frame

PATIENCE_S = 15.0
PLUG = "plug a camera in and start again, or name one in [camera] source"


def check(config: CameraConfig, service: Service | None, holders: dict[str, str], user: str | None) -> Finding:
    """holders: of video devices, see `holders`. user: whose rights these are, None: of whoever runs this."""
    if service and service.is_active:
        return _in_use(config, service)
    try:
        camera = camera_for(config.source, config)
        if isinstance(camera, DemoCamera) and config.source == "auto":
            return Finding("camera", "warning", "none found, the demo clip is shown", _rights(user) or PLUG)
        frame = _first_frame(camera, config)
    except EdgeError as err:
        return Finding("camera", "failed", str(err), _remedy(config.source, holders, user))
    return Finding("camera", "ok", f"{camera.name} delivers {frame.width}x{frame.height}")


def holders(proc: Path = Path("/proc")) -> dict[str, str]:
    """Device -> program that has it open, as far as we may see it: all programs for root, else one's own."""
    found = {}
    for link in proc.glob("[0-9]*/fd/*"):
        try:
            device = os.readlink(link)
            if device.startswith("/dev/video") and link.parts[-3] != str(os.getpid()):
                found[device] = f"{(link.parents[1] / 'comm').read_text().strip()} (process {link.parts[-3]})"
        except OSError:  # it has just ended, or is not ours to look at
            continue
    return found


def _in_use(config: CameraConfig, service: Service) -> Finding:
    """The service has the camera; nobody else could open it now."""
    if service.status.startswith("waiting"):
        return Finding("camera", "failed", service.status, "check its cable; see journalctl -u emotion-edge -n 20")
    if service.status.startswith("demo") and config.source == "auto":
        return Finding("camera", "warning", "the service shows the demo clip, not a camera", PLUG)
    return Finding("camera", "ok", f"in use by the service; {service.status}")


def _first_frame(camera: Camera, config: CameraConfig) -> Frame:
    """Raises EdgeError. A driver that hangs is left behind."""
    control, deadline = Control(), time.monotonic() + PATIENCE_S
    capture = logging.getLogger("edge.capture")
    told, capture.disabled = capture.disabled, True  # the finding says it
    frames = latest_frames(camera, control, config, lambda _: None) if camera.live else every_frame(camera, control)
    try:
        for frame in frames:
            if frame is not None:
                return frame
            if time.monotonic() > deadline:
                break
    finally:
        frames.close()
        capture.disabled = told
    raise EdgeError(f"{camera.name}: it gives no picture")


def _remedy(source: str, holders: dict[str, str], user: str | None) -> str:
    device = source.removeprefix("v4l2:")
    if holder := holders.get(os.path.realpath(device)):
        return f"{holder} uses it: stop that program"
    if holders and source in ("auto", "picamera"):
        return f"{next(iter(holders.values()))} uses a camera: stop that program"
    return _rights(user) or "check its cable, and [camera] source"


def _rights(user: str | None, dev: Path = Path("/dev")) -> str:
    """What is missing to open the first camera device that cannot be opened."""
    for pattern in ("video*", "media*", "dma_heap/*"):
        for path in sorted(dev.glob(pattern)):
            if advice := missing_right(path, user):
                return advice
    return ""
