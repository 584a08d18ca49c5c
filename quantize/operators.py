"""What a .tflite file computes with: the operators, the types of the numbers they touch, their work and weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

_FLOAT_TYPES = {
    schema.TensorType.FLOAT16,
    schema.TensorType.FLOAT32,
    schema.TensorType.FLOAT64,
    schema.TensorType.BFLOAT16,
}
_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
"""Operators that only change the type of numbers."""

_WEIGHT_TYPES = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT8: np.int8}

WEIGHT_INPUT = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1}
"""Which input of an operator holds its weights."""


@dataclass(frozen=True)
class Operator:
    """floats: it reads or writes a tensor of floating-point numbers. Only names and types count, not the graph.

    output: the number of the tensor it writes. shape: of that tensor. weights: as real numbers, or None where it has
    none or they are of a type that nobody here writes.
    """

    name: str
    floats: bool
    output: int
    shape: tuple[int, ...]
    multiply_accumulates: int
    weights: np.ndarray | None


def operators(content: bytes) -> list[Operator]:
    """Every operator of every subgraph, in the order of execution. content: the file's bytes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    return [_described(operator, graph, model) for graph in model.subgraphs for operator in graph.operators]


def float_operators(content: bytes) -> list[str]:
    """The names, each once, of the operators that compute in floating point or convert from or to it."""
    return sorted({operator.name for operator in operators(content) if operator.floats})


def operator_name(operator: Any, model: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]


def real_values(tensor: Any, model: Any) -> np.ndarray | None:
    """A constant as real numbers; None where the tensor is none or of a type that nobody here writes."""
    data = model.buffers[tensor.buffer].data
    if data is None or tensor.type not in _WEIGHT_TYPES:
        return None
    values = np.frombuffer(np.asarray(data, np.uint8).tobytes(), _WEIGHT_TYPES[tensor.type]).reshape(
        tensor_shape(tensor)
    )
    if tensor.type == schema.TensorType.FLOAT32:
        return values
    per_channel = [1] * values.ndim
    if values.ndim:
        per_channel[tensor.quantization.quantizedDimension] = -1
    scale, zero_point = (np.asarray(value) for value in (tensor.quantization.scale, tensor.quantization.zeroPoint))
    return (values.astype(np.float32) - zero_point.reshape(per_channel)) * scale.reshape(per_channel)


def tensor_shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(length) for length in (tensor.shape if tensor.shape is not None else ()))


def _described(operator: Any, graph: Any, model: Any) -> Operator:
    name = operator_name(operator, model)
    # -1 stands for an optional input that is not there.
    touched = [index for index in (*operator.inputs, *operator.outputs) if index >= 0]
    output = int(operator.outputs[0])
    shape = tensor_shape(graph.tensors[output])
    kernel = graph.tensors[operator.inputs[WEIGHT_INPUT[name]]] if name in WEIGHT_INPUT else None
    return Operator(
        name,
        any(graph.tensors[index].type in _FLOAT_TYPES for index in touched),
        output,
        shape,
        0 if kernel is None else _work(name, shape, tensor_shape(kernel)),
        None if kernel is None else real_values(kernel, model),
    )


def _work(name: str, shape: tuple[int, ...], kernel: tuple[int, ...]) -> int:
    """Multiply-accumulates of one picture. kernel: (out, height, width, in), or (1, height, width, out) by depth."""
    if name == "FULLY_CONNECTED":
        return math.prod(kernel)
    if name == "DEPTHWISE_CONV_2D":
        return math.prod(shape[1:]) * math.prod(kernel[1:3])
    return math.prod(shape[1:3]) * math.prod(kernel)
