"""Who else in ComfyUI has nodes of our names: the Allor pack, whose graphs we open, or a second copy of this pack.

ComfyUI gives a name to the pack that it loads last, and says nothing.
"""

import logging
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

from . import host

TITLE = "onnx-segmentation"  # `__title__` of the package, by which copies know one another
PACKAGE = __name__.removesuffix(".nodes.neighbours")
logger = logging.getLogger("onnx_segmentation")

node_classes: dict[str, type] = {}  # our nodes by their ids, as nodes/__init__.py declares them
_before: dict[str, str] = {}  # a name of ours: the pack that had it when ComfyUI loaded us


def loaded_by_comfyui(package: str) -> bool:
    """Whether ComfyUI loads the package, which it names by the folder's path, or another pack uses the wheel in it."""
    return host.inside_comfyui() and "." not in package and package != TITLE.replace("-", "_")


def other_copies() -> list[Path]:
    """The folders of this pack's other copies that ComfyUI has loaded; a wheel that somebody imports is none."""
    loaded = {Path(folder) for folder in getattr(sys.modules.get("nodes"), "LOADED_MODULE_DIRS", {}).values()}
    copies = [module for name, module in list(sys.modules.items()) if name != PACKAGE and _is_this_pack(module)]
    return sorted(loaded & {Path(str(module.__file__)).parent.absolute() for module in copies})


def watch() -> None:
    """To be called when ComfyUI loads us: remember whose our names were, and say what is wrong once all are loaded."""
    _before.update(_owners())
    startup = getattr(getattr(host.page_server(), "app", None), "on_startup", None)
    if startup is not None and not startup.frozen:
        startup.append(_say)


def conflicts() -> list[str]:
    """A sentence about each pack that has, or had, nodes of our names, with what to do."""
    now = _owners()
    packs: dict[str, list[str]] = defaultdict(list)
    for name, pack in (_before | now).items():
        packs[pack].append(name)
    texts = [_about(pack, names, now) for pack, names in packs.items()]
    here = Path(__file__).parent.parent.absolute()
    return texts + [
        f"this pack is installed twice: {here} is used, {folder} is not. Remove one of the two folders, and restart"
        for folder in other_copies()
    ]


def _about(pack: str, names: list[str], now: dict[str, str]) -> str:
    lost = [name for name in names if name in now]
    whose = f"{pack}'s, which ComfyUI loaded last" if lost else f"this pack's, which ComfyUI loaded after {pack}"
    text = f"{pack} has nodes of the same names: {', '.join(lost or names)} are {whose}. "
    if "allor" in pack.lower():
        return text + (
            'To have this pack\'s, which open the same graphs, set "ImageSegmentation" to false under "modules" in '
            f"{pack}/config.json, and restart: Allor's other nodes stay"
        )
    return text + "Remove one of the two packs, or disable it in ComfyUI-Manager, and restart"


def _owners() -> dict[str, str]:
    """Of our names, those that are another pack's in ComfyUI now, with its folder."""
    table: dict[str, Any] = getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", {})
    replaced = {name: table[name] for name, node in node_classes.items() if table.get(name, node) is not node}
    return {name: _folder(node) for name, node in replaced.items()}


def _folder(node: type) -> str:
    """custom_nodes/NAME, which ComfyUI writes on each class."""
    place: str = getattr(node, "RELATIVE_PYTHON_MODULE", node.__module__)
    return place.replace(".", "/", 1)


def _is_this_pack(module: ModuleType) -> bool:
    return getattr(module, "__dict__", {}).get("__title__") == TITLE


async def _say(_: Any) -> None:
    for text in conflicts():
        logger.warning(text)
