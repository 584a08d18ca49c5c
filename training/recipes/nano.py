"""For a Pi Zero 2 W: a sixth of the work and a quarter of the bytes of `emotion`, which teaches it.

    KERAS_BACKEND=torch python -m training train nano --data DATA --run runs/first
    KERAS_BACKEND=torch python -m training train nano --data DATA --run runs/nano --seed 2 --set start=runs/first \\
        teachers_see=faces teacher_share=0.5 distinct_epochs=None epochs=50 warmup_epochs=1 learning_rate=0.06 \\
        augmentation_ramp_epochs=0

DATA holds fer2013.csv and fer2013new.csv. The first run is asked about each of twelve epochs' views once, the second
sees new ones: on PublicTest 82.4 and 83.0 %, cross-entropy 0.782 and 0.760. On two x86 cores (AVX-512 with bfloat16),
partly beside other work, they took 38 and 18 minutes. In int8 on PrivateTest 80.9 %, by both views 82.0 %.

Five larger teachers (`taught`) on an H100 came to 82.5 to 83.6 % of PublicTest in one run.
"""

from functools import partial

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe

RECIPE = Recipe(
    network=partial(networks.residual, stem=12, widths=(20, 36, 64, 90), blocks=(1, 1, 1, 1)),
    teachers=("emotion",),
    teacher_share=0.75,
    epochs=72,
    distinct_epochs=12,
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
