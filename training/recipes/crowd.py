"""The default model: what ten people see in a face (FER+ votes).

    KERAS_BACKEND=torch python -m training train crowd --data DATA --run runs/crowd

DATA holds fer2013.csv and fer2013new.csv. The first 40 epochs see the faces at 32 pixels, which costs a third; twelve
at full size end the first cosine, and two warm restarts of 40 more with milder and milder augmentation do most of the
learning: on PublicTest 82.2 % before them, 85.0 % after one and 85.4 % after both (cross-entropy 0.758, 0.714, 0.705).
On two free x86 cores (AVX2) an epoch takes about 50 seconds at 32 pixels and 140 at 48; the whole run, seed 1, took
less than five hours.

In int8 on PrivateTest, calibrated: 84.7 %, by both views 85.0 %, by the FER+ authors' own rule 87.9 %. `again` goes on
from here.
"""

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe, Refining

MILDEST = Augmentation(
    rotation_deg=10.0,
    tilt_probability=0.06,
    scale=0.1,
    shift=0.08,
    contrast=0.2,
    brightness=0.1,
    gamma=0.25,
    dim_probability=0.1,
    erase_probability=0.2,
    cover_probability=0.05,
    degrade_probability=0.2,
)
"""What the last epochs make of the faces."""

RECIPE = Recipe(
    network=networks.residual,
    epochs=132,
    small_epochs=40,
    augmentation=Augmentation(erase_probability=0.3),
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=2,
    refinings=(
        Refining(
            epochs=40,
            rate=0.06,
            augmentation=Augmentation(
                tilt_probability=0.08,
                shift=0.1,
                dim_probability=0.1,
                erase_probability=0.3,
                cover_probability=0.06,
                degrade_probability=0.25,
            ),
        ),
        Refining(
            epochs=40,
            rate=0.05,
            augmentation=MILDEST,
        ),
    ),
    weight_decay=3e-3,  # decoupled: with momentum 0.9 as strong as an L2 penalty of 3e-4
    averaging=0.999,
)
