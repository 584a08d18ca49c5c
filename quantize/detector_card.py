"""What the card of our own face detector says."""

from __future__ import annotations

from typing import Any

from edge.emotion.card import Card
from quantize.course import course
from training.detection.network import STRIDES
from training.detection.task import FACES
from training.run import best_epoch

POINT_NAMES = (
    "the eye left in the picture",
    "the eye right in the picture",
    "nose tip",
    "the mouth corner left in the picture",
    "the mouth corner right in the picture",
)

LICENCE = "research use: the weights were trained on photographs of third parties"
ORIGIN = {
    "author": "the emotion-edge project",
    "made": "trained from random weights by `python -m training train face`",
    "pictures": "web and news photographs, the Kaggle face-mask set, cats, dogs, streets and wallpapers without faces",
    "labels": "people's boxes, completed by YuNet, whose key points they are",
}
LIMITS = (
    "Six in ten of the boxes it learnt from are masked faces, few are dark or in extreme poses.",
    "Upside-down faces are not found.",
    "It finds faces; it tells nobody apart and names nobody.",
)


def card_of(
    facts: dict[str, Any], epochs: list[dict[str, float]], height: int, width: int, merge_iou: float, min_score: float
) -> Card:
    """All but the scores' shift and the measurements. facts, epochs: what the run's folder holds."""
    best = best_epoch(epochs, FACES.cost)
    return {
        "kind": "anchor-free",
        "title": f"Our own detector, int8, grey, {width}x{height}",
        "input": {"height": height, "width": width, "colour": "grey", "letterbox": "centred on black"},
        "strides": list(STRIDES),
        "output": "a cell: logit; middle x and y and logarithm of width and height in strides; points in strides",
        "points": list(POINT_NAMES),
        "min_score": min_score,
        "merge_iou": merge_iou,
        "licence": LICENCE,
        "origin": ORIGIN,
        "limits": list(LIMITS),
        "training": {
            **course(facts, len(epochs), int(best["epoch"])),
            "data": facts["training"],
        },
    }
