"""Signals are bought from the best source that is left, kept with the reason where missed, within the ceilings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from database import incidents, queue, signals, spending
from database.identities import lead_of
from database.models import Company
from database.people import publish_companies, publish_leads
from database.session import reading
from database.wanted import Wanted
from enrichment.prices import load_prices
from enrichment.sources.base import Answer, Run
from enrichment.subjects import Subject
from ringback.clock import now
from ringback.errors import OutOfCredit, VendorUnavailable, VendorUnreadable
from ringback.settings import settings
from tests.enrichment.sources import Say, Scripted, enriched, fails, finds, known_of, misses, wait_for
from tests.factories import a_lead, company_facts

pytestmark = pytest.mark.usefixtures("home")

TECH = {"technologies": ["Twilio", "React"]}
TWO = ("acme.com", "globex.com")


def test_what_is_found_is_kept_published_and_not_asked_for_again() -> None:
    wait_for("acme.com")
    pipe0 = Scripted("pipe0", ["tech_stack"], finds(TECH), as_runs=True)
    assert enriched(pipe0).finished == 1
    found = known_of("acme.com")["acme.com tech_stack"]
    assert (found.value, found.source, found.confidence, found.cost) == (TECH, "pipe0", 0.85, 0.04)
    with reading() as connection:
        chosen = connection.execute(Company.__table__.select()).one().chosen
    assert (chosen["technologies"]["value"], chosen["technologies"]["source"]) == (["Twilio", "React"], "pipe0")
    queue.enqueue([queue.Waiting("acme.com", 50, "again")], found.fetched_at, batch="again")
    assert (enriched(pipe0).finished, len(pipe0.asked)) == (1, 1)


def test_what_one_source_misses_the_next_is_asked_and_a_miss_of_all_says_why() -> None:
    wait_for(*TWO)
    pipe0 = Scripted("pipe0", ["tech_stack"], misses("no such site"))
    apollo = Scripted("apollo", ["tech_stack"], lambda w: Answer(w, TECH if w.entity_id == "acme.com" else None, "no"))
    enriched(pipe0, apollo)
    known = known_of(*TWO)
    assert {name: (one.source, one.reason) for name, one in known.items()} == {
        "acme.com tech_stack": ("apollo", None), "globex.com tech_stack": ("apollo", "no"),
    }  # fmt: skip


def test_the_order_of_sources_follows_what_each_found_for_its_money() -> None:
    poor = [f"early{n}.com" for n in range(20)]
    wait_for(*poor)
    pipe0, apollo = Scripted("pipe0", ["tech_stack"], misses()), Scripted("apollo", ["tech_stack"], finds(TECH))
    enriched(replace_billing(pipe0), apollo)
    assert len(pipe0.asked) == 20
    wait_for("late.com")
    enriched(pipe0, apollo)
    assert (len(pipe0.asked), apollo.asked[-1].entity_id) == (20, "late.com")


def replace_billing(source: Scripted) -> Scripted:
    """The same source, which bills also what it does not find."""
    say = source._say
    source._say = lambda wanted: (
        replace(answer, is_billed=True) if isinstance(answer := say(wanted), Answer) else answer
    )
    return source


def test_a_hit_of_the_wrong_type_is_no_hit_and_its_price_is_a_cost() -> None:
    wait_for("acme.com")
    enriched(Scripted("pipe0", ["funding"], finds({"total_usd": "a lot"})), signal_names=["funding"])
    missed = known_of("acme.com")["acme.com funding"]
    assert missed.value is None
    assert (
        missed.reason
        == "not of the right type: total_usd: Input should be a valid number, unable to parse string as a number"
    )
    assert spending.spent() == [spending.Spent("funding", "pipe0", found=0, missed=1, cost=0.04)]


def test_the_failure_of_one_source_never_loses_the_others_and_is_tried_again_later() -> None:
    wait_for("acme.com")
    down = Scripted("pipe0", ["tech_stack"], fails(VendorUnavailable("pipe0 is down")))
    well = Scripted("apollo", ["funding"], finds({"total_usd": 5}))
    worked = enriched(down, well, signal_names=["tech_stack", "funding"])
    assert (worked.finished, worked.failed) == (0, 1)
    assert known_of("acme.com").keys() == {"acme.com funding"}
    assert queue.backlog() == {"waiting": 1}
    assert signals.claims() == 0


@pytest.mark.parametrize(
    "failure", [VendorUnavailable("no answer came", is_in_doubt=True), VendorUnreadable("a web page came")]
)
def test_an_order_without_a_readable_answer_is_in_doubt_counted_and_not_sent_again(failure: Exception) -> None:
    wait_for("acme.com")
    source = Scripted("pipe0", ["tech_stack"], fails(failure))
    assert enriched(source).finished == 1
    assert (known_of("acme.com")["acme.com tech_stack"].reason or "").startswith(signals.DOUBTFUL)
    assert [one.cost for one in spending.spent()] == [0.04]
    queue.enqueue(
        [queue.Waiting("acme.com", 50, "again")], known_of("acme.com")["acme.com tech_stack"].fetched_at, "again"
    )
    enriched(source)
    assert len(source.asked) == 1


def test_out_of_credit_stops_the_spending_opens_an_incident_and_keeps_the_queue() -> None:
    wait_for(*TWO)
    source = Scripted("pipe0", ["tech_stack"], fails(OutOfCredit("the balance is used up")))
    worked = enriched(source)
    assert (worked.finished, worked.put_back, queue.backlog()) == (0, 2, {"waiting": 2})
    assert [(one.kind, one.subject) for one in incidents.open_incidents()] == [("out_of_credit", "pipe0")]
    asked = len(source.asked)
    queue.wake("spending is stopped")
    enriched(source)
    assert len(source.asked) == asked
    spending.resume("pipe0")
    queue.wake("spending is stopped")
    paid = Scripted("pipe0", ["tech_stack"], finds(TECH))
    assert enriched(paid).finished == 2


def test_a_source_that_suddenly_finds_nothing_at_all_is_suspected_to_be_out_of_credit() -> None:
    wait_for(*[f"early{n}.com" for n in range(30)])
    enriched(Scripted("pipe0", ["tech_stack"], finds(TECH)))
    late = [f"late{n}.com" for n in range(30)]
    wait_for(*late)
    silent = Scripted("pipe0", ["tech_stack"], misses())
    silent.batch = 100
    assert enriched(silent).finished == 0
    assert known_of(*late) == {}
    assert "100% was found before" in incidents.open_incidents()[0].words


def test_a_ceiling_for_a_lead_ends_the_buying_with_that_as_the_reason() -> None:
    wait_for("acme.com")
    source = Scripted("pipe0", ["tech_stack", "funding"], finds(TECH))
    enriched(source, signal_names=["tech_stack", "funding"], spend_per_lead_usd=0.05)
    reasons = {name: one.reason for name, one in known_of("acme.com").items()}
    assert reasons == {
        "acme.com tech_stack": None,
        "acme.com funding": "the spending ceiling of $0.05 for one lead is reached",
    }


def test_a_ceiling_for_the_day_puts_back_what_is_left_until_midnight() -> None:
    wait_for("acme.com", "globex.com", "initech.com")
    source = Scripted("pipe0", ["tech_stack"], finds(TECH))
    worked = enriched(source, spend_per_day_usd=0.09)
    assert (worked.finished, worked.put_back, len(source.asked)) == (2, 1, 2)
    waits_until = queue.next_at()
    assert waits_until is not None
    assert (waits_until.hour, waits_until.minute) == (0, 0)


def test_a_record_that_is_bought_for_one_signal_brings_the_others_along() -> None:
    wait_for("acme.com")
    answers = {
        "tech_stack": TECH, "funding": {"total_usd": 5}, "company_overview": {"employees": 40},
        "apollo_record": {"organization_id": "o1", "funding": {"total_usd": 5}},
    }  # fmt: skip
    apollo = Scripted("apollo", list(answers), lambda w: Answer(w, answers[w.signal], is_billed=True))
    jobs = Scripted("apollo_jobs", ["job_postings"], finds({"open_jobs": 0}))
    pipe0 = Scripted("pipe0", ["tech_stack", "funding", "company_overview"], finds(TECH))
    enriched(apollo, jobs, pipe0, signal_names=["tech_stack", "funding", "company_overview", "job_postings"])
    assert {one.signal for one in apollo.asked} == set(answers)
    assert pipe0.asked == []
    assert jobs.asked == [Wanted("acme.com", "job_postings")]
    assert sum(one.cost for one in spending.spent() if one.source == "apollo") == pytest.approx(0.05)


def test_what_no_source_can_be_asked_for_is_missed_with_the_reason_for_free() -> None:
    queue.enqueue([queue.Waiting("name:acme", 50, "test")], now())
    assert enriched(Scripted("pipe0", ["tech_stack"], finds(TECH))).finished == 1
    assert known_of("name:acme")["name:acme tech_stack"].reason == "no company domain is known"


def test_after_five_tries_what_failed_is_missed_with_what_failed_and_a_dead_letter() -> None:
    wait_for("acme.com")
    down = Scripted("pipe0", ["tech_stack"], fails(VendorUnavailable("pipe0 is down")))
    for _ in range(queue.MOST_ATTEMPTS):
        enriched(down)
        queue.wake("")
    assert [one.failed_because for one in queue.dead_letters()] == ["pipe0 is down"]
    assert known_of("acme.com")["acme.com tech_stack"].reason == "given up after 5 tries: pipe0 is down"


def test_the_run_of_a_worker_that_died_is_fetched_by_the_next_and_nothing_is_asked_twice() -> None:
    wait_for("acme.com")
    at = now()
    queue.take("dead", 10, at, lease=signals.CLAIM * 0)
    asked = [spending.Priced("acme.com", "tech_stack", 0.04)]
    signals.claim("dead", "pipe0", asked, at, spending.Ceilings(1, 1, 1), lease=signals.CLAIM * 0)
    signals.note_order("dead", "order-1", [Wanted("acme.com", "tech_stack")], at)
    signals.note_run("order-1", "run-1")
    source = Scripted("pipe0", ["tech_stack"], finds(TECH), as_runs=True)
    worked = enriched(source)
    assert (worked.taken_over, source.asked) == (1, [])
    assert known_of("acme.com")["acme.com tech_stack"].value == TECH


def test_a_record_is_bought_once_and_answers_later_questions_for_nothing() -> None:
    wait_for("acme.com")
    record = {"organization_id": "o1", "funding": {"total_usd": 5}}
    answers = {"tech_stack": TECH, "apollo_record": record}
    apollo = Scripted("apollo", ["tech_stack", "funding", "apollo_record"], lambda w: Answer(w, answers.get(w.signal)))
    enriched(apollo, signal_names=["tech_stack"])
    queue.enqueue(
        [queue.Waiting("acme.com", 50, "again")], known_of("acme.com")["acme.com tech_stack"].fetched_at, "again"
    )
    enriched(apollo, signal_names=["tech_stack", "funding"])
    assert sorted(one.signal for one in apollo.asked) == ["apollo_record", "tech_stack"]
    funding = known_of("acme.com")["acme.com funding"]
    assert (funding.value, funding.cost) == ({"total_usd": 5.0}, 0.0)


def test_what_tells_more_about_a_person_is_settled_before_the_address_is_asked_for() -> None:
    publish_leads([a_lead("apollo:1", source="apollo", email=None, external_id="1", first_name="Ana")])
    queue.enqueue([queue.Waiting("apollo:1", 50, "test", "lead")], now())
    contact = {"first_name": "Ana", "last_name": "Diaz", "company_domain": "acme.com"}
    people = Lenient("apollo_people", ["contact"], finds(contact))
    mail = Lenient("dropcontact", ["work_email"], finds({"email": "ana@acme.com", "qualification": "verified"}))
    assert enriched(people, mail, signal_names=["contact", "work_email"]).finished == 2  # she and her company
    assert [one.last_name for one in mail.subjects] == ["Diaz"]
    assert lead_of("apollo:1") == "ana@acme.com"
    assert queue.backlog() == {"done": 2}


class Lenient(Scripted):
    """Can be asked with anything; remembers whom it was asked about."""

    def __init__(self, name: str, signal_names: list[str], say: Say) -> None:
        super().__init__(name, signal_names, say)
        self.subjects: list[Subject] = []

    def lacks(self, signal: str, subject: Subject) -> str | None:
        return None

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run | list[Answer]:
        self.subjects += subjects
        return super().order(subjects, signals)


def test_what_today_s_money_pays_for_goes_to_the_first_of_the_queue_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    late, early = [f"late{n}.com" for n in range(40)], [f"early{n}.com" for n in range(3)]
    wait_for(*late)
    publish_companies([company_facts(domain, name=domain, domain=domain) for domain in early])
    queue.enqueue([queue.Waiting(domain, 90, "said in a call", "company") for domain in early], now())
    names = ("tech_stack", "funding", "company_overview")
    pipe0 = Scripted("pipe0", names, finds(TECH))
    whole = sum(load_prices(settings().prices)["pipe0"].signals[name].usd for name in names)
    take, at_once = queue.take, list[int]()

    def noted(*asked: Any) -> list[queue.Taken]:
        taken = take(*asked)
        at_once.append(len(taken))
        return taken

    monkeypatch.setattr(queue, "take", noted)
    enriched(pipe0, signal_names=names, spend_per_day_usd=3.5 * whole)
    assert at_once[:2] == [3, 40]  # those who can be paid for, then all others, to be told why they wait
    assert {one.entity_id for one in pipe0.asked[:9]} == set(early)
    assert len(known_of(*early)) == 9
    assert [(one.subjects, one.because.partition(" of ")[0]) for one in queue.put_off()] == [
        (40, "the spending ceiling")
    ]
