"""How a node's widget is declared: once, as the field of a dataclass, which is also where its value arrives.

These dataclasses have neither eq nor repr, which nobody asks for: making both took a tenth of the pack's import time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, field, fields
from typing import Any

Declaration = tuple[Any, ...]
Declarations = dict[str, Declaration]
Kind = str | list[str] | Callable[[], list[str]]
"""A type of ComfyUI's, the words of a list, or what makes the list each time that the page asks for it."""

HIDDEN = {"unique_id": "UNIQUE_ID"}


def required(kind: Kind, tooltip: str, **limits: object) -> Any:
    """A field that every graph fills. limits: as ComfyUI names them; `default` among them is what a new node shows.

    Among them, here and in `optional`, `advanced`: Nodes 2.0 shows the widget after a click. All but about five are.
    """
    return field(metadata={"kind": kind, "options": {**limits, "tooltip": tooltip}})


def optional(default: object, kind: Kind, tooltip: str, *, placed: object = None, **limits: object) -> Any:
    """A field that older graphs lack; its default changes nothing in them.

    placed: what a node that is placed anew shows, where that is something else (web/onnx_segmentation_saved.js keeps
    it from older graphs).
    """
    options = {"default": default if placed is None else placed, **limits, "tooltip": tooltip}
    return field(default=default, metadata={"kind": kind, "options": options})


def socket(kind: str, tooltip: str) -> Any:
    """A field for what another node gives; None while nothing is connected."""
    return field(default=None, metadata={"kind": kind, "options": {"tooltip": tooltip}})


def input_types(first: Declarations, widgets: type, saved_order: Sequence[str] = ()) -> dict[str, Any]:
    """What a node's INPUT_TYPES returns: its `first` inputs, required, and those of a dataclass.

    saved_order: names of optional inputs in the order in which saved graphs store their values. What is not among
    them, because it was added later, follows in the dataclass's order.
    """
    needed = {entry.name: _declaration(entry) for entry in _declared(widgets) if entry.default is MISSING}
    rest = {entry.name: _declaration(entry) for entry in _declared(widgets) if entry.default is not MISSING}
    order = (*saved_order, *(name for name in rest if name not in saved_order))
    hidden = {name: kind for name, kind in HIDDEN.items() if name in {entry.name for entry in fields(widgets)}}
    groups = {"required": first | needed, "optional": {name: rest[name] for name in order}, "hidden": hidden}
    return {name: group for name, group in groups.items() if group}


def _declared(widgets: type) -> Iterator[Field[Any]]:
    return (entry for entry in fields(widgets) if "kind" in entry.metadata)


def _declaration(entry: Field[Any]) -> Declaration:
    kind = entry.metadata["kind"]
    return (kind() if callable(kind) else kind, dict(entry.metadata["options"]))
