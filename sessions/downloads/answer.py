"""What a server says of a file before it comes: how long it is, and where it begins."""

import re
from typing import Any

from ...errors import DownloadError
from .reasons import status_reason

LENGTH = re.compile(r"[0-9]{1,18}")
RANGE = re.compile(r"bytes ([0-9]{1,18})-")


def body_length(response: Any) -> int | None:
    """Bytes of the body as it travels, None if the server does not say.

    Raises DownloadError for a Content-Length that is no number of bytes.
    """
    text = response.headers.get("Content-Length")
    if text is None or "Transfer-Encoding" in response.headers:  # which overrides it: RFC 9112, 6.3
        return None
    lengths = {part.strip() for part in text.split(",")}  # said twice by some proxies
    if len(lengths) > 1 or not LENGTH.fullmatch(length := lengths.pop()):
        raise DownloadError(f"the server's Content-Length is {text[:40]!r}, which is no number of bytes")
    return int(length)


def first_byte(response: Any, asked: int) -> int:
    """The place in the file where the body belongs, which a server may choose otherwise than it was asked.

    Raises DownloadError for an answer without a file, and for one that begins after what is there.
    """
    if response.status_code == 200:
        return 0
    if response.status_code != 206:
        raise DownloadError(status_reason(response.status_code))
    span = RANGE.match(response.headers.get("Content-Range", ""))
    start = int(span[1]) if span else asked
    if start > asked:
        raise DownloadError(f"the server sends the file from byte {start} on, asked for byte {asked}")
    return start
