"""Scores over HTTP: by a real compiled engine on a real database, logged before they are told, and refused in words."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.serving import serving
from database.people import publish_companies, publish_leads
from database.promotions import Promotion, promote
from database.session import reading
from ringback.clock import now
from ringback.records import Target
from scoring.engine import compiled
from scoring.log import bring_in
from scoring.service import Service
from tests.factories import a_lead, company_facts
from tests.scoring.leads import leads_of_every_kind, wide_model
from tests.scoring.test_lead import CUSTOMERS

KeyFor = Callable[..., dict[str, str]]
JSON = {"content-type": "application/json"}
TARGETS: tuple[Target, ...] = ("progression", "voice_ai")


def champion(target: Target, version: str, at: Any = None) -> None:
    """Make a version champion, compiled and in the ledger."""
    compiled(replace(wide_model(target), version=version))
    promote(Promotion(target, at or now(), version, "blend", "better on later calls", {}))


@pytest.fixture
def service(client: TestClient) -> Iterator[TestClient]:
    """A running service with a champion of each target."""
    for target in TARGETS:
        champion(target, "1")
    with client:
        yield client


@pytest.fixture
def scorer(key_for: KeyFor) -> dict[str, str]:
    return key_for("score")


def predictions() -> list[Any]:
    bring_in()
    with reading() as connection:
        return list(connection.execute(text("SELECT * FROM predictions ORDER BY predicted_at, prediction_id")))


def test_the_customer_s_request_is_answered_and_the_answer_is_kept(service: TestClient, scorer: dict[str, str]) -> None:
    answer = service.post("/score", json=CUSTOMERS, headers=scorer | {"X-Request-ID": "r1"})
    told = answer.json()
    assert (answer.status_code, told["company_name"], told["lead_id"]) == (200, "Acme Corp", "company:acme.com")
    assert (told["answered_by"], told["models"], told["cached"]) == (
        "champion", {"progression": "1", "voice_ai": "1"}, False,
    )  # fmt: skip
    assert told["base_points"] + sum(one["points"] for one in told["contributions"]) == pytest.approx(told["points"])
    assert told["predicted_at"].endswith("Z")
    parts = [part.split(";dur=") for part in answer.headers["Server-Timing"].split(", ")]
    assert {"parse", "features", "predict", "explain", "log", "reply"} <= {name for name, _ in parts}
    assert all(float(milliseconds) >= 0 for _, milliseconds in parts)
    (kept,) = predictions()
    assert (kept.prediction_id, kept.source, kept.points, kept.qualification_score) == (
        told["prediction_id"], "api", told["points"], told["qualification_score"],
    )  # fmt: skip


def test_the_same_question_is_answered_the_same_for_five_minutes_and_kept_once(
    service: TestClient, scorer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(**lead: Any) -> tuple[str, bool]:
        told = service.post("/score", json=CUSTOMERS | lead, headers=scorer).json()
        return told["prediction_id"], told["cached"]

    first, was_cached = ask()
    assert (was_cached, ask(), ask(urgency_level=3)[1]) == (False, (first, True), False)
    without = service.post("/score?explain=false", json=CUSTOMERS, headers=scorer).json()
    assert (without["cached"], without["reasons"], without["base_points"]) == (False, [], None)
    assert len(predictions()) == 3
    from time import monotonic

    replies = serving().replies
    monkeypatch.setattr(replies, "_clock", lambda: monotonic() + 301)
    second, was_cached = ask()
    assert (was_cached, second != first, len(predictions())) == (False, True, 4)
    monkeypatch.undo()


def test_a_new_champion_answers_the_same_question_anew(service: TestClient, scorer: dict[str, str]) -> None:
    first = service.post("/score", json=CUSTOMERS, headers=scorer).json()
    champion("progression", "2")
    service.portal.call(serving().follow)  # type: ignore[union-attr]
    second = service.post("/score", json=CUSTOMERS, headers=scorer).json()
    assert (second["cached"], second["models"]["progression"]) == (False, "2")
    assert second["prediction_id"] != first["prediction_id"]


def test_somebody_who_was_not_known_is_answered_anew_once_there_are_new_people(
    service: TestClient, scorer: dict[str, str]
) -> None:
    known, stranger = ({"company_name": "Acme Corp", "email": f"{who}@acme.com"} for who in ("ana", "bo"))
    publish_leads([a_lead("ana@acme.com", company_id=None)])

    def cached() -> list[bool]:
        service.portal.call(serving().follow)  # type: ignore[union-attr]
        told = [service.post("/score", json=lead, headers=scorer).json() for lead in (known, stranger)]
        return [one["cached"] for one in told]

    assert [cached(), cached()] == [[False, False], [True, True]]
    publish_leads([a_lead("bo@acme.com", company_id=None)])
    assert cached() == [True, False]


def test_a_hundred_leads_are_answered_in_their_order_as_each_would_be_alone(
    service: TestClient, scorer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "api.routers.score.now", lambda: datetime(2027, 3, 18, 12)
    )  # some features count days until now
    leads = [lead | {"company_name": f"c{n}"} for n, lead in enumerate(leads_of_every_kind(100, seed=21))]
    answer = service.post("/score/batch", json={"leads": leads}, headers=scorer)
    told = answer.json()["results"]
    assert [one["company_name"] for one in told] == [f"c{n}" for n in range(100)]
    assert "score;dur=" in answer.headers["Server-Timing"]
    alone = service.post("/score", json=leads[7], headers=scorer).json()
    once = ("prediction_id", "predicted_at")
    assert {n: v for n, v in told[7].items() if n not in once} == {n: v for n, v in alone.items() if n not in once}
    assert len(predictions()) == 101


@pytest.mark.parametrize("leads", [[], [{"company_name": "A"}] * 101])
def test_a_batch_holds_one_to_a_hundred_leads(leads: list[Any], service: TestClient, scorer: dict[str, str]) -> None:
    answer = service.post("/score/batch", json={"leads": leads}, headers=scorer)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "leads")


def test_of_a_batch_with_one_wrong_lead_nothing_is_answered_and_the_place_is_named(
    service: TestClient, scorer: dict[str, str]
) -> None:
    answer = service.post(
        "/score/batch", json={"leads": [{"company_name": "A"}, {"company_name": "B", "minutes": True}]}, headers=scorer
    )
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "leads.1.minutes")
    assert predictions() == []


HOSTILE = [
    (b"", 400, "body"), (b"null", 422, "body"), (b"[]", 422, "body"), (b'"x"', 422, "body"), (b"{", 400, "body"),
    (b"[" * 50_000, 400, "body"), (b'{"a":' * 50_000, 400, "body"), (b'{"company_name":"a"}x', 400, "body"),
    ('{"company_name":"a"}'.encode("utf-16"), 400, "body"), (b'{"company_name":"\xff"}', 400, "body"),
    (b'{"company_name":"\\ud800"}', 400, "body"), (b'{"company_name":"a","x":"\\udc00"}', 400, "body"),
    (b'{"company_name":"a\\u0000"}', 422, "company_name"), (b'{"company_name":" "}', 422, "company_name"),
    (b"{}", 422, "company_name"), (b'{"company_name":null}', 422, "company_name"),
    (b'{"company_name":7}', 422, "company_name"), (b'{"company_name":"' + b"a" * 501 + b'"}', 422, "company_name"),
    (b'{"company_name":"a","sentiment":NaN}', 422, "sentiment"), (b'{"company_name":"a","x":Infinity}', 422, "x"),
    (b'{"company_name":"a","x":1e999}', 422, "x"), (b'{"company_name":"a","x":' + b"9" * 400 + b"}", 422, "x"),
    (b'{"company_name":"a","x":' + b"9" * 5_000 + b"}", 400, "body"),
    (b'{"company_name":"a","headcount_growth":true}', 422, "headcount_growth"),
    (b'{"company_name":"a","employees":"about 3"}', 422, "employees"),
    (b'{"company_name":"a","leads":[1]}', 422, "leads"), (b'{"company_name":"a","x":{"y":1}}', 422, "x"),
    (b'{"company_name":"a","email":"no address"}', 422, "email"),
    (b'{"company_name":"a","technologies":"AWS"}', 422, "technologies"),
    (b'{"company_name":"a","' + b"n" * 101 + b'":1}', 422, "body"),
]  # fmt: skip


def test_a_company_without_a_name_is_told_in_words(service: TestClient, scorer: dict[str, str]) -> None:
    answer = service.post("/score", json={"company_name": ""}, headers=scorer)
    assert answer.json()["error"]["message"] == "company_name: must say something"


def test_a_body_that_cannot_be_scored_is_refused_naming_what_is_wrong(
    service: TestClient, scorer: dict[str, str]
) -> None:
    refused = []
    for body, *_ in HOSTILE:
        answer = service.post("/score", content=body, headers=scorer | JSON)
        error = answer.json()["error"]
        assert len(error["message"]) < 1_000, body[:60]
        refused.append((body, answer.status_code, error.get("field")))
    assert refused == [(body, status, field) for body, status, field in HOSTILE]
    assert predictions() == []


@pytest.mark.parametrize("path", ["/score", "/score/batch"])
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""]
)
def test_what_does_not_say_that_it_is_json_is_refused(
    path: str, kind: str, service: TestClient, scorer: dict[str, str]
) -> None:
    answer = service.post(path, content=b'{"company_name":"a"}', headers=scorer | {"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["field"]) == (415, "Content-Type")


def test_a_body_that_is_too_large_is_refused(service: TestClient, scorer: dict[str, str]) -> None:
    answer = service.post("/score", content=b'{"company_name":"a","x":"' + b"a" * 2_000_000, headers=scorer | JSON)
    assert answer.status_code == 413


def test_a_known_lead_is_answered_with_what_is_stored_of_it(service: TestClient, scorer: dict[str, str]) -> None:
    publish_companies([company_facts("acme.com", industry="Healthcare", employees=900.0)])
    publish_leads([a_lead("ana@acme.com", company_id="acme.com", job_title="CTO")])
    service.portal.call(serving().follow)  # type: ignore[union-attr]
    unknown = service.post("/score", json={"company_name": "x", "email": "a@b.org"}, headers=scorer).json()
    for said in ({"email": "Ana@Acme.com"}, {"lead_id": "ana@acme.com"}):
        told = service.post("/score", json={"company_name": "x"} | said, headers=scorer).json()
        assert (told["lead_id"], {"industry", "employees", "seniority"} & set(told["missing"])) == (
            "ana@acme.com",
            set(),
        )
    assert {"industry", "employees", "seniority"} <= set(unknown["missing"])


def test_without_a_model_the_rules_answer_are_marked_and_counted(client: TestClient, key_for: KeyFor) -> None:
    both = key_for("score", "read")

    def fallbacks() -> float:
        lines = client.get("/metrics", headers=both).text.splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("ringback_fallbacks_total ")))

    with client:
        before = fallbacks()
        told = client.post("/score", json=CUSTOMERS, headers=both).json()
        assert (told["answered_by"], told["models"]) == ("rules", {"progression": "rules", "voice_ai": "rules"})
        assert (told["points"], told["contributions"]) == (told["base_points"], [])
        assert (fallbacks() - before, client.get("/health").json()) == (1.0, {"status": "ok"})


def test_a_share_of_leads_gets_the_challenger_who_is_noted_beside_the_others(
    client: TestClient, scorer: dict[str, str], configured: Callable[..., None]
) -> None:
    from database.serving import publish_challenger

    configured(challenger_share="0.5")
    champion("progression", "1")
    compiled(replace(wide_model(), version="2"))
    publish_challenger("progression", "2", now())
    leads = [{"company_name": f"c{n}", "call_id": f"call {n}"} for n in range(60)]
    with client:
        first, again = (
            [client.post("/score", json=lead, headers=scorer).json()["answered_by"] for lead in leads]
            for leads in (leads, [lead | {"minutes": 5} for lead in leads])
        )
        assert (first == again, 15 < first.count("challenger") < 45, set(first)) == (
            True, True, {"champion", "challenger"},
        )  # fmt: skip
        kept = predictions()
    assert {row.challenger is not None for row in kept} == {True}
    with reading() as connection:
        pairs = set(connection.execute(text("SELECT champion_version, challenger_version FROM shadow_answers")))
    assert pairs == {("1", "2")}


def test_an_answer_that_cannot_be_logged_is_not_given(
    service: TestClient, scorer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 2]))
        answers = [
            service.post("/score", json=CUSTOMERS, headers=scorer),
            service.post("/score/batch", json={"leads": [CUSTOMERS]}, headers=scorer),
        ]
    assert [answer.status_code for answer in answers] == [503, 503]
    told = service.post("/score", json=CUSTOMERS, headers=scorer).json()
    assert (told["cached"], [row.prediction_id for row in predictions()]) == (False, [told["prediction_id"]])


def test_nobody_waits_for_the_reading_of_somebody_else_s_transcript(
    service: TestClient, scorer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_the_loop() -> int:
        return get_ident()

    threads: list[int] = []
    score = Service.score
    monkeypatch.setattr(Service, "score", lambda *asked, **more: threads.append(get_ident()) or score(*asked, **more))
    for words in ("short", "A: we talked at length\n" * 2_000):
        service.post("/score", json=CUSTOMERS | {"transcript": words}, headers=scorer)
    loop = service.portal.call(in_the_loop)  # type: ignore[union-attr]
    assert [thread == loop for thread in threads] == [True, False]


def test_requests_that_began_with_a_model_end_with_it(
    service: TestClient, scorer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    began = serving().service
    score = Service.score

    def changed_meanwhile(self: Service, *asked: Any, **more: Any) -> Any:
        serving().service = replace(began, champions=replace(began.champions, progression=None))
        return score(self, *asked, **more)

    monkeypatch.setattr(Service, "score", changed_meanwhile)
    told = service.post("/score/batch", json={"leads": [CUSTOMERS] * 3}, headers=scorer).json()["results"]
    assert [one["models"]["progression"] for one in told] == ["1", "1", "1"]


@pytest.mark.parametrize("roles", [("read",), ()])
def test_scoring_needs_its_role(roles: tuple[str, ...], client: TestClient, key_for: KeyFor) -> None:
    headers = key_for(*roles) if roles else {}
    statuses = [client.post(path, json=CUSTOMERS, headers=headers).status_code for path in ("/score", "/score/batch")]
    assert statuses == ([403, 403] if roles else [401, 401])


def test_a_batch_counts_as_many_requests_as_it_has_leads_and_is_refused_whole_where_they_do_not_fit(
    service: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # not a moment that is past: the service forgets beside its requests what was used in minutes long past
    monkeypatch.setattr("api.shell.now", lambda: datetime(2126, 3, 18, 12))
    scorer = key_for("score", per_minute=10)
    some = {"leads": [CUSTOMERS] * 4}
    answers = [service.post("/score/batch", json=some, headers=scorer) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["6", "2", "1"]
    assert answers[2].json()["error"]["message"] == (
        "A request that counts 4 times does not fit: of the 10 a minute that this key may ask 1 are left; "
        "the next minute begins in 60 s."
    )
    assert len(predictions()) == 8
