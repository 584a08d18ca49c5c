"""A larger network for others to learn from: 2 M parameters, 129 M multiply-accumulates.

    KERAS_BACKEND=torch python -m training train teacher --data DATA --run runs/teacher1 --seed 1

DATA holds fer2013.csv and fer2013new.csv. For a GPU: it computes more than twice as much as `crowd`. Make five with
five seeds, side by side: on one H100 and two CPU cores each, with the training of a detector beside them, they took
under four minutes. On PublicTest each is right about 83.5 to 84.3 % (cross-entropy 0.722 to 0.727), their mean about
84.9 % (0.709), which `crowd` reaches alone in three times as many epochs: train them longer.
"""

from functools import partial

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe

CAMERAS = Augmentation(
    tilt_probability=0.08,
    shift=0.1,
    dim_probability=0.1,
    erase_probability=0.3,
    cover_probability=0.06,
    degrade_probability=0.25,
)
"""Between what a long training can bear and what a short one needs."""

RECIPE = Recipe(
    network=partial(networks.residual, stem=48, widths=(48, 96, 160, 208), dropout=0.2),
    epochs=44,
    augmentation=CAMERAS,
    batch_size=256,
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=3,
    weight_decay=5e-3,  # decoupled: with momentum 0.9 as strong as an L2 penalty of 5e-4
    averaging=0.998,
)
