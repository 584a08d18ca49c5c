"""Int8 files by Google's `ai-edge-quantizer`."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from typing import Any

import numpy as np

from quantize.editing import signature

ACTIVATION_BITS = WEIGHT_BITS = 8


def ai_edge_content(content: bytes, inputs: list[np.ndarray], float_tensors: str | None = None) -> bytes:
    """content: a float32 file with one signature and one input. inputs: batches of one as the file takes them.

    float_tensors: a pattern of the names of tensors that stay float.
    """
    from ai_edge_quantizer import qtyping, recipe_manager

    recipe = recipe_manager.RecipeManager()
    every = qtyping.TFLOperationName.ALL_SUPPORTED
    recipe.add_static_config(
        regex=".*", operation_name=every, activation_num_bits=ACTIVATION_BITS, weight_num_bits=WEIGHT_BITS
    )
    if float_tensors:
        recipe.add_quantization_config(regex=float_tensors, operation_name=every, algorithm_key="no_quantize")
    rules = recipe.get_quantization_recipe()
    key, name = signature(content)
    # It describes its progress on standard output, and LiteRT warns of the way it reads the ranges.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Warning: Enabling `experimental_preserve_all_tensors`")
        return _quantized(content, rules, [{key: [{name: one}]} for one in inputs])


def _quantized(content: bytes, rules: Any, samples: list[dict[str, Any]]) -> bytes:
    from ai_edge_quantizer import quantizer

    # One picture at a time: over several, the quantizer takes a moving average, which clips what is seen seldom.
    ranges = [quantizer.Quantizer(content, rules).calibrate(one, num_threads=1) for one in samples]
    result = quantizer.Quantizer(content, rules).quantize(
        _widest(ranges), enable_progress_bar=False, enable_progress_report=False
    )
    return bytes(result.quantized_model)


def _widest(ranges: list[dict[str, Any]]) -> dict[str, Any]:
    """The least minimum and the greatest maximum of every tensor."""
    widest = copy.deepcopy(ranges[0])
    for name, limits in widest.items():
        for key, extreme in (("min", np.min), ("max", np.max)):
            if key in limits:
                limits[key] = extreme(np.stack([each[name][key] for each in ranges]), axis=0)
    return widest
