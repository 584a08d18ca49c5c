"""What a .tflite file computes with: the operators and the types of the numbers they touch."""

from __future__ import annotations

from dataclasses import dataclass

from ai_edge_litert import schema_py_generated as schema

_FLOAT_TYPES = {
    schema.TensorType.FLOAT16,
    schema.TensorType.FLOAT32,
    schema.TensorType.FLOAT64,
    schema.TensorType.BFLOAT16,
}
_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


@dataclass(frozen=True)
class Operator:
    """floats: it reads or writes a tensor of floating-point numbers. Only names and types count, not the graph."""

    name: str
    floats: bool


def operators(content: bytes) -> list[Operator]:
    """Every operator of every subgraph, in the order of execution. content: the file's bytes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    found = []
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            name = _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
            # -1 stands for an optional input that is not there.
            touched = [index for index in (*operator.inputs, *operator.outputs) if index >= 0]
            floats = any(graph.tensors[index].type in _FLOAT_TYPES for index in touched)
            found.append(Operator(name, floats))
    return found


def float_operators(content: bytes) -> list[str]:
    """The names, each once, of the operators that compute in floating point or convert from or to it."""
    return sorted({operator.name for operator in operators(content) if operator.floats})
