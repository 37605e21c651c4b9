"""What becomes of a file: every row is new, there already, or set aside; the same again changes nothing."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from database.models import Call
from database.people import companies_by_id
from database.session import reading as reading_database
from features import build
from features.snapshots import snapshots_as_of
from intake.importing import Imported, import_text, rehearse
from intake.mapping import load_mapping
from ringback.records import CompanyFacts
from ringback.settings import CHECKOUT
from scoring.lead import NOTHING, LeadRequest, features_of_lead
from tests.dying import die
from tests.factories import DAY, NOON
from tests.intake.mappings import LEADS, OUTCOMES, a_mapping
from tests.intake.reading import recognised
from warehouse.connect import query, reading, rows

pytestmark = pytest.mark.usefixtures("home")

CALLS = """id,when,age,job,duration,y
1,2026-03-01T09:00,40,clerk,60,yes
2,2026-03-02T09:00,50,clerk,60,no
3,2026-03-03T09:00,old,clerk,60,no
"""


def bring(
    text: str, as_of: datetime = NOON, rejects: Path | None = None, base: dict[str, object] | None = None
) -> Imported:
    return import_text(text, a_mapping(base) if base else a_mapping(), "calls.csv", as_of, rejects)


def counts(imported: Imported) -> tuple[int, int, int, int, int]:
    assert imported.read == imported.new + imported.same + imported.rejected
    return imported.read, imported.new, imported.same, imported.rejected, imported.outcomes


def test_the_same_file_again_changes_nothing() -> None:
    assert counts(bring(CALLS)) == (3, 2, 0, 1, 2)
    before = snapshots_as_of(NOON)
    assert counts(bring(CALLS, NOON + DAY)) == (3, 0, 2, 1, 0)
    assert snapshots_as_of(NOON) == before


def test_rejected_rows_lie_in_a_file_beside(tmp_path: Path) -> None:
    path = bring(CALLS, rejects=tmp_path / "rejects").rejects
    assert path == tmp_path / "rejects/calls.rejects.csv"
    assert "'old' is not a number" in path.read_text()


def test_a_file_without_rejects_leaves_none(tmp_path: Path) -> None:
    assert bring(CALLS.replace("old", "60"), rejects=tmp_path / "rejects").rejects is None


def test_rejected_rows_are_in_quarantine_once() -> None:
    bring(CALLS)
    bring(CALLS, NOON + DAY)
    with reading() as warehouse:
        found = query(warehouse, "quarantine_reasons", {"since": NOON - DAY, "as_of": NOON + DAY})
    assert found == [{"source": "bank", "field": "age", "reason": "'old' is not a number", "records": 1}]


def test_an_edited_row_is_known_in_its_new_form_only_now() -> None:
    bring(CALLS)
    assert counts(bring(CALLS.replace("40,clerk", "41,clerk"), NOON + DAY)) == (3, 1, 1, 1, 0)
    with reading() as warehouse:
        versions = rows(
            warehouse,
            "SELECT known_at, custom ->> '$.age' AS age FROM calls WHERE call_id = 'bank:1' ORDER BY known_at",
        )
    assert versions == [{"known_at": datetime(2026, 3, 1, 9), "age": "40.0"}, {"known_at": NOON + DAY, "age": "41.0"}]


def test_an_edit_that_a_kill_kept_from_the_database_gets_there_with_the_same_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_in_both() -> bool:
        with reading_database() as database, reading() as warehouse:
            kept = database.scalar(select(Call.content_hash).where(Call.call_id == "bank:1"))
            landed = rows(warehouse, "SELECT content_hash FROM current_calls WHERE call_id = 'bank:1'")
        return [{"content_hash": kept}] == landed

    bring(CALLS)
    bring(CALLS.replace("40,clerk", "41,clerk"), NOON + DAY)
    assert is_in_both()
    third = CALLS.replace("40,clerk", "42,clerk")
    with monkeypatch.context() as killed:
        killed.setattr("database.people.publish_calls", die)
        with pytest.raises(KeyboardInterrupt):
            bring(third, NOON + 2 * DAY)
    assert not is_in_both()
    bring(third, NOON + 3 * DAY)
    assert is_in_both()


def test_what_is_known_only_later_is_left_for_a_later_import() -> None:
    early = datetime(2026, 3, 1, 12)
    assert bring(CALLS, early).new == 1
    assert [s.call_id for s in snapshots_as_of(NOON)] == ["bank:1"]
    assert bring(CALLS, NOON).new == 1


def test_a_file_of_outcomes_with_two_targets_counts_rows_and_outcomes() -> None:
    text = (
        "meeting,held,decided,stage,voice\n"
        "rec_1,2026-03-01,2026-03-10,Won,true\n"
        "rec_2,2026-03-01,2026-03-11,Lost,false\n"
        "rec_3,2026-03-01,,Open,\n"
        "rec_4,2026-03-01,soon,Won,\n"
    )
    assert counts(bring(text, base=OUTCOMES)) == (4, 2, 1, 1, 4)
    assert counts(bring(text, base=OUTCOMES)) == (4, 0, 3, 1, 0)


def test_a_file_of_leads_is_read_once() -> None:
    text = (
        "id,changed,email,company,employees,uses\n"
        "7,2026-03-01,ana@acme.com,Acme,50,AWS\n"
        "8,2026-03-02,bo@acme.com,Acme,50,AWS\n"
    )
    assert counts(bring(text, base=LEADS)) == (2, 2, 0, 0, 0)
    assert counts(bring(text, base=LEADS)) == (2, 0, 2, 0, 0)


def test_the_crms_examples_fit_the_sandboxs_exports() -> None:
    from sandbox.crm import leads_csv, outcomes_csv
    from sandbox.world import World

    world, friday = World(seed=7, start=datetime(2026, 1, 5), calls_per_week=40), datetime(2026, 1, 23)
    for text, name in ((leads_csv(world, friday), "crm_leads"), (outcomes_csv(world, friday), "crm_outcomes")):
        mapping = load_mapping(CHECKOUT / f"docs/examples/{name}.toml")
        imported = import_text(text, mapping, f"{name}.csv", friday)
        assert counts(imported)[3] == 0
        assert imported.new > 0


CONTACTS = """Email,Name,Company,Employees
ana@acme.com,Ana,Acme,50
bo@globex.com,Bo,Globex,60
nobody,,,70
cy at acme,Cy,Acme,50
"""


def bring_contacts(text: str, as_of: datetime, rejects: Path | None = None) -> Imported:
    return import_text(text, recognised(CONTACTS).mapping, "contacts.csv", as_of, rejects)


def statements(table: str) -> list[dict[str, object]]:
    with reading() as warehouse:
        return rows(warehouse, f"SELECT known_at FROM {table} ORDER BY known_at")


def test_a_file_without_times_again_states_nothing_anew() -> None:
    assert counts(bring_contacts(CONTACTS, NOON)) == (4, 3, 0, 1, 0)
    assert counts(bring_contacts(CONTACTS, NOON + DAY)) == (4, 0, 3, 1, 0)
    assert statements("lead_facts") == [{"known_at": NOON}] * 3
    assert statements("company_facts") == [{"known_at": NOON}] * 3


def test_what_changed_in_a_file_without_times_is_known_from_this_import_on() -> None:
    bring_contacts(CONTACTS, NOON)
    assert counts(bring_contacts(CONTACTS.replace("Bo,", "Bob,"), NOON + DAY)) == (4, 1, 2, 1, 0)
    assert counts(bring_contacts(CONTACTS, NOON + 2 * DAY)) == (4, 1, 2, 1, 0)
    assert [one["known_at"] for one in statements("lead_facts")] == [NOON, NOON, NOON, NOON + DAY, NOON + 2 * DAY]


def test_rows_kept_without_a_value_lie_in_the_file_to_mend_too(tmp_path: Path) -> None:
    done = bring_contacts(CONTACTS, NOON, tmp_path)
    assert (done.rejected, done.left_out, done.rejects) == (1, 1, tmp_path / "contacts.rejects.csv")
    text = (tmp_path / "contacts.rejects.csv").read_text()
    assert "'cy at acme' is no e-mail address (the row was kept without it)" in text
    assert "'nobody' is no e-mail address, and the row has not both a name and a company" in text


def test_leads_that_are_known_only_later_are_counted() -> None:
    text = "Email,Updated\nana@acme.com,2026-03-01\nbo@acme.com,2027-03-01\n"
    done = import_text(text, recognised(text).mapping, "leads.csv", NOON)
    assert (done.new, done.later) == (1, 1)


def test_a_lead_that_says_a_time_to_come_is_known_from_the_import_on_which_is_said() -> None:
    text = "Email,Updated\nana@acme.com,2026-03-01\nbo@acme.com,2031-03-01\n"
    done = [import_text(text, recognised(text).mapping, "leads.csv", at, present=at) for at in (NOON, NOON + DAY)]
    assert [(one.new, one.same, one.later, one.left_out) for one in done] == [(2, 0, 0, 1), (0, 2, 0, 1)]
    with reading() as warehouse:
        known = [tuple(one.values()) for one in rows(warehouse, "SELECT email, known_at FROM lead_facts")]
    assert sorted(known) == [("ana@acme.com", datetime(2026, 3, 1)), ("bo@acme.com", NOON)]
    with reading() as warehouse:
        (aside,) = rows(warehouse, "SELECT field, reason FROM quarantine")
    assert (aside["field"], aside["reason"].partition(":")[0]) == ("Updated", "'2031-03-01' is to come")


DATED = """Deal ID,Create Date,Deal Stage,Close Date
1,2026-01-05 09:00,Closed Won,2026-01-05
2,2026-01-05 09:00,Closed Lost,2031-01-01
3,2026-01-05 09:00,Closed Lost,2025-12-27
"""


def test_an_outcome_that_is_to_come_is_left_out_of_its_call_with_the_reason() -> None:
    done = import_text(DATED, recognised(DATED, "calls").mapping, "deals.csv", NOON, present=NOON)
    assert (done.new, done.outcomes, done.left_out, done.rejected) == (3, 2, 1, 0)
    with reading() as warehouse:
        (aside,) = rows(warehouse, "SELECT external_id, field, reason FROM quarantine")
    assert (aside["external_id"], aside["field"]) == ("2", "Close Date")
    assert aside["reason"].startswith("'2031-01-01' is to come, although the outcome is 'Closed Lost'")


def test_outcomes_dated_before_the_day_of_their_call_are_counted() -> None:
    assert import_text(DATED, recognised(DATED, "calls").mapping, "deals.csv", NOON, present=NOON).ended_before == 1


def test_an_outcome_that_is_known_a_day_after_its_call_waits_for_a_later_import() -> None:
    text = "id,when,age,job,duration,y\n1,2026-03-18T09:00,40,clerk,60,yes\n2,2026-03-19T09:00,40,clerk,60,yes\n"
    done = [import_text(text, a_mapping(), "calls.csv", at, present=at) for at in (NOON, NOON + 3 * DAY)]
    assert [(one.new, one.later, one.outcomes, one.later_outcomes) for one in done] == [(1, 1, 0, 1), (1, 0, 2, 0)]


def test_a_stated_outcome_that_is_to_come_is_rejected_with_the_reason() -> None:
    text = "meeting,held,decided,stage,voice\nrec_1,2026-03-01,2031-03-10,Won,true\n"
    done = import_text(text, a_mapping(OUTCOMES), "outcomes.csv", NOON, present=NOON)
    assert (done.rejected, done.outcomes) == (1, 0)
    assert done.reasons[0].startswith("1 × decided: '2031-03-10' is to come, although the outcome is 'Won'")


@pytest.mark.sqlite
def test_a_rehearsal_counts_as_the_import_does_and_changes_nothing(home: Path) -> None:
    bring_contacts(CONTACTS.replace("Bo,", "Bob,"), NOON)
    before = {name: (home / name).read_bytes() for name in ("warehouse.duckdb", "database.sqlite")}
    rehearsed, read = rehearse(CONTACTS, recognised(CONTACTS).mapping, NOON + DAY)
    assert (counts(rehearsed), len(read.leads)) == ((4, 1, 2, 1, 0), 3)
    assert {name: (home / name).read_bytes() for name in before} == before
    assert rehearsed == bring_contacts(CONTACTS, NOON + DAY)


def test_a_rehearsal_of_calls_counts_their_outcomes() -> None:
    rehearsed, _ = rehearse(CALLS, a_mapping(), NOON)
    assert counts(rehearsed) == (3, 2, 0, 1, 2)


def test_a_rehearsal_needs_no_store(home: Path) -> None:
    (home / "warehouse.duckdb").unlink()
    assert counts(rehearse(CONTACTS, recognised(CONTACTS).mapping, NOON)[0]) == (4, 3, 0, 1, 0)
    assert not (home / "warehouse.duckdb").exists()


DEALS = """Deal ID,Create Date,Company,Website,Industry,Number of Employees,Seats,Deal Stage,Close Date
1,2026-03-01 09:00,Acme,acme.com,SaaS,"1,200",3,Closed Won,2026-03-02
2,2026-03-02 09:00,Bolt,bolt.com,Retail,,4,Closed Lost,2026-03-03
3,2026-03-03 09:00,,,Retail,40,5,Closed Lost,2026-03-04
"""


def test_what_a_file_of_deals_says_of_companies_is_what_a_request_says_of_them() -> None:
    mapping = recognised(DEALS, kind="calls").mapping
    assert {"industry", "employees"} <= mapping.columns.keys()
    assert mapping.custom == {"Seats": "number"}
    imported = import_text(DEALS, mapping, "deals.csv", NOON)
    assert (*counts(imported), imported.left_out) == (3, 3, 0, 0, 3, 1)
    acme, bolt, nobody = sorted(snapshots_as_of(NOON), key=lambda one: one.call_id)
    assert (acme.company, nobody.company) == (
        CompanyFacts("acme.com", mapping.source, acme.called_at, name="Acme", domain="acme.com", industry="SaaS",
                     employees=1200.0),
        None,
    )  # fmt: skip
    asked = LeadRequest(company_name="Acme", industry="SaaS", employees=1200.0)
    said = features_of_lead(asked, NOTHING, NOON)
    assert [build(acme)[name] for name in ("industry", "employees")] == [said["industry"], said["employees"]]
    assert bolt.company is not None
    assert bolt.company.employees is None
    edited = DEALS.replace('"1,200"', "1500")
    import_text(edited, mapping, "deals.csv", NOON + DAY)
    known = companies_by_id(["acme.com"])["acme.com"].known
    assert (known["employees"], [one.company.employees for one in snapshots_as_of(NOON) if one.company]) == (
        1500.0, [1200.0, None],
    )  # fmt: skip
