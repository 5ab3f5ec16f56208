"""Values of options, checked by rules of modules that are slow to import: not before somebody gives one."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

PACKAGE = __name__.partition(".commands")[0]


def number(module: str, field: str) -> Callable[[str], Any]:
    """For argparse: a number, by the rule that the module's RULES has for a field."""

    def parse(text: str) -> Any:
        from ..values import argument

        return argument(import_module(f"{PACKAGE}.{module}").RULES[field])(text)

    return parse


def word(module: str, field: str) -> Callable[[str], Any]:
    """For argparse: a word, by such a rule."""

    def parse(text: str) -> Any:
        rule = import_module(f"{PACKAGE}.{module}").RULES[field]
        try:
            return rule(text)
        except ValueError as refusal:
            raise argparse.ArgumentTypeError(f"it is {text!r}; {rule.wanted}") from refusal

    return parse


def provider(text: str) -> str:
    """onnxruntime's name of a provider, for argparse."""
    from ..errors import OptionsError
    from ..sessions.runtime.providers import to_provider

    try:
        return to_provider(text)
    except OptionsError as refusal:
        raise argparse.ArgumentTypeError(str(refusal)) from refusal
