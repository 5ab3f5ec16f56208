"""What a file's graph tells without a run, read once for each loaded model."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ..onnx_file.graph import Graph, read_graph
from ..runtime.loaded import LoadedModel
from .fingerprint import fingerprint
from .preprocessing import Preprocessing, read_preprocessing


@dataclass(frozen=True)
class Inside:
    """fingerprint: see there. first: what the graph does to its picture before anything else. producer: of the file."""

    fingerprint: str
    first: Preprocessing
    producer: str = ""

    @property
    def is_network(self) -> bool:
        """Whether there are as many convolutions as in any trained network."""
        return bool(self.fingerprint)


_inside: WeakKeyDictionary[LoadedModel, Inside] = WeakKeyDictionary()


def look_inside(model: LoadedModel) -> Inside:
    """What the model's file tells. Raises what `read_graph` raises."""
    if model not in _inside:
        _inside[model] = read_inside(read_graph(model.path), model.picture.name)
    return _inside[model]


def read_inside(graph: Graph, picture: str) -> Inside:
    """What a graph tells. picture: the name of the input."""
    return Inside(fingerprint(graph), read_preprocessing(graph, picture), graph.producer)
