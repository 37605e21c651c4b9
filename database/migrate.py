"""Bring the database to this code's shape, with Alembic."""

from pathlib import Path

from ringback.settings import settings


def migrate(url: str | None = None) -> None:
    """Apply every migration that is missing; harmless where none is."""
    from alembic import command
    from alembic.config import Config

    from database.session import writing

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with writing(url or settings().database) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
