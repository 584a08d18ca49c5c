"""The second generation of `crowd`: begins where a run of it ended, and learns from what that run thinks, too.

    KERAS_BACKEND=torch python -m training train crowd --data DATA --run runs/crowd
    KERAS_BACKEND=torch python -m training train again --data DATA --run runs/again

DATA holds fer2013.csv and fer2013new.csv. Ten votes are few: half of every target is what the first generation thought
of the face and of its mirror image, which is right about more faces than one look is (Furlanello et al., "Born-again
neural networks", 2018).
"""

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe

RECIPE = Recipe(
    network=networks.residual,
    start="runs/crowd",
    teachers=("runs/crowd",),
    teachers_see="faces",
    epochs=40,
    augmentation=Augmentation(
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
    ),
    augmentation_ramp_epochs=0,
    optimizer="sgd",
    learning_rate=0.05,
    warmup_epochs=1,
    weight_decay=3e-3,
    averaging=0.999,
)
