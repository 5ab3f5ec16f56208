"""Single values, checked where they enter: recipes of any source, options, the command line.

A rule is called with a value and gives it back in its right type (64.0 as 64), or raises ValueError. `check` holds a
dataclass to the rules of its fields, so that all of them refuse in one way.
"""

import argparse
import math
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from numbers import Integral, Real
from typing import Any, Protocol, TypeGuard

from .copies import as_ours, is_named
from .plain_text import NAME, plain


class Rule(Protocol):
    """What a value has to be."""

    @property
    def wanted(self) -> str:
        """What is allowed, as the end of a sentence that says what was found."""

    def __call__(self, value: object, /) -> Any:
        """The value in its right type. Raises ValueError, with what is allowed."""


@dataclass(frozen=True)
class Whole:
    """A whole number, low to high, both allowed. what: of what."""

    low: int
    high: int
    what: str = ""

    @property
    def wanted(self) -> str:
        return f"give a whole number{self.what and ' '}{self.what}, {self.low} to {self.high}"

    def __call__(self, value: object) -> int:
        number = _whole(value)
        if number is None or not self.low <= number <= self.high:
            raise ValueError(self.wanted)
        return number


@dataclass(frozen=True)
class Number:
    """A finite number, low to high, both allowed. what: of what."""

    low: float
    high: float
    what: str = ""

    @property
    def wanted(self) -> str:
        return f"give a number{self.what and ' '}{self.what}, {self.low:g} to {self.high:g}"

    def __call__(self, value: object) -> float:
        if not _is_number(value) or not self.low <= (number := _float(value)) <= self.high:
            raise ValueError(self.wanted)
        return number


@dataclass(frozen=True)
class Triple:
    """Three values of one rule, for R, G and B. what: of what."""

    each: Rule
    what: str

    @property
    def wanted(self) -> str:
        return f"give three {self.what}, one each for R, G and B"

    def __call__(self, value: object) -> tuple[Any, ...]:
        if not _is_list(value) or len(value) != 3:
            raise ValueError(self.wanted)
        try:
            return tuple(self.each(level) for level in value)
        except ValueError as error:
            raise ValueError(self.wanted) from error


@dataclass(frozen=True)
class Word:
    """One of these words."""

    allowed: tuple[str, ...]

    @property
    def wanted(self) -> str:
        return f"allowed are {', '.join(self.allowed)}"

    def __call__(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.allowed:
            raise ValueError(self.wanted)
        return value


@dataclass(frozen=True)
class Kind:
    """An instance of this class, which `what` names: no text for a yes or no, no options in the place of others.

    A dataclass of another loaded copy of the package is made ours.
    """

    kind: type
    what: str

    @property
    def wanted(self) -> str:
        return f"give {self.what}"

    def __call__(self, value: object) -> Any:
        if self.kind is bool and _is_numpys(value, "bool_"):
            return bool(value)
        if isinstance(value, self.kind):
            return value
        if not is_dataclass(self.kind) or not is_named(value, self.kind):
            raise ValueError(self.wanted)
        return as_ours(value, self.kind)


@dataclass(frozen=True)
class Maybe:
    """None, or what the rule allows."""

    rule: Rule

    @property
    def wanted(self) -> str:
        return f"{self.rule.wanted}, or nothing"

    def __call__(self, value: object) -> Any:
        try:
            return None if value is None else self.rule(value)
        except ValueError as refusal:
            raise ValueError(self.wanted) from refusal


YES_OR_NO = Kind(bool, "True or False")


def check(record: Any, rules: Mapping[str, Rule], error: Callable[[str], Exception]) -> None:
    """Hold the fields of a frozen dataclass to their rules, and give each its right type.

    Raises `error`: the field's name, its value, what is allowed.
    """
    for name, rule in rules.items():
        value = getattr(record, name)
        try:
            checked = rule(value)
        except ValueError as refusal:
            raise error(f"{name} is {shown(value)}; {refusal}") from refusal
        object.__setattr__(record, name, checked)  # as dataclasses does it itself in a frozen one


def argument(rule: Rule) -> Callable[[str], Any]:
    """The rule of a number for argparse, which puts the option's name before."""

    def parse(text: str) -> Any:
        try:
            return rule(float(text))
        except ValueError as refusal:
            raise argparse.ArgumentTypeError(f"it is {shown(text)}; {rule.wanted}") from refusal

    return parse


def shown(value: object) -> str:
    """A value for a message, short whatever it is."""
    text = value[: 2 * NAME] if isinstance(value, (str, bytes, list, tuple)) else value
    return plain(_repr(text))


def _repr(value: object) -> str:
    try:
        return repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists within lists
        return f"a {type(value).__name__} too long to show"


def _is_numpys(value: object, name: str) -> bool:
    """Whether it is of a class of numpy, which need not be imported to know that it is not."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, getattr(numpy, name))


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple)) or _is_numpys(value, "ndarray")


def _is_flag(value: object) -> bool:
    return isinstance(value, bool) or _is_numpys(value, "bool_")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not _is_flag(value)


def _float(value: Any) -> float:
    """NaN, which lies within no limits, for an integer beyond floats."""
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _whole(value: Any) -> int | None:
    if not _is_number(value):
        return None
    if isinstance(value, Integral):
        return operator.index(value)
    return int(value) if math.isfinite(value) and value == int(value) else None
