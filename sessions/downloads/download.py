"""Fetch the file of a named model: whole and verified, or not at all, and stoppable at any time."""

import errno
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from ...callbacks import RaiseIfCancelled
from ...environment import MIRROR, OFFLINE, offline
from ...errors import ChecksumError, DownloadError
from ..recipes.catalog import CatalogEntry
from .transfer import TIMEOUTS, Transfer

logger = logging.getLogger("onnx_segmentation")

POLL = 0.1  # seconds between two looks at progress and cancel
GRACE = 2.0  # seconds that a stopped transfer has to tidy up before the caller goes on


def source_url(entry: CatalogEntry) -> str:
    """Where the file comes from: the mirror, if one is set, or its own source."""
    mirror = MIRROR.value
    return f"{mirror.rstrip('/')}/{entry.file}" if mirror else entry.url


def download(
    entry: CatalogEntry,
    target: Path,
    on_bytes: Callable[[int, int], None] | None = None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> None:
    """Fetch an entry's file to `target`, which appears only once its checksum is right.

    on_bytes(done, total) and raise_if_cancelled() are called several times a second, whatever the server does; both
    may raise, to stop. Of several who fetch one file at once, in any process, one does and the others wait.
    Raises DownloadError, saying how to place the file by hand.
    """
    transfer = Transfer(entry, target, source_url(entry))
    if offline():
        raise DownloadError(_explain(transfer, f"{OFFLINE} is set"))
    try:
        import filelock  # noqa: F401 (whether it is there)
        import pooch  # noqa: F401
        import requests
    except ImportError as error:
        raise DownloadError(_explain(transfer, f"{error}: pip install pooch filelock")) from error
    logger.info(f"downloading {entry.name}: {entry.summary}; from {transfer.url} to {target}")
    try:
        _watch(transfer, on_bytes, raise_if_cancelled)
    except requests.RequestException as error:
        raise DownloadError(_explain(transfer, _network_reason(error))) from error
    except OSError as error:
        raise DownloadError(_explain(transfer, _disk_reason(error, transfer))) from error
    except ChecksumError as error:
        raise DownloadError(_explain(transfer, str(error))) from error
    logger.info(f"downloaded {target.name}, checksum verified")


def _watch(
    transfer: Transfer, on_bytes: Callable[[int, int], None] | None, raise_if_cancelled: RaiseIfCancelled | None
) -> None:
    """Run the transfer in a thread of its own: a server that drips or stalls holds up that thread and nobody else."""
    pool = ThreadPoolExecutor(1, "download")
    job = pool.submit(transfer.run)
    pool.shutdown(wait=False)
    logged = 0
    try:
        while not wait([job], POLL).done:
            logged = _log_tenth(transfer, logged)
            if on_bytes:
                on_bytes(transfer.done, transfer.total)
            if raise_if_cancelled:
                raise_if_cancelled()
    finally:
        transfer.stop()
        wait([job], GRACE)
    job.result()


def _log_tenth(transfer: Transfer, logged: int) -> int:
    """A line in the log for each tenth."""
    tenth = 10 * transfer.done // transfer.total if transfer.total else 0
    if tenth > logged:
        logger.info(f"{transfer.target.name}: {transfer.done / 1e6:.1f} of {transfer.total / 1e6:.1f} MB")
    return max(tenth, logged)


def _explain(transfer: Transfer, reason: str) -> str:
    """What happened, and how to do without."""
    entry = transfer.entry
    return (
        f"{entry.name} cannot be downloaded: {reason}. By hand: download {transfer.url}, check that its "
        f"{entry.checksum.replace(':', ' is ')}, and save it as {transfer.target}. Another server: set "
        f"{MIRROR} (README)"
    )


def _network_reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    if isinstance(error, requests.Timeout):
        return f"the server does not answer, or says nothing for {TIMEOUTS[1]} s"
    return f"no connection ({getattr(error.args[0], 'reason', error) if error.args else error})"


def _disk_reason(error: OSError, transfer: Transfer) -> str:
    folder = transfer.target.parent
    if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return f"{folder} cannot be written ({error})"
    free = shutil.disk_usage(folder).free / 1e6
    return f"the disk of {folder} is full: {transfer.total / 1e6:.1f} MB are needed, {free:.1f} MB are free"
