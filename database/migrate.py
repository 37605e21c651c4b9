"""Bring the database to this code's shape, with Alembic."""

from pathlib import Path
from typing import TYPE_CHECKING

from ringback.errors import NotMigrated
from ringback.settings import settings

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection


def migrate(url: str | None = None) -> None:
    """Apply every migration that is missing; harmless where none is, and where others do so at the same moment.

    Raises NotMigrated where the database is newer than this code.
    """
    from alembic import command

    from database.session import take_turns, writing

    config = _config()
    with writing(url or settings().database) as connection:
        take_turns(connection, "migrate")
        if _waiting(connection):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def waiting(url: str | None = None) -> list[str]:
    """The migrations that are missing, the first first; raises NotMigrated where a newer ringback made it."""
    from database.session import reading

    with reading(url or settings().database) as connection:
        return _waiting(connection)


def _waiting(connection: "Connection") -> list[str]:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    there = MigrationContext.configure(connection).get_current_revision()
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]
    if there is None:
        return known
    if there not in known:
        raise NotMigrated(f"the database was made by a newer ringback (it has {there}); update this one")
    return known[known.index(there) + 1 :]


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
