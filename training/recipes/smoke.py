"""Proves that training works: a tiny network on 512 faces, in under a minute on a CPU. Its score means nothing.

python -m training train smoke --data DATA --run runs/smoke
"""

from functools import partial

from training import networks
from training.recipe import Recipe

RECIPE = Recipe(
    network=partial(networks.residual, stem=16, widths=(16, 32), blocks=(1, 1)),
    epochs=2,
    batch_size=64,
    warmup_epochs=0,
    averaging=0.9,
    augmentation_ramp_epochs=0,
    faces=512,
)
