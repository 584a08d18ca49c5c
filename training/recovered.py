"""A shipped .tflite network as a Keras network that can be trained on: what a user's own faces begin from.

So there is one file to ship, and what is fine-tuned is what the device runs. The converter has folded batch
normalization into the convolutions: the network has none, and a few hundred faces cannot spoil its statistics.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from keras import layers

from edge.emotion.tflite import TfliteModel
from training.errors import DataError

_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_TYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT32: np.int32,
}
_PLAIN, _RELU = schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU


def recovered(path: Path, side: int | None = -1) -> keras.Model:
    """The network in the file, its integers as real numbers: raw pixels (side, side, 1) to logits.

    side: None for any size; by default the file's. Raises DataError for an operator that our networks do not have,
    ModelError for a damaged file.
    """
    content = path.read_bytes()
    TfliteModel(content, str(path))  # it looks whether the file is whole, which the schema's own reader does not
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    return _Reader(model, str(path)).network(side)


class _Reader:
    """Rebuilds a file's first graph, operator by operator. values: by tensor number, what has been computed so far."""

    def __init__(self, model: Any, name: str) -> None:
        self._buffers, self._graph, self._name = model.buffers, model.subgraphs[0], name
        self._operators = [_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
        self._values: dict[int, Any] = {}
        self._scaled: dict[int, float] = {}
        """By tensor number, the factor of a multiplication whose addition is still to come: both are one Rescaling."""
        self._weights: list[tuple[keras.Layer, list[np.ndarray]]] = []

    def network(self, side: int | None) -> keras.Model:
        first = self._graph.inputs[0]
        size = int(self._graph.tensors[first].shape[1]) if side == -1 else side
        pixels = keras.Input((size, size, 1), name="face")
        self._values[first] = pixels
        for operator in self._graph.operators:
            self._values[operator.outputs[0]] = self._computed(self._operators[operator.opcodeIndex], operator)
        model = keras.Model(pixels, self._values[self._graph.outputs[0]], name="recovered")
        for layer, weights in self._weights:
            layer.set_weights(weights)
        return model

    def _computed(self, kind: str, operator: Any) -> Any:
        inputs, options = operator.inputs, operator.builtinOptions
        x = self._values[inputs[0]]
        if kind in ("QUANTIZE", "DEQUANTIZE", "RESHAPE"):
            return x
        if kind == "MEAN":
            return layers.GlobalAveragePooling2D()(x)
        if kind == "MUL":
            self._scaled[operator.outputs[0]] = self._scalar(inputs[1])
            return x
        if kind == "ADD" and inputs[1] not in self._values:
            return layers.Rescaling(self._scaled.get(inputs[0], 1.0), offset=self._scalar(inputs[1]))(x)
        if kind == "ADD":
            return self._activated(layers.Add()([x, self._values[inputs[1]]]), options)
        if kind == "FULLY_CONNECTED":
            kernel, bias = self._real(inputs[1]).T, self._real(inputs[2])
            layer = self._layer(layers.Dense(len(bias), name="logits", dtype="float32"), kernel, bias)
        elif kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            layer = self._convolution(kind, self._real(inputs[1]), self._real(inputs[2]), options)
        else:
            raise DataError(f"{self._name}: cannot be trained on, it computes {kind}; begin from another network")
        return self._activated(layer(x), options)

    def _convolution(self, kind: str, kernel: np.ndarray, bias: np.ndarray, options: Any) -> keras.Layer:
        """kernel: (out, H, W, in), of a depthwise one (1, H, W, channels)."""
        common = {
            "name": f"convolution_{len(self._weights)}",
            "strides": options.strideH,
            "padding": ("same", "valid")[options.padding],
        }
        if kind == "CONV_2D":
            layer = layers.Conv2D(len(bias), kernel.shape[1:3], **common)
            return self._layer(layer, kernel.transpose(1, 2, 3, 0), bias)
        layer = layers.DepthwiseConv2D(kernel.shape[1:3], **common)
        return self._layer(layer, kernel.transpose(1, 2, 3, 0), bias)

    def _layer(self, layer: keras.Layer, *weights: np.ndarray) -> keras.Layer:
        self._weights.append((layer, list(weights)))
        return layer

    def _activated(self, x: Any, options: Any) -> Any:
        if options.fusedActivationFunction not in (_PLAIN, _RELU):
            raise DataError(
                f"{self._name}: cannot be trained on, an activation is not ReLU; begin from another network"
            )
        return layers.ReLU()(x) if options.fusedActivationFunction == _RELU else x

    def _scalar(self, number: int) -> float:
        return float(self._real(number).reshape(-1)[0])

    def _real(self, number: int) -> np.ndarray:
        """A constant of the file as float32."""
        tensor = self._graph.tensors[number]
        raw = np.asarray(self._buffers[tensor.buffer].data, np.uint8).tobytes()
        values = np.frombuffer(raw, _TYPES[tensor.type]).reshape(tensor.shape if tensor.shape is not None else ())
        if tensor.type == schema.TensorType.FLOAT32:
            return values
        along = [1] * values.ndim
        if values.ndim:
            along[tensor.quantization.quantizedDimension] = -1
        scale, zero = (
            np.asarray(one).reshape(along) for one in (tensor.quantization.scale, tensor.quantization.zeroPoint)
        )
        return ((values.astype(np.float64) - zero) * scale).astype(np.float32)
