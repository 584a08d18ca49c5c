"""Make docs/overlay.jpg, the picture of the README: the whole chain on one photograph.

    python docs/make_overlay_picture.py [PHOTOGRAPH]

The photograph that comes with the program is NASA's portrait of Eileen Collins, in the public domain.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2

from edge.config import Config
from edge.overlay import Overlay
from edge.pipeline import build_pipeline
from edge.types import Frame, Result

ROOT = Path(__file__).parents[1]
PORTRAIT = ROOT / "edge" / "assets" / "portrait.jpg"
PICTURE = ROOT / "docs" / "overlay.jpg"
SIZE = (800, 480)
"""A small HDMI or DSI panel: what the picture shows is what such a panel shows."""


def photograph(path: Path) -> Frame:
    """A still picture, cut to the panel's proportions around the upper part, where portraits have their face."""
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"{path} is no picture that can be read")
    height, width = image.shape[:2]
    rows = min(height, round(width * SIZE[1] / SIZE[0]))
    columns = min(width, round(rows * SIZE[0] / SIZE[1]))
    left = (width - columns) // 2
    image = cv2.resize(image[:rows, left : left + columns], SIZE, interpolation=cv2.INTER_AREA)
    return Frame(image, time=0.0, wall=0.0, number=0, file=str(path))


def write_picture(result: Result, path: Path) -> None:
    """Draw a result with its bars, as the window does, and write it as JPEG."""
    picture = Overlay("picture", bars=True).draw(result, None)
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 88]):
        raise SystemExit(f"cannot write {path}")


def main() -> None:
    frame = photograph(Path(sys.argv[1]) if len(sys.argv) > 1 else PORTRAIT)
    write_picture(build_pipeline(Config()).process(frame), PICTURE)


if __name__ == "__main__":
    main()
