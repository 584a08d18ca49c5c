"""A batch size that the accelerator's memory holds, and what else must change with it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace

from training.errors import DataError
from training.recipe import Recipe

log = logging.getLogger(__name__)

SMALLEST_BATCH = 8
"""Below it, the statistics of batch normalization are mostly chance."""

_SIGNS = ("RESOURCE_EXHAUSTED", "out of memory", "OOM when allocating")


def fitted(recipe: Recipe, one_step: Callable[[Recipe], object]) -> Recipe:
    """The recipe with its batch halved until one step of it fits. Raises DataError where none does."""
    while True:
        try:
            one_step(recipe)
        except Exception as err:  # each backend has a type of its own
            if not is_out_of_memory(err):
                raise
            smaller = recipe.batch_size // 2
            if smaller < SMALLEST_BATCH:
                raise DataError(f"the memory does not hold a batch of {recipe.batch_size}; end other programs") from err
            log.warning("a batch of %d does not fit into the memory: trying %d", recipe.batch_size, smaller)
            recipe = with_batch_size(recipe, smaller)
        else:
            return recipe


def with_batch_size(recipe: Recipe, size: int) -> Recipe:
    """The recipe in batches of another size, learning the same from an epoch.

    The learning rate goes with the batch for SGD (Goyal et al. 2017), with its square root for AdamW, whose steps do
    not grow with the gradient (Malladi et al. 2022). Weight decay and averaging keep what they come to in an epoch.
    """
    part = size / recipe.batch_size
    rate = part if recipe.optimizer == "sgd" else math.sqrt(part)
    return replace(
        recipe,
        batch_size=size,
        learning_rate=recipe.learning_rate * rate,
        refinings=tuple(replace(one, rate=one.rate * rate) for one in recipe.refinings),
        weight_decay=recipe.weight_decay * part / rate,
        averaging=recipe.averaging**part,
    )


def is_out_of_memory(err: Exception) -> bool:
    return isinstance(err, MemoryError) or any(sign.lower() in str(err).lower() for sign in _SIGNS)
