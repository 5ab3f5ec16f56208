"""Parquet shards: pictures as bytes in a column, results in columns beside those that were there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputsError
from .outcome import Outcome
from .shard_form import VALUES, Sample
from .shard_tar import Submit

USUAL = ("image", "jpg", "jpeg", "png", "webp", "bytes", "picture", "content")


def cut_parquet(source: Any, target: Path, submit: Submit, column: str, name: str) -> Iterator[Outcome]:
    """Copy a shard, with the columns `<name>`, `<name>_confidence` ... `<name>_error` -> outcomes.

    Memory is that of a row group. column: of the pictures, bytes or a struct that holds `bytes`, as Hugging Face writes
    them; empty for the usual names. Rows that do not meet `--where` are left out.
    Raises InputsError if there is no such column, OSError, pyarrow.ArrowException.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(source) as shard:
        column = picture_column(shard.schema_arrow, column)
        schema = shard.schema_arrow
        for field in new_fields(name):
            schema = schema.append(field)
        with parquet.ParquetWriter(target, schema) as written:
            for group in range(shard.num_row_groups):
                table = shard.read_row_group(group)
                results = _cut(table[column], submit)
                written.write_table(_beside(table, results, name, schema))
                yield from (result.outcome for result in results if result)


def parquet_pictures(source: Any, column: str) -> Iterator[bytes]:
    """The pictures of a shard, in order."""
    from pyarrow import parquet

    with parquet.ParquetFile(source) as shard:
        column = picture_column(shard.schema_arrow, column)
        for group in range(shard.num_row_groups):
            pictures = shard.read_row_group(group, [column])[column]
            yield from (data for data in _data(pictures) if data)


def picture_column(schema: Any, column: str) -> str:
    """The name of the column that holds the pictures. Raises InputsError."""
    import pyarrow as pa

    def holds_bytes(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return bool(kind.get_field_index("bytes") >= 0)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    names = [field.name for field in schema if holds_bytes(field.type)]
    usual = [name for name in USUAL if name in names]
    if column in names:
        return column
    if column or not (usual or len(names) == 1):
        raise InputsError(
            f"column is {column or 'not given'}; columns that hold bytes are {', '.join(names) or 'none'}"
        )
    return usual[0] if usual else names[0]


def new_fields(name: str) -> list[Any]:
    import pyarrow as pa

    kinds = {"subjects": pa.int64(), "touches_border": pa.bool_(), "error": pa.string()}
    rest = [pa.field(f"{name}_{value}", kinds.get(value, pa.float64())) for value in (*VALUES, "error")]
    return [pa.field(name, pa.large_binary()), *rest]


def _cut(pictures: Any, submit: Submit) -> list[Sample | None]:
    """None for a row without a picture."""
    futures = [submit(str(number), data) if data else None for number, data in enumerate(_data(pictures))]
    return [future.result() if future else None for future in futures]


def _data(pictures: Any) -> list[bytes | None]:
    return [value["bytes"] if isinstance(value, dict) else value for value in pictures.to_pylist()]


def _beside(table: Any, results: list[Sample | None], name: str, schema: Any) -> Any:
    import pyarrow as pa

    for field in new_fields(name):
        value = field.name.removeprefix(f"{name}_")
        values = [_value(result, value, field.name == name) for result in results]
        table = table.append_column(field, pa.array(values, field.type))
    kept = [result is None or result.outcome.status != "filtered" for result in results]
    return table.filter(pa.array(kept)).cast(schema)


def _value(result: Sample | None, value: str, is_file: bool) -> Any:
    if result is None:
        return None
    return (result.data or None) if is_file else result.values()[value]
