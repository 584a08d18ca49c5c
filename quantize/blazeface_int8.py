"""Turn Google's float16 detector into an int8 one, with pictures to learn the ranges from.

It imports `edge.detectors` on purpose: the pictures must pass the device's own letterbox.

First exactly: weights unpacked to float32, each RELU moved into the operator before it (a separate int8 RELU is slow),
a signature added, which the quantizer asks for. Then `ai-edge-quantizer` makes everything int8 but the two last
convolutions: one scale for logits from -90 to 3 would leave a dozen steps to the scores that matter.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cv2
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge.detectors.blazeface import pixel_table
from edge.detectors.letterbox import Letterbox
from edge.emotion.tflite import Quantization
from edge.errors import EdgeError
from quantize.ai_edge import ai_edge_content

INPUT = "picture"
SIGNATURE = "serving_default"
FLOAT_TENSORS = "(classifier|regressor)_face_4"
"""Names of the last convolutions' outputs and their reshaped copies."""

CALIBRATION_PICTURES = 160


class CalibrationError(EdgeError):
    """The pictures to learn the ranges from are missing."""


def calibration_inputs(folder: Path, side: int) -> list[np.ndarray]:
    """Inputs of the network, (1, side, side, 3) float32: pictures of the folder by a fixed seed, and a white one.

    Raises CalibrationError where there are too few pictures.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(paths) < CALIBRATION_PICTURES:
        raise CalibrationError(f"{folder} holds {len(paths)} pictures, calibration needs {CALIBRATION_PICTURES}")
    table = pixel_table(Quantization(0.0, 0, np.dtype(np.float32)))
    letterbox = Letterbox(side, side, 3, table, rgb=True)
    chosen = [cv2.imread(str(path)) for path in random.Random(1).sample(paths, CALIBRATION_PICTURES)]
    white = np.full((side, side, 3), 255, np.uint8)
    return [letterbox.fit(picture)[0].copy() for picture in (*chosen, white) if picture is not None]


def quantized(content: bytes, inputs: list[np.ndarray]) -> bytes:
    """The int8 file of a float32 one made by `plain_float32`."""
    return ai_edge_content(content, inputs, FLOAT_TENSORS)


def plain_float32(content: bytes) -> bytes:
    """The same network, exactly: float32 constants, RELUs fused, one signature."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    _unpack_weights(model, graph)
    _fuse_relus(model, graph)
    _drop_unused_tensors(graph)
    model.signatureDefs = [_signature(graph)]
    builder = flatbuffers.Builder(4 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _code(model: Any, operator: Any) -> int:
    return int(model.operatorCodes[operator.opcodeIndex].builtinCode)


def _unpack_weights(model: Any, graph: Any) -> None:
    """Make the output of every DEQUANTIZE a constant."""
    kept = []
    for operator in graph.operators:
        if _code(model, operator) != schema.BuiltinOperator.DEQUANTIZE:
            kept.append(operator)
            continue
        packed, unpacked = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
        half = np.asarray(model.buffers[packed.buffer].data, np.uint8).view(np.float16)
        model.buffers[packed.buffer].data = half.astype(np.float32).view(np.uint8)
        unpacked.buffer = packed.buffer
    graph.operators = kept


def _fuse_relus(model: Any, graph: Any) -> None:
    """Let the operator before each RELU do its work, where nobody else reads what stands between."""
    makers = {int(operator.outputs[0]): operator for operator in graph.operators}
    readers = [int(index) for operator in graph.operators for index in operator.inputs]
    kept = []
    for operator in graph.operators:
        between = int(operator.inputs[0])
        options = makers[between].builtinOptions if between in makers else None
        fusible = getattr(options, "fusedActivationFunction", None) == schema.ActivationFunctionType.NONE
        if _code(model, operator) == schema.BuiltinOperator.RELU and fusible and readers.count(between) == 1:
            options.fusedActivationFunction = schema.ActivationFunctionType.RELU
            makers[between].outputs = operator.outputs
            makers[int(operator.outputs[0])] = makers[between]
        else:
            kept.append(operator)
    graph.operators = kept


def _drop_unused_tensors(graph: Any) -> None:
    lists = [graph.inputs, graph.outputs, *(o.inputs for o in graph.operators), *(o.outputs for o in graph.operators)]
    used = sorted({int(index) for indices in lists for index in indices if index >= 0})
    place = {old: new for new, old in enumerate(used)} | {-1: -1}

    def moved(indices: Any) -> list[int]:
        return [place[int(index)] for index in indices]

    graph.tensors = [graph.tensors[index] for index in used]
    graph.inputs, graph.outputs = moved(graph.inputs), moved(graph.outputs)
    for operator in graph.operators:
        operator.inputs, operator.outputs = moved(operator.inputs), moved(operator.outputs)


def _signature(graph: Any) -> Any:
    def named(name: str, index: int) -> Any:
        tensor = schema.TensorMapT()
        tensor.name, tensor.tensorIndex = name, index
        return tensor

    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = SIGNATURE, 0
    signature.inputs = [named(INPUT, graph.inputs[0])]
    signature.outputs = [named(name, i) for name, i in zip(("boxes", "scores"), graph.outputs, strict=True)]
    return signature
