"""`ringback import logs`, and the decisions that the product logs itself."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.log_command import bring_in
from flows.score_leads import log_decisions
from ringback.clock import now
from ringback.errors import BadMapping
from tests.factories import NOON, a_prediction
from warehouse.connect import reading, rows
from warehouse.decisions import decisions_folder, land_decisions


def ringback(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says."""
    from flows.__main__ import main

    monkeypatch.setattr(sys, "argv", ["ringback", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return capsys.readouterr().out


def a_line(**other: Any) -> bytes:
    entry = {
        "log_type": "airtable_operation", "session_id": "s", "timestamp": "2026-03-18T12:00:00Z",
        "decision_reasoning": {"method_used": "api", "success": True},
    }  # fmt: skip
    return json.dumps(entry | other).encode() + b"\n"


def test_importing_says_what_became_of_each_line_and_twice_is_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = a_line() + a_line() + a_line(session_id="t") + a_line(log_type="x") + b"{\n"
    plain, packed = home / "log.jsonl", home / "same.jsonl.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    said = ringback("import", "logs", str(plain), monkeypatch=monkeypatch, capsys=capsys)
    again = ringback("import", "logs", str(packed), "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert said.splitlines()[:6] == [
        "log.jsonl: 5 lines", "          2 kept, 2026-03-18 to 2026-03-18", "          1 had been there before",
        "          2 set aside", "              1 line: is no JSON", "              1 log_type: is not known",
    ]  # fmt: skip
    told = json.loads(again)
    assert (told["is_new"], told["lines"], told["kept"], told["duplicates"], told["set_aside"]) == (False, 5, 2, 1, 2)
    with reading() as warehouse:
        assert rows(warehouse, "SELECT sum(n) AS n FROM decision_days WHERE dimension = ''") == [{"n": 2}]


def test_a_log_in_utf_16_is_refused_with_what_converts_it(home: Path) -> None:
    (home / "log.jsonl").write_bytes(a_line().decode().encode("utf-16-le"))
    with pytest.raises(BadMapping, match="seems to be UTF-16LE text"):
        bring_in(home / "log.jsonl")


def test_each_prediction_is_logged_once_with_who_answered(home: Path) -> None:
    by_model = a_prediction("one", 0.9, NOON, company_name="Acme <b>", confidence=0.9, features_hash="f")
    by_rules = a_prediction("two", 0.2, NOON, answered_by="rules", progression_version="rules", confidence=0.5)
    log_decisions([by_model, by_rules], seconds=0.25)
    log_decisions([by_model], seconds=0.25)
    landed = land_decisions(now())
    assert (landed.kept, landed.duplicates, landed.rejected) == (2, 1, 0)
    with reading() as warehouse:
        entries = rows(
            warehouse, "SELECT method, success, model_version, entry FROM read_parquet($files) ORDER BY method",
            {"files": str(decisions_folder() / "day=*" / "*.parquet")},
        )  # fmt: skip
    assert [(one["method"], one["success"], one["model_version"]) for one in entries] == [
        ("champion", True, "1"), ("rules", False, "rules"),
    ]  # fmt: skip
    told = json.loads(entries[0]["entry"])
    assert told["lead_identifier"] == {"company": "Acme <b>"}
    assert "acme.com" not in entries[0]["entry"]
    assert "Pricing" not in entries[0]["entry"]
