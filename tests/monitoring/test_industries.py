"""Sources that write an industry with other capitals name the same one, by the spelling that most use."""

from pathlib import Path

from monitoring.measure import load_measures, measure_members
from tests.factories import company_facts
from tests.monitoring.weeks import SUNDAY, TUESDAY, WEEK_12, World, a_call, an_outcome, land
from warehouse.connect import query, reading


def test_an_industry_is_counted_once_however_it_is_spelled(tmp_path: Path) -> None:
    spelled = ["Healthcare", "Healthcare", "healthcare", "Retail"]
    facts = [company_facts(f"c{n}.com", industry=industry) for n, industry in enumerate(spelled)]
    calls = [a_call(f"call{n}", TUESDAY, company_id=f"c{n}.com") for n in range(4)]
    path = land(
        tmp_path / "warehouse.duckdb", World(calls, [an_outcome(f"call{n}", n < 2) for n in range(4)], [], facts)
    )
    progressed = next(one for one in load_measures() if one.name == "progression_rate")
    with reading(path) as warehouse:
        segments = query(warehouse, "industries", {"since": WEEK_12, "as_of": SUNDAY})
        members = measure_members(warehouse, progressed, "industry", WEEK_12, WEEK_12, SUNDAY)
    assert [(one["industry"], one["decided"]) for one in segments] == [("Healthcare", 3), ("Retail", 1)]
    assert {one.member: one.n for one in members} == {"Healthcare": 3, "Retail": 1}
