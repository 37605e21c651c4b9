"""Bring the warehouse to this code's shape: numbered migrations once each, views and macros made anew each time."""

from pathlib import Path
from typing import TYPE_CHECKING

from ringback.clock import now
from ringback.errors import NotMigrated
from ringback.precedence import UNLISTED, precedence
from warehouse.connect import rows, writing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HERE = Path(__file__).parent


def migrate(path: Path | None = None) -> list[str]:
    """Apply what is missing and give its names; raises NotMigrated where the file is newer than this code."""
    with writing(path) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR PRIMARY KEY, applied_at TIMESTAMP NOT NULL)"
        )
        applied = {row["name"] for row in rows(connection, "SELECT name FROM schema_migrations")}
        known = {file.stem: file for file in sorted((HERE / "migrations").glob("*.sql"))}
        if newer := sorted(applied - known.keys()):
            raise NotMigrated(f"the warehouse was made by a newer ringback (it has {newer[-1]}); update this one")
        missing = [name for name in known if name not in applied]
        for name in missing:
            connection.execute(known[name].read_text())
            connection.execute("INSERT INTO schema_migrations VALUES (?, ?)", [name, now()])
        _write_ranks(connection)
        for file in sorted((HERE / "views").glob("*.sql")):
            connection.execute(file.read_text())
    return missing


def _write_ranks(connection: "DuckDBPyConnection") -> None:
    """Whom to believe, as tables that the views read."""
    rules = precedence()
    a_web_field = min(rules.web_fields)
    connection.execute("CREATE OR REPLACE TABLE source_ranks (source VARCHAR, rank INTEGER, web_rank INTEGER)")
    connection.executemany(
        "INSERT INTO source_ranks VALUES (?, ?, ?)",
        [(source, rules.rank(source, ""), rules.rank(source, a_web_field)) for source in rules.order],
    )
    connection.execute(
        "CREATE OR REPLACE TABLE source_rules AS "
        "SELECT ?::INTEGER AS unlisted_rank, ?::INTEGER AS unlisted_web_rank, ?::DOUBLE AS enough_confidence",
        [rules.rank(UNLISTED, ""), rules.rank(UNLISTED, a_web_field), rules.enough_confidence],
    )
