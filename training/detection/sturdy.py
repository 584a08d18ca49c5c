"""Teach YuNet to see in a bad picture what it sees in the good one.

    python -m training.detection.sturdy --data FACES --out runs/yunet.npz
    python -m quantize.yunet --weights runs/yunet.npz --data FACES --out models --pictures WIDER

FACES holds photographs in one of the formats of `training/README.md`. The network is its own teacher: of each view it
is shown a worse picture (`bad_light.py`), and learns what it answered to the good one, cell by cell (self-distillation;
as in Beyer et al. 2022 both see the same view). Of a picture without any box it learns that there is no face; the boxes
of the others are not used. A mean of the weights before and after is kept: it forgets less than the trained ones, and
gains nearly as much (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022). It takes eleven minutes on one
x86 core (AVX-512 with bfloat16).
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from edge.errors import EdgeError
from training.detection.annotations import Complaints
from training.detection.bad_light import seen_in_bad_light
from training.detection.pictures import is_kept_aside
from training.detection.sources import read_annotations
from training.detection.weights import SOURCE, Convolution, convolutions, mixed, save
from training.detection.yunet import BOX, LOGITS, YuNet
from training.errors import DataError
from training.hardware import has_fast_bfloat16
from training.seeds import seed

log = logging.getLogger(__name__)

HEIGHT, WIDTH = 320, 416
STEPS, BATCH = 3000, 16
RATE, WARM_UP = 1e-4, 100
AVERAGING = 0.998
KEPT_SHARE = 0.4
"""Of what was learnt, in the weights that are kept."""
LEAST_SEEN = 0.1
"""Cells that the teacher thinks less of have no box to learn."""
LOGGED_EVERY = 100
EMPTY_CHANCE = 0.4
"""How often a picture without a face is shown, compared with one that has some."""


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""(BATCH, 3, HEIGHT, WIDTH) pixels 0..255 of good pictures, of the same made worse; (BATCH,) bool: it shows a face."""


class Pictures:
    """Views of photographs in colour, and what a worse camera makes of them. A batch depends on seed and number."""

    def __init__(self, pictures: Sequence[np.ndarray], showing: Sequence[bool], seed: int) -> None:
        """pictures: (H, W, 3) BGR. showing: which of them show a face."""
        self._pictures, self._showing, self._seed = pictures, np.asarray(showing), seed
        chances = np.where(self._showing, 1.0, EMPTY_CHANCE)
        self._chances = chances / chances.sum()

    def batch(self, number: int) -> Batch:
        random = np.random.default_rng((self._seed, number))
        chosen = random.choice(len(self._pictures), BATCH, p=self._chances)
        good = [view(self._pictures[index], random) for index in chosen]
        bad = [seen_in_bad_light(picture, random) for picture in good]
        return _tensor(good), _tensor(bad), torch.from_numpy(self._showing[chosen])

    def batches(self, count: int) -> Iterator[Batch]:
        """In order, the next ones made while one is trained on."""
        with ThreadPoolExecutor(2) as workers:
            waiting = [workers.submit(self.batch, number) for number in range(min(4, count))]
            for number in range(count):
                yield waiting.pop(0).result()
                if number + 4 < count:
                    waiting.append(workers.submit(self.batch, number + 4))


def view(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) of a (H, W, 3) BGR picture: half to twice as large as it fits, a little tilted, mirrored."""
    fitting = min(HEIGHT / picture.shape[0], WIDTH / picture.shape[1])
    scale = min(fitting * math.exp(random.uniform(math.log(0.5), math.log(2.2))), 2.0)
    while scale < 0.55 and min(picture.shape[:2]) > 32:  # a warp alone would skip pixels
        picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        scale *= 2
    height, width = picture.shape[:2]
    angle, mirror = math.radians(random.normal(0, 8)), -1 if random.random() < 0.5 else 1
    turn = scale * np.array([[math.cos(angle) * mirror, -math.sin(angle)], [math.sin(angle) * mirror, math.cos(angle)]])
    x, y = width * random.uniform(0.2, 0.8), height * random.uniform(0.2, 0.8)
    middle = (width / 2 if width * scale <= WIDTH else x, height / 2 if height * scale <= HEIGHT else y)
    matrix = np.column_stack([turn, (WIDTH / 2, HEIGHT / 2) - turn @ middle])
    fill = (0, 0, 0) if random.random() < 0.5 else tuple(int(value) for value in random.integers(0, 256, 3))
    return cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderValue=fill)


def imitation_loss(answers: torch.Tensor, taught: torch.Tensor, showing: torch.Tensor) -> torch.Tensor:
    """What it costs to answer otherwise than the teacher, both (N, cells, 16); 0 where they agree.

    showing: (N,) bool: the picture shows a face; of another, the teacher is taken to see none.

    Scores by cross-entropy, more where they are far apart; boxes and points by their distance, in strides, times the
    teacher's score. Divided by the number of cells that the teacher sees a face in.
    """
    wanted = joint(taught[..., LOGITS])[0].exp() * showing[:, None]
    log_score, logit = joint(answers[..., LOGITS])
    entropy = functional.binary_cross_entropy(wanted, wanted, reduction="none")
    surplus = functional.binary_cross_entropy_with_logits(logit, wanted, reduction="none") - entropy
    score = ((log_score.exp() - wanted).abs().detach() * surplus).sum()
    apart = functional.smooth_l1_loss(answers[..., BOX.start :], taught[..., BOX.start :], reduction="none", beta=0.1)
    place = (apart.mean(dim=-1) * wanted * (wanted > LEAST_SEEN)).sum()
    return (2 * score + place) / wanted.sum().clamp(min=1)


def joint(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of (…, 2) logits, the logarithm of the geometric mean of their likelihoods, and its logit."""
    log_mean = functional.logsigmoid(logits.float()).mean(dim=-1)
    return log_mean, log_mean - torch.log(-torch.expm1(log_mean).clamp(max=-1e-7))


def taught(weights: Sequence[Convolution], pictures: Pictures, steps: int = STEPS) -> list[Convolution]:
    """The weights after so many steps, averaged over the last ones, mixed with what they were."""
    student, teacher = (YuNet(weights).to(memory_format=torch.channels_last) for _ in range(2))
    optimizer = torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    average = [parameter.detach().clone() for parameter in student.parameters()]
    began, losses = time.monotonic(), []
    for step, (good, bad, showing) in enumerate(pictures.batches(steps), start=1):
        with torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16()):
            with torch.no_grad():
                wanted = teacher(good)
            answers = student(bad)
        loss = imitation_loss(answers.float(), wanted.float(), showing)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for mean, parameter in zip(average, student.parameters(), strict=True):
                mean.lerp_(parameter, 1 - min(AVERAGING, step / (step + 9)))
        losses.append(loss.item())
        if step % LOGGED_EVERY == 0:
            left_min = (time.monotonic() - began) / step * (steps - step) / 60
            log.info("step %d of %d: loss %.4f, %.0f min left", step, steps, np.mean(losses[-LOGGED_EVERY:]), left_min)
    with torch.no_grad():
        for mean, parameter in zip(average, student.parameters(), strict=True):
            parameter.copy_(mean)
    return mixed(weights, student.weights(), KEPT_SHARE)


def read(folder: Path, seed: int) -> Pictures:
    """Those that train; one in sixteen is kept aside, to measure on. Raises DataError."""
    complaints = Complaints()
    annotated = [one for one in read_annotations(folder, complaints) if not is_kept_aside(one.path.name)]
    with ThreadPoolExecutor() as workers:
        images = list(workers.map(lambda one: cv2.imread(str(one.path), cv2.IMREAD_COLOR), annotated))
    complaints.log()
    pairs = [(image, one) for image, one in zip(images, annotated, strict=True) if image is not None]
    if not pairs:
        raise DataError(f"{folder} holds no picture that can be read: nothing to train on")
    return Pictures([image for image, _ in pairs], [len(one.boxes) > 0 for _, one in pairs], seed)


def _rate(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))


def _tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    planes = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32)
    return torch.from_numpy(planes).to(memory_format=torch.channels_last)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.detection.sturdy", description="Teach YuNet to see in bad light.")
    parser.add_argument("--data", type=Path, required=True, help="photographs")
    parser.add_argument("--out", type=Path, required=True, help="the weights to write, .npz")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=seed, default=1)
    parser.add_argument("--source", type=Path, help=f"{SOURCE.name}, where the package is not installed")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    try:
        weights = convolutions(SOURCE.read(options.source))
        result = taught(weights, read(options.data, options.seed), options.steps)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        save(options.out, result)
    except (EdgeError, OSError) as err:
        sys.stderr.write(f"training.detection.sturdy: {err}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
