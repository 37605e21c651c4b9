"""A row of somebody's file becomes records, or is set aside with the reason."""

import csv
import gzip
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.files import Read, file_fingerprint, read_file, read_text, rejects_csv
from ringback.errors import BadMapping
from tests.factories import DAY, NOON
from tests.intake.mappings import LEADS, OUTCOMES, a_mapping

HEADER = "id,when,age,job,duration,y"
GOOD = "1,2026-03-01T09:00,40,clerk,60,yes"


def read(*lines: str, header: str = HEADER) -> Read:
    return read_file("\n".join([header, *lines]) + "\n", a_mapping(), NOON)


def age(cell: str) -> object:
    return read(f'1,2026-03-01T09:00,"{cell}",clerk,60,yes').calls[0].custom["age"]


def test_a_row_becomes_a_call_and_its_outcome() -> None:
    found = read(GOOD)
    (call,), (outcome,) = found.calls, found.outcomes
    assert (call.call_id, call.lead_id, call.called_at, call.known_at, call.custom) == (
        "bank:1", "call:bank:1", datetime(2026, 3, 1, 9), datetime(2026, 3, 1, 9), {"age": 40.0, "job": "clerk"},
    )  # fmt: skip
    assert (outcome.happened, outcome.stated, outcome.known_at) == (True, "yes", datetime(2026, 3, 2, 9))
    assert (found.rows, found.rejected) == (1, [])


def test_a_value_that_is_neither_good_nor_bad_is_an_open_case() -> None:
    assert read("1,2026-03-01T09:00,40,clerk,60,maybe").outcomes == []


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",2026-03-01T09:00,40,clerk,60,yes", "id", "is empty, and every row needs it"),
        ("1,,40,clerk,60,yes", "when", "is empty, and every row needs it"),
        (
            "1,yesterday,40,clerk,60,yes", "when",
            "'yesterday' is no moment in the form ISO 8601 (2026-03-18T09:30); set [time] format",
        ),
        ("1,2026-03-01T09:00,old,clerk,60,yes", "age", "'old' is not a number"),
        ("1,2026-03-01T09:00,inf,clerk,60,yes", "age", "'inf' is not a finite number"),
        ("1,2026-03-01T09:00,40", "", "3 cells where the header has 6"),
        ("1,2026-03-01T09:00,40,clerk,60,yes,more", "", "7 cells where the header has 6"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_set_aside_with_the_reason(row: str, column: str, reason: str) -> None:
    found = read(GOOD, row)
    assert [(one.field, one.reason, one.known_at) for one in found.rejected] == [(column, reason, NOON)]
    assert (found.rows, len(found.calls)) == (2, 1)


def test_rejected_rows_come_back_as_a_file_to_mend() -> None:
    rejected = read("1,2026-03-01T09:00,old,clerk,60,yes").rejected
    assert list(csv.DictReader(rejects_csv(rejected).splitlines())) == [
        {"rejected_column": "age", "rejected_because": "'old' is not a number", "id": "1", "when": "2026-03-01T09:00",
         "age": "old", "job": "clerk", "duration": "60", "y": "yes"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1200", 1200.0), ("1,200", 1200.0), ("1,200,300.5", 1200300.5), ("1.200,50", 1200.5), ("3,5", 3.5),
        ("0,125", 0.125), ("-0,125", -0.125), ("$1,200", 1200.0), ("1 200 €", 1200.0),
        ("1\N{NO-BREAK SPACE}200", 1200.0),
        ("1'200", 1200.0), ("12.5 %", 12.5), ("-3", -3.0), ("1e3", 1000.0), ("", None), ("n/a", None), ("NULL", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(cell: str, number: float | None) -> None:
    assert age(cell) == number


@given(st.integers(-(10**12), 10**12), st.integers(0, 99))
def test_a_number_is_the_same_in_english_and_in_german(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert age(english) == age(german) == pytest.approx(float(f"{whole}.{cents:02}"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(delimiter: str) -> None:
    lines = [HEADER.replace(",", delimiter), delimiter.join(["1", "2026-03-01T09:00", '"40"', "clerk", "60", "yes"])]
    found = read_file("\r\n".join(lines), a_mapping(), NOON)
    assert [call.custom["age"] for call in found.calls] == [40.0]


def test_a_cell_may_hold_lines_quotes_and_delimiters() -> None:
    assert read('1,2026-03-01T09:00,40,"a ""b"",\nc",60,yes').calls[0].custom["job"] == 'a "b",\nc'


def test_a_cell_may_hold_the_transcript_of_a_whole_day() -> None:
    talk = "Ana: yes. " * 30_000
    assert read(f"1,2026-03-01T09:00,40,{talk},60,yes").calls[0].custom["job"] == talk.strip()


def test_empty_lines_are_no_rows() -> None:
    assert read(GOOD, "", ",,,,,").rows == 1


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Zoë".encode(), "Zoë"),
        ("Zoë".encode("utf-8-sig"), "Zoë"),
        ("Zoë – €".encode("cp1252"), "Zoë – €"),
        (gzip.compress("Zoë".encode()), "Zoë"),
    ],
    ids=["utf-8", "with mark", "windows", "gzipped"],
)
def test_text_is_read_in_the_encoding_it_has(raw: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(raw)
    assert read_text(path) == text


def test_bytes_that_are_no_text_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(b"\x81\x8d\xff")
    with pytest.raises(BadMapping, match="save it as UTF-8"):
        read_text(path)


def test_a_mark_before_a_downloaded_text_is_no_part_of_the_first_column() -> None:
    assert len(read_file(f"\ufeff{HEADER}\n{GOOD}\n", a_mapping(), NOON).calls) == 1


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("id,when,age,job,y", "speaks of a column 'duration' that the file lacks; it has id, when, age, job, y"),
        (f"{HEADER},phone", r"does not say what 'phone' is; add it to \[custom\] .* or to \[exclude\]"),
        (f"{HEADER},age", "the column 'age' stands twice"),
    ],
)
def test_a_file_that_does_not_fit_its_mapping_is_refused(header: str, says: str) -> None:
    with pytest.raises(BadMapping, match=says):
        read(header=header)


def test_times_are_read_in_the_files_form_and_zone() -> None:
    mapping = a_mapping(time={"format": "%d/%m/%Y %H:%M", "zone": "America/Chicago"})
    text = f"{HEADER}\n1,01/03/2026 09:00,40,clerk,60,yes\n"
    assert read_file(text, mapping, NOON).calls[0].called_at == datetime(2026, 3, 1, 15)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("flag", "Yes", 1.0),
        ("flag", "f", 0.0),
        ("date", "1970-01-11", "1970-01-11T00:00:00"),
        ("text", " hello ", "hello"),
        ("flag", "", None),
    ],
)
def test_custom_columns_have_types(kind: str, cell: str, value: object) -> None:
    mapping = a_mapping(custom={"age": "number", "job": kind})
    assert read_file(f"{HEADER}\n1,2026-03-01T09:00,40,{cell},60,yes\n", mapping, NOON).calls[0].custom["job"] == value


def test_a_flag_that_is_neither_yes_nor_no_is_rejected() -> None:
    mapping = a_mapping(custom={"age": "number", "job": "flag"})
    found = read_file(f"{HEADER}\n1,2026-03-01T09:00,40,perhaps,60,yes\n", mapping, NOON)
    assert found.rejected[0].reason == "'perhaps' is neither yes nor no"


def test_a_row_of_leads_becomes_a_contact_and_its_companys_facts() -> None:
    text = 'id,changed,email,company,employees,uses\n7,2026-03-01,Ana@Acme.com,Acme,"1,200",AWS; Twilio ;\n'
    found = read_file(text, a_mapping(LEADS), NOON)
    (lead,), (facts,) = found.leads, found.facts
    assert (lead.lead_id, lead.company_id, lead.email) == ("ana@acme.com", "acme.com", "ana@acme.com")
    assert (facts.company_id, facts.employees, facts.technologies) == ("acme.com", 1200.0, ("AWS", "Twilio"))


def test_a_lead_of_no_company_brings_no_facts() -> None:
    text = "id,changed,email,company,employees,uses\n7,2026-03-01,ana@gmail.com,,,\n"
    found = read_file(text, a_mapping(LEADS), NOON)
    assert ([lead.lead_id for lead in found.leads], found.facts) == (["ana@gmail.com"], [])


def test_outcomes_mature_so_many_days_after_their_call() -> None:
    text = "meeting,held,decided,stage,voice\nrec_1,2026-03-01,2026-03-10,Won,true\n"
    progression, voice_ai = read_file(text, a_mapping(OUTCOMES), NOON).outcomes
    assert (progression.call_id, progression.happened) == ("fellow:rec_1", True)
    assert progression.matures_at == datetime(2026, 3, 1) + 35 * DAY
    assert voice_ai.matures_at == voice_ai.known_at == datetime(2026, 3, 10)


def test_an_open_deal_needs_no_moment_of_decision() -> None:
    text = "meeting,held,decided,stage,voice\nrec_1,2026-03-01,,Open,\n"
    found = read_file(text, a_mapping(OUTCOMES), NOON)
    assert (found.rows, found.outcomes, found.rejected) == (1, [], [])


def test_the_same_text_has_the_same_fingerprint() -> None:
    assert file_fingerprint("a") == file_fingerprint("a") != file_fingerprint("b")
