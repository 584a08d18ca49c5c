"""What is done to a training face: never to the data set itself, the same again with the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

from training import light
from training.augment import Augmentation, augmented
from training.networks import residual
from training.recipe import Recipe, Refining

NOTHING = Augmentation(
    rotation_deg=0,
    tilt_probability=0,
    scale=0,
    shift=0,
    contrast=0,
    brightness=0,
    gamma=0,
    dim_probability=0,
    erase_probability=0,
    cover_probability=0,
    degrade_probability=0,
)
ALONE = {
    "degraded": replace(NOTHING, degrade_probability=1),
    "dimmed": replace(NOTHING, dim_probability=1),
    "erased": replace(NOTHING, erase_probability=1),
    "covered": replace(NOTHING, cover_probability=1),
    "tilted": replace(NOTHING, tilt_probability=1),
    "toned": replace(NOTHING, contrast=0.25, brightness=0.12, gamma=0.3),
}


@pytest.fixture
def face() -> np.ndarray:
    """Brighter to the right and the bottom, so that every change of place shows."""
    across, down = np.meshgrid(np.arange(48), np.arange(48))
    return (30 + 3 * across + down).astype(np.uint8)


def is_mirrored_at_most(face: np.ndarray, changed: np.ndarray) -> bool:
    return bool(np.array_equal(face, changed) or np.array_equal(face[:, ::-1], changed))


def test_nothing_asked_for_is_nothing_done_but_the_mirror(face):
    views = [augmented(face, NOTHING, np.random.default_rng(seed)) for seed in range(20)]
    assert all(is_mirrored_at_most(face, view) for view in views)
    assert any(not np.array_equal(face, view) for view in views)


@pytest.mark.parametrize("name", ALONE)
def test_each_change_changes_a_copy(face, name):
    before = face.copy()
    views = [augmented(face, ALONE[name], np.random.default_rng(seed)) for seed in range(20)]
    assert np.array_equal(face, before)
    assert all((view.shape, view.dtype) == (face.shape, np.uint8) for view in views)
    assert sum(is_mirrored_at_most(face, view) for view in views) <= 2


def test_the_same_seed_gives_the_same_view(face):
    one, other = (augmented(face, Augmentation(), np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one, other)


def test_light_from_a_side_falls_off_across_the_face():
    lit = light.lit_from_a_side(np.full((48, 48), 200, np.uint8), near=1.0, far=0.25, angle=0.0)
    assert (lit[:, 0] == 200).all()
    assert (lit[:, -1] == 50).all()
    assert (np.diff(lit[0].astype(int)) <= 0).all()


def test_faces_get_harder_at_first_and_milder_while_refining():
    mild, milder = Augmentation(degrade_probability=0.1), Augmentation(degrade_probability=0.05)
    refinings = (Refining(2, 0.01, mild), Refining(2, 0.01), Refining(1, 0.01, milder))
    recipe = Recipe(network=residual, epochs=12, refinings=refinings)
    assert recipe.augmentation_of(0) == recipe.augmentation.at(0)
    assert recipe.augmentation_of(2) == recipe.augmentation.at(0.5)
    assert recipe.augmentation_of(6) == recipe.augmentation.at(1) == recipe.augmentation
    assert [recipe.augmentation_of(epoch) for epoch in (7, 8, 9, 10, 11)] == [mild] * 4 + [milder]
    assert replace(recipe, refinings=(Refining(5, 0.01),)).augmentation_of(7) == recipe.augmentation


def test_the_learning_rate_warms_up_falls_and_begins_again():
    refinings = (Refining(4, 0.06), Refining(2, 0.05))
    recipe = Recipe(network=residual, epochs=12, warmup_epochs=2, learning_rate=0.1, refinings=refinings)
    schedule = recipe.schedule(steps=10)
    rates = [float(schedule(step)) for step in (0, 10, 20, 40, 60, 80, 100, 110, 120, 200)]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.05, 0.06, 0.03, 0.05, 0.025, 0, 0])
    assert float(type(schedule).from_config(schedule.get_config())(80)) == pytest.approx(0.03)
