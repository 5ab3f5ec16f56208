"""Fetch the file of a named model: whole and verified, or not at all, and stoppable at any time."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from ...callbacks import RaiseIfCancelled
from ...environment import MIRROR, OFFLINE, offline
from ...errors import ChecksumError, DownloadError
from ..recipes.catalog import CatalogEntry
from .reasons import disk_reason, hide_password, network_reason
from .transfer import Transfer

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
        import requests  # noqa: F401
    except ImportError as error:
        raise DownloadError(_explain(transfer, f"{error}: pip install requests filelock")) from error
    logger.info(f"downloading {entry.name}: {entry.summary}; from {hide_password(transfer.url)} to {target}")
    if reason := _failure(_watch(transfer, on_bytes, raise_if_cancelled), transfer):
        raise DownloadError(_explain(transfer, reason))  # from nothing: what requests raises quotes addresses
    logger.info(f"downloaded {target.name}, checksum verified")


def _failure(job: Future[None], transfer: Transfer) -> str:
    """Why the transfer failed, or nothing."""
    import requests

    try:
        job.result()
    except (ChecksumError, DownloadError) as error:
        return str(error)
    except (requests.RequestException, ValueError) as error:
        return network_reason(error)
    except OSError as error:
        return disk_reason(error, transfer.target.parent, transfer.total)
    return ""


def _watch(
    transfer: Transfer, on_bytes: Callable[[int, int], None] | None, raise_if_cancelled: RaiseIfCancelled | None
) -> Future[None]:
    """Run the transfer to its end, in a thread of its own: a server that drips or stalls holds up nobody else."""
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
    return job


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
        f"{entry.name} cannot be downloaded: {reason}. By hand: download {hide_password(transfer.url)}, check that its "
        f"{entry.checksum.replace(':', ' is ')}, and save it as {transfer.target}. Another server: set "
        f"{MIRROR} (README)"
    )
