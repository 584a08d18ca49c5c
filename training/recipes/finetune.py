"""A user's own few hundred pictures on top of the shipped model, which is not forgotten.

    KERAS_BACKEND=torch python -m training train finetune --data faces --run runs/mine

`faces` is what the device recorded (`faces/<emotion>/*.png`) after a person has sorted it, any other folder of pictures
for each emotion, or a CSV file of path,emotion,person.

Three things keep what the model knew. It begins from the shipped file itself, with a small learning rate. It also
teaches: half of every target is what it thought of the very same view (Li and Hoiem, "Learning without forgetting",
2016). And who has FER2013 may rehearse it: `--data faces@3 DATA@0.05`. For the small model: `--set start=emotion-nano
--teacher emotion-nano`.
"""

from training import networks
from training.augment import Augmentation
from training.recipe import Recipe

RECIPE = Recipe(
    network=networks.residual,
    start="emotion",
    teachers=("emotion",),
    teacher_share=0.5,
    epochs=20,
    batch_size=32,
    augmentation=Augmentation(),
    augmentation_ramp_epochs=0,
    learning_rate=2e-4,
    warmup_epochs=2,
    weight_decay=0.0,
    averaging=0.95,
    patience=8,
)
