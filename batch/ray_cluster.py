"""Ray itself: on this machine or on a cluster, and how many workers fit."""

import logging
import math
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..environment import RAY_ADDRESS, RAY_STATISTICS
from ..errors import InputsError
from ..values import Maybe, Number, Rule, Whole, check
from .cores import available_cores

RULES: dict[str, Rule] = {
    "workers": Maybe(Whole(1, 100_000)),
    "cpus": Number(0.01, 4096, "of CPUs for each worker"),
    "gpus": Number(0, 64, "of GPUs for each worker"),
}

LIBRARIES = 0.9e9  # bytes of a process that has imported torch and onnxruntime
PICTURES = 0.5e9  # bytes of decoded pictures for each that is cut out at a time; a larger one goes alone
REACHED = 5  # seconds within which a cluster answers


@dataclass(frozen=True)
class RayOptions:
    """address: of a cluster; None starts Ray on this machine. workers: actors, None for as many as fit.

    cpus, gpus: of each, fractions allowed. An actor cuts out as many pictures at a time as it has whole CPUs.
    """

    address: str | None = None
    workers: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0

    @property
    def cluster(self) -> str | None:
        """The cluster's address; Ray's own jobs find theirs in the environment."""
        return self.address or RAY_ADDRESS.value or None

    def __post_init__(self) -> None:
        check(self, RULES, InputsError)


@contextmanager
def cluster(options: RayOptions) -> Iterator[None]:
    """Ray on this machine, or the cluster that is named; nothing is reported to Ray's makers."""
    RAY_STATISTICS.set_default("0")
    import ray

    if options.cluster:
        check_reachable(options.cluster)
        ray.init(options.cluster, log_to_driver=False)
    else:
        cores = max(available_cores(), math.ceil((options.workers or 1) * options.cpus))
        ray.init("local", num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level="WARNING")
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    try:
        yield
    finally:
        ray.shutdown()


@dataclass(frozen=True)
class Room:
    """Bytes of one worker. model: the session and the libraries. pictures: decoded ones at a time."""

    model: float
    pictures: float

    def share(self, workers: int) -> float:
        """What a worker asks Ray for; never more than its part of what there is, as Ray would wait for ever."""
        import ray

        there: float = ray.cluster_resources().get("memory", math.inf)
        return min(self.model + self.pictures, 0.9 * there / workers)


def room_for(options: RayOptions, model_size: int) -> Room:
    """model_size: bytes of the model's file."""
    return Room(LIBRARIES + 3.0 * model_size, PICTURES * max(1, int(options.cpus)))


def fitting(options: RayOptions, room: Room) -> int:
    """As many workers as the cluster has room for."""
    import ray

    there = ray.cluster_resources()
    fits = there.get("CPU", 1) / options.cpus
    if options.gpus:
        fits = min(fits, there.get("GPU", 0) / options.gpus)
    if fits < 1:
        raise InputsError(
            f"no worker of {options.cpus:g} CPUs and {options.gpus:g} GPUs fits a cluster of {there.get('CPU', 0):g} "
            f"CPUs and {there.get('GPU', 0):g} GPUs: ask for less for each"
        )
    return max(1, int(min(fits, there.get("memory", math.inf) / (room.model + room.pictures))))


def check_reachable(address: str) -> None:
    """Raises InputsError in seconds if nobody answers at host:port; Ray itself would go on asking for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=REACHED):
            return
    except (OSError, OverflowError) as error:
        raise InputsError(f"no cluster answers at {address}: {error}; is it running, and is the port right?") from error
