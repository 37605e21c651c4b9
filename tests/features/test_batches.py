"""All calls at once have the features that each has alone, in the order in which they became known."""

from pathlib import Path

import pytest

from features import batches, build
from features.batches import Featured, build_all
from features.encoding import learn_encoding
from features.snapshots import snapshots_as_of
from tests.factories import DAY, NOON
from tests.features.past import land_world
from warehouse.connect import reading, writing

LATER = NOON + 100 * DAY
CALLS = 40


@pytest.fixture
def world(home: Path) -> Path:
    with writing() as warehouse:
        land_world(warehouse, CALLS)
    return home


def one_by_one() -> list[Featured]:
    return [
        Featured(s.call_id, s.content_hash, s.lead_id, s.company_id, s.company_name, s.judged_at, s.called_at, build(s))
        for s in snapshots_as_of(LATER)
    ]


@pytest.mark.usefixtures("world")
def test_a_batch_gives_the_same_as_one_by_one_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 7)
    monkeypatch.setattr(batches, "CONTENTS_AT_ONCE", 9)
    assert list(build_all(LATER, processes=1)) == one_by_one()


@pytest.mark.usefixtures("world")
def test_two_processes_give_the_same_as_one_and_leave_nothing_behind(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 5)
    before = sorted(world.iterdir())
    assert list(build_all(LATER, processes=2)) == one_by_one()
    assert sorted(world.iterdir()) == before


@pytest.mark.usefixtures("world")
def test_rows_encoded_together_alone_and_in_the_past_are_the_same_bits() -> None:
    last = {one.call_id: one for one in build_all(LATER)}
    encoding = learn_encoding([one.row for one in last.values()] * 3)
    together = encoding.encode([one.row for one in last.values()])
    alone = [encoding.encode([one.row]).tobytes() for one in last.values()]
    assert [row.tobytes() for row in together] == alone
    then = [one for one in build_all(NOON + 40 * DAY) if one.judged_at == last[one.call_id].judged_at]
    assert len(then) > CALLS / 3
    as_then = encoding.encode([one.row for one in then])
    assert as_then.tobytes() == encoding.encode([last[one.call_id].row for one in then]).tobytes()


@pytest.mark.usefixtures("world")
def test_calls_before_a_moment_are_left_out() -> None:
    after = NOON + 30 * DAY
    kept = list(build_all(LATER, called_after=after))
    assert kept == [one for one in one_by_one() if one.called_at >= after]
    assert 0 < len(kept) < CALLS


@pytest.mark.usefixtures("world")
def test_the_warehouse_is_free_while_features_are_built() -> None:
    rows = build_all(LATER)
    next(rows)
    with writing(wait_seconds=0.0) as warehouse:
        warehouse.execute("DELETE FROM calls")
    assert len(list(rows)) == CALLS - 1


@pytest.mark.usefixtures("home")
def test_without_calls_there_is_nothing_to_build() -> None:
    assert list(build_all(LATER)) == []


@pytest.mark.usefixtures("world")
def test_no_row_keeps_a_transcript() -> None:
    with reading() as warehouse:
        said = warehouse.execute("SELECT count(*) FROM calls WHERE transcript IS NOT NULL").fetchone()
    assert said is not None
    assert said[0] > CALLS / 2
    assert not any("Bo Berg:" in str(value) for one in build_all(LATER) for value in one.row.values())
