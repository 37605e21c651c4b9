"""A snapshot holds what was known when its call is judged, whenever it is asked for, and nothing that came later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.snapshots import snapshots_as_of
from ringback.records import Call, CompanyFacts, Lead, Outcome, Snapshot
from tests.factories import DAY, HOUR, NOON, a_call, a_lead, an_outcome, company_facts
from warehouse import landing
from warehouse.connect import writing

pytestmark = pytest.mark.usefixtures("home")

Known = TypeVar("Known", Call, Outcome, CompanyFacts, Lead)
MICROSECOND = timedelta(microseconds=1)
LATER = NOON + 100 * DAY


@dataclass(frozen=True, slots=True)
class World:
    """What a warehouse shall hold."""

    calls: Sequence[Call] = field(default_factory=list)
    outcomes: Sequence[Outcome] = field(default_factory=list)
    facts: Sequence[CompanyFacts] = field(default_factory=list)
    leads: Sequence[Lead] = field(default_factory=list)

    def known_by(self, moment: datetime) -> "World":
        def of(records: Iterable[Known]) -> list[Known]:
            return [record for record in records if record.known_at <= moment]

        return World(of(self.calls), of(self.outcomes), of(self.facts), of(self.leads))


def land(world: World) -> None:
    with writing() as warehouse:
        landing.land_calls(warehouse, world.calls)
        landing.land_outcomes(warehouse, world.outcomes)
        landing.land_company_facts(warehouse, world.facts)
        landing.land_lead_facts(warehouse, world.leads)


def snapshot(world: World, name: str = "one", as_of: datetime = LATER) -> Snapshot:
    land(world)
    (found,) = [s for s in snapshots_as_of(as_of) if s.call_id == f"fellow:{name}"]
    return found


def edited(call: Call, known_at: datetime, **changes: object) -> Call:
    return replace(call, content_hash=f"edited {known_at}", known_at=known_at, **changes)  # type: ignore[arg-type]


def test_an_undecided_call_is_judged_two_days_after_it_became_known() -> None:
    assert snapshot(World(calls=[a_call()])).judged_at == NOON + 2 * DAY


def test_a_call_is_judged_at_the_moment_asked_about_where_that_is_sooner() -> None:
    assert snapshot(World(calls=[a_call()]), as_of=NOON + HOUR).judged_at == NOON + HOUR


def test_a_call_is_judged_when_its_first_outcome_became_known_where_that_is_sooner() -> None:
    world = World(
        calls=[a_call()],
        outcomes=[an_outcome(known_at=NOON + 9 * HOUR), an_outcome(known_at=NOON + 5 * HOUR, target="voice_ai")],
    )
    assert snapshot(world).judged_at == NOON + 5 * HOUR


def test_a_call_known_after_its_outcome_is_judged_when_it_became_known() -> None:
    late = a_call(known_at=NOON + 20 * DAY)
    assert snapshot(World(calls=[late], outcomes=[an_outcome(known_at=NOON)])).judged_at == NOON + 20 * DAY


def test_a_call_is_not_there_before_it_is_known() -> None:
    land(World(calls=[a_call(known_at=NOON + DAY)]))
    assert snapshots_as_of(NOON + DAY - MICROSECOND) == []


def test_a_transcript_that_came_a_day_later_is_used() -> None:
    call = a_call()
    late = edited(call, NOON + DAY, transcript="Ana: We need voice.")
    assert snapshot(World(calls=[call, late])).transcript == "Ana: We need voice."


def test_a_transcript_that_came_too_late_is_not_used() -> None:
    call = a_call()
    late = edited(call, NOON + 2 * DAY + MICROSECOND, transcript="Ana: We need voice.")
    assert snapshot(World(calls=[call, late])).transcript is None


def test_notes_edited_after_the_outcome_are_not_used() -> None:
    call = a_call(notes="They asked for prices.")
    world = World(
        calls=[call, edited(call, NOON + 6 * HOUR, notes="WON!")], outcomes=[an_outcome(known_at=NOON + 5 * HOUR)]
    )
    assert snapshot(world).notes == "They asked for prices."


def test_company_facts_of_the_moment_are_used_and_later_ones_are_not() -> None:
    facts = [
        company_facts(known_at=NOON - DAY, employees=50.0),
        company_facts(known_at=NOON + DAY, employees=60.0),
        company_facts(known_at=NOON + 3 * DAY, employees=500.0),
    ]
    company = snapshot(World(calls=[a_call(company_id="acme.com")], facts=facts)).company
    assert company == facts[1]


def test_a_call_without_facts_of_its_company_has_none() -> None:
    later = company_facts(known_at=NOON + 3 * DAY)
    assert snapshot(World(calls=[a_call(company_id="acme.com")], facts=[later])).company is None


def test_a_promotion_of_the_contact_after_the_call_was_judged_is_not_used() -> None:
    leads = [a_lead(job_title="Engineer"), a_lead(known_at=NOON + 3 * DAY, job_title="CTO")]
    assert snapshot(World(calls=[a_call()], leads=leads)).job_title == "Engineer"


def test_calls_before_are_those_of_the_same_company_known_strictly_before() -> None:
    before = [
        a_call("long ago", at=NOON - 10 * DAY, company_id="acme.com"),
        a_call("lately", at=NOON - 3 * DAY, company_id="acme.com"),
        a_call("same moment", company_id="acme.com"),
        a_call("later", at=NOON + DAY, company_id="acme.com"),
        a_call("elsewhere", at=NOON - DAY, company_id="globex.com"),
    ]
    found = snapshot(World(calls=[*before, a_call(company_id="acme.com")]))
    assert (found.earlier_calls, found.days_since_earlier_call) == (2, 3.0)


def test_calls_without_company_have_no_calls_before() -> None:
    found = snapshot(World(calls=[a_call("stranger", at=NOON - DAY), a_call()]))
    assert (found.earlier_calls, found.days_since_earlier_call) == (0, None)


def test_earlier_calls_progressed_as_far_as_that_was_known_before_this_call() -> None:
    world = World(
        calls=[a_call(name, at=NOON - 30 * DAY, company_id="acme.com") for name in "abc"]
        + [a_call(company_id="acme.com")],
        outcomes=[
            an_outcome("a", known_at=NOON - DAY),
            an_outcome("b", known_at=NOON),
            an_outcome("c", happened=False, known_at=NOON - DAY),
        ],
    )
    assert snapshot(world).earlier_progressed == 1


def test_recent_progression_counts_outcomes_known_strictly_before_the_call() -> None:
    world = World(
        calls=[a_call(name, at=NOON - 30 * DAY) for name in "abcd"] + [a_call()],
        outcomes=[
            an_outcome("a", known_at=NOON - 3 * DAY),
            an_outcome("b", known_at=NOON - 2 * DAY),
            an_outcome("c", happened=False, known_at=NOON - DAY),
            an_outcome("d", happened=False, known_at=NOON),
        ],
    )
    # two of three, with one success and one failure more that never happened (Laplace): 3 / 5
    assert snapshot(world).recent_progression_rate == pytest.approx(0.6)


def test_recent_progression_forgets_what_is_a_hundred_outcomes_ago() -> None:
    names = [f"n{n}" for n in range(150)]
    world = World(
        calls=[a_call(name, at=NOON - 30 * DAY) for name in names] + [a_call()],
        outcomes=[
            an_outcome(name, happened=n < 50, known_at=NOON - DAY + n * timedelta(minutes=1))
            for n, name in enumerate(names)
        ],
    )
    found = snapshot(world)
    assert found.recent_progression_rate == pytest.approx(1 / 102)
    assert found.long_progression_rate == pytest.approx(51 / 152)


def test_progression_of_one_source_says_nothing_of_another() -> None:
    world = World(
        calls=[a_call("a", at=NOON - 30 * DAY, call_id="bank:a", source="bank"), a_call()],
        outcomes=[an_outcome("a", call_id="bank:a", known_at=NOON - DAY)],
    )
    assert snapshot(world).recent_progression_rate is None


def test_calls_left_out_still_count_as_history() -> None:
    land(World(calls=[a_call("old", at=NOON - 3 * DAY, company_id="acme.com"), a_call(company_id="acme.com")]))
    (found,) = snapshots_as_of(LATER, called_after=NOON)
    assert (found.call_id, found.earlier_calls) == ("fellow:one", 1)


MOMENTS = st.integers(0, 12).map(lambda hours: NOON + 12 * hours * HOUR)
COMPANIES = st.sampled_from(["acme.com", "globex.com", None])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    calls = []
    for name in "abcd"[: draw(st.integers(1, 4))]:
        call = a_call(name, at=draw(MOMENTS), company_id=draw(COMPANIES), notes="first")
        calls.append(call)
        calls += [
            edited(call, max(call.known_at, at) + HOUR, notes=f"at {at}") for at in draw(st.sets(MOMENTS, max_size=2))
        ]
    outcomes = [an_outcome(name, draw(st.booleans()), draw(MOMENTS)) for name in draw(st.sets(st.sampled_from("abcd")))]
    facts = [
        company_facts("acme.com", at, employees=float(n)) for n, at in enumerate(draw(st.sets(MOMENTS, max_size=3)))
    ]
    return World(calls, outcomes, facts)


@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), then=MOMENTS)
def test_the_past_looks_the_same_from_later(home: Path, world: World, then: datetime) -> None:
    """What came after a moment changes no snapshot as of it, nor any of a call that was judged before it."""
    with writing() as warehouse:
        for table in ("calls", "outcomes", "company_facts"):
            warehouse.execute(f"TRUNCATE {table}")
    land(world.known_by(then))
    seen_then = snapshots_as_of(then)
    land(world)
    assert snapshots_as_of(then) == seen_then
    settled = {s.call_id: s for s in seen_then if s.judged_at < then}
    assert {s.call_id: s for s in snapshots_as_of(LATER) if s.call_id in settled} == settled
