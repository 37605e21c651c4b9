"""`ringback import` as a person meets it: a file is enough, and what is doubtful is said."""

import zipfile
from json import loads
from pathlib import Path

import pytest

from tests.flows.test_command import ringback
from warehouse.connect import reading, rows

CONTACTS = """Record ID,First Name,Last Name,Email,Job Title,Company name,Last Modified Date,Segment
101,Ana,Lima,ana@acme.com,CTO,Acme,2026-03-01 09:30,smb
102,Bo,Ek,bo at globex,CFO,Globex,2026-03-02 09:30,ent
103,,,,,,2026-03-02 09:30,ent
101,Ana,Lima,ana@acme.com,CTO,Acme,2026-03-01 09:30,smb
"""
DEALS = """Deal ID,Create Date,Deal Stage,Close Date,Amount,Region
1,2026-01-01,Closed Won,2026-02-01,100,north
2,2026-01-02,Closed Lost,2026-02-02,100,south
3,,Negotiation,,,south
"""


@pytest.fixture
def contacts(home: Path) -> Path:
    (home / "contacts.csv").write_text(CONTACTS)
    return home / "contacts.csv"


@pytest.fixture
def deals(home: Path) -> Path:
    (home / "deals.csv").write_text(DEALS)
    return home / "deals.csv"


def kept(home: Path) -> dict[Path, bytes]:
    """All files of a home but the locks of who reads it."""
    return {
        file: file.read_bytes() for file in home.glob("*") if file.is_file() and file.suffix not in (".lock", ".gate")
    }


def test_a_file_of_contacts_is_enough(
    contacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "leads", contacts) == 0
    said = capsys.readouterr().out
    assert "contacts.csv looks like an export of HubSpot; it is imported as 'hubspot'" in said
    assert "  job_title   from 'Job Title', HubSpot's name for it\n" in said
    assert "custom fields: Segment (category)" in said
    assert "4 rows of contacts.csv: 2 new, 1 known already, 1 rejected" in said
    assert "rows about the same lead as a row before them in the file: 1\n" in said
    assert "rows kept without some of their values: 1\n" in said
    assert "ATTENTION: 1 of 4 rows were rejected" in said
    with reading() as warehouse:
        found = rows(warehouse, "SELECT name, source, custom ->> '$.Segment' AS segment FROM lead_facts ORDER BY name")
    assert found == [
        {"name": "Ana Lima", "source": "hubspot", "segment": "smb"},
        {"name": "Bo Ek", "source": "hubspot", "segment": "ent"},
    ]


def test_a_dry_run_shows_the_first_rows_and_leaves_no_trace(
    contacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = kept(contacts.parent)
    assert ringback(monkeypatch, "import", "leads", contacts, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "4 rows: 3 can be read, 1 cannot; nothing was changed" in said
    assert "an import would bring 2 new, 1 known already" in said
    assert "  102: Email: 'bo at globex' is no e-mail address" in said
    assert "lead_id ana@acme.com" in said
    assert kept(contacts.parent) == before


def test_another_source_name_may_be_given(
    contacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "leads", contacts, "--source", "Trade fair", "--json") == 0
    done = loads(capsys.readouterr().out)
    assert (done["source"], done["new"], done["custom"]) == ("trade_fair", 2, {"Segment": "category"})


def test_the_suggested_mapping_of_leads_imports_the_same(
    contacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "leads", contacts, "--suggest") == 0
    mapping = contacts.with_suffix(".toml")
    mapping.write_text(capsys.readouterr().out)
    ringback(monkeypatch, "import", "leads", contacts)
    capsys.readouterr()
    assert ringback(monkeypatch, "import", "leads", contacts, "--mapping", mapping, "--json") == 0
    assert loads(capsys.readouterr().out)["new"] == 0


def test_deals_come_in_without_a_mapping_and_open_ones_are_no_losses(
    deals: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "calls", deals) == 0
    said = capsys.readouterr().out
    assert "'Deal Stage' is good for Closed Won, bad for Closed Lost, open otherwise; known at 'Close Date'" in said
    assert "left out: 'Amount': looks as if it were known only after the call: a leak" in said
    assert "2 new, 0 known already, 1 rejected; 2 new outcomes" in said
    assert "1 × Create Date: is empty, and every row needs it" in said


def test_the_order_of_day_and_month_can_be_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a.csv").write_text("Email,Updated\nana@acme.com,03/04/2026\n")
    assert ringback(monkeypatch, "import", "leads", home / "a.csv") == 2
    assert "--dates day-first" in capsys.readouterr().err
    assert ringback(monkeypatch, "import", "leads", home / "a.csv", "--dates", "day-first") == 0
    assert ringback(monkeypatch, "import", "leads", home / "a.csv", "--dates", "american") == 2


def test_each_file_of_a_zip_comes_in(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(home / "export.zip", "w") as bundle:
        bundle.writestr("one.csv", "Email\nana@acme.com\n")
        bundle.writestr("two.csv", "Email\nbo@acme.com\n")
    assert ringback(monkeypatch, "import", "leads", home / "export.zip") == 0
    said = capsys.readouterr().out
    assert "1 rows of one.csv: 1 new" in said
    assert "1 rows of two.csv: 1 new" in said


def test_outcomes_need_a_mapping(
    deals: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "outcomes", deals) == 2
    assert "outcomes need --mapping" in capsys.readouterr().err


def test_outcomes_come_in_through_their_mapping(
    deals: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = deals.with_suffix(".toml")
    mapping.write_text(
        'kind = "outcomes"\nsource = "crm"\ncall_source = "fellow"\n'
        '[columns]\ncall = "Deal ID"\nknown_at = "Close Date"\n'
        '[outcomes.progression]\ncolumn = "Deal Stage"\npositive = ["Closed Won"]\nnegative = ["Closed Lost"]\n'
    )
    assert ringback(monkeypatch, "import", "outcomes", deals, "--mapping", mapping, "--dry-run", "--json") == 0
    assert loads(capsys.readouterr().out)["outcomes"] == 2
    assert ringback(monkeypatch, "import", "outcomes", deals, "--mapping", mapping, "--json") == 0
    done = loads(capsys.readouterr().out)
    assert (done["read"], done["new"], done["same"], done["outcomes"]) == (3, 2, 1, 2)
