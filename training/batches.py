"""One epoch of augmented faces, in batches."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from training.ahead import made_ahead
from training.augment import augmented
from training.data import FaceSet
from training.hardware import has_accelerator
from training.recipe import Recipe
from training.task import Batch


class Batches:
    """One epoch of augmented faces. Batch `index` depends on (seed, epoch, index) only, so a resumed run is the same.

    The last, partial batch is dropped: compiled backends would compile everything again for it.
    """

    def __init__(self, faces: FaceSet, recipe: Recipe, seed: int, epoch: int) -> None:
        self.faces, self.recipe, self.seed, self.epoch = faces, recipe, seed, recipe.views_of(epoch)
        self.augmentation = recipe.augmentation_of(self.epoch)
        self.order = faces.drawn(np.random.default_rng((seed, self.epoch)))

    def __len__(self) -> int:
        return max(1, len(self.order) // self.recipe.batch_size)

    def __getitem__(self, index: int) -> Batch:
        """(B, S, S, 1) float32 pixels 0..255 and (B, 7) float32 targets."""
        random = np.random.default_rng((self.seed, self.epoch, index))
        chosen = self.order[index * self.recipe.batch_size : (index + 1) * self.recipe.batch_size]
        faces = np.stack([self._view(self.faces.images[row], random) for row in chosen])
        return faces[..., None].astype(np.float32), self.faces.targets[chosen]

    def _view(self, image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        face = augmented(image, self.augmentation, random)
        if self.epoch >= self.recipe.small_epochs:
            return face
        return cv2.resize(face, (self.recipe.small_side,) * 2, interpolation=cv2.INTER_AREA)

    def __iter__(self) -> Iterator[Batch]:
        """All batches in order, the next ones made while one is trained on."""
        return made_ahead(self, processes=has_accelerator())
