"""Write what the help pages share into them: python -m tools.help_pages

Between their marks: the inputs of the node, each with its tooltip and when to change it (help_inputs.toml), and what
the families of models are fed with.
"""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "web" / "docs"
README = ROOT / "README.md"  # holds the families too


def when(node_id: str, name: str) -> str:
    """When to change this input. Raises KeyError where help_inputs.toml does not say."""
    known = tomllib.loads((ROOT / "tools" / "help_inputs.toml").read_text(encoding="utf-8"))
    return str(known.get(f"{node_id}.{name}") or known[name])


def inputs(node_id: str, node: Any) -> str:
    """A line for each input. ComfyUI is there, real or fake."""
    types = node.INPUT_TYPES()
    lines = []
    for name, (_, options) in (types.get("required", {}) | types.get("optional", {})).items():
        what = options["tooltip"].splitlines()[0]  # the rest is a list of models
        lines.append(f"- **{name}**: {what} *{when(node_id, name)}*")
    return "\n".join(lines)


def families() -> str:
    """A line for each preset: its numbers, and what it does otherwise than rembg. The pack is loaded."""
    from onnx_segmentation.sessions.recipes.presets import PRESETS, preset
    from onnx_segmentation.sessions.recipes.recipe import Recipe

    usual, lines = Recipe(), []
    for name in PRESETS:
        recipe = preset(name)
        container = recipe.container
        mean, std = (" ".join(f"{number:g}" for number in numbers) for numbers in (container.mean, container.std))
        words = [f"mean {mean}", f"std {std}", f"{container.width} x {container.height}"]
        words += [
            f"`{word}` {getattr(recipe, word)}"
            for word in ("scale", "fit", "decoding")
            if getattr(recipe, word) != getattr(usual, word)
        ]
        lines.append(f"- **{name}**: {', '.join(words)}")
    return "\n".join(lines)


def current(node_id: str, node: Any, text: str) -> str:
    """The page with today's parts between its marks."""
    return put(put(text, "inputs", inputs(node_id, node)), "families", families())


def put(text: str, part: str, content: str) -> str:
    """Replace what is between a part's marks; a page without them stays."""
    begin, end = f"<!-- {part}: python -m tools.help_pages -->", f"<!-- /{part} -->"
    if begin not in text:
        return text
    before, rest = text.split(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.split(end)[1]}"


def main() -> None:
    from . import fake_comfyui
    from .pack import load_pack

    pack: Any = load_pack()
    fake_comfyui.FakeComfyUI(ROOT / ".cache" / "help").install()
    import_module("onnx_segmentation.nodes.host").register_model_folder()
    for node_id, node in pack.NODE_CLASS_MAPPINGS.items():
        page = PAGES / f"{node_id}.md"
        page.write_text(current(node_id, node, page.read_text(encoding="utf-8")), encoding="utf-8")
    README.write_text(put(README.read_text(encoding="utf-8"), "families", families()), encoding="utf-8")


if __name__ == "__main__":
    main()
