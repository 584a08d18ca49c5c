"""The default model: what ten people see in a face (FER+ votes).

    python -m training train crowd --data DATA --run runs/crowd

DATA holds fer2013.csv and fer2013new.csv. About 80 s an epoch on two CPU cores, 2 s on a data-centre GPU.
"""

from training import networks
from training.recipe import Recipe

RECIPE = Recipe(network=networks.residual, epochs=44, refining_epochs=14)
