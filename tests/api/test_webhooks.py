"""A delivery is verified over its raw bytes, kept once, and only then acknowledged."""

import base64
from collections.abc import Callable
from json import dumps
from typing import Any

import pytest
from starlette.testclient import TestClient

from database import inbox
from tests.api.conftest import SECRET, svix_headers

LEAD = b'{"company_name": "Acme", "email": "ana@acme.com"}'
Configure = Callable[..., None]


@pytest.fixture
def told(configured: Configure, client: TestClient) -> TestClient:
    """An API whose webhooks have their secrets."""
    configured(
        leads_webhook_secret=SECRET, fellow_webhook_secret=f"whsec_{SECRET}", resend_webhook_secret=f"whsec_{SECRET}",
        postmark_webhook_user="me", postmark_webhook_password="word",
    )  # fmt: skip
    return client


def kept() -> list[tuple[str, str, str]]:
    sources = ["leads", "fellow", "resend", "sendgrid", "postmark"]
    from ringback.clock import now

    taken = inbox.take("a test", sources, 100, now())
    return sorted((one.name.source, one.name.delivery_id, one.body) for one in taken)


def test_a_signed_delivery_is_kept_and_the_same_again_is_acknowledged_without_more(told: TestClient) -> None:
    headers = svix_headers(LEAD)
    first, again = (told.post("/webhooks/leads", content=LEAD, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (202, {"state": "kept", "delivery_id": "msg_1"})
    assert (again.status_code, again.json()) == (200, {"state": "known", "delivery_id": "msg_1"})
    assert kept() == [("leads", "msg_1", LEAD.decode())]


@pytest.mark.parametrize("body", [b"[]", b'{"leads": []}'])
def test_a_delivery_without_leads_is_refused(body: bytes, told: TestClient) -> None:
    answer = told.post("/webhooks/leads", content=body, headers=svix_headers(body))
    assert (answer.status_code, "1 to 500 are taken" in answer.json()["error"]["message"]) == (422, True)
    assert kept() == []


@pytest.mark.parametrize("path", ["/webhooks/leads", "/webhooks/fellow", "/webhooks/email"])
def test_what_is_not_signed_with_our_secret_or_long_ago_is_refused(path: str, told: TestClient) -> None:
    other = base64.b64encode(b"another secret").decode()
    for headers in (
        svix_headers(LEAD, secret=other),
        svix_headers(LEAD + b" "),
        svix_headers(LEAD, seconds_ago=301),
        {},
    ):
        answer = told.post(path, content=LEAD, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed")
    assert kept() == []


@pytest.mark.parametrize(
    ("path", "headers", "setting"),
    [
        ("/webhooks/leads", svix_headers(LEAD), "RINGBACK_LEADS_WEBHOOK_SECRET"),
        ("/webhooks/fellow", svix_headers(LEAD), "RINGBACK_FELLOW_WEBHOOK_SECRET"),
        ("/webhooks/email", svix_headers(LEAD), "RINGBACK_RESEND_WEBHOOK_SECRET"),
        ("/webhooks/email", {"x-twilio-email-event-webhook-signature": "x"}, "RINGBACK_SENDGRID_WEBHOOK_KEY"),
        ("/webhooks/email", {"authorization": "Basic x"}, "RINGBACK_POSTMARK_WEBHOOK_USER"),
    ],
)
def test_a_webhook_without_a_secret_takes_nothing_and_says_how_it_is_set_up(
    path: str, headers: dict[str, str], setting: str, client: TestClient
) -> None:
    answer = client.post(path, content=LEAD, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_set_up")
    assert setting in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"email": "ana@acme.com"}, "company_name"),
        ({"company_name": "Acme", "employees": "many"}, "employees"),
        ({"leads": [{"company_name": "Acme"}, {"company_name": ""}]}, "1.company_name"),
        ([{"company_name": "Acme"}] * 501, None),
        ("Acme", "body"),
    ],
)
def test_leads_that_cannot_be_read_are_sent_back_with_the_reason(
    content: Any, field: str | None, told: TestClient
) -> None:
    body = dumps(content).encode()
    answer = told.post("/webhooks/leads", content=body, headers=svix_headers(body))
    assert (answer.status_code, answer.json()["error"].get("field")) == (422, field)
    assert kept() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (5, "body: must be an object"),
        ([5], "0: must be an object"),
        ({"company_name": "Acme", "tags": ["a"]}, "tags: must be a number or a text"),
    ],
)
def test_what_a_lead_must_be_is_said_in_words(content: Any, said: str, told: TestClient) -> None:
    body = dumps(content).encode()
    answer = told.post("/webhooks/leads", content=body, headers=svix_headers(body))
    assert answer.json()["error"]["message"] == said


def test_a_signed_body_that_is_no_json_is_sent_back(told: TestClient) -> None:
    for path in ("/webhooks/leads", "/webhooks/fellow", "/webhooks/email"):
        assert told.post(path, content=b"{torn", headers=svix_headers(b"{torn")).status_code == 422


def test_fellow_s_question_is_answered_by_its_own_word_even_before_there_is_a_secret(client: TestClient) -> None:
    answer = client.post("/webhooks/fellow", json={"type": "url_verification", "challenge": "b2c1"})
    assert (answer.status_code, answer.text) == (200, "b2c1")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for strange in ("x" * 513, "a\nb", 7, None):
        question = {"type": "url_verification", "challenge": strange}
        assert client.post("/webhooks/fellow", json=question).status_code == 403


def test_the_provider_of_a_mail_event_is_told_by_its_headers(told: TestClient) -> None:
    right = {"authorization": f"Basic {base64.b64encode(b'me:word').decode()}"}
    wrong = {"authorization": f"Basic {base64.b64encode(b'me:wrong').decode()}"}
    assert told.post("/webhooks/email", content=b"{}", headers=svix_headers(b"{}", "msg_9")).status_code == 202
    assert [told.post("/webhooks/email", content=b"{}", headers=right).status_code for _ in range(2)] == [202, 200]
    assert told.post("/webhooks/email", content=b"{}", headers=wrong).status_code == 401
    assert [(source, body) for source, _, body in kept()] == [("postmark", "{}"), ("resend", "{}")]
