"""Putting records into the warehouse: each once, however often it is brought.

Records go in as one Arrow table a statement; a natural key that is there already is left as it is. Loading the same
again is therefore harmless, and so is loading after a crash halfway.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from hashlib import sha256
from json import dumps
from typing import TYPE_CHECKING, Any

from ringback.clock import now
from ringback.records import Call, CompanyFacts, Lead, Outcome, Payload, Prediction, Rejected

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


ADDED_LATER = frozenset({"total_funding", "news"})
"""Fields that older statements do not have: left empty they change no fingerprint, so that nothing is stated anew."""


@dataclass(frozen=True, slots=True)
class Landed:
    """How many records were new, and how many were there already."""

    new: int
    same: int

    def __add__(self, other: "Landed") -> "Landed":
        return Landed(self.new + other.new, self.same + other.same)


def content_hash(content: object) -> str:
    """A short fingerprint of JSON-like content, the same for the same content."""
    return sha256(dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:24]


def land_payloads(connection: "DuckDBPyConnection", payloads: Iterable[Payload]) -> Landed:
    """Keep what vendors sent, as they sent it."""
    return _land(connection, "raw_payloads", [_row(payload) for payload in payloads])


def land_calls(connection: "DuckDBPyConnection", calls: Iterable[Call]) -> Landed:
    """Keep calls; one whose latest content is the same as this is there already."""
    shaped = [_row(call) | {"attendees": dumps(call.attendees), "custom": dumps(dict(call.custom))} for call in calls]
    return _land(
        connection,
        "calls",
        shaped,
        unless="""EXISTS (
            SELECT 1 FROM current_calls AS c
            WHERE c.call_id = incoming.call_id AND c.content_hash = incoming.content_hash)""",
    )


def land_company_facts(connection: "DuckDBPyConnection", facts: Iterable[CompanyFacts]) -> Landed:
    """Keep what a source says of companies; a statement that only repeats its last one is there already."""
    rows = [_with_fingerprint(_row(fact)) for fact in facts]
    return _land(connection, "company_facts", rows, unless=_only_repeats("company_facts", "company_id"))


def land_lead_facts(connection: "DuckDBPyConnection", leads: Iterable[Lead]) -> Landed:
    """Keep what a source says of leads; a statement that only repeats its last one is there already."""
    shaped = [_row(lead) | {"custom": dumps(dict(lead.custom), default=str)} for lead in leads]
    rows = [_with_fingerprint(row) for row in shaped]
    return _land(connection, "lead_facts", rows, unless=_only_repeats("lead_facts", "lead_id"))


def land_outcomes(connection: "DuckDBPyConnection", outcomes: Iterable[Outcome]) -> Landed:
    """Keep how calls ended; a statement that only repeats the last one about its call is there already."""
    return _land(
        connection,
        "outcomes",
        [_row(outcome) for outcome in outcomes],
        unless="""incoming.happened IS NOT DISTINCT FROM (
            SELECT arg_max(o.happened, o.known_at) FROM outcomes AS o
            WHERE o.call_id = incoming.call_id AND o.target = incoming.target)""",
    )


def land_rejected(connection: "DuckDBPyConnection", rejected: Iterable[Rejected]) -> Landed:
    """Put records that could not be read aside, with the reason."""
    return _land(connection, "quarantine", [_row(record) for record in rejected])


def land_predictions(connection: "DuckDBPyConnection", predictions: Iterable[Prediction]) -> Landed:
    """Keep the bulk copy of what the champions said."""
    return _land(
        connection,
        "predictions",
        [_row(prediction) | {"reasons": list(prediction.reasons)} for prediction in predictions],
    )


def land_import(connection: "DuckDBPyConnection", **facts: object) -> Landed:
    """Keep that a file was read, with its counts."""
    return _land(connection, "imports", [facts])


def land_table(connection: "DuckDBPyConnection", table: str, rows: Sequence[Mapping[str, Any]]) -> Landed:
    """Keep rows of a table by its primary key, each once."""
    return _land(connection, table, rows)


def _only_repeats(table: str, key: str) -> str:
    """The last statement of this source before the incoming one says the same."""
    return f"""incoming.content_hash IS NOT DISTINCT FROM (
        SELECT arg_max(said.content_hash, said.known_at) FROM {table} AS said
        WHERE said.{key} = incoming.{key} AND said.source = incoming.source AND said.known_at <= incoming.known_at)"""  # noqa: S608


def _with_fingerprint(row: dict[str, Any]) -> dict[str, Any]:
    said = {
        key: value for key, value in row.items() if key != "known_at" and not (key in ADDED_LATER and value is None)
    }
    return row | {"content_hash": content_hash(said)}


def _row(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _names(record.__class__)}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _land(
    connection: "DuckDBPyConnection", table: str, incoming: Sequence[Mapping[str, Any]], unless: str | None = None
) -> Landed:
    if not incoming:
        return Landed(0, 0)
    columns, keys = _shape(connection, table)
    loaded_at = now()
    from_latest = sorted(incoming, key=lambda row: row.get("known_at", loaded_at), reverse=True)
    first_known = {tuple(row[key] for key in keys): row for row in from_latest}
    connection.register("incoming", _as_arrow(list(first_known.values()), columns, loaded_at))
    condition = f"WHERE NOT ({unless})" if unless else ""
    names = ", ".join(columns)
    done = connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming {condition} ON CONFLICT DO NOTHING"  # noqa: S608
    ).fetchone()
    connection.unregister("incoming")
    new = int(done[0]) if done else 0
    return Landed(new, len(incoming) - new)


def _shape(connection: "DuckDBPyConnection", table: str) -> tuple[dict[str, str], list[str]]:
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    return {name: kind for name, kind, *_ in described}, [name for name, _, _, key, *_ in described if key == "PRI"]


def _as_arrow(incoming: Sequence[Mapping[str, Any]], columns: Mapping[str, str], loaded_at: datetime) -> Any:
    import pyarrow as pa

    kinds = {
        "VARCHAR": pa.string(), "JSON": pa.string(), "DOUBLE": pa.float64(), "BIGINT": pa.int64(),
        "INTEGER": pa.int32(), "BOOLEAN": pa.bool_(), "TIMESTAMP": pa.timestamp("us"),
        "VARCHAR[]": pa.list_(pa.string()),
    }  # fmt: skip
    return pa.table(
        {
            name: pa.array([row.get(name, loaded_at if name == "loaded_at" else None) for row in incoming], kinds[kind])
            for name, kind in columns.items()
        }
    )
