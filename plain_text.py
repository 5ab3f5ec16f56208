"""The one place through which text of others goes before anybody sees it: pages take it for HTML, terminals obey it.

Such text is all that comes out of model files (names, metadata), sidecars, names of files, and messages of libraries
that quote them. Errors of `errors` and the records of our logger are passed through here as they are made.
"""

import logging
import re
from collections.abc import Iterable

NAME = 120  # characters of a name, of a value, or of another's text within a sentence of ours
REASON = 1000  # of another library's message
LINE = 2000  # of a whole sentence, a line of a report, a record of the log
SHOWN = 8  # names of a list
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

# ECMA-48: CSI sequences; OSC, DCS and others that end with BEL or ST; the rest, of two characters.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -~]"
)
# Where HTML begins a tag or an entity (WHATWG HTML, 13.2.5.6 and 13.2.5.72), and what ComfyUI's page makes a link of,
# [[label|address]]. Any other < stays: "onnxruntime-gpu<1.27" is to be copied.
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])|&(?=#|[a-zA-Z][a-zA-Z0-9]*;)|\[(?=\[[^\]|]*\|)")
_HARMLESS = {"<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "&": "\N{FULLWIDTH AMPERSAND}", "[": "("}


def plain(text: object, limit: int = NAME) -> str:
    """One line without markup, escape sequences, control characters and changes of direction, of at most `limit`
    characters. What cannot be printed becomes a replacement character, what is cut off an ellipsis."""
    whole = str(text)
    line = " ".join(_ESCAPES.sub("", whole[: 8 * limit]).split())
    line = "".join(character if character.isprintable() else UNKNOWN for character in line)
    line = _MARKUP.sub(lambda match: _HARMLESS[match[0]], line)
    return line if len(line) <= limit and len(whole) <= 8 * limit else line[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def plain_list(names: Iterable[object]) -> str:
    """The first few of these, with commas, and how many more there are."""
    every = list(names)
    more = [f"and {len(every) - SHOWN:,} more"] if len(every) > SHOWN else []
    return ", ".join([*(plain(name) for name in every[:SHOWN]), *more])


def plain_error(error: Exception) -> str:
    """What another library's exception says. The exception is cleaned too: hosts log it as the cause of ours."""
    if error.args and all(isinstance(argument, str) for argument in error.args):
        error.args = tuple(plain(argument, REASON) for argument in error.args)
    return plain(error, REASON)


class _PlainRecords(logging.Filter):
    """Makes each record one plain line, whatever it quotes."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = plain(record.getMessage(), LINE), ()
        return True


_plain_records = _PlainRecords()


def keep_log_plain() -> None:
    """For all that this package logs; again changes nothing."""
    logging.getLogger("onnx_segmentation").addFilter(_plain_records)
