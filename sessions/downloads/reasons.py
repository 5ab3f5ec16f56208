"""Why a download failed, in words that show nobody's password."""

import errno
import re
import shutil
from http import HTTPStatus
from pathlib import Path

TIMEOUTS = (10, 30)  # seconds to connect, and without a byte

# From // to the last @ if the host's part holds a colon: a password may itself hold the marks that end a host.
_CREDENTIALS = re.compile(r"//(?:[^/?#\s]*:\S*|[^/?#\s]*)@")
_QUERY = re.compile(r"\?[^\s'\")]+")  # a signed address holds its key there


def hide_password(text: str) -> str:
    """The text without the names, passwords and keys of its addresses."""
    return _QUERY.sub("?***", _CREDENTIALS.sub("//***@", text))


def status_reason(status: int) -> str:
    """An answer that brings no file. Its standard name is said, not what the server wrote."""
    name = HTTPStatus(status).phrase if status in set(HTTPStatus) else "of no standard name"
    return f"the server answers {status} {name}"


def network_reason(error: Exception) -> str:
    """What requests, or the reading of an address or answer, ran into."""
    import requests

    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    if isinstance(error, requests.Timeout):
        return f"the server does not answer, or says nothing for {TIMEOUTS[1]} s"
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return "a SOCKS proxy is set, and the package that speaks to it is missing: pip install PySocks"
    if isinstance(error, requests.ConnectionError | requests.exceptions.InvalidSchema):
        return hide_password(f"no connection ({getattr(error.args[0], 'reason', error) if error.args else error})")
    return hide_password(f"the address or the server's answer cannot be read ({error})")


def disk_reason(error: OSError, folder: Path, size: int) -> str:
    """What the disk of a folder refused; size: bytes of the file in all."""
    if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return f"{folder} cannot be written ({error})"
    free = shutil.disk_usage(folder).free / 1e6
    return f"the disk of {folder} is full: {size / 1e6:.1f} MB are needed, {free:.1f} MB are free"
