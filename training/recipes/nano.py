"""For a Pi Zero 2 W: at most 10 million multiply-accumulates and 250 KB in int8. What ten people see in a face.

    KERAS_BACKEND=torch python -m training train nano --data DATA --run runs/nano

DATA holds fer2013.csv and fer2013new.csv. So small a net cannot learn everything: its faces are spoilt less than those
of `crowd`, and all of them are seen at full size. An epoch takes 47 seconds on two free x86 cores (AVX2), the whole 40
minutes.

In int8 (238 KB) on PrivateTest: 80.3 %, 3.5 points below `crowd`; no weights of it are shipped. What to try next: a
warm restart as in `crowd`, plain residual blocks all the way, a teacher.
"""

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe

RECIPE = Recipe(
    network=networks.compact,
    epochs=50,
    augmentation=Augmentation(
        tilt_probability=0.08,
        scale=0.12,
        shift=0.1,
        dim_probability=0.08,
        erase_probability=0.2,
        cover_probability=0.06,
        degrade_probability=0.2,
    ),
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=2,
    weight_decay=2e-3,  # decoupled: with momentum 0.9 as strong as an L2 penalty of 2e-4
    averaging=0.999,
)
