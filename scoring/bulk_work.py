"""Scoring a part of a file in a process of its own: what goes in and comes out are Arrow's bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from intake.mapping import NumberFormat
from ringback.records import Target
from scoring.bulk import Bulk, outcomes
from scoring.engine import Engine, stored_engine
from scoring.fallback import VERSION
from scoring.judging import NO_MODEL, Champions
from scoring.policy import policy
from scoring.stored import StoredOfTable, present_rates
from scoring.tables import REJECTED_BECAUSE, REJECTED_COLUMN, renamed

if TYPE_CHECKING:
    import pyarrow as pa

RESULTS = (
    "qualification_score", "voice_ai_fit", "progression_probability", "recommendation", "priority", "tier",
    "confidence", "missing_features", "reasons", "progression_version", "voice_ai_version", "predicted_at",
)  # fmt: skip
OURS = "ringback_"
"""Stands before the name of a result where the file has a column of that name."""


@dataclass(frozen=True, slots=True)
class Order:
    """What every part is scored by."""

    progression: str | None
    """Version; None for the rules."""
    voice_ai: str | None
    at: datetime
    explain: bool
    fields: dict[str, str]
    """By column of the file the field it holds."""
    numbers: NumberFormat = field(default_factory=NumberFormat)
    """How numbers are written, by column of the file."""


@dataclass(frozen=True, slots=True)
class Part:
    """A scored part."""

    scored: bytes
    """The rows with their scores, as an Arrow stream."""
    rejected: bytes | None
    """The rows that could not be scored, with the column and the reason."""
    rows: int
    refused: int


_at_work: tuple[Order, Bulk] | None = None


def begin(order: Order) -> None:
    """Get ready to score parts in this process."""
    global _at_work
    rates = present_rates()
    champions = Champions(_engine("progression", order.progression), _engine("voice_ai", order.voice_ai))
    _at_work = order, Bulk(champions, policy(), order.at, rates, StoredOfTable(rates))


def score_part(given: bytes) -> Part:
    """Score one part; `begin` comes first."""
    import pyarrow as pa

    assert _at_work is not None  # noqa: S101  (begin is the pool's initializer)
    order, bulk = _at_work
    table = pa.ipc.open_stream(given).read_all()
    scores = bulk.score(renamed(table, order.fields), order.explain, _by_field(order))
    columns: dict[str, Any] = dict(outcomes(scores, bulk.rules))
    columns["reasons"] = scores.reasons if order.explain else None
    versions = bulk.champions.versions
    columns |= {"progression_version": versions[0], "voice_ai_version": versions[1], "predicted_at": order.at}
    kept = table.take(pa.array(scores.rows)) if scores.rejected else table
    for name, called in names_of_results(table.column_names).items():
        if columns[name] is not None:
            kept = kept.append_column(called, _column(name, columns[name], len(kept)))
    return Part(as_bytes(kept), _rejects(table, scores.rejected, order), len(kept), len(scores.rejected))


def names_of_results(columns: Sequence[str]) -> dict[str, str]:
    """What each result is called beside these columns: its own name, or one before which `ringback_` stands."""
    taken, called = set(columns), {}
    for name in RESULTS:
        free = name
        while free in taken:
            free = OURS + free
        called[name] = free
        taken.add(free)
    return called


def as_bytes(table: "pa.Table") -> bytes:
    """A table as Arrow's stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _column(name: str, values: Any, rows: int) -> Any:
    """A result as a column, of the same type in every part."""
    import pyarrow as pa

    wholes = {"qualification_score", "voice_ai_fit", "missing_features"}
    kind = (
        pa.int64() if name in wholes
        else pa.float64() if name in ("progression_probability", "confidence")
        else pa.list_(pa.string()) if name == "reasons"
        else pa.timestamp("us") if name == "predicted_at"
        else pa.string()
    )  # fmt: skip
    return pa.array(values, kind) if isinstance(values, list) else pa.repeat(pa.scalar(values, kind), rows)


def _by_field(order: Order) -> NumberFormat:
    """How numbers are written, by field where a column holds one."""
    decimals = {order.fields.get(column, column): mark for column, mark in order.numbers.decimals.items()}
    return NumberFormat(decimal=order.numbers.decimal, decimals=decimals)


def _rejects(table: "pa.Table", rejected: Any, order: Order) -> bytes | None:
    import pyarrow as pa

    if not rejected:
        return None
    names = [name for name in table.column_names if name not in (REJECTED_COLUMN, REJECTED_BECAUSE)]
    rows = table.select(names).take(pa.array([one.row for one in rejected]))
    columns = {field: column for column, field in order.fields.items()}
    rows = rows.append_column(REJECTED_COLUMN, pa.array([columns.get(one.column, one.column) for one in rejected]))
    return as_bytes(rows.append_column(REJECTED_BECAUSE, pa.array([one.because for one in rejected])))


def _engine(target: Target, version: str | None) -> Engine | None:
    if version in (None, VERSION, NO_MODEL):
        return None
    made = stored_engine(target, str(version))
    assert made is not None  # noqa: S101  (whoever gave the order has compiled it)
    return made.warm
