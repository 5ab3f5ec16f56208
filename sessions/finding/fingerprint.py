"""Which network a file is, whatever it is called: by the shapes of its convolution kernels."""

import hashlib

from ..onnx_file.graph import Graph

# Convolutions, and which of their inputs is the kernel.
KERNELS = {"Conv": 1, "FusedConv": 1, "ConvTranspose": 1, "ConvInteger": 1, "QLinearConv": 3}
FEWEST = 8  # convolutions; fewer tell nothing


def fingerprint(graph: Graph) -> str:
    """Ten hexadecimal digits of the sorted kernel shapes; empty for a graph of few convolutions.

    They survive renaming, half precision, quantisation, folded batch norms, another order of operators and another
    input size. They do not survive pruning or another head.
    """
    shapes = []
    for node in graph.nodes:
        place = KERNELS.get(node.op)
        if place is not None and len(node.inputs) > place:
            weight = graph.weight(node.inputs[place])
            kind = "T" if node.op == "ConvTranspose" else "C"
            shapes.append(f"{kind} {weight.dims if weight else '?'}")
    if len(shapes) < FEWEST:
        return ""
    return hashlib.sha256("\n".join(sorted(shapes)).encode()).hexdigest()[:10]
