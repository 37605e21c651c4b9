"""The commands about leads: enrich, spending, the queue."""

from pathlib import Path
from typing import Annotated

import typer

from ringback.errors import WrongUsage

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
spending = typer.Typer(no_args_is_help=True, help="What was spent, and the switch that stops it.")
waiting = typer.Typer(no_args_is_help=True, help="Leads and companies that wait for enrichment.")
FORMATS = ("json", "csv", "both")


def add_to(app: typer.Typer) -> None:
    """Add the commands to `ringback`."""
    app.command()(enrich)
    app.add_typer(spending, name="spending")
    app.add_typer(waiting, name="queue")


def enrich(
    campaign_id: Annotated[str | None, typer.Option("--campaign-id", help="Only this campaign's leads.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many leads.")] = None,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "both",
    output: Annotated[Path, typer.Option(help="Folder of the files.")] = Path("output"),
    json: Json = False,
) -> None:
    """Buy what is missing about leads, within the spending ceilings, and write what is known of them."""
    from flows.enrich_command import enrich_now, words
    from flows.environment import prepare_stores
    from flows.sandboxed import sandbox_beside

    if format not in FORMATS:
        raise WrongUsage(f"--format {format!r} is none of {', '.join(FORMATS)}")
    prepare_stores()
    with sandbox_beside():
        done = enrich_now(campaign_id, limit, format, output)  # type: ignore[arg-type]  # checked above
    if json:
        facts = {
            "leads": len(done.summary.leads), "mean_quality": done.summary.mean_quality,
            "cost_usd": done.summary.cost_usd, "cost_per_lead_usd": done.summary.cost_per_lead,
            "by_signal": done.summary.by_signal, "worked": done.worked, "files": done.files, "stopped": done.stopped,
        }  # fmt: skip
        typer.echo(_as_json(facts))
        return
    typer.echo("\n".join(words(done)))


@spending.command("show")
def spending_show(json: Json = False) -> None:
    """What each signal cost by source, what it found for that, what is stopped, and what waits for money."""
    from database.queue import put_off
    from database.spending import CEILING, spent, stops
    from flows.environment import prepare_stores

    prepare_stores()
    listed, stopped = spent(), stops()
    later = [one for one in put_off() if one.because.startswith(CEILING)]
    if json:
        typer.echo(_as_json({"spent": listed, "stops": stopped, "put_off": later}))
        return
    typer.echo(f"{'signal':20}{'source':16}{'asked':>8}{'found':>8}{'cost':>11}{'a find':>10}")
    for one in listed:
        each = f"${one.cost / one.found:,.3f}" if one.found else "-"
        typer.echo(
            f"{one.signal:20}{one.source:16}{one.found + one.missed:>8,}{one.found:>8,}"
            f"{'$' + format(one.cost, ',.2f'):>11}{each:>10}"
        )
    for put in later:
        typer.echo(f"NOT BOUGHT: {put.subjects:,} wait until {put.until:%Y-%m-%d %H:%M} UTC: {put.because}")
    for stop in stopped:
        typer.echo(f"STOPPED {stop.source} since {stop.stopped_at:%Y-%m-%d %H:%M} UTC: {stop.because}")


@spending.command("stop")
def spending_stop(
    source: Annotated[str, typer.Argument(help="A source, or * for all.")] = "*",
    because: Annotated[str, typer.Option(help="The reason, which everybody sees.")] = "stopped by hand",
) -> None:
    """Buy nothing more, now, in any process; what is under way is still fetched, and the queue stays."""
    from database.spending import stop
    from flows.environment import prepare_stores
    from ringback.clock import now

    prepare_stores()
    _check_source(source)
    stop(source, because, now())
    typer.echo(f"nothing more is bought from {'any source' if source == '*' else source}: {because}")


@spending.command("resume")
def spending_resume(source: Annotated[str, typer.Argument(help="A source, or * for all.")] = "*") -> None:
    """Buy again, and let what waited for that be taken up at once."""
    from database.incidents import close_incident
    from database.queue import wake
    from database.spending import STOPPED, resume
    from flows.environment import prepare_stores
    from ringback.clock import now

    prepare_stores()
    if not resume(source):
        raise WrongUsage(f"{source!r} is not stopped; 'ringback spending show' lists what is")
    close_incident("out_of_credit", source, now())
    typer.echo(f"{'everything' if source == '*' else source} is bought again; {wake(STOPPED):,} go on")


@waiting.command("list")
def queue_list(json: Json = False) -> None:
    """How many wait, are being worked on, are done or were given up; what is put off or was given up, and why."""
    from database.queue import backlog, dead_letters, put_off
    from flows.environment import prepare_stores

    prepare_stores()
    states, dead, later = backlog(), dead_letters(), put_off()
    if json:
        typer.echo(_as_json({"states": states, "dead_letters": dead, "put_off": later}))
        return
    typer.echo(", ".join(f"{count:,} {state}" for state, count in sorted(states.items())) or "the queue is empty")
    for one in later:
        typer.echo(f"  {one.subjects:,} wait until {one.until:%Y-%m-%d %H:%M} UTC: {one.because}")
    for letter in dead:
        typer.echo(f"  {letter.subject_id}: given up after {letter.attempts} tries: {letter.failed_because}")


@waiting.command("requeue")
def queue_requeue(
    subjects: Annotated[list[str] | None, typer.Argument(help="Leads or companies; none: all.")] = None,
) -> None:
    """Queue what was given up again."""
    from database.queue import dead_letters, requeue
    from flows.environment import prepare_stores

    prepare_stores()
    dead = [one.subject_id for one in dead_letters()]
    if others := [one for one in subjects or () if one not in dead]:
        raise WrongUsage(f"{others[0]!r} was not given up; 'ringback queue list' shows what was")
    typer.echo(f"{requeue(subjects or dead):,} wait again")


def _check_source(name: str) -> None:
    from enrichment.sources.listed import SOURCES

    names = sorted({source.name for source, _ in SOURCES})
    if name not in ("*", *names):
        raise WrongUsage(f"there is no source {name!r}; there are {', '.join(names)}, or * for all")


def _as_json(facts: object) -> str:
    from flows.environment import as_json

    return as_json(facts)
