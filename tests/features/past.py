"""A small world in which everything arrives late, is edited, corrected or contradicted; and a copy that forgets."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from features import build
from features.snapshots import snapshot_of
from ringback.clock import LONG_AGO
from ringback.records import Call, CompanyFacts, Lead, Outcome, Snapshot, Value
from tests.factories import DAY, HOUR, NOON, a_call, a_lead, an_outcome, company_facts
from warehouse import landing
from warehouse.campaigns import land_rows
from warehouse.connect import query, rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COMPANIES = ("acme.com", "globex.com", "initech.com")
SOURCES = ("crm", "pipe0", "website", "unlisted_a", "unlisted_b")
WORDS = (
    "They need voice AI.",
    "Not urgent.",
    "There is no budget.",
    "How much is it?",
    "Twilio is in use.",
    "Sign-off.",
)
SPAN = 60 * DAY
MAILS = 300
SPANS_AFTER = timedelta(days=20)

Answers = tuple[dict[str, tuple[Snapshot, dict[str, Value]]], list[tuple[object, ...]]]
"""Snapshots with their features by call, and labels, as of a moment."""


def land_world(connection: "DuckDBPyConnection", calls: int, seed: int = 5) -> None:
    """Fill a warehouse: every kind of row that has a `known_at`."""
    dice = random.Random(seed)

    def soon(after: datetime, days: float) -> datetime:
        return after + timedelta(days=dice.uniform(0, days))

    known_calls: list[Call] = []
    outcomes: list[Outcome] = []
    for n in range(calls):
        at = soon(NOON, SPAN / DAY)
        first = a_call(
            f"n{n}", at, known_at=soon(at, dice.choice((0.1, 5.0))), company_id=dice.choice((*COMPANIES, None)),
            lead_id=f"lead{n % 7}@acme.com", custom={"renewal": "2026-05-01", "seats": "1,200"},
        )  # fmt: skip
        known_calls += [first, *(_edited(dice, first, edit) for edit in range(dice.randrange(4)))]
        for target in ("progression", "voice_ai"):
            said_at = soon(at, 20)
            for happened in dice.choices((True, False), k=dice.randrange(3)):  # the second corrects the first
                outcomes.append(an_outcome(f"n{n}", happened, said_at, target, matures_at=max(said_at, at + 14 * DAY)))
                said_at = soon(said_at, 10)
    facts = [
        _facts(dice, company, source, soon(NOON - 5 * DAY, 65)) for company in COMPANIES for source in SOURCES
        for _ in range(3)
    ]  # fmt: skip
    leads: list[Lead] = [
        a_lead(f"lead{n}@acme.com", soon(NOON, 60), source=dice.choice(SOURCES),
               job_title=dice.choice(("CTO", "Clerk", None)),
               custom={"linkedin_posts": dice.choice(("We are hiring!", "Chatbots."))} if dice.random() < 0.5 else {})
        for n in range(7) for _ in range(4)
    ]  # fmt: skip
    landing.land_calls(connection, known_calls)
    landing.land_outcomes(connection, outcomes)
    landing.land_company_facts(connection, facts)
    landing.land_lead_facts(connection, leads)
    mails, events = _mails(random.Random(seed))
    land_rows(connection, "sent_mails", mails, LONG_AGO)
    land_rows(connection, "mail_events", events, LONG_AGO)


def _mails(dice: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Mails that are landed late, reactions that come later still, and machines that are found out at last."""
    mails, events = [], []
    for n in range(MAILS):
        sent_at = NOON + timedelta(days=dice.uniform(-100, SPAN / DAY))
        mails.append({
            "message_id": f"m{n}", "enrolment_id": f"e{n}", "campaign_id": "spring", "lead_id": f"lead{n % 7}@acme.com",
            "sequence": "intro", "template": "opener", "step": 0, "variants": {}, "sent_at": sent_at,
            "state": dice.choice(("sent", "sent", "sent", "in_doubt")), "known_at": sent_at + DAY * dice.uniform(0, 6),
        })  # fmt: skip
        for kind in dice.sample(("opened", "clicked", "replied", "opened_by_machine"), k=dice.randrange(4)):
            happened_at = sent_at + DAY * dice.uniform(0, 9)
            known_at = happened_at + DAY * dice.uniform(0, 3)
            event = {"event_id": f"m{n}:{kind}", "message_id": f"m{n}", "recipient": "", "happened_at": happened_at}
            events.append(event | {"kind": kind, "known_at": known_at})
            if kind == "clicked" and dice.random() < 0.5:
                found_out_at = known_at + DAY * dice.uniform(0, 30)
                events.append(event | {"kind": "clicked_by_machine", "known_at": found_out_at})
    return mails, events


def _edited(dice: random.Random, first: Call, edit: int) -> Call:
    return replace(
        first, content_hash=f"edit {edit}", known_at=first.known_at + timedelta(days=dice.uniform(0, 4)),
        company_id=dice.choice(COMPANIES), notes=" ".join(dice.choices(WORDS, k=3)),
        transcript="Bo Berg: Voice AI.\nAna: " + dice.choice(WORDS), own_speakers=("Bo Berg",),
        sentiment=dice.uniform(-1, 1), attendees=("ana@acme.com",) * dice.randrange(4), custom={},
    )  # fmt: skip


def _facts(dice: random.Random, company: str, source: str, known_at: datetime) -> CompanyFacts:
    return company_facts(
        company, known_at, source=source, employees=dice.choice((None, dice.uniform(5, 5000))),
        industry=dice.choice((None, "retail", "banking")), news=dice.choice((None, "They raised $5 million.")),
        technologies=dice.choice((None, ("AWS",), ("Twilio", "HubSpot"))),
        web_functions=dice.choice((None, ("ai",), ("authentication",))), confidence=dice.choice((None, 0.3, 0.9)),
    )  # fmt: skip


def answers(connection: "DuckDBPyConnection", as_of: datetime) -> Answers:
    """What there is to learn from as of a moment."""
    parameters = {"as_of": as_of, "called_after": datetime(1, 1, 1)}
    found = [snapshot_of(row) for row in query(connection, "snapshots", parameters)]
    labels = query(connection, "labels", {"as_of": as_of})
    return {s.call_id: (s, build(s)) for s in found}, [tuple(label.values()) for label in labels]


def forget(connection: "DuckDBPyConnection", after: datetime) -> int:
    """Delete every row of every table that arrived after a moment; gives how many."""
    deleted = 0
    for table in tables_that_arrive(connection):
        done = connection.execute(f"DELETE FROM {table} WHERE known_at > ?", [after]).fetchone()
        deleted += int(done[0]) if done else 0
    return deleted


def tables_that_arrive(connection: "DuckDBPyConnection") -> list[str]:
    """All tables whose rows say when they were known."""
    columns = rows(
        connection,
        "SELECT table_name FROM information_schema.columns JOIN information_schema.tables USING (table_name) "
        "WHERE column_name = 'known_at' AND table_type = 'BASE TABLE' ORDER BY table_name",
    )
    return [str(column["table_name"]) for column in columns]


def first_difference(
    full: "DuckDBPyConnection",
    forgetting: "DuckDBPyConnection",
    moments: list[datetime],
) -> tuple[datetime, str] | None:
    """The latest moment at which the two warehouses differ, and in what; the second forgets as it goes back in time."""
    for moment in sorted(moments, reverse=True):
        forget(forgetting, moment)
        (features, labels), (then, labels_then) = (answers(w, moment) for w in (full, forgetting))
        if labels != labels_then:
            return moment, "labels"
        if features.keys() != then.keys():
            return moment, "calls"
        for call_id, (snapshot, row) in features.items():
            if repr(row) != repr(then[call_id][1]):
                return moment, f"features of {call_id}"
            if snapshot != then[call_id][0]:
                return moment, f"snapshot of {call_id}"
    return None


def first_unsettled(
    connection: "DuckDBPyConnection", moments: list[datetime], later: datetime
) -> tuple[int, str | None]:
    """How many judged calls were compared, and the first whose features are others later; None where there is none."""
    last, _ = answers(connection, later)
    compared = 0
    for moment in moments:
        for call_id, (snapshot, row) in answers(connection, moment)[0].items():
            if snapshot.judged_at == last[call_id][0].judged_at:
                compared += 1
                if repr(row) != repr(last[call_id][1]):
                    return compared, call_id
    return compared, None


def random_moments(count: int, seed: int = 9) -> list[datetime]:
    """Moments from before the first row until after the last."""
    dice = random.Random(seed)
    return [NOON - DAY + dice.uniform(0, 1) * (SPAN + SPANS_AFTER) + HOUR for _ in range(count)]
