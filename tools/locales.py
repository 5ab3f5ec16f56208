"""Write locales/: ComfyUI's words for the nodes, in English from their code, in others by translations/<language>.json;
and, in the same words, the help pages that are not English, web/docs/<node>/<language>.md.

python -m tools.locales           write the files; names each phrase that a language lacks
"""

import json
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCALES, TRANSLATIONS, DOCS = ROOT / "locales", ROOT / "tools" / "translations", ROOT / "web" / "docs"
LANGUAGES = ("de", "es", "fr", "ja", "ko", "ru", "zh")
TYPES = {"SEGMENTATION_SESSION": "segmentation model", "SEGMENTATION_RECIPE": "segmentation recipe"}
MODEL = re.compile(r"(?P<name>[\w.-]+): (?P<use>.+) \((?P<facts>.+)\)")  # a line of the list of named models
# What the page's scripts say, by the id that they say it by; %1, %2 are values.
PAGE = {
    "cutout": "cut-out",
    "mask": "mask",
    "trimap": "trimap",
    "ground": "Click for a light, dark or green ground",
    "open": "Show the picture",
    "close": "Hide the picture",
    "preset": "preset",
    "preset_tooltip": "Fills in mean, std, size and decoding for a family of models.",
    "read": "read from model",
    "read_tooltip": "Fills in mean, std, size and decoding as the model's file, or what lies beside it, says.",
    "reading": "reading %1 ...",
    "filled_in": "Filled in from %1: %2.",
    "also_wants": "It also wants %1: the recipe node can say that.",
    "too_many_numbers": "%1: mean and std differ by channel, or the size is not square. Use the node with all numbers.",
    "no_model": "No model is picked: put an .onnx file into models/onnx and refresh the page (R).",
    "answered": "the server answered %1",
    "non_commercial": "non-commercial",
    "installed": "installed",
    "downloaded": "downloaded when run",
    "brought": "bring the file yourself",
    "pick_colour": "Pick a colour for the background",
    "transparent": "Transparent background",
}
PREVIEW = "ONNXSegmentation_Preview"  # a setting of the page; ComfyUI writes its dots as underscores
SETTINGS = {
    PREVIEW: {
        "name": "Show the cut-out on the node after a run",
        "tooltip": "The first frame's cut-out, mask or trimap, with the model, provider and time.",
    }
}
HEADINGS = ("Inputs", "Outputs", "Models")  # of the help pages
SAME = re.compile(r"[\d.]+ MB|MIT|Apache-2\.0")  # needs no translation


class Phrases:
    """A language's phrases; `missing` collects what was asked for in vain."""

    def __init__(self, language: str) -> None:
        self._known = read(language)
        self._english = language == "en"
        self.missing: list[str] = []
        self.used: set[str] = set()

    def __call__(self, text: str) -> str:
        """The text in this language, line by line."""
        return "\n".join(self._line(line) for line in text.splitlines())

    def label(self, node_id: str, key: str) -> str:
        """What the page calls an input: two nodes may mean different things by one name."""
        own = f"{node_id}.{key}"
        return self._phrase(own if own in self._known else key)

    def _line(self, line: str) -> str:
        model = MODEL.fullmatch(line)
        if not model or line in self._known:
            return self._phrase(line)
        facts = ", ".join(self._phrase(fact) for fact in model["facts"].split(", "))
        return f"{model['name']}: {self._phrase(model['use'])} ({facts})"

    def _phrase(self, text: str) -> str:
        self.used.add(text)
        if text not in self._known and not self._english and not SAME.fullmatch(text):
            self.missing.append(text)
        return self._known.get(text, text)


def read(language: str) -> dict[str, str]:
    """{English: translation}; of English itself, {name of an input: what the page calls it}."""
    known: dict[str, str] = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
    return known


def node_texts(nodes: dict[str, type], names: dict[str, str], say: Phrases) -> dict[str, Any]:
    """nodeDefs.json: what the page shows of each node. ComfyUI is there, real or fake."""
    return {node_id: texts(node_id, cls, names[node_id], say) for node_id, cls in nodes.items()}


def texts(node_id: str, cls: Any, name: str, say: Phrases) -> dict[str, Any]:
    types = cls.INPUT_TYPES()
    inputs = types.get("required", {}) | types.get("optional", {})
    outputs = zip(cls.RETURN_NAMES, cls.OUTPUT_TOOLTIPS, strict=True)
    return {
        "display_name": say(name),
        "description": say(cls.DESCRIPTION),
        "inputs": {
            key: {"name": say.label(node_id, key), "tooltip": say(options["tooltip"])}
            for key, (_, options) in inputs.items()
        },
        "outputs": {str(slot): {"name": say(key), "tooltip": say(tip)} for slot, (key, tip) in enumerate(outputs)},
    }


def page_texts(say: Phrases) -> dict[str, Any]:
    """main.json: the nodes' folder in the menus, the types of their sockets, what the page's scripts say."""
    return {
        "nodeCategories": {"segmentation": say("segmentation")},
        "dataTypes": {kind: say(name) for kind, name in TYPES.items()},
        "onnxSegmentation": {key: say(text) for key, text in PAGE.items()},
    }


def setting_texts(say: Phrases) -> dict[str, Any]:
    """settings.json: our settings of the page."""
    return {key: {part: say(text) for part, text in entry.items()} for key, entry in SETTINGS.items()}


def help_page(node: dict[str, Any], models: Sequence[str], say: Phrases) -> str:
    """The help panel in a language: what the node, its inputs and outputs are, in the words of the node itself.

    models: a line of each named model, of the node that lists them.
    """
    parts = [f"# {node['display_name']}", node["description"]]
    for heading, entries in zip(HEADINGS, (node["inputs"], node["outputs"]), strict=False):
        parts += [f"## {say(heading)}", "\n".join(_help_line(*entry) for entry in entries.items())]
    if models:
        parts += [f"## {say(HEADINGS[2])}", "\n".join(f"- {say(line)}" for line in models)]
    return "\n\n".join(parts) + "\n"


def _help_line(key: str, entry: dict[str, str]) -> str:
    name = f"**{entry['name']}**" + ("" if key.isdigit() or entry["name"] == key else f" (`{key}`)")
    return f"- {name}: " + " ".join(entry["tooltip"].splitlines())


def help_pages(nodes: dict[str, type], names: dict[str, str], says: dict[str, Phrases]) -> dict[Path, str]:
    """Every help page but the English ones, which people write, by its path."""
    pages = {}
    for language in LANGUAGES:
        for node_id, node in node_texts(nodes, names, says[language]).items():
            models = _model_lines() if node_id == "ImageSegmentation" else []
            pages[DOCS / node_id / f"{language}.md"] = help_page(node, models, says[language])
    return pages


def _model_lines() -> list[str]:
    from onnx_segmentation.sessions.recipes.catalog import catalog

    return [f"{name}: {model.summary}" for name, model in catalog().items()]


def all_texts(nodes: dict[str, type], names: dict[str, str]) -> tuple[dict[Path, Any], dict[str, Phrases]]:
    """Every file's content by its path, and the languages."""
    says = {language: Phrases(language) for language in ("en", *LANGUAGES)}
    files = {}
    for language, say in says.items():
        files[LOCALES / language / "nodeDefs.json"] = node_texts(nodes, names, say)
        files[LOCALES / language / "main.json"] = page_texts(say)
        files[LOCALES / language / "settings.json"] = setting_texts(say)
    return files, says


def main() -> None:
    from . import fake_comfyui
    from .pack import load_pack

    pack: Any = load_pack()
    fake_comfyui.FakeComfyUI(ROOT / ".cache" / "locales").install()
    import_module("onnx_segmentation.nodes.host").register_model_folder()
    files, says = all_texts(pack.NODE_CLASS_MAPPINGS, pack.NODE_DISPLAY_NAME_MAPPINGS)
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for path, page in help_pages(pack.NODE_CLASS_MAPPINGS, pack.NODE_DISPLAY_NAME_MAPPINGS, says).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    for language, say in says.items():
        for phrase in dict.fromkeys(say.missing):
            print(f"{language} lacks {phrase!r}")


if __name__ == "__main__":
    main()
