"""Inputs of a model and its answers to them, made where the model was made: the device has to come to the same ones."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.emotion.tflite import TfliteModel
from edge.errors import ModelError

INTEGER_TOLERANCE: Final = 1
"""LiteRT's integers are equal on every processor; its predecessor's differ by at most one."""
FLOAT_TOLERANCE: Final = 1e-3

_MOST_CASES = 64


def write_golden(model: TfliteModel, inputs: dict[str, npt.NDArray[Any]]) -> bytes:
    """inputs: by name, each of the first input's shape and type. JSON: name, input and outputs in base64."""
    cases = [
        {"name": name, "input": _text(value), "outputs": [_text(output) for output in model.run(value)]}
        for name, value in inputs.items()
    ]
    return (json.dumps({"schema": 1, "cases": cases}, indent=1) + "\n").encode()


def check_golden(model: TfliteModel, golden: bytes) -> int:
    """Run every case; how many there are. Raises ModelError naming the first that comes out differently."""
    cases = _cases(golden)
    for case in cases:
        try:
            value, outputs = case["input"], case["outputs"]
            found = model.run(_array(value, model.inputs[0]))
            wanted = [_array(text, detail) for text, detail in zip(outputs, model.outputs, strict=True)]
        except (TypeError, KeyError, ValueError, binascii.Error) as err:
            raise ModelError("its golden set is not one of this model") from err
        for number, pair in enumerate(zip(found, wanted, strict=True)):
            if not _alike(*pair):
                raise ModelError(
                    f"on this device the model answers {case.get('name')!r} differently from where it was made "
                    f"(output {number}, by up to {_distance(*pair):g})"
                )
    return len(cases)


def _cases(golden: bytes) -> list[dict[str, Any]]:
    try:
        cases = json.loads(golden)["cases"]
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise ModelError("its golden set cannot be read") from err
    if not isinstance(cases, list) or not 0 < len(cases) <= _MOST_CASES or not all(isinstance(c, dict) for c in cases):
        raise ModelError(f"its golden set must hold 1 to {_MOST_CASES} cases")
    return cases


def _alike(found: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> bool:
    if np.issubdtype(wanted.dtype, np.integer):
        return _distance(found, wanted) <= INTEGER_TOLERANCE
    return bool(np.allclose(found, wanted, rtol=FLOAT_TOLERANCE, atol=FLOAT_TOLERANCE))


def _distance(found: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    return float(np.abs(found.astype(np.float64) - wanted.astype(np.float64)).max(initial=0))


def _text(value: npt.NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()


def _array(text: str, detail: dict[str, Any]) -> npt.NDArray[Any]:
    """In the shape and type of a tensor. Raises ValueError where there are more or fewer numbers."""
    content = base64.b64decode(text, validate=True)
    return np.asarray(np.frombuffer(content, dtype=detail["dtype"]).reshape(detail["shape"]))
