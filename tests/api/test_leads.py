"""Leads in pages, in detail, as a file, and enriched on demand."""

import csv
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from io import StringIO
from time import sleep
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import enriching
from api.routers import lead_export
from database import people, predictions, queue, signals
from database.spending import Ceilings, Priced
from database.wanted import Bought, Wanted
from ringback.clock import now
from tests.factories import DAY, NOON, a_call, a_lead, a_prediction, company_facts

KeyFor = Callable[..., dict[str, str]]


@pytest.fixture
def three(client: TestClient) -> TestClient:
    """Ana of Acme with two predictions, Bo of Globex with one, and Cy without company or score."""
    people.publish_companies([company_facts(name="Acme"), company_facts("globex.com", name="Globex 100%")])
    people.publish_leads([
        a_lead("ana@acme.com", NOON, name="Ana Lima", company_id="acme.com", job_title="CTO"),
        a_lead("bo@globex.com", NOON + DAY, name="=Bo()", company_id="globex.com"),
        a_lead("cy@gmail.com", NOON + 2 * DAY, name="Cy"),
    ])  # fmt: skip
    predictions.keep_predictions([
        a_prediction("one", 0.2, NOON, lead_id="ana@acme.com"),
        a_prediction("two", 0.9, NOON + DAY, lead_id="ana@acme.com", priority="HIGH"),
        a_prediction("three", 0.5, NOON, lead_id="bo@globex.com"),
    ])  # fmt: skip
    return client


def test_a_lead_whose_id_has_a_slash_is_read_and_enriched(
    three: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.publish_leads([a_lead("crm/77", name="Dee")])
    predictions.keep_predictions([a_prediction("four", 0.3, NOON, lead_id="crm/77")])
    done: Future[None] = Future()
    done.set_result(None)
    monkeypatch.setattr(enriching, "enrich_now", lambda *_: done)
    writer = key_for("write")
    assert three.get("/api/leads/crm%2F77", headers=writer).json()["lead_id"] == "crm/77"
    assert three.post("/api/leads/crm%2F77/enrich?wait=1", headers=writer).json()["lead_id"] == "crm/77"
    assert three.get("/api/leads/crm%2F77/score-history", headers=writer).json()["lead_id"] == "crm/77"


def test_a_lead_whose_id_ends_like_an_address_is_read_itself(three: TestClient, key_for: KeyFor) -> None:
    people.publish_leads([a_lead("crm/score-history", name="Dee"), a_lead("crm", name="Eve")])
    predictions.keep_predictions([
        a_prediction("five", 0.3, NOON, lead_id="crm/score-history"), a_prediction("six", 0.3, NOON, lead_id="crm"),
    ])  # fmt: skip
    reader = key_for("read")
    assert three.get("/api/leads/crm%2Fscore-history", headers=reader).json()["known"]["name"]["value"] == "Dee"
    assert three.get("/api/leads/crm/score-history", headers=reader).json()["lead_id"] == "crm"
    of_dee = three.get("/api/leads/crm%2Fscore-history/score-history", headers=reader).json()
    assert of_dee["lead_id"] == "crm/score-history"


def test_leads_are_searched_sorted_and_paged(three: TestClient, key_for: KeyFor) -> None:
    reader = key_for("read")

    def listed(query: str) -> list[str]:
        answer = three.get(f"/api/leads?{query}", headers=reader)
        return [lead["lead_id"].split("@")[0] for lead in answer.json()["leads"]]

    assert listed("") == ["cy", "bo", "ana"]
    assert listed("sort=score") == ["ana", "bo", "cy"]
    assert listed("sort=score&direction=asc") == ["bo", "ana", "cy"]
    assert listed("sort=company&direction=asc&limit=2") == ["ana", "bo"]
    assert listed("limit=1&offset=1") == ["bo"]
    assert listed("search=LIMA%20acme") == ["ana"]
    assert listed("search=100%25") == ["bo"]
    assert listed("search=_") == []
    page = three.get("/api/leads?limit=1&sort=score", headers=reader).json()
    assert (page["total"], page["leads"][0]["qualification_score"], page["leads"][0]["priority"]) == (3, 90, "HIGH")
    totals = [
        three.get(f"/api/leads?limit=1&search=.com%20a&offset={past}", headers=reader).json()["total"]
        for past in (0, 9)
    ]
    assert totals == [2, 2]


def test_a_lead_is_shown_with_whose_word_each_value_is(three: TestClient, key_for: KeyFor) -> None:
    people.publish_calls([a_call("one", lead_id="ana@acme.com", company_id="acme.com", minutes=30.0)])
    people.publish_leads([a_lead("ana@acme.com", NOON + DAY, source="apollo", country="US", confidence=0.8)])
    signals.claim("ana", "pipe0", [Priced("acme.com", "news_summary", 0.1)], now(), Ceilings(9, 9, 9))
    missed = Bought(Wanted("acme.com", "news_summary"), None, None, 0.1, "no news", now() + DAY)
    signals.keep("ana", [missed], now())
    shown = three.get("/api/leads/ana@acme.com", headers=key_for("read")).json()
    assert (shown["known"]["job_title"]["value"], shown["known"]["job_title"]["source"]) == ("CTO", "crm")
    assert (shown["known"]["country"]["source"], shown["known"]["country"]["confidence"]) == ("apollo", 0.8)
    assert shown["company"]["name"]["value"] == "Acme"
    assert [(one["signal"], one["found"], one["reason"]) for one in shown["signals"]] == [
        ("news_summary", False, "no news")
    ]
    assert [(call["call_id"], call["minutes"]) for call in shown["calls"]] == [("fellow:one", 30.0)]
    assert shown["prediction"]["qualification_score"] == 90


def test_a_signal_that_expired_is_given_and_marked_as_such(three: TestClient, key_for: KeyFor) -> None:
    tech, news = Wanted("acme.com", "tech_stack"), Wanted("ana@acme.com", "news_summary")
    signals.claim("w", "pipe0", [Priced(*asdict(one).values(), 0.1) for one in (tech, news)], NOON, Ceilings(9, 9, 9))
    old, young = ({"names": ["Twilio"]}, NOON + DAY), ({"summary": "They grow"}, now() + DAY)
    signals.keep(
        "w", [Bought(tech, old[0], 0.9, 0.1, None, old[1]), Bought(news, young[0], 0.9, 0.1, None, young[1])], NOON
    )
    shown = three.get("/api/leads/ana@acme.com", headers=key_for("read")).json()["signals"]
    assert [(one["signal"], one["expired"], one["found"], one["value"]) for one in shown] == [
        ("news_summary", False, True, {"summary": "They grow"}), ("tech_stack", True, True, {"names": ["Twilio"]}),
    ]  # fmt: skip


def test_a_lead_that_is_not_there_is_not_found(three: TestClient, key_for: KeyFor) -> None:
    assert three.get("/api/leads/nobody", headers=key_for("read")).status_code == 404
    assert three.post("/api/leads/nobody/enrich", headers=key_for("write")).status_code == 404


def test_the_export_has_every_lead_once_and_no_formula(
    three: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from database import lead_pages

    monkeypatch.setattr(lead_pages, "AT_ONCE", 2)
    reader = key_for("read")
    rows = list(csv.DictReader(StringIO(three.get("/api/leads/export", headers=reader).text)))
    assert [(row["lead_id"], row["name"], row["qualification_score"]) for row in rows] == [
        ("ana@acme.com", "Ana Lima", "90"), ("bo@globex.com", "'=Bo()", "50"), ("cy@gmail.com", "Cy", ""),
    ]  # fmt: skip
    lines = three.get("/api/leads/export?format=jsonl", headers=reader)
    assert (len(lines.text.splitlines()), lines.headers["Content-Type"]) == (3, "application/x-ndjson")
    assert lines.headers["Content-Disposition"] == 'attachment; filename="leads.jsonl"'


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for buying: notes the batch."""
    batches: list[str] = []
    monkeypatch.setattr(enriching, "_work", batches.append)
    return batches


def test_enriching_on_demand_queues_the_lead_and_its_company_first_and_works_on_them_at_once(
    three: TestClient, key_for: KeyFor, works: list[str]
) -> None:
    answer = three.post("/api/leads/ana@acme.com/enrich?wait=5", headers=key_for("write"))
    assert (answer.status_code, answer.json()) == (
        200, {"state": "done", "lead_id": "ana@acme.com", "signals": []},
    )  # fmt: skip
    taken = [one for _ in range(2) for one in queue.take("worker", 10, now(), batch=works[0])]
    assert sorted((one.subject_id, one.priority) for one in taken) == [("acme.com", 100), ("ana@acme.com", 100)]
    assert three.post("/api/leads/ana@acme.com/enrich", headers=key_for("read")).status_code == 403


def test_a_lead_whose_enriching_fails_stays_in_the_queue(
    three: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from enrichment import worker

    def work(*_: object) -> None:
        raise OSError("the vendor's client is broken")

    monkeypatch.setattr(worker, "work", work)
    enriching.enrich_now("cy@gmail.com", None, NOON).result(timeout=5)
    assert queue.waiting("lead") == ["cy@gmail.com"]
    assert "enriching a lead through the API failed" in caplog.text


def test_who_does_not_wait_is_told_that_it_goes_on(
    three: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: Future[None] = Future()

    def begin(lead_id: str, company_id: str | None, at: datetime) -> Any:
        return under_way

    monkeypatch.setattr(enriching, "enrich_now", begin)
    answer = three.post("/api/leads/ana@acme.com/enrich", headers=key_for("write"))
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


def test_lists_and_exports_leave_the_threads_that_scoring_takes_alone(
    three: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from database import lead_pages

    at_work: list[int] = []
    most: list[int] = []
    listed = lead_pages.page_of_leads

    def slowly(*asked: Any) -> Any:
        at_work.append(1)
        most.append(len(at_work))
        sleep(0.02)
        at_work.pop()
        return listed(*asked)

    monkeypatch.setattr(lead_pages, "page_of_leads", slowly)
    monkeypatch.setattr(lead_export, "all_leads", lambda: iter([slowly("", "score", True, 3, 0).leads]))
    reader = key_for("read")
    with three, ThreadPoolExecutor(10) as many:
        paths = ["/api/leads?sort=score", "/api/leads/export"] * 5
        answers = list(many.map(lambda path: three.get(path, headers=reader).status_code, paths))
    assert (answers, max(most)) == ([200] * 10, 2)


def test_what_the_database_notes_for_itself_is_not_shown(three: TestClient, key_for: KeyFor) -> None:
    shown = three.get("/api/leads/ana@acme.com", headers=key_for("read")).json()["prediction"]
    assert ("predicted_at" in shown, "landed_at" in shown) == (True, False)
