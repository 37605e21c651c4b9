"""Bring the warehouse to this code's shape: numbered migrations once each, views and macros made anew each time."""

from pathlib import Path

from ringback.clock import now
from ringback.errors import NotMigrated
from warehouse.connect import rows, writing

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
        for file in sorted((HERE / "views").glob("*.sql")):
            connection.execute(file.read_text())
    return missing
