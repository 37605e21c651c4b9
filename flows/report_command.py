"""`ringback report`: one report now, as of now or of a past moment."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from ringback.errors import RingbackError, WrongUsage

reports = typer.Typer(no_args_is_help=True, help="Make a report now, of the last whole week, month or quarter.")
AsOf = Annotated[str | None, typer.Option("--as-of", help="A past moment, ISO 8601, UTC where no zone is said.")]
Formats = Annotated[str | None, typer.Option("--format", help="Some of html, json, csv, pdf, with commas; else all.")]
Send = Annotated[bool, typer.Option("--send", help="Mail it and post it to Slack, if that was not done yet.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `ringback`."""
    app.add_typer(reports, name="report")


@reports.command("weekly")
def report_weekly(as_of: AsOf = None, format: Formats = None, send: Send = False, json: Json = False) -> None:
    """The report of the last whole week; on a Sunday of the week that ends."""
    _make("weekly", as_of, format, send, json)


@reports.command("monthly")
def report_monthly(as_of: AsOf = None, format: Formats = None, send: Send = False, json: Json = False) -> None:
    """The report of the last whole month."""
    _make("monthly", as_of, format, send, json)


@reports.command("quarterly")
def report_quarterly(as_of: AsOf = None, format: Formats = None, send: Send = False, json: Json = False) -> None:
    """The report of the last whole quarter."""
    _make("quarterly", as_of, format, send, json)


def _make(
    kind: Literal["weekly", "monthly", "quarterly"], as_of: str | None, formats: str | None, send: bool, json: bool
) -> None:
    """Make it, and say where its files are."""
    from flows.environment import as_json, quick_flows, stated_moment
    from flows.run_words import failure_in_one_sentence
    from flows.sandboxed import sandbox_beside
    from flows.weekly_report import weekly_report
    from reports.publish import FORMATS
    from ringback.clock import now

    asked = tuple(dict.fromkeys(one.strip() for one in formats.split(","))) if formats else FORMATS
    if unknown := [one for one in asked if one not in FORMATS]:
        raise WrongUsage(f"there is no format {unknown[0]!r}; there are {', '.join(FORMATS)}")
    moment = stated_moment(as_of) if as_of else None
    began = now()
    with sandbox_beside(), quick_flows(), failure_in_one_sentence():
        page: Path = weekly_report(as_of=moment, kind=kind, formats=asked, send=send)
    files = sorted(file for file in page.parent.iterdir() if file.suffix.removeprefix(".") in asked)
    typer.echo(as_json([str(file) for file in files]) if json else "\n".join(str(file) for file in files))
    if send:
        typer.echo(_sent(kind, page.parent.name, began), err=True)


def _sent(kind: str, name: str, began: datetime) -> str:
    """What came of sending; raises RingbackError where somebody was not reached."""
    from database.incidents import open_incidents
    from database.report_runs import runs
    from flows.reporting import SENDING

    failed = [one.words for one in open_incidents() if (one.kind, one.subject) == (SENDING, f"{kind}-{name}")]
    if failed:
        raise RingbackError(failed[0])
    at = next((one.sent_at for one in runs() if (one.kind, one.name) == (kind, name)), None)
    if at is not None and at < began:
        return f"it was sent at {at:%Y-%m-%d %H:%M} UTC already; nobody is sent it twice"
    return "it was sent"
