"""Bring the database to this code's shape, with Alembic."""

from pathlib import Path
from typing import TYPE_CHECKING

from ringback.settings import settings

if TYPE_CHECKING:
    from alembic.config import Config


def migrate(url: str | None = None) -> None:
    """Apply every migration that is missing; harmless where none is, and where others do so at the same moment."""
    from alembic import command

    from database.session import take_turns, writing

    config = _config()
    with writing(url or settings().database) as connection:
        take_turns(connection, "migrate")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def waiting(url: str | None = None) -> list[str]:
    """The migrations that are missing, the first first; those of a newer ringback are none of ours."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from database.session import reading

    scripts = ScriptDirectory.from_config(_config())
    with reading(url or settings().database) as connection:
        there = MigrationContext.configure(connection).get_current_revision()
    known = [script.revision for script in scripts.walk_revisions()][::-1]
    return known[known.index(there) + 1 :] if there in known else known if there is None else []


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
