"""Two pictures that would have one output in runs that know nothing of one another: p00/a.jpg and p01/a.jpg."""

import posixpath
from collections.abc import Callable, Mapping

from ..errors import InputsError
from .inputs import Found
from .naming import Naming
from .record import Seen


def protect_results(
    found: Found, naming: Naming, seen: Mapping[str, Seen], is_there: Callable[[str, str], bool]
) -> None:
    """is_there: whether an input of an earlier run is still there and another file than this one.

    Raises InputsError if an output belongs to another picture than the one that would be written there.
    """
    for path in found.paths:
        row = seen.get(naming.output(path))
        if row is None or row.input == path or not is_there(row.input, path):
            continue
        base = posixpath.commonpath([posixpath.dirname(path), posixpath.dirname(row.input)])
        raise InputsError(
            f"the output {naming.output(path)} is that of {row.input}, and would be that of {path} too: give --base "
            f"{base}, so that both keep their folders, or another folder as output"
        )
