"""One file on its way over the network: into a part beside its target, going on where a connection broke."""

import errno
import logging
import os
import shutil
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ...errors import ChecksumError
from ..recipes.catalog import CatalogEntry, digest
from .file_lock import Stopped, one_at_a_time

logger = logging.getLogger("onnx_segmentation")

CHUNK = 1 << 18
TIMEOUTS = (10, 30)  # seconds to connect, and without a byte
ATTEMPTS = 3
DEAD_AFTER = 600  # seconds without a write, after which a part belongs to a process that died


class Transfer:
    """One download, in a thread of its own: a server that drips or stalls holds up that thread and nobody else.

    It is itself the file that pooch writes to. done, total: bytes so far and in all (0 while unknown).
    """

    def __init__(self, entry: CatalogEntry, target: Path, url: str) -> None:
        self.entry, self.target, self.url = entry, target, url
        self.done, self.total = 0, int((entry.size_mb or 0) * 1e6)
        self._stopping = threading.Event()
        self._response: Any = None
        self._file: IO[bytes]

    def run(self) -> None:
        """Fetch the file, unless another process has done so by the time it is our turn.

        Raises ChecksumError where another file came, Stopped, and what requests and the disk raise.
        """
        self.target.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(self.target, self._stopping):
            if not self._is_right(self.target):
                self._to_target()

    def stop(self) -> None:
        """Let the thread end, out of a read that waits for the server too; it takes its part with it."""
        self._stopping.set()
        shutdown = getattr(getattr(self._response, "raw", None), "shutdown", None)  # urllib3 2.3 and later
        if shutdown:
            with suppress(ValueError, RuntimeError, OSError):  # the connection is closed already
                shutdown()

    def write(self, chunk: bytes) -> None:
        if self._stopping.is_set():
            raise Stopped
        self._file.write(chunk)
        self.done = self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def _to_target(self) -> None:
        _remove_dead_parts(self.target)
        part = self.target.with_name(f".{self.target.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            with part.open("x+b") as self._file:
                self._fetch()
            if not self._is_right(part):
                raise ChecksumError(self._wrong(part))
            part.replace(self.target)
        finally:
            part.unlink(missing_ok=True)

    def _fetch(self) -> None:
        import pooch
        import requests

        broken = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
        for attempt in range(1, ATTEMPTS + 1):
            start = self._file.tell()
            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
            hooks = {"response": self._begin}
            fetch = pooch.HTTPDownloader(chunk_size=CHUNK, timeout=TIMEOUTS, headers=headers, hooks=hooks)
            try:
                fetch(self.url, self, None)
                return
            except broken as error:
                if attempt == ATTEMPTS or self._file.tell() == start or self._stopping.is_set():
                    raise
                logger.warning(f"{self.target.name}: {error} after {self.done:,} bytes; going on")
            finally:
                if self._response is not None:
                    self._response.close()

    def _begin(self, response: Any, *_: Any, **__: Any) -> None:
        """Called with the headers of each answer, redirects among them."""
        self._response = response
        if not response.ok or response.is_redirect:
            return
        if response.status_code != 206:  # not the rest, but the whole
            self._file.seek(0)
            self._file.truncate()
        left = int(response.headers.get("content-length", 0))
        self.total = self._file.tell() + left if left else self.total
        if left > shutil.disk_usage(self.target.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _is_right(self, path: Path) -> bool:
        kind, _, digits = self.entry.checksum.partition(":")
        return path.is_file() and digest(path, kind) == digits

    def _wrong(self, part: Path) -> str:
        kind = self.entry.checksum.partition(":")[0]
        return (
            f"what came is another file, {part.stat().st_size:,} bytes with {kind} {digest(part, kind)} (a login page, "
            "or a changed file)"
        )


def _remove_dead_parts(target: Path) -> None:
    for part in target.parent.glob(f".{target.name}.*.part"):
        if time.time() - part.stat().st_mtime > DEAD_AFTER:
            part.unlink(missing_ok=True)
