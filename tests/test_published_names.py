"""Names that stay from the first published version on: an update leaves old files, people's graphs hold the ids."""

import json

import published_names as tool
import pytest


@pytest.fixture
def names(pack):
    return tool.names(pack.NODE_CLASS_MAPPINGS)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The list, with a name that is no more."""
    listed = tool.written()
    listed["files"].append("web/old.js")
    monkeypatch.setattr(tool, "FILE", tmp_path / "names.json")
    tool.FILE.write_text(json.dumps(listed))
    return listed


def test_the_list_is_todays(names):
    if tool.is_published():
        assert tool.gone(names) == [], "these names were published: keep them"
    assert tool.written() == names, "python -m tools.published_names writes it"


def test_until_the_first_version_the_list_is_written_again(kept, names, monkeypatch):
    monkeypatch.setattr(tool, "is_published", lambda: False)
    assert tool.write(names) == 0 and tool.written() == names


def test_after_it_no_name_may_go(kept, names, monkeypatch, capsys):
    monkeypatch.setattr(tool, "is_published", lambda: True)
    assert tool.write(names) == 1 and tool.written() == kept
    assert "web/old.js" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("heading", "published"), [("## [0.2.0] - 2027-01-01", True), ("## [Unreleased]\n0.2.0", False)]
)
def test_the_changelog_says_when(tmp_path, heading, published):
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n")
    assert tool.is_published(tmp_path / "CHANGELOG.md") is published
