"""Learning to find faces, for the loop in `training/train.py`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.detectors.anchor_free import decoded
from training import figures
from training.batches import Batches
from training.detection.camera import seen_by_camera
from training.detection.pictures import Picture, read_pictures
from training.detection.scoring import Matches, Truth, detections, matched, truth
from training.detection.targets import Grids
from training.detection.views import Chooser, Views, composed
from training.learner import Learner
from training.recipe import Recipe
from training.task import Batch, Task
from training.train import train

HEIGHT, WIDTH = 256, 320
"""Of training pictures at full size: the device's 240 rows, rounded up to what halves five times."""

SHOWN_HEIGHT = 240
"""Pictures to select by are fitted into this height, as on the device."""

VIEWS_AN_EPOCH = 12800
SAME_FACE_IOU = 0.4
LEAST_WANTED_PX = 10
"""Faces kept aside count from this size in the network's input."""

LEAST_SCORE = 0.1
"""Cells that say less are left out when an epoch is scored: merging them took nearly as long as the training."""

MERGE_IOU = 0.4


class ViewBatches(Batches):
    """One epoch of composed views. Batch `index` depends on (seed, epoch, index) only."""

    def __init__(self, chooser: Chooser, recipe: Recipe, seed: int, epoch: int) -> None:
        self.chooser, self.recipe, self.seed, self.epoch = chooser, recipe, seed, epoch
        small = epoch < recipe.small_epochs
        self.height, self.width = (recipe.small_side,) * 2 if small else (HEIGHT, WIDTH)
        self.grids = Grids(self.height, self.width)

    def __len__(self) -> int:
        return (self.recipe.faces or VIEWS_AN_EPOCH) // self.recipe.batch_size

    def __getitem__(self, index: int) -> Batch:
        """(B, H, W, 1) float32 pixels 0..255 and (B, cells, COLUMNS) float32."""
        random = np.random.default_rng((self.seed, self.epoch, index))
        pictures, wanted = [], []
        for _ in range(self.recipe.batch_size):
            view = composed(self.chooser, self.height, self.width, random)
            pictures.append(seen_by_camera(view.grey, random))
            wanted.append(self.grids.targets(view.boxes, view.points, view.ignored, view.weights))
        return np.stack(pictures)[..., None].astype(np.float32), np.stack(wanted)


class Selection:
    """Pictures kept aside, fitted into the device's input."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        fitted = [_fitted(picture) for picture in pictures]
        self.grey = np.stack([grey for grey, _ in fitted])
        self.truths = [truth for _, truth in fitted]

    def matches(self, learner: Learner) -> Matches:
        grids = Grids(HEIGHT, WIDTH)
        found = []
        for start in range(0, len(self.grey), 16):
            for answers in learner.logits(self.grey[start : start + 16, ..., None].astype(np.float32)):
                values = answers.astype(np.float32)
                pairs = decoded(values[:, 1:5], values[:, 5:], grids.centres, grids.strides)
                found.append(detections(pairs, values[:, 0], np.log(LEAST_SCORE / (1 - LEAST_SCORE)), MERGE_IOU))
        return matched(found, self.truths, SAME_FACE_IOU)


def _fitted(picture: Picture) -> tuple[np.ndarray, Truth]:
    height, width = picture.grey.shape
    scale = min(SHOWN_HEIGHT / height, WIDTH / width)
    small = cv2.resize(picture.grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)
    canvas[: min(HEIGHT, small.shape[0]), : min(WIDTH, small.shape[1])] = small[:HEIGHT, :WIDTH]
    return canvas, truth(picture.faces.scaled(scale, scale), LEAST_WANTED_PX)


def _score(learner: Learner, selection: Selection) -> dict[str, float]:
    matches = selection.matches(learner)
    at = matches.score_at(0.1)
    return {
        "precision": matches.average_precision(),
        "small": matches.recall(at, 0, 24),
        "middle": matches.recall(at, 24, 64),
        "large": matches.recall(at, 64),
        "score_at": at,
        "points": matches.point_error(),
    }


def _facts(chooser: Chooser) -> dict[str, Any]:
    checksum = hashlib.sha256()
    for picture, _ in chooser.showing:
        checksum.update(picture.grey.tobytes())
    return {
        "pictures_with_faces": len(chooser.showing),
        "pictures_without": len(chooser.empty),
        "faces": int(sum((~picture.faces.ignored).sum() for picture, _ in chooser.showing)),
        "images_sha256": checksum.hexdigest(),
    }


def _loss(answers: Any, targets: Any) -> Any:
    from training.detection.losses import detection_loss  # PyTorch is not everywhere

    return detection_loss(answers, targets)


FACES = Task(
    batches=ViewBatches,
    loss=_loss,
    score=_score,
    cost=lambda line: -line["precision"],
    told="average precision %(precision).4f, found %(small).3f %(middle).3f %(large).3f, points %(points).4f",
    draw=figures.detection_curves,
    facts=_facts,
)


def train_detector(recipe: Recipe, data: Path, run: Path, seed: int) -> None:
    """Train on the folder's pictures, choose the best epoch on those kept aside. Raises DataError."""
    training, aside = read_pictures(data)
    train(recipe, Chooser(training, Views()), Selection(aside), run, seed, FACES)
