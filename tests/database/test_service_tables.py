"""The service's tables come in by a migration that keeps what is there, and published figures never go back."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from database.migrate import migrate
from database.predictions import keep_predictions
from database.published import publish, published, take_turn
from database.session import engine, reading, writing
from ringback.settings import settings
from tests.factories import DAY, NOON, a_prediction

ADDED = ("features_hash", "source", "answered_by", "points", "voice_ai_weight", "challenger")


def test_the_migrations_make_what_the_models_say(home: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from database.models import Base

    with engine(settings().database).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_predictions_from_before_the_service_stay_and_say_who_made_them(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    config = Config()
    config.set_main_option("script_location", "database/migrations")
    with writing(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.execute(
            text(
                "INSERT INTO predictions VALUES ('p', 'c', 'h', 'l', NULL, '2026-03-18 12:00:00', '1', '2', 0.5, NULL,"
                " 50, NULL, 'NURTURE_TRACK', 'LOW', 0.8, '[]')"
            )
        )
    migrate(url)
    with reading(url) as connection:
        row = connection.execute(text("SELECT * FROM predictions")).mappings().one()
        last = connection.execute(text("SELECT lead_id, prediction_id, qualification_score FROM last_scores")).all()
    assert (last, row["landed_at"]) == ([("l", "p", 50)], None)
    assert {name: row[name] for name in ("prediction_id", "qualification_score", *ADDED)} == {
        "prediction_id": "p", "qualification_score": 50, "features_hash": None, "source": "flow",
        "answered_by": "champion", "points": None, "voice_ai_weight": None, "challenger": None,
    }  # fmt: skip


def test_a_prediction_that_says_nothing_of_the_service_is_a_champion_s_answer_in_a_flow(home: Path) -> None:
    keep_predictions([a_prediction()])
    with reading() as connection:
        assert connection.execute(text("SELECT source, answered_by FROM predictions")).one() == ("flow", "champion")


@pytest.mark.usefixtures("home")
def test_the_later_of_two_published_values_stays_in_whatever_order_they_come() -> None:
    publish("base_rates", {"recent": 0.5}, NOON)
    publish("base_rates", {"recent": 0.1}, NOON - DAY)
    assert published("base_rates") == ({"recent": 0.5}, NOON)
    publish("base_rates", {"recent": 0.7}, NOON)
    assert published("base_rates") == ({"recent": 0.7}, NOON)
    assert published("other") is None


@pytest.mark.usefixtures("home")
def test_of_all_who_ask_one_gets_the_turn() -> None:
    minute = timedelta(minutes=1)
    asked = [take_turn("tell", NOON + seconds * minute / 60, minute) for seconds in (0, 0, 59, 60, 61)]
    assert asked == [True, False, False, True, False]
