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


def test_companies_whose_website_is_a_page_or_a_mailbox_of_others_stay_apart() -> None:
    text = (
        "Deal ID,Create Date,Company,Website,Deal Stage,Close Date\n"
        "1,2025-01-01,Bakery A,https://www.facebook.com/bakerya,Closed Won,2025-01-05\n"
        "2,2025-02-01,Garage B,https://www.facebook.com/garageb,Closed Lost,2025-02-05\n"
        "3,2025-03-01,Florist C,gmail.com,Closed Won,2025-03-05\n"
    )
    assert [call.company_id for call in read_calls(text).calls] == ["name:bakery-a", "name:garage-b", "name:florist-c"]


@pytest.mark.parametrize(
    ("stages", "ends"),
    [
        (("Closed Lost", "Closed Lost"), [False, False]),
        (("closedlost", "Negotiation"), [False]),
        (("CLOSED LOST", "closed won", "Closed - Lost"), [False, True, False]),
        (("No Decision", "Disqualified", "Qualified"), [False, False]),
        (("Verloren", "Gewonnen", "Verhandlung"), [False, True]),
        (("Lost to competitor", "Rejected"), [False, False]),
        (("Won", "Rejected"), [True, False]),
    ],
)
def test_the_usual_words_of_stages_tell_won_and_lost_also_where_nobody_won(
    stages: tuple[str, ...], ends: list[bool]
) -> None:
    rows = "".join(f"{n},2026-01-0{n},{stage},2026-02-0{n}\n" for n, stage in enumerate(stages, 1))
    text = f"Deal ID,Create Date,Deal Stage,Close Date\n{rows}"
    assert [one.happened for one in read_calls(text).outcomes] == ends
    doubts = [one for one in recognised(text, "calls").doubts if "says that a call ended well" in one]
    assert len(doubts) == (not any(ends))


def test_a_call_that_failed_to_go_through_is_no_lost_deal() -> None:
    text = "Call ID,Call Date,Status\n1,2026-01-01,Completed\n2,2026-01-01,Failed\n3,2026-01-01,Canceled\n"
    assert recognised(text, "calls").mapping.outcomes == {}


def test_a_file_in_which_nothing_is_won_yet_says_of_no_deal_that_it_is_lost() -> None:
    text = "Deal ID,Create Date,Is Closed Won\n1,2026-01-01,false\n2,2026-01-01,false\n"
    assert (read_calls(text).outcomes, recognised(text, "calls").mapping.outcomes) == ([], {})


@pytest.mark.parametrize(
    ("created", "closed", "says"),
    [
        (("45658.5", "45660"), ("45659", "45661,25"), "Excel's days"),
        (("1735732800", "1735812345"), ("1735776000", "1735905600"), "seconds since 1970"),
    ],
)
def test_dates_that_excel_or_unix_wrote_as_numbers_are_read_and_said(
    created: tuple[str, str], closed: tuple[str, str], says: str, tmp_path: Path
) -> None:
    rows = "".join(f'{n};"{created[n]}";Closed Won;"{closed[n]}"\n' for n in (0, 1))
    text = f"Deal ID;Create Date;Deal Stage;Close Date\n{rows}"
    found = read_calls(text)
    assert (found.calls[0].called_at, found.outcomes[0].known_at) == (datetime(2025, 1, 1, 12), datetime(2025, 1, 2))
    kept = recognised(text, "calls")
    assert sum(says in doubt for doubt in kept.doubts) == 2
    (tmp_path / "calls.toml").write_text(mapping_text(kept))
    assert load_mapping(tmp_path / "calls.toml") == kept.mapping


def test_numbers_of_which_one_is_no_date_are_none() -> None:
    with pytest.raises(BadMapping, match="'Create Date' is named so, but no one form of dates fits"):
        recognised("Deal ID,Create Date\n1,45658.5\n2,7\n", "calls")
