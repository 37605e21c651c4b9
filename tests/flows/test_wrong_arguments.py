"""Whatever a person says wrong to a command ends in one sentence with the way out, and changes nothing."""

import logging
import socket
import sys
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from database.campaigns import Planned, campaign, save
from database.incidents import open_incident
from database.keys import keys
from database.report_runs import begin, mark_sent
from database.spending import stops
from flows.__main__ import main
from flows.ports import listens
from flows.replay import replay
from flows.reporting import SENDING
from ringback.clock import now
from ringback.errors import BadMapping, StoreError, WrongUsage
from tests.conftest import forget_home
from warehouse.connect import reading


def said_by(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[str, int]:
    """What a command says that fails, and its exit status."""
    monkeypatch.setattr(sys, "argv", ["ringback", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return capsys.readouterr().err.strip(), int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "train", "as_of=yesterday"], "the moment is said with --as-of"),
        (["run", "enrich", "limit=x"], "limit: Input should be a valid integer"),
        (["run", "enrich", "limit=-1"], "limit: Input should be greater than or equal to 1"),
        (["run", "weekly_report", "kind=daily"], "kind: Input should be 'weekly', 'monthly' or 'quarterly'"),
        (["sandbox", "--since", "2026-03-01"], "say which one with --plant"),
        (["spending", "stop", "pipe"], "there is no source 'pipe'; there are apollo, "),
        (["spending", "stop", ""], "there is no source ''; there are apollo, "),
        (["queue", "requeue", "ana@acme.com"], "'ana@acme.com' was not given up; 'ringback queue list' shows"),
        (["keys", "create", "--name", " ", "--role", "read"], "--name is empty"),
        (["models", "thresholds", "--version", "99"], "progression has no version 99"),
        (["serve", "--host", "999.1.1.1", "--port", "8999"], "'999.1.1.1' is no address of this machine"),
    ],
)
def test_what_does_not_fit_is_named_with_what_does(
    home: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told, status = said_by(capsys, monkeypatch, *arguments)
    assert (told.startswith("ringback: "), told.count("\n"), status) == (True, 0, 2)
    assert said in told
    assert (stops(), keys()) == ([], [])


@pytest.mark.parametrize("ceiling", ["inf", "nan", "-1"])
def test_a_ceiling_is_an_amount_of_money(
    home: Path, ceiling: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told, status = said_by(capsys, monkeypatch, "campaigns", "create", "Spring", "--ceiling", ceiling)
    assert ("Invalid value for '--ceiling'" in told, status, campaign("spring")) == (True, 2, None)


def test_a_campaign_keeps_its_name_where_the_new_one_is_none(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save([Planned("spring", "Spring", "csv", now())])
    told, status = said_by(capsys, monkeypatch, "campaigns", "change", "spring", "--name", "  ")
    assert ("is no name: it needs letters or digits" in told, status) == (True, 2)
    assert getattr(campaign("spring"), "name", None) == "Spring"


def test_nothing_is_bought_before_the_folder_takes_files(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "taken").write_text("a file")
    monkeypatch.setattr("flows.enrich_command.work", lambda *_, **__: pytest.fail("something was bought"))
    told, status = said_by(capsys, monkeypatch, "enrich", "--output", home / "taken")
    assert ("taken cannot be a folder: File exists; name another" in told, status) == (True, 2)


def test_a_mapping_that_is_a_folder_is_told_as_one(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "leads.csv").write_text("email\nana@acme.com\n")
    told, status = said_by(capsys, monkeypatch, "import", "leads", home / "leads.csv", "--mapping", home)
    assert told == f"ringback: {home} cannot be read: Is a directory"
    assert status == 2


def test_a_policy_that_cannot_be_followed_is_told_before_anybody_scores(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "leads.csv").write_text("company_name\nAcme\n")
    (home / "policy.toml").write_text("voice_ai_weight = 2.5\n")
    monkeypatch.setenv("RINGBACK_POLICY", str(home / "policy.toml"))
    forget_home()
    told, status = said_by(capsys, monkeypatch, "score", home / "leads.csv")
    assert told.startswith(f"ringback: {home}/policy.toml: voice_ai_weight: Input should be less than or equal to 1; ")
    assert (told.count("\n"), status) == (0, 2)


def test_a_home_that_is_a_file_is_told_with_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("RINGBACK_HOME", str(tmp_path / "home"))
    forget_home()
    told, status = said_by(capsys, monkeypatch, "campaigns", "list")
    assert told == f"ringback: RINGBACK_HOME {tmp_path}/home cannot be used: Not a directory; name a folder of yours"
    assert status == 2


@pytest.mark.sqlite
def test_a_database_that_is_none_is_told_in_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "database.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    told, status = said_by(capsys, monkeypatch, "campaigns", "list")
    assert told == (
        f"ringback: the database {home}/database.sqlite cannot be used: file is not a database; "
        "'ringback doctor' looks into it"
    )
    assert status == 1


def test_a_fault_of_our_own_keeps_its_traceback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble() -> None:
        raise ValueError("a slip of ours")

    monkeypatch.setattr("flows.__main__.app", stumble)
    with pytest.raises(ValueError, match="a slip of ours"):
        main()


def test_a_warehouse_that_is_none_is_told_as_a_store_that_cannot_be_used(home: Path) -> None:
    (home / "warehouse.duckdb").write_bytes(b"no warehouse" * 1000)
    with pytest.raises(StoreError, match=r"the warehouse cannot be opened: .*not a valid DuckDB database"), reading():
        pass


def test_the_future_is_not_replayed(home: Path) -> None:
    tomorrow = now() + timedelta(days=1)
    with pytest.raises(WrongUsage, match=r"the day from .* on has not begun yet"):
        replay(now() - timedelta(days=2), tomorrow + timedelta(days=1), "day", lambda _: None)


def test_an_address_of_the_sixth_version_is_looked_at_too() -> None:
    assert not listens(9, "::1")


@pytest.mark.parametrize("url", ["nonsense", "mysql://db/ringback"])
def test_a_database_of_another_engine_is_refused_by_its_setting(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RINGBACK_DATABASE_URL", url)
    forget_home()
    try:
        told, status = said_by(capsys, monkeypatch, "campaigns", "list")
    finally:
        monkeypatch.undo()
        forget_home()
    assert (told.split(" (")[0], status) == (
        "ringback: RINGBACK_DATABASE_URL: must begin with sqlite:/// or postgresql://", 2,
    )  # fmt: skip


def test_money_that_cannot_be_read_ends_a_report_in_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> Path:
        failure = BadMapping("money.toml: effort_hour.usd: Field required")
        logging.getLogger("prefect.flow_runs").error("the run failed", exc_info=failure)
        raise failure

    logged = StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    monkeypatch.setattr("flows.weekly_report.weekly_report", refused)
    try:
        told, status = said_by(capsys, monkeypatch, "report", "weekly", "--format", "json")
    finally:
        logging.getLogger().removeHandler(handler)
    assert (told.splitlines()[-1], status) == ("ringback: money.toml: effort_hour.usd: Field required", 2)
    assert "BadMapping" not in logged.getvalue() + told


@pytest.mark.parametrize(
    ("conduct", "said"),
    [
        ('rules = "standrd"', "rules: 'standrd' is not in the playbook; did you mean 'standard'?"),
        ('sequences = ["nurtur"]', "sequences: 'nurtur' is not in the playbook; did you mean 'nurture'?"),
        ('owners = ["nobody@x.example"]', "owners: 'nobody@x.example' is not in the playbook; "),
    ],
)
def test_a_conduct_that_names_what_the_playbook_lacks_makes_no_campaign(
    home: Path, conduct: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "conduct.toml").write_text(conduct)
    told, status = said_by(capsys, monkeypatch, "campaigns", "create", "Spring", "--conduct", home / "conduct.toml")
    assert (told.startswith(f"ringback: the campaign's conduct: {said}"), status, campaign("spring")) == (True, 2, None)


def test_a_sandbox_is_not_begun_on_a_port_that_is_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told, status = said_by(capsys, monkeypatch, "sandbox", "--port", port)
    assert (told.startswith(f"ringback: port {port} is taken"), status) == (True, 2)


def a_report_that_is_sent_at(at: datetime, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Have the flow make no report, and note that it was sent."""

    def made(**_: object) -> Path:
        page = home / "reports/weekly/2026-W12/report.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        begin("weekly", "2026-W12", at)
        mark_sent("weekly", "2026-W12", at)
        return page

    monkeypatch.setattr("flows.weekly_report.weekly_report", made)


def test_a_report_that_reaches_somebody_not_is_told_to_whom_asked_to_send_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_report_that_is_sent_at(now() + timedelta(hours=1), monkeypatch, home)
    open_incident(SENDING, "weekly-2026-W12", "the report could not be mailed to cfo@ours.example: refused", now())
    told, status = said_by(capsys, monkeypatch, "report", "weekly", "--send")
    assert (told.splitlines()[-1], status) == (
        "ringback: the report could not be mailed to cfo@ours.example: refused", 1,
    )  # fmt: skip


@pytest.mark.parametrize(("hours", "said"), [(-1, "already; nobody is sent it twice"), (1, "it was sent")])
def test_whether_a_report_was_sent_now_or_before_is_said(
    hours: int, said: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_report_that_is_sent_at(now() + timedelta(hours=hours), monkeypatch, home)
    monkeypatch.setattr(sys, "argv", ["ringback", "report", "weekly", "--send"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err.strip().endswith(said)) == (0, True)
