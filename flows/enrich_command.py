"""What `ringback enrich` does and says: the queue of a campaign worked off here and now, then what it came to."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from enrichment.publish import land_found
from enrichment.summary import Format, Summary, summarise, write
from enrichment.worker import Worked, work
from flows.enrich import leads_asked_for, queue_leads, why_not, worker_name
from ringback.clock import now
from ringback.errors import WrongUsage
from ringback.settings import settings

MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Done:
    """What the command did."""

    worked: Worked
    summary: Summary
    files: tuple[Path, ...]
    stopped: tuple[str, ...]


def enrich_now(campaign_id: str | None, limit: int | None, format: Format, folder: Path) -> Done:
    """Enrich the leads of a campaign, or those that wait, and write what is known of them by then.

    Raises WrongUsage for a folder that takes no files, before anything is bought.
    """
    leads = leads_asked_for(campaign_id, limit)
    _make(folder)
    batch, total = queue_leads(leads, campaign_id, now())
    with _shown(total) as say:
        worked = work(settings(), worker_name(), now, batch, say=say)
    land_found(now())
    summary = summarise(leads, settings().signals, now())
    return Done(worked, summary, tuple(write(summary, folder, format)), why_not(batch))


def words(done: Done) -> Iterator[str]:
    """The summary, for a person."""
    summary = done.summary
    if not summary.leads:
        yield "no leads to enrich: 'ringback run harvest_leads' or 'ringback import leads FILE' brings some"
        return
    quality, cost = summary.mean_quality or 0.0, summary.cost_per_lead or 0.0
    yield f"{len(summary.leads):,} leads enriched, quality {quality:.0f} of 100 on average"
    yield f"  spent on them so far ${summary.cost_usd:,.2f}, ${cost:,.3f} a lead (prices: {settings().prices.name})"
    yield f"  {'signal':18}{'wanted':>8}{'found':>8}{'missed':>8}{'cost':>10}{'a find':>10}"
    for one in summary.by_signal:
        each = f"${one.cost_usd / one.found:,.3f}" if one.found else "-"
        yield (
            f"  {one.signal:18}{one.wanted:>8,}{one.found:>8,}{one.wanted - one.found:>8,}"
            f"{'$' + format(one.cost_usd, ',.2f'):>10}{each:>10}"
        )
    for one in summary.by_signal:
        short: Counter[str] = Counter()
        for reason, times in one.reasons.items():
            short[reason.split(":")[0]] += times
        for reason, times in short.most_common(MOST_REASONS):
            yield f"  {one.signal} missed {times:,} times: {reason}"
    yield from (f"  NOT BOUGHT: {why}" for why in done.stopped)
    yield from (f"written: {path}" for path in done.files)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise WrongUsage(f"--output {folder} cannot be a folder: {failure.strerror}; name another") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WrongUsage(f"--output {folder} cannot be written to; name another folder")


@contextmanager
def _shown(total: int) -> Iterator[Callable[[Worked], None]]:
    """A progress bar, where a terminal watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("enriching"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("enriching", total=total)
        yield lambda worked: progress.update(task, completed=worked.finished + worked.given_up)
