"""The `ringback` command. What a command needs is imported when it runs, so that `ringback --help` answers at once."""

import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from flows import (
    backup_commands,
    campaign_commands,
    doctor_command,
    health_command,
    history_command,
    key_commands,
    lead_commands,
    log_command,
    model_commands,
    report_command,
    score_command,
    ticket_commands,
)
from ringback.errors import RingbackError, WrongUsage

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Learns from how sales calls really ended and sends that back into every next lead's score.",
)  # fmt: skip
imports = typer.Typer(no_args_is_help=True, help="Bring in a file: calls, leads, outcomes or logs.")
app.add_typer(imports, name="import")

FLOWS = (
    "ingest_calls", "harvest_leads", "enrich", "train", "score_leads", "check_drift", "weekly_report",
    "catch_up_reports", "run_campaigns", "check_health", "maintain",
)  # fmt: skip
ASK_VENDORS = ("ingest_calls", "harvest_leads", "enrich", "weekly_report", "catch_up_reports", "check_health")
"""Flows that ask outside systems: the sandbox stands in where no key is set."""

Every = Literal["day", "week", "month", "quarter"]
AsOf = Annotated[str | None, typer.Option("--as-of", help="A past moment, ISO 8601, UTC where no zone is said.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file, also gzipped, or a zip of them.")]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="What its columns mean (TOML); what it leaves out is recognised.")
]
Source = Annotated[str | None, typer.Option("--source", help="Whose file it is; else hubspot, salesforce or csv.")]
Dates = Annotated[str | None, typer.Option("--dates", help="Where both fit: day-first or month-first.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]
Campaign = Annotated[str | None, typer.Option("--campaign", help="The campaign that these leads join.")]
Suggest = Annotated[bool, typer.Option("--suggest", help="Print a first mapping for this file, import nothing.")]


def main() -> None:
    """Run the command; exit 0 well, 1 failed, 2 wrong usage."""
    from flows.environment import switch_tools

    try:
        switch_tools()
        app()
    except WrongUsage as failure:
        _tell(failure, 2)
    except RingbackError as failure:
        _tell(failure, 1)
    except Exception as failure:
        _tell(_said_or_raised(failure), 1)


@app.command()
def demo(
    weeks: Annotated[int, typer.Option(min=1, max=52, help="Simulated weeks to play.")] = 12,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the simulated world; 7 where none is set.")] = None,
) -> None:
    """Play the whole loop on the sandbox, then say where to look."""
    import os

    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")  # read when Prefect is first imported
    from flows.demo import play, shown, steps_of

    with shown(steps_of(weeks)) as say:
        played = play(weeks, seed, say)
    typer.echo(_screen_after_demo(played))


@app.command()
def up() -> None:
    """Start Prefect with a worker and all deployments, MLflow, the API with its pages and the sandbox; Ctrl-C stops."""
    import signal

    from flows.supervising import only_one
    from flows.up import bring_up, refuse_second, screen, watch
    from ringback.settings import settings

    typer.echo("starting; the first time takes about a minute")
    for one in (signal.SIGINT, signal.SIGTERM):  # a shell may have had us ignore the first
        signal.signal(one, signal.default_int_handler)
    refuse_second()
    with only_one(settings().home):
        running = bring_up(typer.echo)
        try:
            typer.echo("\n".join(screen()))
            watch(running, typer.echo)
        except KeyboardInterrupt:
            typer.echo("stopping")
        finally:
            running.stop()


@app.command()
def deploy() -> None:
    """Register deployments, schedules and automations with a Prefect server that 'ringback up' does not run."""
    import os
    import subprocess

    from flows.environment import prepare_stores
    from flows.up import deploy as register
    from flows.up import environment
    from ringback.settings import CHECKOUT, settings
    from training import registry

    def finish(name: str, *command: str) -> None:
        if subprocess.run(command, env=os.environ | dict(environment()), cwd=CHECKOUT).returncode:
            raise RingbackError(f"{name} failed; Prefect is asked at {settings().prefect}: does it answer there?")

    prepare_stores()
    registry.prepare()
    register(finish)
    typer.echo(f"every deployment of prefect.yaml is registered at {settings().prefect}")


@app.command()
def run(
    flow: Annotated[str, typer.Argument(help=f"One of {', '.join(FLOWS)}.")],
    parameters: Annotated[list[str] | None, typer.Argument(help="Further parameters as name=value.")] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Run one flow, now, here; with --as-of as it would have run then."""
    from importlib import import_module

    from flows.environment import as_json, quick_flows
    from flows.run_arguments import arguments_of
    from flows.run_words import failure_in_one_sentence, told
    from flows.sandboxed import sandbox_beside

    name = flow.replace("-", "_")
    if name not in FLOWS:
        raise WrongUsage(f"there is no flow {flow!r}; there are {', '.join(FLOWS)}")
    chosen = getattr(import_module(f"flows.{name}"), name)
    arguments = arguments_of(chosen, parameters or [], _moment(as_of))
    with sandbox_beside() if name in ASK_VENDORS else nullcontext(), quick_flows(), failure_in_one_sentence():
        result = chosen(**arguments)
    typer.echo(as_json(result) if json else told(name, result))


@app.command()
def replay(
    since: Annotated[str, typer.Option("--from", help="The first moment, ISO 8601.")],
    until: Annotated[str, typer.Option("--to", help="The end of the last period.")],
    every: Annotated[Every, typer.Option(help="How often the flows ran.")] = "month",
    json: Json = False,
) -> None:
    """Let history run once more, beside the live stores, and say how the champions of the day did."""
    import os

    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")  # read when Prefect is first imported
    from flows.environment import as_json
    from flows.replay import facts, replay, told
    from flows.run_words import failure_in_one_sentence

    with failure_in_one_sentence():
        played = replay(_at(since), _at(until), every, lambda text: typer.echo(text, err=True))
    typer.echo(as_json(facts(played)) if json else "\n".join(told(played)))


@imports.command("calls")
def import_calls(
    file: File, mapping: MappingFile = None, source: Source = None, dates: Dates = None,
    dry_run: DryRun = False, suggest: Suggest = False, json: Json = False,
) -> None:  # fmt: skip
    """Import calls or deals with their outcomes from a CRM's export with its own columns, recognised or mapped."""
    _import(file, mapping, "calls", source, dates, dry_run, suggest, json)


@imports.command("leads")
def import_leads(
    file: File, mapping: MappingFile = None, source: Source = None, dates: Dates = None,
    dry_run: DryRun = False, suggest: Suggest = False, json: Json = False, campaign: Campaign = None,
) -> None:  # fmt: skip
    """Import contacts with the facts of their companies, from HubSpot, Salesforce or any CSV file."""
    _import(file, mapping, "leads", source, dates, dry_run, suggest, json, campaign)


@imports.command("outcomes")
def import_outcomes(file: File, mapping: MappingFile = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Import how calls ended; which calls they are about only a mapping can say."""
    _import(file, mapping, "outcomes", None, None, dry_run, False, json)


@app.command()
def migrate() -> None:
    """Bring both stores to this version's shape."""
    from flows.environment import prepare_stores
    from ringback.settings import settings

    prepare_stores()
    typer.echo(f"the stores under {settings().home} are in this version's shape")


@app.command()
def sandbox(
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Port on 127.0.0.1; default RINGBACK_SANDBOX_PORT.")
    ] = None,
    plant: Annotated[
        list[str] | None,
        typer.Option(help="Shift the simulated world and end: need=, urgency= or budget= by standard deviations."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="From when the shift of --plant holds; default now.")] = None,
) -> None:
    """Run the simulated vendors until Ctrl-C; with --plant change what customers think, for drift to be found."""
    from flows.ports import listens
    from flows.sandboxed import plant as plant_shift
    from flows.sandboxed import world_of_home
    from ringback.clock import now
    from ringback.settings import settings
    from sandbox.server import serve

    if plant:
        sizes = dict(_size(one) for one in plant)
        plant_shift(_at(since) if since else now(), sizes)
        typer.echo("the world is shifted; a sandbox that runs knows it once it is started again")
        return
    if since:
        raise WrongUsage("--since says from when a shift holds; say which one with --plant")
    at = port or settings().sandbox_port
    if listens(at):
        raise WrongUsage(f"port {at} is taken: a sandbox runs already, or RINGBACK_SANDBOX_PORT chooses another")
    typer.echo(f"the sandbox listens on http://127.0.0.1:{at}; Ctrl-C stops it")
    serve(port=at, world=world_of_home())


lead_commands.add_to(app)
campaign_commands.add_to(app)
model_commands.add_to(app)
key_commands.add_to(app)
score_command.add_to(app)
history_command.add_to(app)
log_command.add_to(imports)
ticket_commands.add_to(app)
report_command.add_to(app)
health_command.add_to(app)
doctor_command.add_to(app)
backup_commands.add_to(app)


def _import(
    file: Path, mapping: Path | None, kind: str, source: str | None, dates: str | None,
    dry_run: bool, suggest: bool, json: bool, campaign: str | None = None,
) -> None:  # fmt: skip
    from flows.environment import as_json
    from flows.importing_command import asked, bring_in

    for said in bring_in(file, asked(kind, mapping, source, dates, campaign), dry_run, suggest):
        typer.echo(as_json(said.facts) if json else said.words)


def _size(told: str) -> tuple[str, float]:
    import re

    found = re.fullmatch(r"(need|urgency|budget)=([+-]?\d+(?:\.\d+)?)", told)
    if found is None:
        raise WrongUsage(f"{told!r} is no shift; write need=, urgency= or budget= and a number: budget=-1.5")
    return found[1], float(found[2])


def _moment(text: str | None) -> datetime | None:
    return _at(text) if text else None


def _at(text: str) -> datetime:
    from flows.environment import stated_moment

    return stated_moment(text)


def _screen_after_demo(played: Any) -> str:
    counts = played.counts
    lines = [
        "",
        f"{played.weeks} simulated weeks are played (simulated calls: the figures say nothing about real ones).",
        f"  calls              {counts['database calls']:,}  "
        f"({counts['warehouse quarantine']} could not be read and are set aside)",
        f"  outcomes           {counts['warehouse outcomes']:,}",
        f"  predictions        {counts['database predictions']:,}, {counts['database alerts']:,} alerts",
        *(f"  champion           {target}: {words}" for target, words in played.champions.items()),
        f"  a small campaign   {counts['database campaign_leads']} leads found, "
        f"{counts['database purchases']} questions put to (simulated) sources about them",
        f"  weekly reports     {counts['weekly reports']}",
        "",
        "The demo runs its flows once a week, so its reports rightly say that scores come late;",
        "on schedule (ringback up) a call is scored within minutes of its arrival.",
        "",
        "Open",
        f"  the last report    {played.last_report}",
        f"  the archive        {played.last_report.parent.parent.parent / 'index.html'}",
        *([f"  the drift report   {played.drift_report}"] if played.drift_report else []),
        "  everything         ringback up   (pages, Prefect, MLflow, the sandbox; it says the addresses)",
        "  to sign in         ringback keys create --name YOU --role write   (the key is printed once)",
        "  the models         ringback models list",
        "  a score            ringback score --lead ADDRESS, or over HTTP: see the README, once ringback is up",
        "  the campaign       ringback enrich --campaign-id demo --output enriched   (nothing is bought again)",
    ]
    return "\n".join(lines)


def _said_or_raised(failure: Exception) -> str:
    from flows.outside import said_of

    said = said_of(failure)
    if said is None:
        raise failure
    return said


def _tell(failure: RingbackError | str, status: int) -> None:
    typer.echo(f"ringback: {failure}", err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
