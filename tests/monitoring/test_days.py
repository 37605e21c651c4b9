"""Days of a measure add up, split by member, as they were known at the moment."""

from datetime import datetime
from json import dumps
from pathlib import Path

import pytest

from monitoring.days import measure_days
from monitoring.measure import Kind, Measure
from ringback.errors import WrongUsage
from warehouse.connect import reading
from warehouse.decisions import land_decisions, landing_folder

SQL = """
-- one row per message
SELECT sent_at AS at, value, template
FROM (VALUES
    (TIMESTAMP '2026-03-02 10:00:00', 1, 'a', TIMESTAMP '2026-03-02'),
    (TIMESTAMP '2026-03-02 11:00:00', 0, 'a', TIMESTAMP '2026-03-02'),
    (TIMESTAMP '2026-03-02 23:59:59', 1, 'b', TIMESTAMP '2026-03-03'),
    (TIMESTAMP '2026-03-04 00:00:00', 1, NULL, TIMESTAMP '2026-03-05'),
    (TIMESTAMP '2026-03-05 00:00:00', 1, 'a', TIMESTAMP '2026-03-05')
) AS messages (sent_at, value, template, known_at)
WHERE known_at <= $as_of
"""
MONDAY, WEDNESDAY = datetime(2026, 3, 2), datetime(2026, 3, 4, 15)
LATER = datetime(2026, 3, 9)


def a_measure(kind: Kind = "share") -> Measure:
    return Measure(
        name="replies", title="Replies", why="they count", unit="%", sample="messages", direction="higher_is_better",
        owner="Sales", minimum_sample=1, kind=kind, dimensions=("template",), sql=SQL,
    )  # fmt: skip


def days_of(home: Path, as_of: datetime = LATER, kind: Kind = "share", **part: object) -> list[tuple[object, ...]]:
    with reading(home / "warehouse.duckdb") as connection:
        found = measure_days(connection, a_measure(kind), MONDAY, WEDNESDAY, as_of, **part)  # type: ignore[arg-type]
    assert [day.day.day for day in found] == [2, 3, 4]
    return [(day.n, day.mean and round(day.mean, 3), day.deviation and round(day.deviation, 3)) for day in found]


def test_each_day_has_its_observations_and_an_empty_day_is_there(home: Path) -> None:
    # the deviation of 1, 0, 1 is √(2/3 / 2)
    assert days_of(home) == [(3, 0.667, 0.577), (0, None, None), (1, 1.0, None)]


def test_what_was_not_known_yet_is_not_counted(home: Path) -> None:
    assert [day[0] for day in days_of(home, datetime(2026, 3, 2, 22))] == [2, 0, 0]


def test_a_member_and_all_others_add_up_to_the_whole(home: Path) -> None:
    assert days_of(home, dimension="template", member="a") == [(2, 0.5, 0.707), (0, None, None), (0, None, None)]
    others = days_of(home, dimension="template", member="a", others=True)
    assert others == [(1, 1.0, None), (0, None, None), (1, 1.0, None)]
    assert days_of(home, dimension="template", member="(not known)")[2] == (1, 1.0, None)


def test_a_count_has_only_its_number(home: Path) -> None:
    assert days_of(home, kind="count") == [(3, None, None), (0, None, None), (1, None, None)]


def test_a_member_named_to_break_out_is_a_member_nobody_has(home: Path) -> None:
    assert days_of(home, dimension="template", member="a' OR 1=1 --") == [(0, None, None)] * 3


def test_what_cannot_be_asked_says_why(home: Path) -> None:
    with reading(home / "warehouse.duckdb") as connection:
        with pytest.raises(WrongUsage, match="replies has no dimension 'owner'; it has template"):
            measure_days(connection, a_measure(), MONDAY, WEDNESDAY, LATER, "owner", "ana")
        with pytest.raises(WrongUsage, match="by its dimension and its member, both"):
            measure_days(connection, a_measure(), MONDAY, WEDNESDAY, LATER, others=True)
        with pytest.raises(WrongUsage, match="is before the first"):
            measure_days(connection, a_measure(), LATER, MONDAY, LATER)


def test_logged_decisions_are_split_by_method_and_by_day(home: Path) -> None:
    landing_folder().mkdir(parents=True)
    logged = [(2, "a", True), (2, "a", False), (2, "b", True), (4, "b", False)]
    lines = [
        {"log_type": "website_analysis", "session_id": str(number), "timestamp": f"2026-03-0{day}T10:00:00",
         "decision_reasoning": {"method_used": method, "success": success}}
        for number, (day, method, success) in enumerate(logged)
    ]  # fmt: skip
    (landing_folder() / "log.jsonl").write_text("".join(f"{dumps(line)}\n" for line in lines))
    land_decisions(datetime(2026, 3, 5))
    success = a_measure().model_copy(update={"sql": "", "figure": "success", "dimensions": ("method",)})
    with reading() as connection:
        asked = (connection, success, MONDAY, WEDNESDAY)
        whole, known = measure_days(*asked, LATER), measure_days(*asked, datetime(2026, 3, 4))
        one = measure_days(*asked, LATER, "method", "a")
        others = measure_days(*asked, LATER, "method", "a", others=True)
    told = [[(day.n, day.mean and round(day.mean, 3)) for day in days] for days in (whole, known, one, others)]
    assert told == [
        [(3, 0.667), (0, None), (1, 0.0)], [(0, None)] * 3, [(2, 0.5), (0, None), (0, None)],
        [(1, 1.0), (0, None), (1, 0.0)],
    ]  # fmt: skip
