"""A database comes to this code's shape; one of a newer ringback is left as it is."""

import pytest
from sqlalchemy import text

from database.migrate import migrate, waiting
from database.session import writing
from ringback.errors import NotMigrated

pytestmark = pytest.mark.usefixtures("home")


def test_a_migrated_database_lacks_nothing() -> None:
    migrate()
    assert waiting() == []


@pytest.mark.sqlite  # on PostgreSQL the tests of a session share a database
def test_a_database_of_a_newer_ringback_is_told_and_left_as_it_is() -> None:
    with writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for ask in (migrate, waiting):
        with pytest.raises(NotMigrated, match="made by a newer ringback \\(it has 9999\\); update this one"):
            ask()
    with writing() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
        connection.execute(text("DROP TABLE alembic_version"))
    assert waiting()[0] == "0001"
