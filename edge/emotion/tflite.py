"""A LiteRT interpreter and the integer arithmetic of its inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.emotion.updates import updated_model
from edge.errors import ModelError
from edge.quiet import muted_stderr

IDENTIFIER: Final = b"TFL3"
IDENTIFIER_AT: Final = slice(4, 8)
"""Where a flatbuffer says what it holds."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """real = scale * (integer - zero_point), the integers of `dtype`. A float tensor has scale 0."""

    scale: float
    zero_point: int
    dtype: np.dtype[Any]

    def quantize(self, real: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Rounded to the nearest integer and clipped to the type's range; a float tensor's values pass unchanged."""
        if not self.scale:
            return real.astype(self.dtype)
        limits = np.iinfo(self.dtype)
        return np.asarray(np.clip(np.rint(real / self.scale) + self.zero_point, limits.min, limits.max), self.dtype)

    def dequantize(self, integers: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """float32. Widened before the zero point is taken away, so that nothing wraps round."""
        if not self.scale:
            return integers.astype(np.float32)
        return np.asarray((integers.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale))


class TfliteModel:
    """One .tflite file, ready to run. Inputs and outputs are in the file's own integers."""

    def __init__(self, content: bytes, name: str, threads: int = 1, batch: int | None = None) -> None:
        """content: the file's bytes, as the card's checksum has seen them. batch: pictures a pass, by default as the
        file says. Raises ModelError where the file is damaged or takes no such batch.
        """
        if content[IDENTIFIER_AT] != IDENTIFIER:  # the interpreter reads beyond the end of what is too short
            raise ModelError(f"{name}: not a TensorFlow Lite file; install the model again")
        interpreter = _interpreter_class()
        try:
            with muted_stderr():  # "Created TensorFlow Lite XNNPACK delegate", each time
                self._interpreter = interpreter(model_content=content, num_threads=threads)
                if batch is not None:
                    first = self._interpreter.get_input_details()[0]
                    self._interpreter.resize_tensor_input(first["index"], [batch, *first["shape"][1:]])
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as err:
            raise ModelError(f"{name}: the interpreter refuses this file ({err}); install the model again") from err
        self._name = name
        self.inputs: list[dict[str, Any]] = self._interpreter.get_input_details()
        self._batch = int(self.inputs[0]["shape"][0])
        self.outputs: list[dict[str, Any]] = self._interpreter.get_output_details()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of the first input, batch dimension included."""
        return tuple(int(length) for length in self.inputs[0]["shape"])

    @property
    def delegate(self) -> str | None:
        """What runs the model faster than the interpreter's own code; None where nothing does, or nobody knows."""
        details: list[dict[str, Any]] = getattr(self._interpreter, "_get_ops_details", list)()
        return "XNNPACK" if any(operator["op_name"] == "DELEGATE" for operator in details) else None

    def input_quantization(self) -> Quantization:
        return _quantization(self.inputs[0])

    def output_quantization(self, index: int = 0) -> Quantization:
        return _quantization(self.outputs[index])

    def run(self, batch: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """One pass. batch: the first input's type and shape, of any number of pictures; another number than the last
        time costs a tenth of a millisecond once. Returns a copy of each output, in the file's order.

        Raises ModelError where the file takes no such batch.
        """
        if len(batch) != self._batch:
            try:
                self._interpreter.resize_tensor_input(self.inputs[0]["index"], batch.shape)
                self._interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as err:
                raise ModelError(f"{self._name}: takes no {len(batch)} pictures at once ({err})") from err
            self._batch = len(batch)
        self._interpreter.set_tensor(self.inputs[0]["index"], batch)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"]) for output in self.outputs]


def _quantization(details: dict[str, Any]) -> Quantization:
    scale, zero_point = details["quantization"]
    return Quantization(float(scale), int(zero_point), np.dtype(details["dtype"]))


def _interpreter_class() -> Any:
    """LiteRT, or its predecessor on systems that only have that."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            from tflite_runtime.interpreter import Interpreter
        except ImportError as err:
            raise ModelError("no TFLite interpreter here: pip install ai-edge-litert") from err
    return Interpreter


def find_model(name: str) -> Path:
    """The .tflite file of a model's name ('emotion'), updated or shipped, or of a path. Raises ModelError."""
    if name.endswith(".tflite"):
        candidates = [Path(name)]
    else:
        if updated := updated_model(name):
            return updated
        candidates = shipped_models(f"{name}.tflite")
    for path in candidates:
        if path.is_file():
            return path
    raise ModelError(f"no model '{name}': looked for {', '.join(map(str, candidates))}")


def shipped_models(file: str) -> list[Path]:
    """Where a file of the models that come with the program may be: beside the code, or within the package."""
    package = Path(__file__).parents[1]
    return [folder / file for folder in (package.parent / "models", package / "models")]
