"""Which operator gave each output of a graph its values."""

from .protobuf import Message

PASS_THROUGH = {
    "Identity",
    "Cast",
    "Squeeze",
    "Unsqueeze",
    "Reshape",
    "Transpose",
    "Resize",
    "Slice",
    "Gather",
    "Concat",
}


def find_last_ops(graph: Message, outputs: list[str]) -> dict[str, str]:
    """Output -> operator; ops that only move values about are looked through."""
    pending = {name: name for name in outputs}  # tensor -> the output that it becomes
    operators: dict[str, str] = {}
    for view in reversed(graph.views(1)):
        if not pending:
            break
        node = graph.message(view)
        op, inputs = node.text(4), node.texts(1)
        for output in [pending.pop(name) for name in node.texts(2) if name in pending]:
            if op in PASS_THROUGH and inputs:
                pending[inputs[0]] = output
            else:
                operators[output] = op
    return operators
