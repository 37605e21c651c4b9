"""The `ringback` command as a person meets it: what it prints, and how it exits."""

import sys
from json import loads
from pathlib import Path

import pytest

from flows.__main__ import main

CALLS = """call_id,called_at,company,y,mood
1,2026-03-02T10:00:00,Acme,yes,good
2,2026-03-02T11:00:00,Globex,no,bad
3,not a time,Initech,no,bad
"""
MAPPING = """kind = "calls"
source = "mine"
[columns]
id = "call_id"
called_at = "called_at"
company = "company"
[outcomes.progression]
column = "y"
positive = ["yes"]
negative = ["no"]
known_after_days = 1
[custom]
mood = "category"
"""


@pytest.fixture
def export(home: Path) -> Path:
    """A CRM's export with one row that cannot be read, beside its mapping."""
    (home / "calls.csv").write_text(CALLS)
    (home / "calls.toml").write_text(MAPPING)
    return home / "calls.csv"


def ringback(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command; gives its exit status."""
    monkeypatch.setattr(sys, "argv", ["ringback", *map(str, arguments)])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_a_flow_that_does_not_exist_is_wrong_usage_and_the_flows_are_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "run", "nonsense") == 2
    assert "ingest_calls, harvest_leads, enrich, train" in capsys.readouterr().err


def test_a_moment_that_is_none_is_wrong_usage(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "run", "train", "--as-of", "yesterday") == 2
    assert "'yesterday' is no moment" in capsys.readouterr().err
    assert ringback(monkeypatch, "run", "train", "--as-of", "1800-01-01") == 2
    assert "'1800-01-01' lies before 2000" in capsys.readouterr().err
    assert ringback(monkeypatch, "report", "weekly", "--as-of", "1800-01-01") == 2
    assert "'1800-01-01' lies before 2000" in capsys.readouterr().err


def test_an_unknown_parameter_is_wrong_usage(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "run", "train", "speed=high") == 2
    assert "it takes as_of" in capsys.readouterr().err


def test_an_import_accounts_for_every_row_and_leaves_the_rejected_ones_to_mend(
    export: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "calls", export, "--mapping", export.with_suffix(".toml"), "--json") == 0
    done = loads(capsys.readouterr().out)
    assert (done["read"], done["new"], done["same"], done["rejected"], done["outcomes"]) == (3, 2, 0, 1, 2)
    assert "'not a time' is no moment" in Path(done["rejects"]).read_text()


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    export: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "calls", export, "--mapping", export.with_suffix(".toml"), "--dry-run") == 0
    assert "2 can be read, 1 cannot; nothing was changed" in capsys.readouterr().out
    assert not (export.parent / "rejects").exists()


def test_an_import_without_a_mapping_says_what_it_took_the_columns_for(
    export: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "calls", export) == 0
    said = capsys.readouterr().out
    assert "'y' is good for yes, bad for no, open otherwise" in said
    assert "3 rows of calls.csv: 2 new, 0 known already, 1 rejected" in said


def test_a_suggested_mapping_can_be_used_as_it_is(
    export: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "calls", export, "--suggest") == 0
    suggested = export.parent / "suggested.toml"
    suggested.write_text(capsys.readouterr().out)
    assert ringback(monkeypatch, "import", "calls", export, "--mapping", suggested) == 0
    assert "2 new" in capsys.readouterr().out


def test_a_mapping_of_another_kind_is_refused(
    export: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "import", "leads", export, "--mapping", export.with_suffix(".toml")) == 2
    assert "ringback import calls" in capsys.readouterr().err


def test_models_are_an_empty_list_before_the_first_training(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "models", "list", "--json") == 0
    assert loads(capsys.readouterr().out) == []


def test_a_world_with_another_seed_is_refused_where_one_lives(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sandbox.json").write_text('{"seed": 7, "start": "2026-01-05T00:00:00"}')
    assert ringback(monkeypatch, "demo", "--seed", "8") == 2
    assert "seed 7" in capsys.readouterr().err
