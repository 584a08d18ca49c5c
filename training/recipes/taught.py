"""`crowd`'s network, taught by five larger ones on the very views that it sees. For a GPU.

    for seed in 1 2 3 4 5; do
        KERAS_BACKEND=torch python -m training train teacher --data DATA --run runs/teacher$seed --seed $seed &
    done; wait
    KERAS_BACKEND=torch python -m training train taught --data DATA --run runs/taught

DATA holds fer2013.csv and fer2013new.csv. On one H100, beside two other trainings, an epoch takes six seconds while the
teachers are asked and three when they have been. Cut off after epoch 80, five and a half minutes, it was right about
84.4 % of PublicTest (cross-entropy 0.718). `again` goes on from here as well as from `crowd`.
"""

from training import networks
from training.recipe import Recipe
from training.recipes.teacher import CAMERAS

TEACHERS = tuple(f"runs/teacher{seed}" for seed in range(1, 6))

RECIPE = Recipe(
    network=networks.residual,
    teachers=TEACHERS,
    teacher_share=0.75,
    epochs=104,
    distinct_epochs=32,
    augmentation=CAMERAS,
    batch_size=256,
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=3,
    weight_decay=3e-3,  # decoupled: with momentum 0.9 as strong as an L2 penalty of 3e-4
    averaging=0.999,
)
