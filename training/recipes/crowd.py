"""The default model: what ten people see in a face (FER+ votes).

    python -m training train crowd --data DATA --run runs/crowd

DATA holds fer2013.csv and fer2013new.csv. About 75 s an epoch on two CPU cores, 55 minutes in all. PrivateTest, 7
classes, int8: 81.2 %; in the FER+ authors' protocol of 8 classes 84.7 %. The first 30 epochs of the shipped weights ran
with `averaging` 0.998; PublicTest's cross-entropy rose from 0.755 to 0.762 over the last six of them (AdamW overfits
as its rate goes to zero), and fell to 0.747 in the refining epochs with the longer average written here.
"""

from training import networks
from training.recipe import Recipe

RECIPE = Recipe(network=networks.residual, epochs=44, refining_epochs=14)
