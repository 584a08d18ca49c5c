"""What the recipes promise about their networks."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

import keras

from training.errors import DataError
from training.networks import multiply_accumulates
from training.recipe import load_recipe, recipe_names, with_knobs

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


EMOTIONS = [name for name in recipe_names() if not load_recipe(name).finds_faces]


@pytest.mark.parametrize("name", EMOTIONS)
def test_every_recipe_makes_a_network_for_one_grey_face(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    model = recipe.network()
    assert model.input_shape == (None, 48, 48, 1)
    assert model.output_shape == (None, 7)


@pytest.mark.parametrize(("name", "millions"), [("nano", 10), ("crowd", 60)])
def test_the_shipped_networks_cost_what_a_board_can_spend(name: str, millions: int) -> None:
    cost = multiply_accumulates(load_recipe(name).network())
    assert 0.9 * millions < cost / 1e6 <= millions


def test_nano_fits_into_250_kilobytes() -> None:
    pytest.importorskip("tensorflow", reason="conversion needs the training extra: pip install -e .[training]")
    from quantize.converter import int8_content

    face = keras.Input(batch_shape=(1, 48, 48, 1), name="face")
    model = keras.models.clone_model(load_recipe("nano").network(), input_tensors=face)
    pictures = np.stack([np.full((48, 48), level, dtype=np.uint8) for level in (0, 90, 255)])
    assert len(int8_content(model, pictures)) <= 250_000


def test_knobs_are_set_from_outside() -> None:
    recipe = with_knobs(load_recipe("crowd"), ["epochs=12", "refinings=()", "optimizer=adamw", "patience=3"])
    assert (recipe.epochs, recipe.refinings, recipe.optimizer, recipe.patience) == (12, (), "adamw", 3)
    assert with_knobs(load_recipe("again"), ["start=runs/taught"]).start == "runs/taught"
    assert with_knobs(load_recipe("again"), ["start=None"]).start is None
    assert with_knobs(load_recipe("nano"), ["distinct_epochs=None"]).distinct_epochs is None


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epoch=3", "no knob 'epoch'"),
        ("epochs=many", "'many' is not a value"),
        ("epochs=1.5", "'epochs' is int"),
        ("optimizer=adam", "one of adamw, sgd"),
        ("epochs=82", "must be more than 82"),
        ("refinings=((40, 0.1),)", r"only \(\) can be set"),
        ("small_side=0", "must be between 8 and 1024"),
        ("augmentation_ramp_epochs=-1", "must be between 0 and 100000"),
        ("patience=0", "must be between 1 and 100000"),
        ("distinct_epochs=0", "must be between 1 and 100000"),
        ("distinct_epochs=4", "cannot become milder or larger"),
        ("weight_decay=-0.1", "must be between 0 and 100"),
        ("momentum=1.0", "must be between 0 and 0.999999"),
        ("class_balance=-1", "must be between 0 and 10"),
        ("logit_adjustment=1000", "must be between 0 and 10"),
    ],
)
def test_what_a_knob_cannot_be_is_said(setting: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        with_knobs(load_recipe("crowd"), [setting])


def test_without_a_ramp_the_first_epoch_is_augmented_fully() -> None:
    recipe = load_recipe("finetune")
    assert recipe.augmentation_ramp_epochs == 0
    assert recipe.augmentation_of(0) == recipe.augmentation_of(5) == recipe.augmentation
