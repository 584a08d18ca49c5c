"""Pictures with boxes for the face detector's training, drawn: bright faces with dark eyes and mouth on grey noise."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

HEADER = (
    "file,x1,y1,x2,y2,ignore,label,origin,eye_r_x,eye_r_y,eye_l_x,eye_l_y,nose_x,nose_y,mouth_r_x,mouth_r_y,"
    "mouth_l_x,mouth_l_y,kp_score"
)


def drawn(seed: int, faces: int = 2) -> tuple[np.ndarray, list[tuple[float, ...]], list[tuple[float, ...]]]:
    """A (240, 320) uint8 picture, its boxes, and x and y in turn of the five points of each."""
    random = np.random.default_rng(seed)
    picture = random.integers(60, 110, (240, 320), dtype=np.uint8)
    boxes, points = [], []
    for number in range(faces):
        width = int(random.integers(24, 60))
        height = round(1.3 * width)
        left = number * 160 + int(random.integers(0, 160 - width))
        top = int(random.integers(0, 240 - height))
        middle = (left + width // 2, top + height // 2)
        cv2.ellipse(picture, middle, (width // 2, height // 2), 0, 0, 360, 220, -1)
        places = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.78), (0.65, 0.78)]
        marks = [(left + x * width, top + y * height) for x, y in places]
        for x, y in (*marks[:2], *marks[3:]):
            cv2.circle(picture, (round(x), round(y)), max(2, width // 12), 20, -1)
        boxes.append((left, top, left + width, top + height))
        points.append(tuple(value for mark in marks for value in mark))
    return picture, boxes, points


def write_table(folder: Path, pictures: int) -> None:
    """`boxes.csv` and `images/` as the face data set has them; every fourth picture shows no face."""
    (folder / "images").mkdir(parents=True)
    rows = [HEADER]
    for number in range(pictures):
        name = f"p_{number:03}.png"
        picture, boxes, points = drawn(number, faces=0 if number % 4 == 3 else 2)
        cv2.imwrite(str(folder / "images" / name), picture)
        for box, five in zip(boxes, points, strict=True):
            rows.append(",".join(map(str, (name, *box, 0, "without_mask", "label", *five, 0.9))))
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
