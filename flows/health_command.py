"""`ringback health`: how everything is now, what is wrong since when, or how it was in the last days."""

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.health import Past
    from ringback.health import Finding

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
History = Annotated[bool, typer.Option("--history", help="What the checks of the last days found, not a look now.")]
Days = Annotated[int, typer.Option(min=1, max=30, help="How many days of history.")]
MARKS = {"excellent": "++", "good": "+", "needs_attention": "!", "critical": "!!", "not_in_use": "-"}


def add_to(app: typer.Typer) -> None:
    """Add the command to `ringback`."""
    app.command()(health)


def health(json: Json = False, history: History = False, days: Days = 7) -> None:
    """Look at vendors, stores, queues, flows, models and the machine now; exit 1 where something is critical.

    Looking changes nothing and tells nobody: `ringback run check-health` does, five times a day.
    """
    if history:
        _show_history(days, json)
        return
    from database.incidents import timeline
    from database.queue import backlog
    from database.signals import claims
    from database.spending import stops
    from flows.check_health import as_found, prefect_url, prepared
    from flows.environment import as_json
    from flows.sandboxed import sandbox_beside
    from monitoring.health import judge
    from monitoring.health_gathering import asked, circuits, gather
    from monitoring.health_limits import load_rules
    from monitoring.incidents import well_again
    from ringback.clock import now
    from ringback.settings import settings

    rules = load_rules(settings().health)
    prepared()
    with sandbox_beside():
        found = as_found(judge(gather(now(), prefect_url()), rules.limits), now())
    stopped = asked(stops, "none").value or []
    opened = [one for one in asked(timeline, "none").value or [] if one.recovered_at is None]
    over = well_again(opened, found.looked_at)
    if json:
        facts = {
            "status": found.status, "as_of": found.as_of, "findings": found.looked_at,
            "incidents": [asdict(one) | {"well_again": over.get(one.incident_id)} for one in opened],
            "stops": stopped, "circuits": asked(circuits, "none").value, "queue": asked(backlog, "none").value,
            "claims": asked(claims, "none").value,
        }  # fmt: skip
        typer.echo(as_json(facts))
    else:
        _show(found.looked_at)
        for stop in stopped:
            typer.echo(f"STOPPED   {stop.because}")
        for one in opened:
            since = f"{one.opened_at:%Y-%m-%d %H:%M} UTC"
            typer.echo(f"INCIDENT  {one.kind} {one.subject}, {_plain(one.severity)}, since {since}: {one.words}")
            if words := over.get(one.incident_id):
                typer.echo(f"          well again by now: {words}; the next check-health closes it")
        typer.echo(f"in all: {_plain(found.status)}, as of {found.as_of:%Y-%m-%d %H:%M} UTC")
    if found.status == "critical":
        raise typer.Exit(1)


def _show(findings: "Sequence[Finding]") -> None:
    width = max((len(one.subject) for one in findings), default=0)
    for one in findings:
        typer.echo(f"{MARKS[one.status]:3}{one.subject:{width}}  {_plain(one.status):16}{one.words}")


def _show_history(days: int, json: bool) -> None:
    from database.health import all_history
    from flows.environment import as_json, prepare_stores
    from ringback.clock import now

    prepare_stores()
    listed = all_history(now() - timedelta(days=days))
    if json:
        typer.echo(as_json(listed))
        return
    if not listed:
        typer.echo("nothing was looked at yet; 'ringback run check-health' does")
    for moment in sorted({one.measured_at for one in listed}):
        found: list[Past] = [one for one in listed if one.measured_at == moment]
        wrong = [one for one in found if one.is_wrong]
        told = "; ".join(f"{_plain(one.status)}: {one.subject}: {one.words}" for one in wrong) or "all well"
        typer.echo(f"{moment:%Y-%m-%d %H:%M} UTC  {len(found)} looked at  {told}")


def _plain(word: str) -> str:
    return word.replace("_", " ")
