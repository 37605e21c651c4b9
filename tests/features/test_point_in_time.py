"""Nothing that arrived later changes a feature or a label: by construction, at random moments."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from features.engagement import MAILS
from features.labels import labels_as_of
from ringback.settings import CHECKOUT
from tests.factories import DAY, NOON, a_call, an_outcome
from tests.features.past import (
    answers,
    first_difference,
    first_unsettled,
    forget,
    land_world,
    random_moments,
    tables_that_arrive,
)
from warehouse.connect import writing
from warehouse.landing import land_calls, land_outcomes

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CALLS = 30
VIEWS = CHECKOUT / "warehouse" / "views"
MOMENTS = random_moments(30)
"""`python -m benchmarks.features past` takes two hundred, in a larger world."""
LATER = NOON + 100 * DAY


@pytest.fixture(scope="module")
def world(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with late, edited, corrected and contradicting rows."""
    file = tmp_path_factory.mktemp("past") / "world.duckdb"
    shutil.copy(migrated / "warehouse.duckdb", file)
    with writing(file) as warehouse:
        land_world(warehouse, CALLS)
    return file


@contextmanager
def both(world: Path, folder: Path) -> "Iterator[tuple[DuckDBPyConnection, DuckDBPyConnection]]":
    """The world twice: one that stays as it is, and one to delete from."""
    files = [Path(shutil.copy(world, folder / name)) for name in ("full.duckdb", "forgetting.duckdb")]
    with writing(files[0]) as full, writing(files[1]) as forgetting:
        for warehouse in (full, forgetting):
            warehouse.execute("SET threads = 1")
        yield full, forgetting


def plant(warehouse: "DuckDBPyConnection", *changes: tuple[str, str]) -> None:
    """Make the view of judged calls anew with other conditions in place of honest ones."""
    view = (VIEWS / "judged_calls_as_of.sql").read_text()
    for honest, other in changes:
        assert honest in view
        view = view.replace(honest, other, 1)
    warehouse.execute(view)


def test_what_arrived_later_changes_no_feature_and_no_label(world: Path, tmp_path: Path) -> None:
    with both(world, tmp_path) as (full, forgetting):
        assert first_difference(full, forgetting, MOMENTS) is None


def test_the_world_has_something_to_forget_and_to_find_at_most_moments(world: Path, tmp_path: Path) -> None:
    with both(world, tmp_path) as (full, forgetting):
        known = {"calls", "company_facts", "lead_facts", "mail_events", "outcomes", "sent_mails"}
        assert known <= set(tables_that_arrive(full))
        middle = NOON + 30 * DAY
        features, labels = answers(full, middle)
        assert min(len(features), len(labels)) >= 3
        for feature in MAILS:
            assert len({row[feature.__name__] for _, row in features.values()}) > 2, feature.__name__
        assert forget(forgetting, middle) > 50


def test_a_query_that_looks_ahead_is_caught(world: Path, tmp_path: Path) -> None:
    with both(world, tmp_path) as (full, forgetting):
        for warehouse in (full, forgetting):
            plant(warehouse, ("WHERE known_at <= moment", "WHERE called_at <= moment"))
        caught = first_difference(full, forgetting, MOMENTS[:10])
    assert caught is not None
    assert caught[1] == "calls"


@pytest.mark.parametrize(
    ("view", "found"),
    [
        ("outcomes_as_of", "labels"),
        ("company_facts_as_of", "features of"),
    ],
)
def test_a_view_that_looks_ahead_is_caught(world: Path, tmp_path: Path, view: str, found: str) -> None:
    ahead = {
        "outcomes_as_of": """CREATE OR REPLACE MACRO outcomes_as_of(moment) AS TABLE
            SELECT * FROM outcomes
            QUALIFY row_number() OVER (PARTITION BY call_id, target ORDER BY known_at DESC) = 1""",
        "company_facts_as_of": """CREATE OR REPLACE MACRO company_facts_as_of(moment) AS TABLE
            SELECT company_id, source, TIMESTAMP '2000-01-01' AS known_at, * EXCLUDE (company_id, source, known_at)
            FROM company_facts QUALIFY row_number() OVER (PARTITION BY company_id ORDER BY known_at DESC) = 1""",
    }[view]
    with both(world, tmp_path) as (full, forgetting):
        for warehouse in (full, forgetting):
            warehouse.execute(ahead)
        caught = first_difference(full, forgetting, MOMENTS[:10])
    assert caught is not None
    assert caught[1].startswith(found)


def test_features_of_a_judged_call_stay_as_they_were(world: Path, tmp_path: Path) -> None:
    with both(world, tmp_path) as (full, _):
        compared, other = first_unsettled(full, MOMENTS[:15], LATER)
    assert (compared > 100, other) == (True, None)


def test_notes_that_are_taken_after_the_judgement_are_caught(world: Path, tmp_path: Path) -> None:
    with both(world, tmp_path) as (full, _):
        plant(full, ("WHERE known.known_at <= judged.judged_at", ""))
        assert first_unsettled(full, MOMENTS[:15], LATER)[1] is not None


def test_a_mail_that_is_known_after_the_judgement_is_caught(world: Path, tmp_path: Path) -> None:
    with both(world, tmp_path) as (full, forgetting):
        for warehouse in (full, forgetting):
            plant(warehouse, ("AND contents.judged_at >= sent_mails.known_at", ""))
        caught = first_difference(full, forgetting, MOMENTS[:10])
    assert caught is not None
    assert caught[1].startswith("features of")


def test_what_came_of_a_mail_later_is_caught(world: Path, tmp_path: Path) -> None:
    ahead = (
        ("WHERE known_at <= moment AND message_id IN", "WHERE message_id IN"),
        ("AND written_to.judged_at >= done.known_at", ""),
    )
    with both(world, tmp_path) as (full, forgetting):
        for warehouse in (full, forgetting):
            plant(warehouse, *ahead)
        caught = first_difference(full, forgetting, MOMENTS[:10])
    assert caught is not None
    assert caught[1].startswith("features of")


@pytest.mark.parametrize(
    "honest", ["AND written_to.judged_at >= done.known_at", "AND written_to.judged_at < done.known_until"]
)
def test_what_came_of_a_mail_or_turned_out_to_be_a_machine_s_after_the_judgement_is_caught(
    world: Path, tmp_path: Path, honest: str
) -> None:
    other = "AND done.known_until = 'infinity'" if "until" in honest else ""
    with both(world, tmp_path) as (full, _):
        plant(full, (honest, other))
        assert first_unsettled(full, MOMENTS[:15], LATER)[1] is not None


@pytest.mark.usefixtures("home")
def test_an_open_call_is_neither_good_nor_bad_however_long_it_stays_open() -> None:
    matures = NOON + 30 * DAY
    with writing() as warehouse:
        land_calls(warehouse, [a_call("won"), a_call("open")])
        land_outcomes(warehouse, [an_outcome("won", True, NOON + DAY, matures_at=matures)])
    moments = (NOON, matures - timedelta(microseconds=1), matures, NOON + 3000 * DAY)
    assert [list(labels_as_of(at)["progression"]) for at in moments] == [[], [], ["fellow:won"], ["fellow:won"]]
