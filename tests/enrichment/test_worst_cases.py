"""What went wrong once in a review, or could: odd answers, dead workers, merges halfway, ceilings met by records."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from database import queue, signals, spending
from database.models import Purchase, QueuedSubject, Signal
from database.people import publish_leads
from database.session import reading
from database.signals import claim, keep
from database.spending import Ceilings, Priced
from database.wanted import Bought, Wanted
from enrichment.sources.base import Answer, Run
from enrichment.subjects import Subject
from enrichment.summary import summarise
from ringback.clock import now
from ringback.errors import BadMapping, VendorRefused, VendorUnavailable
from tests.enrichment.sources import Scripted, enriched, fails, finds, known_of, misses, wait_for
from tests.factories import DAY, a_lead

pytestmark = pytest.mark.usefixtures("home")

TECH = {"technologies": ["Twilio"]}
PLENTY = Ceilings(10, 10, 10)
RECORD_SIGNALS = ["tech_stack", "funding", "apollo_record"]


def queued_again(*subjects: str) -> None:
    """Let what is done be looked at again."""
    queue.enqueue([queue.Waiting(one, 50, "again") for one in subjects], now(), "again")


def test_a_record_that_the_ceiling_forbids_ends_the_buying_instead_of_going_round_for_ever() -> None:
    wait_for("acme.com")
    apollo = Scripted("apollo", RECORD_SIGNALS, finds(TECH))
    assert enriched(apollo, signal_names=["tech_stack", "funding"], spend_per_lead_usd=0.04).finished == 1
    assert apollo.asked == []
    assert {one.reason for one in known_of("acme.com").values()} == {
        "the spending ceiling of $0.04 for one lead is reached"
    }


def test_the_whole_price_of_a_record_is_reserved_however_many_signals_it_answers() -> None:
    wait_for("acme.com")
    claim("other", "pipe0", [Priced("acme.com", name, 0.0) for name in ("tech_stack", "funding")], now(), PLENTY)
    overview = {"company_overview": {"employees": 4}, "apollo_record": {"organization_id": "o1"}}
    apollo = Scripted("apollo", ["company_overview", *RECORD_SIGNALS], lambda w: Answer(w, overview.get(w.signal)))
    enriched(apollo, signal_names=["company_overview", "tech_stack", "funding"], spend_per_day_usd=0.04)
    assert spending.spent() == []
    assert apollo.asked == []


def test_a_signal_whose_every_source_was_asked_before_is_missed_with_that_as_the_reason() -> None:
    wait_for("acme.com")
    apollo = Scripted("apollo", RECORD_SIGNALS, misses("unknown"))
    enriched(apollo, signal_names=["tech_stack"])
    queued_again("acme.com")
    enriched(apollo, signal_names=["tech_stack", "funding"])
    assert known_of("acme.com")["acme.com funding"].reason == "every source that could be asked was asked before"


def test_the_run_of_a_source_that_is_switched_off_is_given_up_after_a_day() -> None:
    wait_for("acme.com")
    began = now() - 2 * DAY
    claim("dead", "clearbit", [Priced("acme.com", "tech_stack", 0.04)], began, PLENTY)
    signals.note_order("dead", "order-1", [Wanted("acme.com", "tech_stack")], began)
    signals.note_run("order-1", "run-1")
    enriched(Scripted("pipe0", ["tech_stack"], finds(TECH)))
    assert (signals.claims(), known_of("acme.com")["acme.com tech_stack"].source) == (0, "pipe0")


def test_what_was_free_and_died_is_simply_asked_for_again() -> None:
    wait_for("acme.com")
    claim("dead", "website", [Priced("acme.com", "tech_stack", 0.0)], now() - DAY, PLENTY)
    signals.note_order("dead", "order-1", [Wanted("acme.com", "tech_stack")], now() - DAY)
    web = Scripted("website", ["tech_stack"], finds(TECH))
    assert enriched(web).doubtful == 0
    assert len(web.asked) == 1


@pytest.mark.parametrize("as_runs", [False, True])
def test_an_answer_that_our_code_cannot_read_is_in_doubt_and_stops_nobody_else(as_runs: bool) -> None:
    class Odd(Scripted):
        def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run | list[Answer]:
            return Run("odd") if as_runs else _raise()

        def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
            return _raise()

    wait_for("acme.com", "globex.com")
    odd = Odd("pipe0", ["tech_stack"], finds(TECH))
    odd.poll_seconds = 0.001
    jobs = Scripted("apollo_jobs", ["news_summary"], finds({}))
    well = Scripted("openfunnel", ["funding"], finds({"total_usd": 1}))
    worked = enriched(odd, jobs, well, signal_names=["tech_stack", "funding"])
    assert (worked.finished, signals.claims()) == (2, 0)
    assert {one.cost for name, one in known_of("acme.com").items() if "tech" in name} == {0.04}
    assert "acme.com funding" in known_of("acme.com")


def _raise() -> list[Answer]:
    raise AttributeError("'NoneType' object has no attribute 'get'")


def test_one_subject_that_is_refused_does_not_fail_the_others_of_its_batch() -> None:
    class Choosy(Scripted):
        def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run | list[Answer]:
            if any(one.subject_id == "bad.com" for one in subjects):
                raise VendorRefused("what is bad.com?", 422)
            return super().order(subjects, signals)

    names = [f"good{n}.com" for n in range(9)]
    wait_for("bad.com", *names)
    worked = enriched(Choosy("pipe0", ["tech_stack"], finds(TECH)))
    assert (worked.finished, worked.failed) == (9, 1)


def test_records_that_are_only_remembered_raise_no_suspicion() -> None:
    names = [f"c{n}.com" for n in range(30)]
    wait_for(*names)
    answers = {"company_overview": {"employees": 4}, "openfunnel_record": {"organization_id": "o1"}}
    source = Scripted("openfunnel", ["company_overview", "funding", "openfunnel_record"],
                      lambda w: Answer(w, answers.get(w.signal), is_billed=True))  # fmt: skip
    source.batch = 100
    enriched(source, signal_names=["company_overview"])
    queued_again(*names)
    assert enriched(source, signal_names=["company_overview", "funding"]).finished == 30
    assert spending.stops() == []


def test_once_somebody_has_looked_nothing_found_is_believed() -> None:
    early, late = [f"early{n}.com" for n in range(30)], [f"late{n}.com" for n in range(30)]
    wait_for(*early)
    enriched(Scripted("pipe0", ["tech_stack"], finds(TECH)))
    wait_for(*late)
    silent = Scripted("pipe0", ["tech_stack"], misses())
    silent.batch = 100
    assert enriched(silent).finished == 0
    spending.resume("pipe0")
    from database.incidents import close_incident

    close_incident("out_of_credit", "pipe0", now())
    queue.wake(spending.STOPPED)
    assert enriched(silent).finished == 30


def test_a_lead_that_got_its_address_before_a_source_failed_goes_on_under_that_address() -> None:
    publish_leads([a_lead("apollo:1", source="apollo", email=None, external_id="1", first_name="Ana")])
    queue.enqueue([queue.Waiting("apollo:1", 50, "test", "lead")], now())

    class Anybody(Scripted):
        def lacks(self, signal: str, subject: Subject) -> str | None:
            return None

    contact = {"first_name": "Ana", "last_name": "Diaz", "email": "ana@acme.com"}
    people = Anybody("apollo_people", ["contact"], finds(contact))
    down = Anybody("dropcontact", ["work_email"], fails(VendorUnavailable("Dropcontact is down")))
    enriched(people, down, signal_names=["contact", "work_email"])
    queue.wake("")
    well = Anybody("dropcontact", ["work_email"], finds({"email": "ana@acme.com", "qualification": "verified"}))
    enriched(people, well, signal_names=["contact", "work_email"])
    assert well.asked == [Wanted("ana@acme.com", "work_email")]
    assert len(people.asked) == 1
    with reading() as connection:
        waiting = {row.subject_id: row.state for row in connection.execute(QueuedSubject.__table__.select())}
    assert waiting == {"ana@acme.com": "done", "acme.com": "done"}


def test_a_lead_that_somebody_works_on_is_not_merged_under_his_hands() -> None:
    publish_leads([a_lead("apollo:1", source="apollo", email=None, external_id="1")])
    queue.enqueue([queue.Waiting("apollo:1", 50, "test", "lead")], now())
    queue.take("ana", 1, now())
    with_address = a_lead("ana@acme.com", source="apollo", external_id="1", known_at=now())
    assert publish_leads([with_address]).merged == 0
    queue.finish("ana", ["apollo:1"])
    assert publish_leads([with_address]).merged == 1


def test_what_was_known_once_and_cannot_be_bought_now_is_not_known_any_more() -> None:
    wait_for("acme.com")
    claim("ana", "pipe0", [Priced("acme.com", "tech_stack", 0.04)], now() - 90 * DAY, PLENTY)
    keep("ana", [Bought(Wanted("acme.com", "tech_stack"), TECH, 0.9, 0.04, None, now() - 30 * DAY)], now() - 90 * DAY)
    enriched(Scripted("pipe0", ["tech_stack"], finds(TECH)), spend_per_lead_usd=0.0)
    assert known_of("acme.com")["acme.com tech_stack"].value is None


def test_a_price_file_that_does_not_know_a_source_s_record_is_refused(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[apollo]\nbills = "on_success"\nper_record_usd = 0.05\nsignals.funding = { confidence = 0.7 }\n')
    with pytest.raises(BadMapping, match="apollo"):
        enriched(Scripted("apollo", RECORD_SIGNALS, finds(TECH)), prices=prices)


def test_a_run_that_is_still_at_work_at_the_deadline_is_left_and_fetched_later() -> None:
    class Slow(Scripted):
        def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
            return None

    wait_for("acme.com")
    slow = Slow("pipe0", ["tech_stack"], finds(TECH), as_runs=True)
    slow.deadline_seconds = 0.01
    assert enriched(slow).finished == 0
    with reading() as connection:
        left = connection.execute(Signal.__table__.select()).one()
        assert connection.execute(Purchase.__table__.select()).all() == []
    assert (left.state, left.run_id) == ("claimed", "pipe0-0")


def test_a_lead_that_was_merged_while_it_was_enriched_stands_in_the_summary_under_its_new_id() -> None:
    publish_leads([a_lead("apollo:1", source="apollo", email=None, external_id="1")])
    publish_leads([a_lead("ana@acme.com", source="apollo", external_id="1", known_at=now())])
    assert [one.lead_id for one in summarise(["apollo:1"], ["work_email"], now()).leads] == ["ana@acme.com"]
