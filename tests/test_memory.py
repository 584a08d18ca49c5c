"""A batch that does not fit is halved, and what else changes with it."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

from training.errors import DataError
from training.memory import fitted, with_batch_size
from training.recipe import Recipe, load_recipe


def memory_for(batch: int):
    def one_step(recipe: Recipe) -> None:
        if recipe.batch_size > batch:
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12.00GiB.")

    return one_step


def test_the_batch_is_halved_until_it_fits(caplog: pytest.LogCaptureFixture) -> None:
    recipe = load_recipe("crowd")
    smaller = fitted(recipe, memory_for(50))
    assert smaller == with_batch_size(recipe, 32)
    assert "a batch of 128 does not fit into the memory: trying 64" in caplog.text
    assert fitted(recipe, memory_for(128)) is recipe


def test_too_little_memory_for_anything_is_one_line() -> None:
    with pytest.raises(DataError, match="the memory does not hold a batch of 8; end other programs"):
        fitted(load_recipe("crowd"), memory_for(7))


def test_other_errors_are_not_mistaken_for_it() -> None:
    def broken(recipe: Recipe) -> None:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        fitted(load_recipe("crowd"), broken)


def test_an_epoch_in_smaller_batches_learns_as_much() -> None:
    sgd = load_recipe("crowd")
    half = with_batch_size(sgd, 64)
    assert half.learning_rate == sgd.learning_rate / 2
    assert half.weight_decay == sgd.weight_decay
    assert half.averaging**2 == pytest.approx(sgd.averaging)
    adamw = load_recipe("smoke")
    quarter = with_batch_size(adamw, adamw.batch_size // 4)
    assert quarter.learning_rate == pytest.approx(adamw.learning_rate / 2)
    assert 4 * quarter.learning_rate * quarter.weight_decay == pytest.approx(adamw.learning_rate * adamw.weight_decay)
    assert math.isclose(quarter.averaging**4, adamw.averaging)
