"""Files of leads come in over HTTP as at the command line: recognised; what cannot be read is set aside, with why."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from database import campaigns
from database.people import leads_by_id
from flows.ingest_calls import take_delivered_files
from ringback.clock import now
from tests.campaigns.enrolling import a_campaign
from warehouse.connect import reading, rows

KeyFor = Callable[..., dict[str, str]]
CONTACTS = """Record ID,First Name,Last Name,Email,Company name,Last Modified Date,Segment
101,Ana,Lima,ana@acme.com,Acme,2026-03-01 09:30,smb
102,Bo,Ek,bo at globex,Globex,2026-03-02 09:30,ent
103,,,,,2026-03-02 09:30,ent
"""
PATH = "/api/leads/import"
CSV = {"Content-Type": "text/csv"}


def test_a_file_is_recognised_and_what_cannot_be_read_is_set_aside(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    first = client.post(PATH, content=CONTACTS, headers=writer | CSV).json()
    again = client.post(PATH, content=CONTACTS, headers=writer | CSV).json()
    assert {name: first[name] for name in ("rows", "kept", "new", "joined", "set_aside")} == {
        "rows": 3, "kept": 2, "new": 2, "joined": None, "set_aside": 1,
    }  # fmt: skip
    assert (first["columns"]["email"], first["custom"]) == ("Email", {"Segment": "category"})
    assert [one["row"] for one in first["rows_set_aside"]] == ["103"]
    assert sum(first["reasons"].values()) == 1
    assert "is no e-mail address" in first["values_left_out"][0]["reason"]
    assert (again["new"], again["set_aside"]) == (0, 1)
    assert client.get("/api/leads/ana@acme.com", headers=writer).json()["known"]["name"]["value"] == "Ana Lima"


def test_the_next_ingest_takes_the_file_to_the_warehouse_once(client: TestClient, key_for: KeyFor) -> None:
    client.post(PATH, content=CONTACTS, headers=key_for("write") | CSV)
    assert [take_delivered_files.fn(now()) for _ in range(2)] == [2, 0]
    with reading() as warehouse:
        found = rows(warehouse, "SELECT name FROM lead_facts ORDER BY name")
        aside = rows(warehouse, "SELECT external_id FROM quarantine ORDER BY external_id")
    assert [one["name"] for one in found] == ["Ana Lima", "Bo Ek"]
    assert [one["external_id"] for one in aside] == ["102", "103"]


def test_a_list_of_objects_is_a_file_and_joins_a_campaign(client: TestClient, key_for: KeyFor) -> None:
    a_campaign()
    listed = [
        {"email": "ana@acme.com", "company": "Acme", "employees": 50, "technologies": ["AWS", "Twilio"], "vip": True},
        {"email": "bo@globex.com", "name": "Bo Ek", "employees": None},
    ]
    told = client.post(f"{PATH}?campaign=spring&source=fair", json=listed, headers=key_for("write")).json()
    assert (told["rows"], told["new"], told["joined"], told["set_aside"]) == (2, 2, 2, 0)
    assert sorted(campaigns.leads_of("spring")) == ["ana@acme.com", "bo@globex.com"]
    assert {one.source for one in leads_by_id(["ana@acme.com", "bo@globex.com"]).values()} == {"fair"}


def test_a_lead_that_says_a_time_to_come_is_known_at_once_and_joins(client: TestClient, key_for: KeyFor) -> None:
    a_campaign()
    text = "Email,Create Date\nana@acme.com,2031-01-01\n"
    writer = key_for("write")
    told = client.post(f"{PATH}?campaign=spring", content=text, headers=writer | CSV).json()
    assert (told["kept"], told["new"], told["joined"], told["set_aside"]) == (1, 1, 1, 0)
    assert "'2031-01-01' is to come" in told["values_left_out"][0]["reason"]
    assert client.get("/api/leads/ana@acme.com", headers=writer).status_code == 200
    assert take_delivered_files.fn(now()) == 1


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        ("colour,size\nred,1\n", "text/csv", 422, "no column looks like an e-mail address"),
        ("", "text/csv", 422, "has no rows"),
        ("email\na\x00b@acme.com\n", "text/csv", 422, "NUL"),
        ("[", "application/json", 400, "is no JSON"),
        ("[]", "application/json", 422, "is no list of objects"),
        ('[{"email": {"a": 1}}]', "application/json", 422, "0.email is neither a word"),
        ("email\nana@acme.com\n", "text/plain", 415, "text/csv"),
    ],
)
def test_what_is_no_file_of_leads_is_refused(
    body: str, kind: str, status: int, says: str, client: TestClient, key_for: KeyFor
) -> None:
    answer = client.post(PATH, content=body, headers=key_for("write") | {"Content-Type": kind})
    assert (answer.status_code, says in answer.json()["error"]["message"]) == (status, True), answer.text


def test_only_who_may_write_imports_and_only_into_a_campaign_that_is_there(client: TestClient, key_for: KeyFor) -> None:
    assert client.post(PATH, content=CONTACTS, headers=key_for("read") | CSV).status_code == 403
    assert client.post(f"{PATH}?campaign=none", content=CONTACTS, headers=key_for("write") | CSV).status_code == 404
    a_campaign("over", state="archived")
    assert client.post(f"{PATH}?campaign=over", content=CONTACTS, headers=key_for("write") | CSV).status_code == 409
    assert leads_by_id(["ana@acme.com"]) == {}
