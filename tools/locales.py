"""Write locales/: ComfyUI's words for the nodes, in English from their code, in others by translations/<language>.json.

python -m tools.locales           write the files; names each phrase that a language lacks
"""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCALES, TRANSLATIONS = ROOT / "locales", ROOT / "tools" / "translations"
LANGUAGES = ("de", "es", "fr", "ja", "ko", "ru", "zh")
TYPES = {"SEGMENTATION_SESSION": "segmentation model", "SEGMENTATION_RECIPE": "segmentation recipe"}
MODEL = re.compile(r"(?P<name>[\w.-]+): (?P<use>.+) \((?P<facts>.+)\)")  # a line of the list of named models
SAME = re.compile(r"[\d.]+ MB|MIT|Apache-2\.0")  # needs no translation


class Phrases:
    """A language's phrases; `missing` collects what was asked for in vain."""

    def __init__(self, language: str) -> None:
        self._known = {} if language == "en" else read(language)
        self._english = language == "en"
        self.missing: list[str] = []
        self.used: set[str] = set()

    def __call__(self, text: str) -> str:
        """The text in this language, line by line."""
        return "\n".join(self._line(line) for line in text.splitlines())

    def _line(self, line: str) -> str:
        model = MODEL.fullmatch(line)
        if not model or line in self._known:
            return self._phrase(line)
        facts = ", ".join(self._phrase(fact) for fact in model["facts"].split(", "))
        return f"{model['name']}: {self._phrase(model['use'])} ({facts})"

    def _phrase(self, text: str) -> str:
        self.used.add(text)
        if self._english or SAME.fullmatch(text):
            return text
        if text not in self._known:
            self.missing.append(text)
        return self._known.get(text, text)


def read(language: str) -> dict[str, str]:
    """{English: translation}"""
    known: dict[str, str] = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
    return known


def node_texts(nodes: dict[str, type], names: dict[str, str], say: Phrases) -> dict[str, Any]:
    """nodeDefs.json: what the page shows of each node. ComfyUI is there, real or fake."""
    return {node_id: texts(cls, names[node_id], say) for node_id, cls in nodes.items()}


def texts(cls: Any, name: str, say: Phrases) -> dict[str, Any]:
    types = cls.INPUT_TYPES()
    inputs = types.get("required", {}) | types.get("optional", {})
    outputs = zip(cls.RETURN_NAMES, cls.OUTPUT_TOOLTIPS, strict=True)
    return {
        "display_name": say(name),
        "description": say(cls.DESCRIPTION),
        "inputs": {key: {"name": say(key), "tooltip": say(options["tooltip"])} for key, (_, options) in inputs.items()},
        "outputs": {str(slot): {"name": say(key), "tooltip": say(tip)} for slot, (key, tip) in enumerate(outputs)},
    }


def page_texts(say: Phrases) -> dict[str, Any]:
    """main.json: the nodes' folder in the menus, and the types of their sockets."""
    return {
        "nodeCategories": {"segmentation": say("segmentation")},
        "dataTypes": {kind: say(name) for kind, name in TYPES.items()},
    }


def all_texts(nodes: dict[str, type], names: dict[str, str]) -> tuple[dict[Path, Any], dict[str, Phrases]]:
    """Every file's content by its path, and the languages."""
    says = {language: Phrases(language) for language in ("en", *LANGUAGES)}
    files = {}
    for language, say in says.items():
        files[LOCALES / language / "nodeDefs.json"] = node_texts(nodes, names, say)
        files[LOCALES / language / "main.json"] = page_texts(say)
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
    for language, say in says.items():
        for phrase in dict.fromkeys(say.missing):
            print(f"{language} lacks {phrase!r}")


if __name__ == "__main__":
    main()
