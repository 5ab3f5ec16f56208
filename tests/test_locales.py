"""The page's words: every language has every one, and English is the nodes' own."""

import json
import re

import pytest

import locales

LANGUAGES = ("en", *locales.LANGUAGES)
FORMATTING = re.compile(r"[@{}|]")  # what vue-i18n, which shows these texts, takes for its own syntax


@pytest.fixture
def made(host):
    files, says = locales.all_texts(host.nodes, host.display_names)
    return files, says, locales.help_pages(host.nodes, host.display_names, says)


def load(language, name):
    return json.loads((locales.LOCALES / language / name).read_text(encoding="utf-8"))


def test_the_files_are_current(made):
    """python -m tools.locales writes them."""
    found, _, pages = made
    assert {path: json.loads(path.read_text(encoding="utf-8")) for path in found} == found
    assert {path: path.read_text(encoding="utf-8") for path in pages} == pages
    assert set(pages) == set(locales.DOCS.glob("*/*.md"))


@pytest.mark.parametrize("language", locales.LANGUAGES)
def test_every_phrase_is_translated_and_none_is_stale(made, language):
    say = made[1][language]
    assert say.missing == []
    assert set(locales.read(language)) <= say.used


def test_english_labels_are_used(made):
    assert set(locales.read("en")) <= made[1]["en"].used


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_and_tooltip_is_there(host, language):
    texts = load(language, "nodeDefs.json")
    assert list(texts) == list(host.nodes)
    for node_id, node in host.nodes.items():
        types = node.INPUT_TYPES()
        assert list(texts[node_id]["inputs"]) == [*types.get("required", {}), *types.get("optional", {})]
        assert list(texts[node_id]["outputs"]) == [str(slot) for slot in range(len(node.RETURN_TYPES))]
        for entry in (*texts[node_id]["inputs"].values(), *texts[node_id]["outputs"].values()):
            assert entry["name"] and entry["tooltip"]


def test_english_is_the_nodes_own(host):
    texts = load("en", "nodeDefs.json")
    for node_id, node in host.nodes.items():
        assert texts[node_id]["display_name"] == host.display_names[node_id]
        assert texts[node_id]["description"] == node.DESCRIPTION
        assert [entry["tooltip"] for entry in texts[node_id]["outputs"].values()] == list(node.OUTPUT_TOOLTIPS)
        for name, (_, options) in node.INPUT_TYPES()["required"].items():
            entry = texts[node_id]["inputs"][name]
            assert entry["tooltip"] == options["tooltip"] and "_" not in entry["name"], name


def test_one_name_that_means_two_things_is_called_two_things():
    texts = load("en", "nodeDefs.json")
    names = {
        node_id: texts[node_id]["inputs"]["scale"]["name"]
        for node_id in ("ImageSegmentation", "ImageSegmentationRecipe")
    }
    assert names == {"ImageSegmentation": "mask stretching", "ImageSegmentationRecipe": "pixels divided by"}


@pytest.mark.parametrize("language", locales.LANGUAGES)
def test_sentences_are_not_english(language):
    """A name may be the same word (alpha, trimap); a description never is."""
    own, english = load(language, "nodeDefs.json"), load("en", "nodeDefs.json")
    for node_id in own:
        assert own[node_id]["description"] != english[node_id]["description"]
        for name, entry in own[node_id]["inputs"].items():
            assert entry["tooltip"] != english[node_id]["inputs"][name]["tooltip"], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_reads_as_formatting(language):
    for text in words(load(language, "nodeDefs.json")) + words(load(language, "main.json")):
        assert not FORMATTING.search(text), text


def words(texts):
    return [texts] if isinstance(texts, str) else [word for value in texts.values() for word in words(value)]
