"""The whole loop on a simulated clock: a history is ingested, then week after week is scored, judged and reported."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.environment import prepare_stores, quick_flows
from flows.sandboxed import demo_weeks, sandbox_beside, world_of_home
from ringback.clock import WEEK, week_start
from ringback.settings import settings
from sandbox.decisions import DecidingSystems, Planted

if TYPE_CHECKING:
    from sandbox.world import World

WEEKS_BETWEEN_TRAININGS = 4
CAMPAIGN = "demo"
CAMPAIGN_LEADS = 120
HARVESTED_IN = 2
"""The week in which the campaign's leads are looked for; from then on it runs three times a week."""
WORSE_IN, MENDED_IN = 6, 9
"""The week in which a template of the simulated message writer gets worse, and the one in which it is mended."""
TEMPLATE, LOST = "opener_news", -0.18

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Played:
    """What lies there after the demo."""

    weeks: int
    counts: dict[str, int]
    last_report: Path
    drift_report: Path | None
    champions: dict[str, str]


def play(weeks: int, seed: int | None, say: Step) -> Played:
    """Play the weeks through the real flows; the same again finds everything done and changes no count."""
    os.environ["RINGBACK_FELLOW_REQUESTS_PER_SECOND"] = "100000"  # twelve weeks in two minutes: the limit is scaled too
    settings.cache_clear()
    prepare_stores()
    world = world_of_home(seed, weeks)
    drift_report = report = None
    with sandbox_beside(world) as server, quick_flows():
        assert server is not None  # noqa: S101  (a world is given, so a server is made)
        say("starting Prefect (its own server, for this run)")
        for number, moment in enumerate(demo_weeks(world, weeks)):
            server.set_now(moment)
            trains = number % WEEKS_BETWEEN_TRAININGS == 0
            logs = partial(log_week, decisions_of(world.seed, moment - number * WEEK))
            life = partial(live_week, world, week_start(moment))
            for step, run in _week(trains, number, last=number == weeks - 1, logs=logs, life=life):
                say(f"week {number + 1} of {weeks}, {moment:%d %b %Y}: {step}")
                result = run(as_of=moment)
                drift_report = result.report if step.startswith("drift") else drift_report
                report = result if step.startswith("report") else report
    assert report is not None  # noqa: S101  (every week ends with one)
    return Played(weeks, count_everything(), report, drift_report, champions())


def count_everything() -> dict[str, int]:
    """Rows of each table of both stores, versions of each model, and reports."""
    from database.session import count_rows
    from ringback.records import TARGETS
    from training import registry
    from warehouse.connect import reading as reading_warehouse
    from warehouse.connect import rows

    counts = {}
    with reading_warehouse() as warehouse:
        for row in rows(warehouse, "SELECT table_name AS name FROM duckdb_tables() WHERE name != 'schema_migrations'"):
            counted = rows(warehouse, f"SELECT count(*) AS n FROM {row['name']}")  # noqa: S608
            counts[f"warehouse {row['name']}"] = int(counted[0]["n"])
    counts |= {f"database {name}": n for name, n in count_rows().items()}
    for target in TARGETS:
        counts[f"versions of {target}"] = len(registry.versions(target))
    counts["weekly reports"] = len(list(settings().reports.glob("weekly/*/report.html")))
    return dict(sorted(counts.items()))


def champions() -> dict[str, str]:
    """Who is champion of each target, in a few words."""
    from ringback.records import TARGETS
    from training import registry

    return {
        target: f"version {v.version}, {v.candidate.replace('_', ' ')}, test ROC AUC {v.metrics['test_roc_auc']:.3f}"
        for target in TARGETS
        for v in registry.versions(target)
        if registry.CHAMPION in v.aliases
    }


def decisions_of(seed: int, first: datetime) -> DecidingSystems:
    """Outside systems that log their decisions, one template of which is worse for some weeks; `first` is in week 1."""
    start = week_of(first)
    worse, mended = start + (WORSE_IN - 1) * WEEK, start + (MENDED_IN - 1) * WEEK
    return DecidingSystems(seed, planted=(Planted(TEMPLATE, LOST, worse, mended),))


def week_of(moment: datetime) -> datetime:
    """The Monday of the week that a report as of a moment speaks of."""
    return week_start(moment - timedelta(days=6))


def log_week(systems: DecidingSystems, as_of: datetime) -> None:
    """Let the outside systems log the week that is reported, and bring it in."""
    from warehouse.decisions import land_decisions, landed_file, landing_folder

    start = week_of(as_of)
    name = f"simulated-{start:%Y-%m-%d}"
    if landed_file(name) is None:
        landing_folder().mkdir(parents=True, exist_ok=True)
        lines = b"".join(line for day in range(7) for line in systems.lines(start + timedelta(days=day)))
        (landing_folder() / f"{name}.jsonl").write_bytes(lines)
    land_decisions(as_of)


def live_week(world: "World", monday: datetime, as_of: datetime) -> None:
    """Run the campaigns three times in a week, before each of which people have answered what they were sent."""
    from flows.campaign_life import live_until, moments_of
    from flows.run_campaigns import run_campaigns

    for moment in moments_of(monday):
        if moment <= as_of:
            live_until(world, moment)
            run_campaigns(as_of=moment)


def mend(as_of: datetime) -> None:
    """Say that what the report recommended about the template was done, on the first day of its week."""
    from database.tickets import move, tickets_as_of

    later = as_of + timedelta(hours=1)
    for ticket in tickets_as_of(later):
        if ticket.subject == TEMPLATE and ticket.state == "open":
            move(ticket.ticket_id, "accepted", later, "demo")
            move(ticket.ticket_id, "implemented", later, "demo", "its last change was taken back",
                 {"on": week_of(as_of).isoformat()})  # fmt: skip


def _week(
    trains: bool,
    number: int,
    last: bool,
    logs: Callable[..., Any] | None = None,
    life: Callable[..., Any] | None = None,
) -> Iterator[tuple[str, Callable[..., Any]]]:
    from flows.check_drift import check_drift
    from flows.enrich import enrich
    from flows.ingest_calls import ingest_calls
    from flows.score_leads import score_leads
    from flows.train import train
    from flows.weekly_report import weekly_report

    if life is not None and number >= HARVESTED_IN:
        yield "the campaign runs", life
    yield "ingest", ingest_calls
    if trains:
        yield "train", train
    yield "score", score_leads
    if number == HARVESTED_IN - 1 or (last and number < HARVESTED_IN - 1):
        yield "harvest a campaign", _harvest
        yield "enrich its leads", partial(enrich, campaign_id=CAMPAIGN)
    if last:
        yield "drift", check_drift
    if logs is not None:
        yield "logged decisions", logs
    yield "report", weekly_report
    if number == MENDED_IN - 1:
        yield "a recommendation is followed", mend


def _harvest(as_of: datetime) -> object:
    """Bring in the leads of a small campaign that looks for deciders at Apollo's stand-in."""
    from database.campaigns import Planned, save
    from flows.harvest_leads import harvest_leads

    save([Planned(CAMPAIGN, "Demo campaign", "apollo", as_of, plan={"most": CAMPAIGN_LEADS})])
    return harvest_leads(as_of=as_of, campaign_id=CAMPAIGN)


@contextmanager
def shown(total: int) -> Iterator[Step]:
    """A progress bar where a terminal watches, plain lines where none does."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    if not console.is_terminal:
        yield lambda text: console.print(text, highlight=False)
        return
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=total)

        def say(text: str) -> None:
            progress.update(bar, advance=1, description=text)

        yield say


def steps_of(weeks: int) -> int:
    """How many things the progress bar counts."""
    return 1 + sum(
        len(list(_week(n % WEEKS_BETWEEN_TRAININGS == 0, n, n == weeks - 1, print, print))) for n in range(weeks)
    )
