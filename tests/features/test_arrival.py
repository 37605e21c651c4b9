"""What vendors send reaches the features: who of a call's speakers are ours, and the signals that enrichment bought."""

from json import dumps
from math import log, log1p
from typing import Any

import pytest

from database.wanted import Known, Wanted
from enrichment.publish import facts_of, posts_of
from features import build
from features.snapshots import snapshots_as_of
from intake.identity import own_among
from intake.meetings import call_of
from ringback.records import Call, Value
from tests.factories import DAY, NOON, a_call
from warehouse.connect import writing
from warehouse.landing import land_calls, land_company_facts, land_lead_facts

OWN = ("us.example",)
ATTENDEES = ("bo@us.example", "ana.lopez@acme.com")


def meeting(segments: list[tuple[str | None, str]], assignees: list[dict[str, str]] | None = None) -> Call:
    recording: dict[str, Any] = {
        "id": "one", "started_at": "2026-03-18T12:00:00Z",
        "transcript": {"speech_segments": [{"speaker": who, "text": text} for who, text in segments]},
        "ai_notes": [{"sections": [{"content": [{"text": "Send it", "assignees": assignees or []}]}]}],
    }  # fmt: skip
    note = {"id": "n", "event_attendees": [{"email": one} for one in ATTENDEES]}
    call = call_of(dumps(recording), dumps(note), NOON, OWN)
    assert isinstance(call, Call)
    return call


@pytest.mark.parametrize(
    ("speakers", "emails", "own"),
    [
        (("Bo Berg", "Ana Lopez"), ATTENDEES, ("Bo Berg",)),
        (("Bo Berg", "Ana Lopez"), ("bberg@us.example",), ("Bo Berg",)),
        (("B\u00f6 Berg",), ("bo.berg+calls@mail.us.example",), ("B\u00f6 Berg",)),
        (("Bo Berg", "Bo Larsen"), ATTENDEES, ()),
        (("Bo Berg", "Bo Larsen"), ("bo@us.example", "bo.larsen@acme.com", "bo.berg@us.example"), ("Bo Berg",)),
        (("Bo Berg",), ("bo.berg@us.example", "bo.berg@acme.com"), ()),
        (("Ana Lopez",), (), ()),
        (("???",), ATTENDEES, ()),
    ],
)  # fmt: skip
def test_speakers_are_ours_where_an_address_says_so_without_doubt(
    speakers: tuple[str, ...], emails: tuple[str, ...], own: tuple[str, ...]
) -> None:
    assert own_among(speakers, emails, OWN) == own


def test_addresses_in_the_action_items_say_who_somebody_is() -> None:
    assigned = [{"full_name": "Zed", "email": "z1@us.example"}, {"full_name": "Bo", "email": "bo@acme.com"}]
    assert meeting([("Zed", "Hello"), ("Bo", "Hi"), (None, "Hm")], assigned).own_speakers == ("Zed",)


def test_a_line_break_in_what_somebody_says_makes_nobody_else_speak() -> None:
    assert meeting([("Ana Lopez", "We need\nBo Berg: nothing")]).transcript == "Ana Lopez: We need Bo Berg: nothing"


def test_a_meeting_whose_speakers_cannot_be_told_apart_has_the_fingerprint_that_it_had() -> None:
    known, unknown = meeting([("Bo Berg", "Hello")]), meeting([("Somebody", "Hello")])
    assert (known.own_speakers, unknown.own_speakers) == (("Bo Berg",), ())
    assert len({known.content_hash, unknown.content_hash}) == 2


def found(signal: str, entity_id: str, **value: object) -> Known:
    return Known(Wanted(entity_id, signal), value, 0.9, "pipe0", None, NOON - DAY)


@pytest.mark.usefixtures("home")
def test_bought_signals_and_speakers_reach_the_features() -> None:
    signals = [
        found("news_summary", "acme.com", summary="They raised $5 million. No layoffs are planned."),
        found("web_functions", "acme.com", functions=["ai", "voice_ai"]),
        found("funding", "acme.com", stage="Series A", total_usd=5e6),
    ]
    posts = posts_of(found("linkedin_posts", "one@acme.com", posts=["We're hiring!", "Chatbots everywhere."]))
    assert posts is not None
    with writing() as warehouse:
        land_calls(warehouse, [a_call(company_id="acme.com", transcript="Bo: SMS\nAna: IVR", own_speakers=("Bo",))])
        land_company_facts(warehouse, [facts for one in signals if (facts := facts_of(one))])
        land_lead_facts(warehouse, [posts])
    (snapshot,) = snapshots_as_of(NOON + DAY)
    row = build(snapshot)
    expected: dict[str, Value] = {
        "news_growth": log(2), "news_setbacks": 0.0, "web_ai": 2.0, "total_funding": log1p(5e6),
        "funding_stage": "series a", "posts_growth": log(2), "ai_talk": log(2), "mentions_messaging": 0.0,
        "mentions_voice": log(2), "talk_share": 0.5,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_other_signals_are_no_posts() -> None:
    assert posts_of(found("contact", "one@acme.com", job_title="CTO")) is None
