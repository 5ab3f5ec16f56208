"""The help panel: a page for every node, current, with its picture."""

import re
import tomllib

import help_pages
import pytest
from PIL import Image
from support import ROOT

PICTURE = re.compile(r"!\[(.+)\]\((.+)\)")


def read(node_id):
    return (help_pages.PAGES / f"{node_id}.md").read_text(encoding="utf-8")


def test_every_node_has_a_page_and_every_page_a_node(pack):
    assert {path.stem for path in help_pages.PAGES.glob("*.md")} == set(pack.NODE_CLASS_MAPPINGS)


def test_pages_are_current(host):
    """python -m tools.help_pages writes the inputs and the families."""
    for node_id, node in host.nodes.items():
        text = read(node_id)
        assert "<!-- inputs: python -m tools.help_pages -->" in text, node_id
        assert help_pages.current(node_id, node, text) == text, node_id
    readme = help_pages.README.read_text(encoding="utf-8")
    assert "<!-- families: python -m tools.help_pages -->" in readme
    assert help_pages.put(readme, "families", help_pages.families()) == readme


def test_pages_say_what_the_node_is_and_gives(host):
    for node_id, node in host.nodes.items():
        text = read(node_id)
        assert text.startswith(f"# {host.display_names[node_id]}\n")
        for name in node.RETURN_NAMES:
            assert f"\n- **{name}**: " in text.split("## Outputs")[1], node_id


def test_pictures_are_there_small_and_used(pack):
    used = set()
    for node_id in pack.NODE_CLASS_MAPPINGS:
        for words, name in PICTURE.findall(read(node_id)):
            assert words
            used.add(name)
            with Image.open(help_pages.PAGES / name) as picture:
                assert picture.width <= 1000
            assert (help_pages.PAGES / name).stat().st_size < 60_000
    assert used == {path.name for path in help_pages.PAGES.iterdir() if path.is_file() and path.suffix != ".md"}


def test_no_advice_is_stale(host):
    known = tomllib.loads((ROOT / "tools" / "help_inputs.toml").read_text(encoding="utf-8"))
    inputs = {
        f"{node_id}.{name}"
        for node_id, node in host.nodes.items()
        for kind in ("required", "optional")
        for name in node.INPUT_TYPES().get(kind, {})
    }
    for key in known:
        assert key in inputs if "." in key else any(name.endswith(f".{key}") for name in inputs), key


def test_an_input_without_advice_is_noticed():
    with pytest.raises(KeyError, match="no_such_input"):
        help_pages.when("ImageSegmentation", "no_such_input")
