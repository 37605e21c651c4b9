"""Nothing that was paid for is bought twice: not later, not at the same moment, not after a crash."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from database.people import publish_leads
from database.signals import (
    DOUBTFUL,
    claim,
    claims,
    expired,
    keep,
    known,
    note_order,
    note_run,
    release,
    settle_doubtful,
    take_over,
    tried,
)
from database.spending import Ceilings, Priced, Spent, resume, spent, stop
from database.wanted import Bought, Known, Unfinished, Wanted
from tests.factories import DAY, NOON, a_lead

pytestmark = pytest.mark.usefixtures("home")

TECH, FUNDING = Wanted("acme.com", "tech_stack"), Wanted("acme.com", "funding")
HOUR = timedelta(hours=1)
PLENTY = Ceilings(per_lead=100, per_campaign=1000, per_day=1000)


def claimed(
    worker: str, *wanted: Wanted, at: object = NOON, source: str = "pipe0", price: float = 0.02,
    ceilings: Ceilings = PLENTY, campaign_id: str | None = None,
) -> list[Wanted]:  # fmt: skip
    """What a worker was given."""
    asked = [Priced(one.entity_id, one.signal, price, campaign_id=campaign_id) for one in wanted]
    return list(claim(worker, source, asked, at, ceilings).given)  # type: ignore[arg-type]


def found(wanted: Wanted, cost: float = 0.02) -> Bought:
    return Bought(wanted, {"names": ["Twilio"]}, 0.9, cost, None, NOON + 30 * DAY)


def missed(wanted: Wanted, cost: float = 0.02) -> Bought:
    return Bought(wanted, None, None, cost, "no such company", NOON + 7 * DAY)


def test_of_two_workers_one_may_buy() -> None:
    assert claimed("ana", TECH, FUNDING, TECH) == [FUNDING, TECH]
    assert claimed("ben", TECH, FUNDING) == []


def test_what_is_known_is_not_bought_before_it_expires() -> None:
    keep("ana", [found(one) for one in claimed("ana", TECH)], NOON)
    assert known(["acme.com"], NOON + DAY) == [Known(TECH, {"names": ["Twilio"]}, 0.9, "pipe0", None, NOON, 0.02)]
    assert claimed("ben", TECH, at=NOON + 29 * DAY) == []
    assert claimed("ben", TECH, at=NOON + 30 * DAY) == [TECH]


def test_what_was_found_is_still_told_as_old_after_it_expired() -> None:
    keep("ana", [found(TECH), missed(FUNDING)] if claimed("ana", TECH, FUNDING) else [], NOON)
    assert expired(["acme.com"], NOON + 29 * DAY) == []
    assert [one.wanted for one in expired(["acme.com"], NOON + 31 * DAY)] == [TECH]
    assert known(["acme.com"], NOON + 31 * DAY) == []


def test_what_was_missed_is_known_to_be_missed_with_the_reason_and_not_asked_again_soon() -> None:
    keep("ana", [missed(one) for one in claimed("ana", TECH)], NOON)
    assert [(one.value, one.reason) for one in known(["acme.com"], NOON)] == [(None, "no such company")]
    assert claimed("ben", TECH, at=NOON + 6 * DAY) == []


def test_what_one_source_missed_another_may_be_asked_for_once() -> None:
    keep("ana", [missed(one) for one in claimed("ana", TECH)], NOON)
    assert tried(["acme.com"], NOON) == {TECH: {"pipe0"}}
    assert claimed("ben", TECH, source="apollo") == [TECH]
    keep("ben", [missed(TECH)], NOON)
    assert claimed("cy", TECH, source="apollo") == claimed("cy", TECH, source="pipe0") == []


def test_a_claim_of_a_worker_that_died_before_it_ordered_lapses() -> None:
    claimed("ana", TECH)
    assert claimed("ben", TECH, at=NOON + HOUR) == [TECH]
    assert keep("ana", [found(TECH)], NOON + HOUR) == 0


def test_the_result_of_a_worker_that_died_after_it_ordered_is_fetched_and_not_bought_again() -> None:
    assert note_order("ana", "order-1", claimed("ana", TECH, FUNDING), NOON) == [FUNDING, TECH]
    note_run("order-1", "run-1")
    assert claimed("ben", TECH, FUNDING, at=NOON + HOUR) == []
    assert take_over("ben", "pipe0", NOON + HOUR) == [Unfinished("run-1", None, (FUNDING, TECH))]
    assert take_over("cy", "pipe0", NOON + HOUR) == []
    assert keep("ben", [found(TECH), missed(FUNDING)], NOON + HOUR) == 2
    assert claims() == 0


def test_an_order_whose_worker_died_before_it_heard_of_it_is_in_doubt_and_not_sent_again() -> None:
    note_order("ana", "order-1", claimed("ana", TECH), NOON)
    assert claimed("ben", TECH, at=NOON + HOUR) == []
    assert settle_doubtful(NOON + HOUR, NOON + 30 * DAY) == 1
    assert settle_doubtful(NOON + HOUR, NOON + 30 * DAY) == 0
    assert [one.reason for one in known(["acme.com"], NOON + HOUR)] == [DOUBTFUL]
    assert claimed("ben", TECH, at=NOON + HOUR) == []
    assert spent() == [Spent("tech_stack", "pipe0", found=0, missed=1, cost=0.02)]


def test_what_was_surely_not_ordered_is_given_back() -> None:
    note_order("ana", "order-1", claimed("ana", TECH), NOON)
    release("ana", [TECH])
    assert (claims(), claimed("ben", TECH)) == (0, [TECH])


def test_a_paid_call_that_found_nothing_is_a_cost_too() -> None:
    elsewhere = Wanted("globex.com", "tech_stack")
    claimed("ana", TECH, elsewhere)
    keep("ana", [found(TECH, cost=0.25), missed(elsewhere, cost=0.25)], NOON)
    assert spent() == [Spent("tech_stack", "pipe0", found=1, missed=1, cost=0.5)]


@pytest.mark.parametrize(
    ("ceilings", "kind"),
    [(Ceilings(0.05, 1, 1), "lead"), (Ceilings(1, 0.05, 1), "campaign"), (Ceilings(1, 1, 0.05), "day")],
)
def test_what_would_pass_a_ceiling_is_refused_and_reserved_money_counts(ceilings: Ceilings, kind: str) -> None:
    assert claimed("ana", TECH, price=0.03, campaign_id="spring", ceilings=ceilings) == [TECH]
    answer = claim("ben", "pipe0", [Priced("acme.com", "funding", 0.03, campaign_id="spring")], NOON, ceilings)
    assert (answer.given, [one.kind for one in answer.refused.values()]) == ((), [kind])
    release("ana", [TECH])
    assert claimed("ben", FUNDING, price=0.03, campaign_id="spring", ceilings=ceilings) == [FUNDING]


def test_a_stop_forbids_what_costs_and_allows_what_is_free() -> None:
    stop("*", "the month's budget is spent", NOON)
    assert claimed("ana", TECH) == []
    assert claimed("ana", FUNDING, price=0.0) == [FUNDING]
    assert resume("*")
    assert claimed("ana", TECH) == [TECH]


def test_what_its_company_cost_counts_against_a_lead() -> None:
    keep("ana", [found(one, cost=0.9) for one in claimed("ana", TECH, price=0.9)], NOON)
    posts = Priced("one@acme.com", "linkedin_posts", 0.2, company_id="acme.com")
    assert claim("ana", "pipe0", [posts], NOON, Ceilings(1, 100, 100)).given == ()
    assert claim("ana", "pipe0", [posts], NOON, Ceilings(1.1, 100, 100)).given != ()


BUYER = """
import sys
from datetime import datetime
from database.signals import claim
from database.spending import Ceilings, Priced
wanted = [Priced(f"company{n}.com", "tech_stack", 0.01) for n in range(100)]
for start in range(0, 100, 5):
    claimed = claim(sys.argv[1], "pipe0", wanted[start:start + 5], datetime(2026, 3, 18, 12), Ceilings(1, 1, 0.5))
    for one in claimed.given:
        print(one.entity_id)
"""


def test_four_processes_that_ask_at_the_same_moment_buy_each_signal_once_and_keep_to_the_ceiling(home: Path) -> None:
    buyers = [
        subprocess.Popen(
            [sys.executable, "-c", BUYER, f"buyer {n}"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"RINGBACK_HOME": str(home)},
        )
        for n in range(4)
    ]
    given = [line for buyer in buyers for line in buyer.communicate(timeout=60)[0].split()]
    assert (len(given), len(set(given))) == (50, 50)


def test_what_is_reserved_for_a_lead_counts_against_its_company_too() -> None:
    publish_leads([a_lead("one@acme.com", company_id="acme.com")])
    ceilings = Ceilings(0.06, 10, 10)
    of_lead = Priced("one@acme.com", "work_email", 0.05, company_id="acme.com")
    assert claim("ana", "dropcontact", [of_lead], NOON, ceilings).given != ()
    assert claim("ben", "pipe0", [Priced("acme.com", "tech_stack", 0.05)], NOON, ceilings).given == ()
