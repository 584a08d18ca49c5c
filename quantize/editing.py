"""A .tflite file taken apart: steps, constants and ranges can be read and replaced, then it is put together again."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge.emotion.tflite import TfliteModel
from quantize.operators import WEIGHT_INPUT, operator_name, real_values, tensor_shape

IDENTIFIER = b"TFL3"
BATCH = 32
"""Pictures a pass while a network is observed."""


@dataclass(frozen=True)
class Step:
    """One operator, by the numbers of its tensors. inputs: those that are computed, constants left out."""

    name: str
    inputs: tuple[int, ...]
    output: int
    weights: int | None
    bias: int | None
    options: Any
    """The schema's own: strides, padding, fused activation."""


class NetworkFile:
    """One graph. The numbers of tensors are the file's own and stay as they are."""

    def __init__(self, content: bytes) -> None:
        self._model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
        (self._graph,) = self._model.subgraphs
        _bring_in(self._model.buffers, content)
        # Converters share one tensor between equal constants; here each step may change its own.
        taken: set[int] = set()
        for operator in self._graph.operators:
            operator.inputs = [self._own(taken, int(index)) for index in operator.inputs]
        self.steps = [self._step(operator) for operator in self._graph.operators]

    def real(self, tensor: int) -> np.ndarray:
        """A constant's values as real numbers, float32."""
        values = real_values(self._graph.tensors[tensor], self._model)
        assert values is not None, "a constant of a type that our networks do not hold"
        return values

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tensor_shape(self._graph.tensors[tensor])

    def range(self, tensor: int) -> tuple[float, float]:
        """The smallest and the largest real number that an int8 tensor holds."""
        quantization = self._graph.tensors[tensor].quantization
        scale, zero_point = float(quantization.scale[0]), int(quantization.zeroPoint[0])
        return (-128 - zero_point) * scale, (127 - zero_point) * scale

    def scale(self, tensor: int) -> float:
        return float(self._graph.tensors[tensor].quantization.scale[0])

    def set_range(self, tensor: int, low: float, high: float) -> None:
        """Let an int8 tensor hold these real numbers and zero, zero exactly."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = max(high - low, 1e-9) / 255
        quantization = self._graph.tensors[tensor].quantization
        quantization.scale = np.array([scale], dtype=np.float32)
        quantization.zeroPoint = np.array([np.clip(round(-128 - low / scale), -128, 127)], dtype=np.int64)

    def set_constant(self, tensor: int, values: np.ndarray, scale: np.ndarray | None = None) -> None:
        """Replace a constant, same shape and type. scale: of integers, one number a channel; their zero is 0."""
        self._buffer(tensor).data = np.frombuffer(values.tobytes(), dtype=np.uint8)
        if scale is not None:
            quantization = self._graph.tensors[tensor].quantization
            quantization.scale = scale.astype(np.float32)
            quantization.zeroPoint = np.zeros(len(scale), dtype=np.int64)

    def content(self, outputs: list[int] | None = None) -> bytes:
        """The file's bytes. outputs: which tensors it answers with instead of its own."""
        kept, signatures = self._graph.outputs, self._model.signatureDefs
        if outputs is not None:
            self._graph.outputs, self._model.signatureDefs = outputs, None
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self._model.Pack(builder), IDENTIFIER)
        self._graph.outputs, self._model.signatureDefs = kept, signatures
        return bytes(builder.Output())

    def _own(self, taken: set[int], index: int) -> int:
        """This tensor, or a copy of it where it is a constant that an earlier step uses, too."""
        if index < 0 or not self._is_constant(index):
            return index
        if index not in taken:
            taken.add(index)
            return index
        tensor, buffer = (copy.deepcopy(part) for part in (self._graph.tensors[index], self._buffer(index)))
        self._model.buffers.append(buffer)
        tensor.buffer = len(self._model.buffers) - 1
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _is_constant(self, tensor: int) -> bool:
        return self._buffer(tensor).data is not None

    def _buffer(self, tensor: int) -> Any:
        return self._model.buffers[self._graph.tensors[tensor].buffer]

    def _step(self, operator: Any) -> Step:
        name = operator_name(operator, self._model)
        inputs = [int(index) for index in operator.inputs if index >= 0]
        weights = int(operator.inputs[WEIGHT_INPUT[name]]) if name in WEIGHT_INPUT else None
        bias = int(operator.inputs[2]) if weights is not None and len(operator.inputs) > 2 else -1
        return Step(
            name,
            tuple(index for index in inputs if not self._is_constant(index)),
            int(operator.outputs[0]),
            weights,
            bias if bias >= 0 else None,
            operator.builtinOptions,
        )


def _bring_in(buffers: list[Any], content: bytes) -> None:
    """Some writers put constants behind the flatbuffer and leave their offset in the file; 0 and 1 are none."""
    for buffer in buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0


def signature(content: bytes) -> tuple[str, str]:
    """The key of a file's only signature and the name of its only input there."""
    (one,) = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0)).signatureDefs
    (taken,) = one.inputs
    return one.signatureKey.decode(), taken.name.decode()


class Observed:
    """Runs a network and answers with the values between its steps, as real numbers.

    tensors: whose values, by the numbers of the file.
    """

    def __init__(self, file: NetworkFile, tensors: list[int]) -> None:
        content = file.content(outputs=tensors)
        self._networks = {size: TfliteModel(content, "the observed network", batch=size) for size in (1, BATCH)}

    def batches(self, pictures: np.ndarray) -> Iterator[list[np.ndarray]]:
        """pictures: (N, S, S) uint8. Yields (B, ...) float32 for each tensor, the pictures in order."""
        whole = len(pictures) // BATCH * BATCH
        for size, first, last in ((BATCH, 0, whole), (1, whole, len(pictures))):
            network = self._networks[size]
            into, shape = network.input_quantization(), network.input_shape
            for start in range(first, last, size):
                batch = pictures[start : start + size].reshape(shape).astype(np.float32)
                answers = network.run(into.quantize(batch))
                yield [network.output_quantization(index).dequantize(one) for index, one in enumerate(answers)]

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """(N, K): the first of the tensors for every picture."""
        return np.concatenate([values[0] for values in self.batches(pictures)])
