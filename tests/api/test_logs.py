"""Decisions of other systems over HTTP: all of a request or nothing, in the landing file before the answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ringback.clock import now
from tests.warehouse.test_decisions import RIGHT, WRONG
from warehouse.decisions import land_decisions, landing_folder

KeyFor = Callable[..., dict[str, str]]


def an_entry(**other: Any) -> dict[str, Any]:
    return {
        "log_type": "website_analysis", "session_id": "s1", "timestamp": "2026-03-18T12:00:00Z",
        "decision_reasoning": {"method_used": "crawler", "success": True},
    } | other  # fmt: skip


def landed_lines() -> list[dict[str, Any]]:
    return [json.loads(line) for path in landing_folder().glob("*.jsonl") for line in path.read_bytes().splitlines()]


def test_an_entry_is_in_the_landing_file_when_the_answer_comes(client: TestClient, key_for: KeyFor) -> None:
    answer = client.post("/logs", json=an_entry(further="kept"), headers=key_for("score"))
    assert (answer.status_code, answer.json()) == (202, {"taken": 1, "doubts": []})
    assert landed_lines() == [an_entry(further="kept")]


def test_lists_and_lines_are_taken_too_and_land(client: TestClient, key_for: KeyFor) -> None:
    key = key_for("score")
    sent = [an_entry(entry_id="a"), an_entry(entry_id="b")]
    lines = "\n".join(json.dumps(one) for one in [*sent, an_entry(entry_id="c")])
    answers = [
        client.post("/logs", json=sent, headers=key),
        client.post("/logs", content=lines, headers=key | {"content-type": "application/x-ndjson"}),
    ]
    assert [one.json()["taken"] for one in answers] == [2, 3]
    landed = land_decisions(now())
    assert (landed.lines, landed.kept, landed.duplicates, landed.rejected) == (5, 3, 2, 0)
    client.post("/logs", json=an_entry(entry_id="d"), headers=key)
    assert land_decisions(now()).kept == 1  # what came after the file was landed is in a new one


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"log_type": "mystery"}, "1.log_type"),
        ({"timestamp": "2026-02-30T10:00:00Z"}, "1.timestamp"),
        ({"decision_reasoning": {"method_used": "m", "success": "yes"}}, "1.decision_reasoning.success"),
        ({"training_labels": {"quality_score": 101}}, "1.training_labels.quality_score"),
        ({"input_data": "text"}, "1.input_data"),
        ({"session_id": " "}, "1.session_id"),
    ],
)
def test_one_wrong_entry_names_itself_and_nothing_is_kept(
    wrong: dict[str, Any], place: str, client: TestClient, key_for: KeyFor
) -> None:
    answer = client.post("/logs", json=[an_entry(), an_entry(**wrong)], headers=key_for("score"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, place)
    assert landed_lines() == []


SAID_TO_BE_SET_ASIDE = ("timestamp: is before", "timestamp: lies more than")


@pytest.mark.parametrize("reason", [name for name, one in WRONG.items() if isinstance(one, dict)])
def test_what_a_file_sets_aside_is_refused_or_said_to_be_set_aside(
    reason: str, client: TestClient, key_for: KeyFor
) -> None:
    as_json = key_for("score") | {"content-type": "application/json"}
    answer = client.post("/logs", content=json.dumps(WRONG[reason]), headers=as_json)
    if reason.startswith(SAID_TO_BE_SET_ASIDE):
        assert len(answer.json()["doubts"]) == 1
    else:
        assert answer.status_code in (400, 413, 422)
        assert "pattern" not in answer.text


WORDS = {
    "numbers": an_entry(
        session_id=17, system=2.5, entry_id=1, decision_reasoning={"method_used": 3, "success": True},
        lead_identifier={"name": 1, "company": 2.5},
    ),
    "other letters": an_entry(session_id="株式", decision_reasoning={"method_used": "学習", "success": True}),
    "long words": an_entry(session_id="s" * 3_000, decision_reasoning={"method_used": "m" * 3_000, "success": True}),
    "seconds with an exponent": an_entry(
        decision_reasoning={"method_used": "m", "success": True, "processing_time": "1.5e3"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [*RIGHT, *WORDS])
def test_what_a_file_keeps_is_taken(name: str, client: TestClient, key_for: KeyFor) -> None:
    sent = (RIGHT | WORDS)[name]
    if isinstance(sent, bytes) and len(sent) > 10_000:
        pytest.skip("deeper than any JSON that a request may have")
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    answer = client.post("/logs", content=body, headers=key_for("score") | {"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (202, {"taken": 1, "doubts": []})
    assert land_decisions(now()).kept == 1


@pytest.mark.parametrize("blank", ["", " ", "\u3000\u00a0"])
def test_a_blank_session_is_refused_over_http_as_in_a_file(blank: str, client: TestClient, key_for: KeyFor) -> None:
    sent = an_entry(session_id=blank)
    answer = client.post("/logs", json=sent, headers=key_for("score")).json()
    assert answer["error"]["message"] == (
        "0.session_id: must be a text that is not blank, or a number, such as web_scraper. "
        "Nothing of the request was kept."
    )
    landing_folder().mkdir(parents=True)
    (landing_folder() / "sent.jsonl").write_text(json.dumps(sent) + "\n")
    assert land_decisions(now()).reasons == {"session_id: is empty": 1}


def test_seconds_below_nought_are_told_as_such(client: TestClient, key_for: KeyFor) -> None:
    sent = an_entry(decision_reasoning={"method_used": "m", "success": True, "processing_time": -1})
    answer = client.post("/logs", json=sent, headers=key_for("score")).json()["error"]
    assert (answer["field"], answer["message"]) == (
        "0.decision_reasoning.processing_time",
        "0.decision_reasoning.processing_time: Input should be greater than or equal to 0. "
        "Nothing of the request was kept.",
    )


def test_a_moment_far_off_is_taken_and_said_to_be_set_aside(client: TestClient, key_for: KeyFor) -> None:
    sent = [an_entry(timestamp="2999-01-01T00:00:00Z"), an_entry(), an_entry(timestamp="1999-12-31")]
    answer = client.post("/logs", json=sent, headers=key_for("score")).json()
    assert [(one["entry"], one["because"]) for one in answer["doubts"]] == [
        (0, "lies more than a day ahead"), (2, "is before the year 2000"),
    ]  # fmt: skip
    assert land_decisions(now()).reasons == {
        "timestamp: is before the year 2000": 1, "timestamp: lies more than a day ahead": 1,
    }  # fmt: skip


def test_what_is_not_taken_at_all(client: TestClient, key_for: KeyFor) -> None:
    key = key_for("score")
    as_json = key | {"content-type": "application/json"}
    statuses = {
        "no key": client.post("/logs", json=an_entry()).status_code,
        "another role": client.post("/logs", json=an_entry(), headers=key_for("read")).status_code,
        "too many": client.post("/logs", json=[an_entry()] * 1001, headers=key).status_code,
        "none": client.post("/logs", json=[], headers=key).status_code,
        "no JSON": client.post("/logs", content="{", headers=as_json).status_code,
        "NaN": client.post(
            "/logs", content='{"a":NaN}', headers=key | {"content-type": "application/json"}
        ).status_code,
        "a form": client.post("/logs", content="a=1", headers=key | {"content-type": "text/plain"}).status_code,
    }
    assert statuses == {
        "no key": 401, "another role": 403, "too many": 422, "none": 422, "no JSON": 400, "NaN": 400, "a form": 415,
    }  # fmt: skip
    assert landed_lines() == []


def test_the_line_that_is_no_json_is_named(client: TestClient, key_for: KeyFor) -> None:
    body = json.dumps(an_entry()) + "\n{bad\n"
    answer = client.post("/logs", content=body, headers=key_for("score") | {"content-type": "application/x-ndjson"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Line 2 of the body is no JSON: ")
    assert answer.json()["error"]["message"].endswith("at column 2.")


def test_a_disk_that_takes_nothing_is_said(
    client: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    (home / "landing").mkdir(exist_ok=True)
    (home / "landing" / "decisions").write_text("a file where the folder should be")
    assert client.post("/logs", json=an_entry(), headers=key_for("score")).status_code == 503
