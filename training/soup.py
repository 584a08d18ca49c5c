"""The mean of the weights of several runs: much of what the mean of their answers is worth, at the cost of one network.

Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time" (2022). It works where the runs lie in one valley of the loss: where one began from the other.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.data import FaceSet
from training.distil import trained_network
from training.emotions import crowd_score
from training.errors import DataError
from training.run import BEST, CURVE, FACTS, read_facts, write_facts


def average(runs: Sequence[Path], selection: FaceSet, out: Path) -> str:
    """Make the run folder `out`: the mean weights, and the facts and curve of the last run with a note of it.

    Returns a table of what each run and their mean are worth on these faces. Raises DataError.
    """
    if (out / BEST).exists():
        raise DataError(f"{out} is the folder of a run already; name another")
    for path in [run / BEST for run in runs] + [runs[-1] / FACTS, runs[-1] / CURVE]:
        if not path.is_file():
            raise DataError(f"{path} is missing; train that network first")
    facts = read_facts(runs[-1])
    networks = [trained_network(str(run)) for run in runs]
    mean = trained_network(str(runs[-1]))
    weights = [network.get_weights() for network in networks]
    if len({tuple(array.shape for array in one) for one in weights}) > 1:
        raise DataError(f"{', '.join(map(str, runs))}: not all the same network")
    mean.set_weights([np.mean(arrays, axis=0) for arrays in zip(*weights, strict=True)])

    pixels = selection.images[..., None].astype(np.float32)
    lines = []
    for name, network in zip((*map(str, runs), "mean"), (*networks, mean), strict=True):
        score = crowd_score(network.predict(pixels, batch_size=256, verbose=0).astype(np.float64), selection)
        lines.append(f"{name:24} accuracy {score['accuracy']:.4f}, cross-entropy {score['nll']:.4f}")

    note = f"The weights are the mean of those kept by {' and '.join(run.name for run in runs)}, on PublicTest: "
    facts["notes"] = [*facts.get("notes", []), note + "; ".join(" ".join(line.split()) for line in lines) + "."]
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(runs[-1] / CURVE, out / CURVE)
    write_facts(out, facts)
    mean.save(out / BEST)
    return "\n".join(lines)
