"""Landing what campaigns did: mails that ended, what happened to them, and what was decided about leads."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from json import dumps
from typing import TYPE_CHECKING, Any

from warehouse.connect import query
from warehouse.landing import Landed, land_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def land_rows(
    connection: "DuckDBPyConnection", table: str, rows: Iterable[Mapping[str, Any]], moment: datetime
) -> Landed:
    """Keep rows of sent_mails, mail_events or lead_decisions, each once.

    They are known from the moment at which they are landed, so that a report of an earlier moment stays as it was.
    """
    shaped = []
    for row in rows:
        told = dict(row) | {"known_at": max(row["known_at"], moment)}
        if "variants" in told:
            told["variants"] = dumps(told["variants"])
        shaped.append(told)
    return land_table(connection, table, shaped)


def names_landed(connection: "DuckDBPyConnection", decision_ids: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """By decision the name, company and industry of its lead, as they were when it was first landed."""
    found = query(connection, "names_of_decisions", {"decision_ids": list(decision_ids)})
    return {row.pop("decision_id"): row for row in found}
