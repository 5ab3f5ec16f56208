"""One file on its way over the network: into a part beside its target, going on where a connection broke."""

import errno
import logging
import os
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ...errors import ChecksumError, DownloadError
from ..recipes.catalog import CatalogEntry, digest
from .answer import body_length, first_byte
from .file_lock import Stopped, one_at_a_time
from .parts import new_part, remove_dead_parts
from .reasons import TIMEOUTS, network_reason

logger = logging.getLogger("onnx_segmentation")

CHUNK = 1 << 16  # bytes; what came of a chunk is lost if the connection breaks in it
ATTEMPTS = 3
LARGEST = 1 << 31  # bytes, if the catalogue names no size: a protobuf file, which an ONNX file is, ends there
MARGIN = 1.1  # the catalogue's sizes are rounded, and some are from lists in other units


class Transfer:
    """One download, in a thread of its own: a server that drips or stalls holds up that thread and nobody else.

    done, total: bytes so far and in all (0 while unknown). limit: bytes after which it cannot be this file.
    """

    def __init__(self, entry: CatalogEntry, target: Path, url: str) -> None:
        self.entry, self.target, self.url = entry, target, url
        self.done, self.total = 0, int((entry.size_mb or 0) * 1e6)
        self.limit = int(MARGIN * (self.total or LARGEST)) + (1 << 20)
        self._stopping = threading.Event()
        self._response: Any = None

    def run(self) -> None:
        """Fetch the file, unless another process has done so by the time it is our turn.

        Raises ChecksumError if another file came, DownloadError for an answer that brings none or has no end, Stopped,
        and what requests and the disk raise.
        """
        self.target.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(self.target, self._stopping):
            if not self._is_right(self.target):
                self._to_target()

    def stop(self) -> None:
        """Let the thread end, out of a read that waits for the server too; it takes its part with it."""
        self._stopping.set()
        with suppress(AttributeError, ValueError, OSError):  # no answer yet, or its connection is closed already
            _shut(self._response.raw.fileno())

    def _to_target(self) -> None:
        remove_dead_parts(self.target)
        part = new_part(self.target)
        try:
            with part.open("x+b") as file:
                self._fetch(file)
            if not self._is_right(part):
                raise ChecksumError(self._wrong(part))
            part.replace(self.target)
        finally:
            part.unlink(missing_ok=True)

    def _fetch(self, file: IO[bytes]) -> None:
        """Ask until the whole is there, as long as each time brings something."""
        import requests

        broken = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
        for attempt in range(1, ATTEMPTS + 1):
            start = file.tell()
            try:
                self._receive(file, start)
                return
            except broken as error:
                if attempt == ATTEMPTS or file.tell() <= start or self._stopping.is_set():
                    raise
                logger.warning(f"{self.target.name}: {network_reason(error)} after {self.done:,} bytes; going on")

    def _receive(self, file: IO[bytes], start: int) -> None:
        """One request, for what is not there yet."""
        import requests
        from requests.utils import get_auth_from_url, urldefragauth

        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        password = get_auth_from_url(self.url)  # apart from the address, which errors quote
        with requests.get(
            urldefragauth(self.url),
            auth=password if any(password) else None,
            headers=headers,
            stream=True,
            timeout=TIMEOUTS,
            hooks={"response": self._begin},
        ) as response:
            if start and response.status_code == 416:  # all of it is there: it was cut just before its end
                return
            self._write(response, file, start)

    def _begin(self, response: Any, *_: Any, **__: Any) -> None:
        """Called with the headers of each answer, of redirects too, whose bodies are not read."""
        self._response = response
        if response.is_redirect:
            response.close()

    def _write(self, response: Any, file: IO[bytes], asked: int) -> None:
        """The body of an answer, into its place. Raises what a connection that was cut raises if it is too short."""
        import requests

        file.seek(first_byte(response, asked))
        file.truncate()
        length = body_length(response)
        self._check_room(file.tell(), length)
        for chunk in response.iter_content(CHUNK):
            if self._stopping.is_set():
                raise Stopped
            self._check_limit(file.tell() + len(chunk))
            file.write(chunk)
            self.done = file.tell()
        if length is not None and response.raw.tell() < length:  # urllib3 2 sees it by itself, 1.26 does not
            raise requests.exceptions.ChunkedEncodingError

    def _check_room(self, start: int, length: int | None) -> None:
        if length is None:
            return
        self._check_limit(start + length)
        self.total = start + length
        if length > shutil.disk_usage(self.target.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _check_limit(self, size: int) -> None:
        if size > self.limit:
            raise DownloadError(
                f"what comes is another file, or one without an end: at least {size / 1e6:.1f} MB, at most "
                f"{self.limit / 1e6:.1f} MB are expected"
            )

    def _is_right(self, path: Path) -> bool:
        kind, _, digits = self.entry.checksum.partition(":")
        return path.is_file() and digest(path, kind) == digits

    def _wrong(self, part: Path) -> str:
        kind = self.entry.checksum.partition(":")[0]
        return (
            f"what came is another file, {part.stat().st_size:,} bytes with {kind} {digest(part, kind)} (a login page, "
            "or a changed file)"
        )


def _shut(connection: int) -> None:
    """End a connection under whoever reads from it. urllib3's own shutdown() came with 2.3."""
    with socket.fromfd(connection, socket.AF_INET, socket.SOCK_STREAM) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)
