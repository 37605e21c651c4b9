"""`ringback score`: a file gets scores beside its columns, what cannot be scored its reason, and all of it a log."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from database.people import publish_companies, publish_leads
from database.predictions import keep_predictions
from database.promotions import Promotion, promote
from database.serving import pin
from database.session import reading
from flows import score_command
from flows.score_command import Done, said, score_file, score_lead
from flows.score_doubts import doubts_about_lead, lacking
from intake.store import take_calls, take_outcomes
from ringback.errors import BadMapping, RingbackError, WorkerEnded, WrongUsage
from ringback.records import Target
from ringback.settings import CHECKOUT
from scoring import bulk_pool, tables
from scoring.engine import Engine, compiled, stored_engine
from scoring.judging import Champions
from scoring.lead import NOTHING, LeadRequest
from scoring.policy import policy
from scoring.service import Service
from scoring.stored import stored_about
from tests.dying import be_killed
from tests.factories import DAY, NOON, a_call, a_lead, a_prediction, an_outcome, company_facts
from tests.scoring.leads import wide_model

Row = dict[str, Any]


@pytest.fixture
def models(home: Path) -> None:
    """Champions of both targets."""
    targets: tuple[Target, ...] = ("progression", "voice_ai")
    for target in targets:
        compiled(wide_model(target))
        promote(Promotion(target, NOON, "1", "blend", "better", {}))


@pytest.fixture
def folder(home: Path) -> Path:
    made = home / "files"
    made.mkdir()
    return made


def scored_file(path: Path, content: str, explain: bool = False) -> Done:
    path.write_text(content, encoding="utf-8")
    return score_file(path, None, explain, jobs=1, quiet=True)


def rows_of(path: str | Path) -> list[Row]:
    path = Path(path)
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return list(pq.read_table(path).to_pylist())


def alone(**lead: Any) -> Any:
    pair = Champions(stored_engine("progression", "1"), stored_engine("voice_ai", "1"))
    asked = LeadRequest.model_validate(lead)
    return Service(pair, Champions(None, None), policy()).score(asked, stored_about(asked, NOTHING), NOON).prediction


@pytest.mark.usefixtures("models")
def test_a_file_s_numbers_are_read_as_an_import_reads_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "Acme;1.234;2,5;1.234\nBeta;50-100;1;7\nGamma;viele;1;7\n"
    done = scored_file(folder / "de.csv", f"Firma;Mitarbeiter;minutes;Seats\n{rows}")
    assert capsys.readouterr().err.startswith(
        "doubtful: 'Seats' has numbers such as 1.234, which is read as 1234 because the file's other numbers have a "
        "decimal comma; where that is wrong, write such numbers without the sign\n"
    )
    acme, beta = rows_of(done.output)
    expected = [
        alone(company_name="Acme", employees=1234.0, minutes=2.5), alone(company_name="Beta", employees=75, minutes=1.0)
    ]  # fmt: skip
    assert [float(row["progression_probability"]) for row in (acme, beta)] == [
        one.progression_probability for one in expected
    ]
    assert [(row["rejected_column"], row["rejected_because"]) for row in rows_of(done.rejects or "")] == [
        ("Mitarbeiter", "'viele' is not a number")
    ]


@pytest.mark.usefixtures("models")
def test_a_file_s_rows_get_what_the_service_says_and_the_rest_its_reason(folder: Path) -> None:
    publish_companies([company_facts("acme.com", industry="Healthcare", employees=900.0)])
    done = scored_file(
        folder / "leads.2026-03.csv",
        "Company,Website,Seats,minutes,tier\n"
        'Acme,acme.com,1,10,gold\n,x.com,2,20,tin\nOnly one cell\nBeta,,3,never,tin\n"=Ga,mma",,4,40,\n',
    )
    assert (done.scored, done.rejected) == (2, 3)
    acme, gamma = rows_of(done.output)
    expected = alone(company_name="Acme", domain="acme.com", minutes=10.0)
    assert (acme["Company"], acme["tier"], gamma["Company"]) == ("Acme", "gold", "'=Ga,mma")
    assert (int(acme["qualification_score"]), float(acme["progression_probability"])) == (
        expected.qualification_score, expected.progression_probability,
    )  # fmt: skip
    assert (acme["priority"], acme["progression_version"], acme["ringback_tier"] in "ABCD") == (
        expected.priority, "1", True,
    )  # fmt: skip
    assert done.rejects is not None
    assert [(row["Seats"], row["rejected_column"], row["rejected_because"]) for row in rows_of(done.rejects)] == [
        ("2", "Company", "is empty, and every row needs it"), ("3", "minutes", "'never' is not a number"),
    ]  # fmt: skip
    assert done.misshapen is not None
    assert Path(done.misshapen).read_text() == "line 4: Only one cell\n"
    kept = rows_of(done.log)
    assert [(row["file"], row["company_name"], row["domain"]) for row in kept] == [
        ("leads.2026-03.csv", "Acme", "acme.com"), ("leads.2026-03.csv", "=Ga,mma", None),
    ]  # fmt: skip
    assert kept[0]["qualification_score"] == expected.qualification_score
    assert sorted(path.name for path in folder.iterdir()) == [
        "leads.2026-03.csv", "leads.2026-03.misshapen.txt", "leads.2026-03.rejects.csv", "leads.2026-03.scored.csv",
    ]  # fmt: skip
    assert said(done)[1:] == [
        f"rows that could not be scored, with the reason: {done.rejects}", f"lines that are no rows: {done.misshapen}",
    ]  # fmt: skip


@pytest.mark.usefixtures("models")
def test_several_processes_write_what_one_writes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "many.jsonl"
    path.write_text("\n".join(json.dumps({"company_name": f"c{n}", "minutes": n}) for n in range(50)))
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 10)
    alone, together = (
        rows_of(score_file(path, folder / f"{jobs}.jsonl", True, jobs, quiet=True).output) for jobs in (1, 2)
    )
    assert [row["company_name"] for row in together] == [f"c{n}" for n in range(50)]
    assert [row | {"predicted_at": None} for row in together] == [row | {"predicted_at": None} for row in alone]
    assert all(row["reasons"] for row in together)


@pytest.mark.usefixtures("models")
def test_scores_can_be_scored_again_and_keep_what_was_there(folder: Path) -> None:
    first = scored_file(folder / "a.csv", "company_name\nAcme\n")
    second = score_file(Path(first.output), None, False, 1, quiet=True)
    third = score_file(Path(second.output), None, False, 1, quiet=True)
    (row,) = rows_of(third.output)
    assert row["qualification_score"] == row["ringback_qualification_score"]
    assert row["qualification_score"] == row["ringback_ringback_qualification_score"]
    assert rows_of(third.log)[0]["qualification_score"] == int(row["qualification_score"])


@pytest.mark.usefixtures("models")
def test_a_mended_file_of_rejects_can_be_scored(folder: Path) -> None:
    done = scored_file(
        folder / "mended.csv",
        "company_name,minutes,rejected_column,rejected_because\nA,5,minutes,was wrong\nB,x,minutes,was wrong\n",
    )
    assert (done.scored, done.rejected) == (1, 1)
    (row,) = rows_of(done.rejects or "")
    assert row["rejected_because"] == "'x' is not a number"


@pytest.mark.usefixtures("models")
def test_a_part_of_which_nothing_can_be_scored_fits_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 2)
    leads: list[Row] = [{"minutes": 1}, {"minutes": "x", "why": 1}, {"company_name": "A"}, {"company_name": "B"}]
    leads += [{"company_name": ""}, {"further": [1], "minutes": {}}]
    for name, order in (("first", leads), ("last", leads[2:] + leads[:2])):
        path = folder / f"{name}.jsonl"
        path.write_text("\n".join(map(json.dumps, order)))
        done = score_file(path, folder / f"{name}.out.jsonl", False, 1, quiet=True)
        assert [row["company_name"] for row in rows_of(done.output)] == ["A", "B"]
        assert (done.scored, done.rejected) == (2, 4)
        assert {row["rejected_column"] for row in rows_of(done.rejects or "")} == {"company_name", "minutes"}
    table = pa.table({"company_name": ["", "", "A", "B"], "minutes": [1, 2, 3, 4]})
    pq.write_table(table, folder / "p.parquet")
    done = score_file(folder / "p.parquet", None, False, 1, quiet=True)
    assert [(row["company_name"], row["recommendation"]) for row in rows_of(done.output)] == [
        (name, alone(company_name=name, minutes=minutes).recommendation) for name, minutes in (("A", 3.0), ("B", 4.0))
    ]


@pytest.mark.usefixtures("models")
def test_a_file_without_rows_gives_one_without_rows(folder: Path) -> None:
    done = scored_file(folder / "none.csv", "company_name,x\n")
    assert (done.scored, done.rejected, done.rejects, rows_of(done.output)) == (0, 0, None, [])
    assert Path(done.output).read_text().startswith('"company_name","x","qualification_score"')


@pytest.mark.usefixtures("models")
def test_where_scoring_fails_nothing_appears_and_what_was_there_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.scored.csv").write_text("of yesterday")

    def broken(*_: object) -> None:
        raise RuntimeError("on the way")

    monkeypatch.setattr(score_command, "_logged", broken)
    with pytest.raises(RuntimeError, match="on the way"):
        scored_file(folder / "a.csv", "company_name,minutes\nA,1\nB,x\n")
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "a.scored.csv"]
    assert (folder / "a.scored.csv").read_text() == "of yesterday"


def test_without_a_model_the_rules_answer_and_are_named(folder: Path) -> None:
    done = scored_file(folder / "a.csv", "company_name,call_notes\nA,They asked about pricing\n", explain=True)
    (row,) = rows_of(done.output)
    assert (done.progression_version, row["progression_version"], row["voice_ai_version"]) == ("rules",) * 3
    assert "by progression rules and voice_ai rules: " in score_command.said(done)[0]
    assert row["reasons"].startswith("scored by fixed rules")


def test_the_file_itself_is_never_written_over(folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("company_name\nA\n")
    with pytest.raises(WrongUsage, match="is the file itself"):
        score_file(path, folder / "." / "a.csv", False, 1, quiet=True)
    assert path.read_text() == "company_name\nA\n"


@pytest.mark.parametrize("name", ["l.rejects.csv", "l.misshapen.txt"])
def test_scores_are_not_written_where_the_rejects_go(name: str, folder: Path) -> None:
    (folder / "l.csv").write_text("company_name,minutes\nA,1\nB,x\n")
    with pytest.raises(WrongUsage, match=rf"{name} is where rows that cannot be scored are written; choose another"):
        score_file(folder / "l.csv", folder / name, False, 1, quiet=True)
    assert [path.name for path in folder.iterdir()] == ["l.csv"]


@pytest.mark.usefixtures("models")
def test_a_mended_file_has_neither_rejects_nor_misshapen_lines_of_an_earlier_run(folder: Path) -> None:
    scored_file(folder / "a.csv", "company_name,minutes\nA,x\ntorn\nB,1\n")
    assert len(list(folder.iterdir())) == 4
    scored_file(folder / "a.csv", "company_name,minutes\nA,2\nB,1\n")
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "a.scored.csv"]


@pytest.mark.usefixtures("models")
def test_where_the_scores_cannot_get_their_name_no_answer_is_logged(home: Path, folder: Path) -> None:
    (folder / "a.scored.csv").mkdir()
    with pytest.raises(RingbackError, match=r"a\.scored\.csv cannot be written \(Is a directory\)"):
        scored_file(folder / "a.csv", "company_name,minutes\nA,1\nB,x\n")
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "a.scored.csv"]
    assert list((home / "landing" / "bulk_scores").iterdir()) == []


@pytest.mark.usefixtures("models")
def test_it_is_said_which_line_makes_a_file_windows_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored_file(folder / "plain.csv", "company_name\nMüller\n")
    assert "Windows" not in capsys.readouterr().err
    path = folder / "odd.csv"
    path.write_bytes("company_name\nMüller\n".encode() + b"Caf\xe9\n")
    score_file(path, None, False, 1, quiet=True)
    assert capsys.readouterr().err.startswith("odd.csv is read as Windows-1252, as line 3 is not UTF-8; ")


def test_a_process_beside_that_is_killed_is_told_in_words_and_nothing_appears(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_pool, "score_part", be_killed)
    (folder / "a.csv").write_text("company_name\nAcme\n")
    (folder / "a.scored.csv").write_text("of yesterday")
    with pytest.raises(
        WorkerEnded, match=r"^a process that scored a part of a\.csv ended .*: run it again, with '--jobs"
    ):
        score_file(folder / "a.csv", None, False, 2, quiet=True)
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "a.scored.csv"]
    assert (folder / "a.scored.csv").read_text() == "of yesterday"
    assert list((home / "landing" / "bulk_scores").glob("*")) == []


@pytest.mark.long
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("models")
def test_a_run_that_is_killed_leaves_no_process_and_what_it_wrote_is_cleared_away(
    sign: signal.Signals, home: Path, folder: Path
) -> None:
    path, log = folder / "many.jsonl", home / "landing" / "bulk_scores"
    path.write_text("".join(json.dumps({"company_name": f"c{n}", "minutes": n % 99}) + "\n" for n in range(300_000)))
    run = subprocess.Popen(
        (sys.executable, "-m", "flows", "score", str(path), "--jobs", "2", "--reasons"),
        cwd=CHECKOUT, env=os.environ, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    written = 0
    while written < 3_000_000 or not [*log.glob(".*.part")]:  # then all files are open
        written = sum(part.stat().st_size for part in folder.glob(".*.part"))
        assert run.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    started = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(sign)
    try:
        assert (written > 0, len(started) >= 2) == (True, True)
        assert "Traceback" not in run.communicate(timeout=60)[1]
        assert psutil.wait_procs(started, timeout=20)[1] == []
    finally:
        for process in started:
            if process.is_running():
                process.kill()
    if sign == signal.SIGKILL:  # then the next run does it
        path.write_text('{"company_name":"A"}\n')
        score_file(path, None, False, 1, quiet=True)
        assert [one.suffix for one in log.iterdir()] == [".parquet"]
        assert sorted(one.name for one in folder.iterdir()) == ["many.jsonl", "many.scored.jsonl"]
    else:
        assert [*folder.iterdir(), *log.iterdir()] == [path]


def test_json_lines_in_utf_16_are_refused_as_that_and_not_as_empty(folder: Path) -> None:
    path = folder / "leads.jsonl"
    path.write_bytes('{"company_name": "Acme"}\n'.encode("utf-16"))
    with pytest.raises(BadMapping, match=r"leads\.jsonl seems to be UTF-16 text; save it as UTF-8, or 'iconv "):
        score_file(path, None, False, 1, quiet=True)


def test_what_is_no_file_of_leads_is_said_in_words(folder: Path) -> None:
    with pytest.raises(BadMapping, match="no column of company names"):
        scored_file(folder / "a.csv", "x\n1\n")


@pytest.mark.usefixtures("models")
def test_a_known_lead_is_scored_with_its_reasons_and_the_answer_is_kept() -> None:
    publish_companies([company_facts("acme.com", name="Acme", industry="Healthcare")])
    publish_leads([a_lead("ana@acme.com", company_id="acme.com", job_title="CTO")])
    told = score_lead("Ana@Acme.com")
    assert (told["company_name"], told["lead_id"], told["answered_by"]) == ("Acme", "ana@acme.com", "champion")
    assert told["base_points"] + sum(one["points"] for one in told["contributions"]) == pytest.approx(told["points"])
    with reading() as connection:
        kept = connection.execute(text("SELECT prediction_id, lead_id FROM predictions")).all()
    assert kept == [(told["prediction_id"], "ana@acme.com")]
    with pytest.raises(WrongUsage, match="no lead is known by 'nobody'"):
        score_lead("nobody")


@pytest.mark.usefixtures("models")
def test_calls_of_a_lead_that_are_not_scored_are_told_and_those_that_have_ended_are_not() -> None:
    at = NOON + 20 * DAY
    take_calls(
        [a_call(name, NOON + days * DAY, lead_id="ana@acme.com") for name, days in (("a", 0), ("b", 1), ("c", 2))]
    )
    take_calls([a_call("old", NOON - 90 * DAY, lead_id="ana@acme.com")])
    take_outcomes([an_outcome("b", known_at=NOON + 2 * DAY)])
    keep_predictions([a_prediction("request", call_id="request:1", lead_id="ana@acme.com", source="cli")])
    assert list(doubts_about_lead("ana@acme.com", at)) == [
        "its call of 20 Mar 2026 and 1 more is not scored yet, so that what was said there does not count here; "
        "'ringback run score_leads' scores it"
    ]  # fmt: skip
    keep_predictions([a_prediction(name, 0.6, NOON + DAY, lead_id="ana@acme.com") for name in "ac"])
    assert not list(doubts_about_lead("ana@acme.com", at))


@pytest.mark.usefixtures("models")
def test_a_version_that_is_pinned_for_the_service_answers_here_too(folder: Path) -> None:
    compiled(replace(wide_model(), version="2"))
    pin("progression", "2", NOON, "admin")
    publish_leads([a_lead("ana@acme.com", company_id="acme.com")])
    told = score_lead("ana@acme.com")
    assert (told["answered_by"], told["models"]) == ("pinned", {"progression": "2", "voice_ai": "1"})
    with reading() as connection:
        assert connection.execute(text("SELECT source, answered_by FROM predictions")).all() == [("cli", "pinned")]
    done = scored_file(folder / "a.csv", "company_name\nAcme\n")
    assert (done.progression_version, done.pinned, rows_of(done.output)[0]["progression_version"]) == (
        "2", ("progression",), "2",
    )  # fmt: skip
    assert "by progression 2 (pinned) and voice_ai 1: " in said(done)[0]


@pytest.mark.usefixtures("models")
def test_where_the_pinned_version_cannot_be_loaded_the_champion_answers_and_it_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin("progression", "9", NOON, "admin")
    done = scored_file(folder / "a.csv", "company_name\nAcme\n")
    assert (done.progression_version, done.pinned) == ("1", ())
    assert "it is left out" in capsys.readouterr().err


@pytest.mark.usefixtures("models")
def test_the_command_line_says_what_came_of_it(folder: Path) -> None:
    from typer import Typer

    app = Typer()
    score_command.add_to(app)
    (folder / "a.csv").write_text("company_name\nAcme\n")
    done = CliRunner().invoke(app, [str(folder / "a.csv"), "--jobs", "1", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["scored"]) == (0, 1)
    spoken = CliRunner().invoke(app, [str(folder / "a.csv"), "--jobs", "1"])
    assert spoken.stdout.startswith("1 leads scored in ")
    assert isinstance(CliRunner().invoke(app, []).exception, WrongUsage)


def test_columns_that_a_model_learned_from_and_a_file_lacks_are_named(tmp_path: Path) -> None:
    learned = ("industry", "custom.Seats", "custom.Since (month)", "custom.Tier", "custom.Open (a)")
    who = Champions(cast("Engine", SimpleNamespace(features=learned)), None)
    path = tmp_path / "leads.csv"
    path.write_text("company_name,Tier,Open (a)\nA,1,2\n")
    assert lacking(who, tables.source_of(path)) == ["Seats", "Since"]
