"""Deals and calls of a CRM train without a mapping: won, lost and open are told apart, and leaks left out."""

from datetime import datetime
from pathlib import Path

import pytest

from intake.mapping import OutcomeColumn, load_mapping
from intake.recognition import mapping_text
from ringback.errors import BadMapping
from tests.intake.reading import read_calls, recognised

OPPORTUNITIES = (
    "Id,Name,AccountId,StageName,Amount,Probability,CloseDate,IsClosed,IsWon,Type,CreatedDate,LastModifiedDate\n"
    "0065g00000AbCdEAAV,One,0015g00000AbCdE,Signed,10,100,2026-02-01,true,true,New,2026-01-01,2026-02-02\n"
    "0065g00000AbCdF,Two,0015g00000AbCdE,Gone,10,0,2026-02-02,true,false,New,2026-01-02,2026-02-02\n"
    "0065g00000AbCdG,Three,0015g00000AbCdE,Talking,10,50,2026-09-02,false,false,New,2026-01-03,2026-02-02\n"
)
DEALS = (
    "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Deal owner,Associated Company,Is Closed Won,"
    "Is closed lost\n"
    "1,One,Signed,Sales,$10,2026-02-01 09:30,2026-01-01 09:30,Bo,Acme,true,false\n"
    "2,Two,Gone,Sales,$10,2026-02-02 09:30,2026-01-02 09:30,Bo,Acme,false,true\n"
    "3,Three,Talking,Sales,$10,,2026-01-03 09:30,Bo,Acme,false,false\n"
)


@pytest.mark.parametrize("text", [OPPORTUNITIES, DEALS], ids=["Salesforce", "HubSpot"])
def test_won_lost_and_open_are_told_apart_whatever_the_stages_are_called(text: str) -> None:
    found = read_calls(text)
    assert (len(found.calls), [outcome.happened for outcome in found.outcomes]) == (3, [True, False])
    assert [outcome.known_at.date() for outcome in found.outcomes] == [
        datetime(2026, 2, 1).date(), datetime(2026, 2, 2).date(),
    ]  # fmt: skip


def test_salesforces_deals_say_by_two_columns_how_they_ended() -> None:
    found = recognised(OPPORTUNITIES, "calls").mapping
    assert found.outcomes["progression"] == OutcomeColumn(
        column="IsWon", positive=["true"], negative=["false"], closed="IsClosed", known_at="CloseDate"
    )
    assert set(found.exclude) == {"StageName", "Amount", "Probability", "LastModifiedDate"}
    assert found.custom == {"AccountId": "category", "Type": "category"}


@pytest.mark.parametrize("text", [OPPORTUNITIES, DEALS], ids=["Salesforce", "HubSpot"])
def test_the_suggested_mapping_reproduces_the_recognition(text: str, tmp_path: Path) -> None:
    found = recognised(text, "calls")
    (tmp_path / "calls.toml").write_text(mapping_text(found))
    assert load_mapping(tmp_path / "calls.toml") == found.mapping


def test_the_form_of_dates_is_found_for_columns_that_a_mapping_names() -> None:
    text = "nr,day,result,decided,born\n1,13/01/2026,won,14.02.2026,1990-01-01\n2,01/02/2026,lost,01.03.2026,\n"
    outcome = {"column": "result", "positive": ["won"], "negative": ["lost"], "known_at": "decided"}
    found = read_calls(
        text, columns={"id": "nr", "called_at": "day"}, outcomes={"progression": outcome}, custom={"born": "date"}
    )
    assert [call.called_at for call in found.calls] == [datetime(2026, 1, 13), datetime(2026, 2, 1)]
    assert [one.known_at for one in found.outcomes] == [datetime(2026, 2, 14), datetime(2026, 3, 1)]


def test_ids_of_15_and_18_characters_are_one() -> None:
    assert read_calls(OPPORTUNITIES).calls[0].call_id == "salesforce:0065g00000AbCdE"


def test_hubspots_stages_by_their_internal_names_are_understood() -> None:
    text = (
        "hs_object_id,dealname,dealstage,createdate,closedate\n"
        "1,One,closedwon,2026-01-01,2026-02-01\n"
        "2,Two,closedlost,2026-01-01,2026-02-01\n"
        "3,Three,contractsent,2026-01-01,\n"
    )
    found = read_calls(text)
    assert ([one.happened for one in found.outcomes], found.calls[0].source) == ([True, False], "hubspot")


def test_not_won_alone_is_not_lost() -> None:
    text = "Deal ID,Create Date,Is Closed Won\n1,2026-01-01,true\n2,2026-01-01,false\n"
    assert [one.happened for one in read_calls(text).outcomes] == [True]
    assert any("tells wins but not losses" in doubt for doubt in recognised(text, "calls").doubts)


def test_a_decided_deal_without_its_time_is_rejected_with_the_reason() -> None:
    found = read_calls(DEALS.replace("2026-02-02 09:30", ""))
    assert [(one.field, one.reason) for one in found.rejected] == [
        ("Close Date", "is empty, although the outcome is 'Is closed lost: true': when was it known?")
    ]


def test_a_guess_about_when_the_outcome_was_known_is_said() -> None:
    found = recognised("call_id,called_at,y\n1,2026-01-01,yes\n2,2026-01-01,no\n", "calls")
    assert found.mapping.outcomes["progression"].known_after_days == 1
    assert any("known_after_days" in doubt for doubt in found.doubts)


def test_a_partial_mapping_says_only_what_is_not_recognised_rightly() -> None:
    text = "call_id,called_at,y,tone\n1,2026-01-01,yes,1\n2,2026-01-01,no,2\n"
    outcome = {"column": "y", "positive": ["yes"], "negative": ["no"], "known_after_days": 0.5}
    found = recognised(text, "calls", source="bank", outcomes={"progression": outcome}, custom={"tone": "category"})
    assert (found.mapping.source, found.mapping.columns) == ("bank", {"id": "call_id", "called_at": "called_at"})
    assert found.mapping.outcomes["progression"].known_after_days == 0.5
    assert found.mapping.custom == {"tone": "category"}


def test_calls_with_dates_that_can_be_read_in_two_ways_are_asked_about() -> None:
    text = "call_id,call date,y\n1,03/04/2026,yes\n2,01/02/2026,no\n"
    with pytest.raises(BadMapping, match="'call date' \\(called_at\\) has dates such as 03/04/2026"):
        recognised(text, "calls")
    assert read_calls(text, order="day-first").calls[0].called_at == datetime(2026, 4, 3)
