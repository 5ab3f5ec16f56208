"""WebDataset: a tar whose members of one name before the first dot are one sample; a result becomes one of them."""

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import groupby
from typing import IO, Any, NamedTuple

from ..pictures.kinds import SUFFIXES
from .in_order import in_order
from .shard_form import Sample

Submit = Callable[[str, bytes], Future[Sample]]
"""A sample's key and its picture -> what came out."""
PICTURES = frozenset(suffix.removeprefix(".") for suffix in SUFFIXES)


class Member(NamedTuple):
    info: tarfile.TarInfo
    data: bytes


def cut_tar(source: IO[bytes], target: IO[bytes], submit: Submit, room: int, column: str, name: str, kind: str) -> Any:
    """Copy a shard, with a member `<key>.<name>.<kind>` and `<key>.<name>.json` for each picture -> outcomes.

    Streams both: memory is that of `room` samples. column: the extension of the picture's member; empty for the first
    of a sample that is a picture. Samples that do not meet `--where` are left out. Raises OSError, tarfile.TarError.
    """
    with tarfile.open(fileobj=source, mode="r|*") as shard, tarfile.open(fileobj=target, mode="w|") as written:
        work = ((members, _submitted(members, submit, column)) for members in samples(shard))
        for members, future in in_order(work, room):
            result = future.result() if future else None
            if result and result.outcome.status == "filtered":
                yield result.outcome
                continue
            for info, data in members:
                written.addfile(info, io.BytesIO(data))
            if result:
                _add(written, f"{key_of(members[0].info.name)}.{name}", kind, result)
                yield result.outcome


def samples(shard: tarfile.TarFile) -> Iterator[list[Member]]:
    """The members of each key, which lie one after another. Folders and links are left out, as WebDataset does."""
    members = (Member(info, _read(shard, info)) for info in shard if info.isfile())
    for _, group in groupby(members, lambda member: key_of(member.info.name)):
        yield list(group)


def key_of(name: str) -> str:
    """A member's path up to the first dot of its last part."""
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(".")[0]


def _read(shard: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = shard.extractfile(info)
    return file.read() if file else b""


def tar_pictures(source: IO[bytes], column: str) -> Iterator[bytes]:
    """The pictures of a shard, in order."""
    with tarfile.open(fileobj=source, mode="r|*") as shard:
        yield from (picture.data for members in samples(shard) if (picture := _picture(members, column)))


def _picture(members: Iterable[Member], column: str) -> Member | None:
    for member in members:
        extension = member.info.name.rpartition("/")[2].partition(".")[2].lower()
        if extension == column.lower() if column else extension in PICTURES:
            return member
    return None


def _submitted(members: Iterable[Member], submit: Submit, column: str) -> Future[Sample] | None:
    picture = _picture(members, column)
    return submit(picture.info.name, picture.data) if picture else None


def _add(written: tarfile.TarFile, name: str, kind: str, result: Sample) -> None:
    """The same bytes whenever it is written: members have no time of their own."""
    files = {"json": json.dumps(result.values()).encode()} | ({kind: result.data} if result.data else {})
    for extension, data in sorted(files.items(), reverse=True):
        info = tarfile.TarInfo(f"{name}.{extension}")
        info.size = len(data)
        written.addfile(info, io.BytesIO(data))
