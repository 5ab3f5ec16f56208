"""--where "confidence > .8 and subjects == 1": which results are written."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InputsError
from ..values import shown
from .measures import COLUMNS

_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ALLOWED = f"columns are {', '.join(COLUMNS)}, with numbers, True, False, < <= > >= == !=, and, or, not, brackets"


def check_where(text: str) -> None:
    """Raises InputsError for what is no condition."""
    meets(text, dict.fromkeys(COLUMNS, 0))


def meets(text: str, values: Mapping[str, Any]) -> bool:
    """Whether the columns' values meet the condition; it is read, never run as Python. Raises InputsError."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return bool(_value(tree.body, values))
    except (SyntaxError, ValueError, TypeError, RecursionError) as error:
        raise InputsError(f"where is {shown(text)}: {error}; {ALLOWED}") from error


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(bool() | int() | float() as number):
            return number
        case ast.Name(name) if name in values:
            return values[name]
        case ast.UnaryOp(ast.Not(), inner):
            return not _value(inner, values)
        case ast.UnaryOp(ast.USub(), inner):
            return -_value(inner, values)
        case ast.BoolOp(ast.And(), parts):
            return all(_values(parts, values))
        case ast.BoolOp(ast.Or(), parts):
            return any(_values(parts, values))
        case ast.Compare(left, comparisons, parts) if all(type(each) in _COMPARE for each in comparisons):
            return _compare(_values([left, *parts], values), comparisons)
        case ast.Name(name):
            raise ValueError(f"there is no column {name}")
    raise ValueError(f"{ast.unparse(node)} is not understood")


def _values(nodes: list[ast.expr], values: Mapping[str, Any]) -> list[Any]:
    """All of them, so that a column that there is not is found in any row."""
    return [_value(node, values) for node in nodes]


def _compare(sides: list[Any], comparisons: list[ast.cmpop]) -> bool:
    pairs = zip(sides, sides[1:], comparisons, strict=False)
    return all(_COMPARE[type(each)](left, right) for left, right, each in pairs)
