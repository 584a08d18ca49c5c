"""The default model: what ten people see in a face (FER+ votes).

    python -m training train crowd --data DATA --run runs/crowd

DATA holds fer2013.csv and fer2013new.csv.
"""

from training import networks
from training.recipe import Recipe

RECIPE = Recipe(
    network=networks.residual,
    epochs=42,
    small_epochs=30,
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=2,
    weight_decay=5e-3,  # decoupled: with momentum 0.9 as strong as an L2 penalty of 5e-4
    averaging=0.999,
)
