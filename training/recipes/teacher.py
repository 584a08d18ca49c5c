"""A large network for others to learn from: 12 M parameters, 680 M multiply-accumulates. Too large to ship.

    KERAS_BACKEND=jax python -m training train teacher --data DATA --run runs/teacher1 --seed 1
    KERAS_BACKEND=jax python -m training train crowd --data DATA --run runs/student --teacher runs/teacher1

DATA holds fer2013.csv and fer2013new.csv; --teacher takes several runs. For a GPU: it computes eleven times as much as
`crowd`. A study of this network reached 86.5 % on PrivateTest (7 classes, the crowd's majority) in 55 epochs. Teachers
differ by their seed, or by `--set own_labels=0.7`, which makes the one that the recipe fer2013 wants.
"""

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe

RECIPE = Recipe(
    network=networks.vgg,
    epochs=80,
    augmentation=Augmentation(),
    batch_size=256,
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=3,
    weight_decay=5e-3,  # decoupled: with momentum 0.9 as strong as an L2 penalty of 5e-4
    averaging=0.999,
)
