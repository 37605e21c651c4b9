"""History runs once more beside the live stores, and the champions of the day are judged on what came after."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from flows.replay import after, moments, replay
from monitoring.prequential import FROZEN, RATE, SYSTEM, Period, record_of
from ringback.clock import WEEK
from ringback.errors import WrongUsage
from ringback.settings import Settings, settings
from tests.conftest import forget_home
from tests.factories import NOON, a_payload, a_prediction
from warehouse.connect import reading, rows, writing
from warehouse.landing import land_payloads, land_predictions


@pytest.mark.parametrize(
    ("moment", "every", "next_one"),
    [
        (datetime(2009, 12, 1), "month", datetime(2010, 1, 1)),
        (datetime(2010, 1, 31), "month", datetime(2010, 2, 28)),
        (datetime(2010, 11, 30), "quarter", datetime(2011, 2, 28)),
        (datetime(2010, 1, 31), "week", datetime(2010, 2, 7)),
        (datetime(2010, 2, 28), "day", datetime(2010, 3, 1)),
    ],
)
def test_a_step_later(moment: datetime, every: str, next_one: datetime) -> None:
    assert after(moment, every) == next_one  # type: ignore[arg-type]  # a literal each


def test_an_end_before_the_start_is_said() -> None:
    with pytest.raises(WrongUsage, match="--to 2009-01-01 does not come after --from 2010-01-01"):
        moments(datetime(2010, 1, 1), datetime(2009, 1, 1), "month")


def a_period(number: int, sharp: bool) -> Period:
    """A hundred calls; the system knows which end well, the frozen champion half knows, the rate knows nothing."""
    rng = np.random.default_rng(number)
    truth = rng.random(100)
    y = rng.random(100) < truth
    return Period(
        start=NOON + number * WEEK,
        champion="version 1, xgboost",
        y=y,
        said={SYSTEM: truth, FROZEN: 0.5 + (truth - 0.5) * 0.2 if sharp else truth, RATE: np.full(100, 0.5)},
    )


def test_the_record_pools_the_periods_and_says_what_the_system_gains() -> None:
    record = record_of([a_period(n, sharp=True) for n in range(6)])
    by_name = {one.forecaster: one for one in record.figures}
    assert (record.calls, record.periods, list(by_name)) == (600, 6, [SYSTEM, FROZEN, RATE])
    assert by_name[RATE].brier == pytest.approx(0.25)
    assert by_name[RATE].within_roc_auc == pytest.approx(0.5)
    gain, low, high = by_name[RATE].difference["brier"]
    assert gain == pytest.approx(by_name[RATE].brier - by_name[SYSTEM].brier)
    assert 0 < low < gain < high
    assert by_name[SYSTEM].difference == {}


def test_two_that_say_the_same_differ_by_nothing() -> None:
    record = record_of([a_period(n, sharp=False) for n in range(3)])
    frozen = next(one for one in record.figures if one.forecaster == FROZEN)
    assert frozen.difference == {"roc_auc": (0.0, 0.0, 0.0), "brier": (0.0, 0.0, 0.0)}


def test_rows_of_the_answers_are_kept(tmp_path: Path) -> None:
    from flows.replay import keep

    kept = keep([a_period(0, sharp=True)], tmp_path / "answers.csv").read_text().splitlines()
    assert kept[0] == f'period,champion,happened,{SYSTEM},"{FROZEN}","{RATE}"'
    assert len(kept) == 101


@pytest.fixture
def lived_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, Path]]]:
    """The stores that each period of a replay is run on; nothing is trained."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    seen: list[tuple[str, str, Path]] = []
    monkeypatch.setattr(
        "flows.replay.run_flows",
        lambda _: seen.append((settings().database, settings().mlflow, settings().warehouse)),
    )
    monkeypatch.setattr("flows.replay.judge", lambda *_: a_period(0, sharp=True))
    with patch.dict(os.environ), temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield seen
    forget_home()


def a_month(said: list[str] | None = None) -> Path:
    """Replay a month; gives its home, and lets the process live in the live home again."""
    before = dict(os.environ)
    try:
        return replay(NOON, NOON + WEEK, "month", (said if said is not None else []).append).file.parent
    finally:
        os.environ.clear()
        os.environ.update(before)
        forget_home()


def payloads_in(warehouse: Path) -> int:
    with reading(warehouse) as copy:
        return int(rows(copy, "SELECT count(*) AS n FROM raw_payloads")[0]["n"])


def test_a_replay_lives_beside_the_live_stores_though_their_addresses_stand_in_the_environment_file(
    home: Path, lived_in: list[tuple[str, str, Path]], tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    elsewhere = tmp_path_factory.mktemp("live")
    environment = elsewhere / ".env"
    environment.write_text(
        f"RINGBACK_DATABASE_URL=sqlite:///{elsewhere}/live.sqlite\nRINGBACK_MLFLOW_URL=http://127.0.0.1:9\n"
    )
    monkeypatch.setitem(Settings.model_config, "env_file", environment)
    forget_home()
    there = a_month()
    assert there.parent == home / "replays"
    assert lived_in == [
        (f"sqlite:///{there}/database.sqlite", f"sqlite:///{there}/mlflow.db", there / "warehouse.duckdb")
    ]
    assert [path.name for path in elsewhere.iterdir()] == [".env"]


def test_a_replay_that_would_use_a_live_store_nevertheless_is_stopped(home: Path) -> None:
    from flows.replay_home import refuse_other_stores

    with pytest.raises(WrongUsage, match=r"the database of this replay would be sqlite:.* and not in .*/replays/one"):
        refuse_other_stores(home / "replays" / "one")


KILLED_WRITER = """
import os, sys, duckdb
from warehouse.connect import CONFIG
warehouse = duckdb.connect(sys.argv[1], config=CONFIG)
warehouse.execute("INSERT INTO raw_payloads VALUES ('fellow', 'note', ?, 'a', now(), '{}', now())", [sys.argv[2]])
os._exit(0)
"""


def write_and_die(warehouse: Path, name: str) -> None:
    """A row that is committed and stands in the warehouse's log only."""
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(warehouse), name], check=True)
    assert warehouse.with_name("warehouse.duckdb.wal").exists()


@pytest.mark.usefixtures("lived_in")
def test_what_is_committed_but_only_in_the_warehouses_log_is_replayed_too(home: Path) -> None:
    write_and_die(home / "warehouse.duckdb", "one")
    assert payloads_in(a_month() / "warehouse.duckdb") == 1


@pytest.mark.usefixtures("lived_in")
def test_a_log_that_a_killed_replay_left_is_in_the_way_of_no_later_one(home: Path) -> None:
    there = a_month()
    write_and_die(there / "warehouse.duckdb", "of the replay's own")
    with writing() as live:
        land_payloads(live, [a_payload("one"), a_payload("two")])
    assert payloads_in(a_month() / "warehouse.duckdb") == 2
    assert sorted(path.name for path in there.parent.iterdir()) == [f".{there.name}.lock", there.name]
    assert home in there.parents


@pytest.mark.usefixtures("lived_in")
def test_a_replay_goes_on_while_the_facts_are_the_same_and_begins_afresh_when_they_are_not(home: Path) -> None:
    said: list[str] = []
    model = a_month() / "model of the first replay"
    model.touch()
    with writing() as live:
        land_predictions(live, [a_prediction("one")])
    a_month(said)
    assert (model.exists(), said) == (True, ["month 1 of 1, 2026-03-18"])
    with writing() as live:
        land_payloads(live, [a_payload("one")])
    a_month(said)
    assert (model.exists(), said[1:]) == (
        False,
        [f"the facts are others than those that {model.parent} was begun with: it begins afresh", said[0]],
    )
    assert home in model.parents


def test_two_replays_of_one_period_at_once_are_one_too_many(
    lived_in: list[tuple[str, str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def second(_: datetime) -> None:
        settings.cache_clear()
        monkeypatch.setenv("RINGBACK_HOME", str(settings().home.parent.parent))
        settings.cache_clear()
        with pytest.raises(WrongUsage, match="another 'ringback replay' of this period is at work"):
            replay(NOON, NOON + WEEK, "month", print)
        lived_in.append(("", "", settings().home))

    monkeypatch.setattr("flows.replay.run_flows", second)
    a_month()
    assert len(lived_in) == 1


@pytest.mark.usefixtures("lived_in")
def test_a_replay_that_would_report_to_a_prefect_server_is_stopped(home: Path) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(WrongUsage, match="would report to Prefect at http://127"),
    ):
        a_month()
    assert home.exists()
