"""Classes by name: the well-known lists of names, and what people write for them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from ...errors import RecipeError
from ...plain_text import plain
from ...values import shown

LISTS = Path(__file__).with_name("classes.toml")
SHOWN = 200  # names of a message


@dataclass(frozen=True)
class ClassList:
    """A well-known list of classes.

    names: in their order, from 0. words: of which a file that has them holds one in its name, its folder's or its
    metadata. alone: their number suffices. instances: of models that find instances.
    """

    name: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    alone: bool = False
    instances: bool = False


@cache
def class_lists() -> tuple[ClassList, ...]:
    """Every list, the most telling first."""
    tables = tomllib.loads(LISTS.read_text(encoding="utf-8"))["list"]
    return tuple(
        ClassList(
            str(table["name"]),
            tuple(name.strip() for name in table["names"].split(",")),
            tuple(table["words"]),
            bool(table.get("alone", False)),
            bool(table.get("instances", False)),
        )
        for table in tables
    )


@cache
def _synonyms() -> Mapping[str, frozenset[str]]:
    """All that mean the same or a part, in plain letters."""
    groups = tomllib.loads(LISTS.read_text(encoding="utf-8"))["synonyms"]
    return {_plain(word): frozenset(map(_plain, names.split(","))) for word, names in groups.items()}


def known_list(count: int, text: str, instances: bool) -> ClassList | None:
    """The list of so many classes (0: unknown) whose words the text holds, or that its number alone tells."""
    letters = re.sub(r"[^a-z0-9]", "", text.lower())
    fitting = [
        each for each in class_lists() if count in (0, len(each.names)) and not (instances and not each.instances)
    ]
    named = [each for each in fitting if any(word in letters for word in each.words)]
    alone = [each for each in fitting if each.alone and count and each.instances == instances]
    return next(iter([*named, *alone]), None)


def resolve(text: str, names: Mapping[int, str], count: int, model: str) -> tuple[int, ...]:
    """Names and numbers of classes, with commas between them -> their numbers in the order of the text.

    names: of the model's classes. count: of classes, 0 if nobody knows.
    Raises RecipeError, with the names there are, for one that is none.
    """
    words = [word.strip() for word in re.split(r"[,;\n]", text) if word.strip()]
    numbers = [number for word in words for number in _numbers_of(word, names, count, model)]
    return tuple(dict.fromkeys(numbers))


def _numbers_of(word: str, names: Mapping[int, str], count: int, model: str) -> list[int]:
    if word.isdecimal() and word.isascii() and len(word) < 6:
        number = int(word)
        if (count and number >= count) or (not count and names and number > max(names)):
            most = count or max(names) + 1
            raise RecipeError(f"classes names {number}, but {model} has {most} classes: give 0 to {most - 1}")
        return [number]
    plain_names = {number: _spellings(name) for number, name in names.items()}
    asked = _plain(word)
    for meant in ({asked, _single(asked)}, _synonyms().get(asked) or _synonyms().get(_single(asked)) or set()):
        matching = [number for number, spellings in plain_names.items() if spellings & meant]
        if matching:
            return matching
    raise RecipeError(_unknown(word, names, count, model))


def _unknown(word: str, names: Mapping[int, str], count: int, model: str) -> str:
    if not names:
        numbers = f"0 to {count - 1}" if count else "counted from 0"
        return f"classes names {shown(word)}, but {model} has no names for its classes: give numbers, {numbers}"
    listed = [plain(name) for name in names.values()]
    near = get_close_matches(word.lower(), listed, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"classes names {shown(word)}{hint}, which {model} does not have; it has {', '.join(listed[:SHOWN])}"


def is_stuff(name: str) -> bool:
    """Whether a class is part of the surroundings: sky, grass, `wall-brick`, `floor-other-merged`."""
    words = re.findall("[a-z]+", name.lower())
    return bool(words) and (words[0] in _stuff() or words[-1] in ("merged", "stuff"))


@cache
def _stuff() -> frozenset[str]:
    return frozenset(tomllib.loads(LISTS.read_text(encoding="utf-8"))["stuff"]["words"].split(", "))


def _spellings(name: str) -> set[str]:
    """A class's name, and each of several with commas or semicolons between them."""
    parts = [_plain(part) for part in re.split(r"[,;/]", name)]
    return {*parts, *map(_single, parts), _plain(name)} - {""}


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _single(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
