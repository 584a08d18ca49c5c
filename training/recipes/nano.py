"""For a Pi Zero 2 W: at most 10 million multiply-accumulates and 250 KB in int8. Taught by five larger networks.

    KERAS_BACKEND=torch python -m training train nano --data DATA --run runs/nano

DATA holds fer2013.csv and fer2013new.csv; the teachers are those of `taught`. On one H100, beside two other trainings,
it took five and a half minutes, and is right about 82.5 % of PublicTest (cross-entropy 0.763). Without teachers,
`--set teachers=()` learns from the crowd's votes alone.
"""

from functools import partial

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe
from training.recipes.taught import TEACHERS

RECIPE = Recipe(
    network=partial(networks.residual, stem=12, widths=(20, 36, 64, 90), blocks=(1, 1, 1, 1)),
    teachers=TEACHERS,
    teacher_share=0.75,
    epochs=104,
    distinct_epochs=24,
    # So small a net cannot learn everything: its faces are spoilt less than those of `taught`.
    augmentation=Augmentation(
        rotation_deg=10.0,
        tilt_probability=0.05,
        scale=0.12,
        shift=0.08,
        dim_probability=0.08,
        erase_probability=0.15,
        cover_probability=0.04,
        degrade_probability=0.15,
    ),
    batch_size=256,
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=3,
    weight_decay=1e-3,  # decoupled: with momentum 0.9 as strong as an L2 penalty of 1e-4
    averaging=0.999,
)
