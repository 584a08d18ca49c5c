"""What a detector's answers cost: score, box and points, in PyTorch."""

from __future__ import annotations

import torch
from torch.nn import functional

from training.detection.targets import FACE, POINTS_KNOWN, TARGET_BOX, TARGET_POINTS, WEIGHT

BOX_SHARE, POINTS_SHARE = 2.0, 1.0


def detection_loss(answers: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean over the cells that answer for a face. answers: (N, cells, VALUES); targets: (N, cells, COLUMNS)."""
    answers, targets = answers.flatten(0, 1), targets.flatten(0, 1)
    mine = targets[:, FACE] > 0
    weights = targets[mine, WEIGHT]
    total = weights.sum().clamp(min=1)
    overlap, box_cost = _box_cost(answers[mine, 1:5], targets[mine, TARGET_BOX])
    wanted = torch.zeros_like(targets[:, FACE])
    # A score shall tell how well its box fits too, so that the best of a face's boxes is the likeliest.
    wanted[mine] = overlap.detach().clamp(min=0.1)
    score = (_quality_focal(answers[:, 0], wanted) * targets[:, WEIGHT]).sum()
    points = _points_cost(answers[mine, 5:], targets[mine])
    return (score + BOX_SHARE * (box_cost * weights).sum() + POINTS_SHARE * (points * weights).sum()) / total


def _quality_focal(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross-entropy, less for what is nearly right already (generalized focal loss, Li et al. 2020)."""
    error = (torch.sigmoid(logits) - wanted).detach()
    return error**2 * functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")


def _box_cost(answers: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(M,) intersection over union, and what the boxes cost: distance-IoU (Zheng et al. 2020) and their shape."""
    low, high = _corners(answers)
    want_low, want_high = _corners(targets)
    shared = (torch.minimum(high, want_high) - torch.maximum(low, want_low)).clamp(min=0).prod(dim=1)
    union = (high - low).prod(dim=1) + (want_high - want_low).prod(dim=1) - shared
    overlap = shared / union.clamp(min=1e-6)
    around = torch.maximum(high, want_high) - torch.minimum(low, want_low)
    apart = ((answers[:, :2] - targets[:, :2]) ** 2).sum(dim=1) / (around**2).sum(dim=1).clamp(min=1e-6)
    shape = functional.smooth_l1_loss(answers[:, 2:], targets[:, 2:], reduction="none", beta=0.2).sum(dim=1)
    return overlap, 1 - overlap + apart + 0.2 * shape


def _corners(boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of (M, 4) middles and logarithms of the sides, which are kept within what a picture can hold."""
    half = boxes[:, 2:].clamp(-4, 4).exp() / 2
    return boxes[:, :2] - half, boxes[:, :2] + half


def _points_cost(answers: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """(M,) mean distance of the points along x and y, in shares of the face's size; 0 where nobody marked them."""
    size = targets[:, TARGET_BOX][:, 2:].mean(dim=1, keepdim=True).exp()
    cost = functional.smooth_l1_loss(answers / size, targets[:, TARGET_POINTS] / size, reduction="none", beta=0.04)
    return 5 * cost.mean(dim=1) * targets[:, POINTS_KNOWN]
