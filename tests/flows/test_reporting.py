"""A report is written where there is room, logged decisions come in before it, and everybody is sent it once."""

import errno
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from database.incidents import open_incidents
from database.report_runs import begin, mark_sent, runs
from flows import reporting
from flows.looking import look_at
from flows.reporting import land_logs, put_out, send_once
from flows.running import Attempt, attempt
from reports.gathering import gather
from reports.periods import as_published, period_of
from reports.weekly import WeeklyReport
from ringback.decision_log import DecisionLog
from ringback.settings import settings
from tests.conftest import forget_home
from tests.factories import DAY
from tests.flows.small_world import free_port
from warehouse.connect import reading
from warehouse.decisions import decision_counts, landing_folder

SUNDAY = datetime(2026, 3, 29, 14)
PERIOD = period_of("weekly", SUNDAY)


@pytest.fixture
def report(home: Path) -> WeeklyReport:
    return gather(PERIOD.last_week, SUNDAY, [], True, "America/Chicago", None)


@pytest.fixture
def nobody_at_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack takes nothing."""
    from ringback.errors import VendorUnavailable

    def fails(*_: object) -> None:
        raise VendorUnavailable("Slack failed")

    monkeypatch.setattr("vendors.slack.post", fails)


def test_a_full_disk_loses_old_reports_and_the_report_and_the_next_say_so(
    report: WeeklyReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("2026-W05", "2026-W06"):
        begun = Attempt(period_of("weekly", datetime.fromisocalendar(2026, int(name[-2:]), 7)))
        put_out.fn(report, begun, ("json",))
    tried: list[object] = []
    publish = reporting.publish

    def full_at_first(*asked: object) -> Path:
        tried.append(asked)
        if len(tried) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return publish(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(reporting, "publish", full_at_first)
    monkeypatch.setattr(reporting, "make_room", lambda folder, as_of: reporting.Cleaned(("weekly/2026-W05",), 1000))
    run = Attempt(PERIOD)
    page, published = put_out.fn(report, run, ("json", "html"))
    assert page.exists()
    assert run.for_next is not None
    assert run.for_next.endswith("1 old report was removed to make room.")
    assert published.report.notes == (run.for_next,)
    assert [one.kind for one in open_incidents()] == ["disk"]


def test_a_disk_that_stays_full_fails_the_run(report: WeeklyReport, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reporting, "publish", full)
    with pytest.raises(OSError, match="No space left"):
        put_out.fn(report, Attempt(PERIOD), ("json",))


def test_everybody_is_sent_the_report_once(report: WeeklyReport, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[str] = []
    monkeypatch.setattr("vendors.slack.post", lambda client, text, *_: posted.append(text))
    begin(PERIOD.kind, PERIOD.name, SUNDAY)
    for _ in range(2):
        send_once.fn(as_published(report), Attempt(PERIOD))
    (file,) = (settings().home / "outbox").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == "executives@ringback-customer.example"
    assert "synthetic" in str(mail["Subject"])
    assert (len(posted), runs()[0].sent_at is not None) == (1, True)


def test_what_could_not_be_sent_is_an_incident_and_keeps_the_mail_from_nobody(
    report: WeeklyReport, nobody_at_slack: None
) -> None:
    begin(PERIOD.kind, PERIOD.name, SUNDAY)
    send_once.fn(as_published(report), Attempt(PERIOD))
    (incident,) = open_incidents()
    assert (incident.kind, incident.words) == ("sending", "the report could not be posted to Slack: Slack failed")
    assert len(list((settings().home / "outbox").glob("*.eml"))) == 1


def test_what_was_logged_is_known_at_the_moment_of_the_report_that_brings_it_in(home: Path) -> None:
    landing_folder().mkdir(parents=True)
    with DecisionLog(landing_folder(), "ringback", session_id="s") as log:
        log.decision("scoring_decision", method="champion", success=True, lead={"company": "Acme"}, at=SUNDAY - DAY)
    assert land_logs.fn(SUNDAY) is None
    with reading() as warehouse:
        counts = decision_counts(warehouse, SUNDAY - 7 * DAY, SUNDAY, SUNDAY)
    assert sum(one.n for one in counts) == 1


def test_a_report_that_a_run_marked_as_sent_and_then_died_is_an_incident(report: WeeklyReport) -> None:
    begin(PERIOD.kind, PERIOD.name, SUNDAY)
    assert mark_sent(PERIOD.kind, PERIOD.name, SUNDAY)
    with attempt(PERIOD, SUNDAY + DAY) as again:
        send_once.fn(as_published(report), again)
    (incident,) = open_incidents()
    assert (incident.kind, incident.words) == (reporting.SENDING, reporting.DOUBT)


def test_decisions_that_cannot_be_brought_in_are_said_to_be_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: datetime) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(reporting, "land_decisions", fails)
    assert land_logs.fn(SUNDAY) == (
        "Newly logged decisions could not be brought in and are missing here: [Errno 5] Input/output error"
    )


def test_while_mlflow_is_away_the_report_is_made_and_says_what_is_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBACK_MLFLOW_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    forget_home()
    made = look_at.fn(PERIOD.last_week, SUNDAY)
    assert made.measurements
    assert [note.partition(":")[0] for note in made.notes] == [
        "What was trained without becoming champion, and what scores rest on, is missing here"
    ]
