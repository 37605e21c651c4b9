"""History once more: the flows as they would have run then, period by period, and what the champions of the day said.

A replay has a home of its own beside the live one: a copy of the warehouse, and a ledger and a model registry that
start empty. The live stores are only read, and no vendor is asked: the copy holds all that came, and when it became
known. Run again it finds what is done already and goes on, as long as the facts are the same.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from flows.replay_home import bring_facts, live_in, only_one_replay
from ringback.errors import NoModel, NotEnoughData, WrongUsage
from ringback.settings import settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from monitoring.prequential import Period, Record
    from training.registry import Loaded

Every = Literal["day", "week", "month", "quarter"]
STEP_DAYS = {"day": 1, "week": 7}
STEP_MONTHS = {"month": 1, "quarter": 3}
LATELY = 2_000
LEAST_CALLS = 1

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found."""

    since: datetime
    until: datetime
    every: str
    record: "Record"
    periods: list["Period"]
    file: Path
    """One row per call: when, how it ended, and what each forecaster said."""


def moments(since: datetime, until: datetime, every: Every) -> list[datetime]:
    """The moments at which the flows run; the last period ends with the step after the last of them.

    >>> [f"{at:%Y-%m-%d}" for at in moments(datetime(2009, 11, 1), datetime(2010, 1, 31), "month")]
    ['2009-11-01', '2009-12-01', '2010-01-01']
    """
    if until <= since:
        raise WrongUsage(f"--to {until:%Y-%m-%d} does not come after --from {since:%Y-%m-%d}")
    found = [since]
    while (step := after(found[-1], every)) < until:
        found.append(step)
    return found


def after(moment: datetime, every: Every) -> datetime:
    """One step later, on the same day of the month as far as it has one."""
    if every in STEP_DAYS:
        return moment + timedelta(days=STEP_DAYS[every])
    month = moment.month - 1 + STEP_MONTHS[every]
    year, month = moment.year + month // 12, month % 12 + 1
    last = (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return moment.replace(year=year, month=month, day=min(moment.day, last))


def replay(since: datetime, until: datetime, every: Every, say: Say) -> Replayed:
    """Run the flows at every moment from `since` to `until`, and judge each champion on the calls of its period."""
    from monitoring.prequential import record_of
    from ringback.clock import now

    at = moments(since, until, every)
    if at[-1] > now():
        raise WrongUsage(f"the {every} from {at[-1]:%Y-%m-%d} on has not begun yet; --to is the end of the last one")
    home = settings().home / "replays" / f"{since:%Y-%m-%d}_{until:%Y-%m-%d}_{every}"
    with only_one_replay(home):
        if bring_facts(home):
            say(f"the facts are others than those that {home} was begun with: it begins afresh")
        live_in(home)
        periods = []
        for number, moment in enumerate(at, start=1):
            say(f"{every} {number} of {len(at)}, {moment:%Y-%m-%d}")
            run_flows(moment)
            periods.append(judge(moment, after(moment, every)))
        judged = [period for period in periods if len(period.y) >= LEAST_CALLS]
        if not judged:
            raise NotEnoughData(
                f"no call from {since:%Y-%m-%d} to {until:%Y-%m-%d} has ended; 'ringback import' brings some"
            )
        return Replayed(since, until, every, record_of(judged), judged, keep(judged, home / "answers.csv"))


def run_flows(moment: datetime) -> None:
    """Train, score and look for drift, as of a moment; what cannot be done yet is left to the next."""
    from flows.check_drift import check_drift
    from flows.environment import quick_flows
    from flows.score_leads import score_leads
    from flows.train import train

    with quick_flows():
        for step in (train, score_leads, check_drift):
            _if_possible(step, moment)


def judge(start: datetime, end: datetime) -> "Period":
    """What was said of the calls of a period by who was champion at its start, and how they ended.

    Each call is seen as it was when it was judged, at most two days after it became known, whenever that was.
    """
    import numpy as np

    from features import build
    from features.labels import labels_as_of
    from features.snapshots import snapshots_as_of
    from monitoring.prequential import FROZEN, RATE, SYSTEM, Period
    from ringback.clock import now

    labels = labels_as_of(now())["progression"]
    known_before = labels_as_of(start)["progression"]
    calls = [s for s in snapshots_as_of(now(), start) if s.called_at < end and s.call_id in labels]
    rows = [build(s) for s in calls]
    champion, frozen = _champion(start), _first_champion(start)
    lately = sorted(known_before.values(), key=lambda label: label.matures_at)[-LATELY:]
    rate = sum(label.happened for label in lately) / len(lately) if lately else 0.5
    return Period(
        start=start,
        champion=f"version {champion.version}, {champion.candidate}" if champion else "rules",
        y=np.array([labels[s.call_id].happened for s in calls], dtype=bool),
        said={SYSTEM: _answers(champion, rows), FROZEN: _answers(frozen, rows), RATE: np.full(len(rows), rate)},
    )


def keep(periods: list["Period"], path: Path) -> Path:
    """Write one row per call as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["period", "champion", "happened", *periods[0].said])
        for period in periods:
            said = zip(*period.said.values(), strict=True)
            for happened, row in zip(period.y, said, strict=True):
                writer.writerow(
                    [f"{period.start:%Y-%m-%d}", period.champion, int(happened), *(f"{p:.6f}" for p in row)]
                )
    return path


def told(replayed: Replayed) -> Iterator[str]:
    """The record in words, line by line."""
    import numpy as np

    yield f"{'from':12}{'champion':42}{'calls':>7}{'ended well':>12}{'said':>7}{'ROC AUC':>9}"
    for period in replayed.periods:
        n, well = len(period.y), period.y.mean()
        auc = _auc_or_nothing(period)
        said = float(np.mean(period.said["system"]))
        yield f"{period.start:%Y-%m-%d}  {period.champion:42}{n:7,}{well:12.1%}{said:7.1%}{auc:>9}"
    yield ""
    yield f"{replayed.record.calls:,} calls in {replayed.record.periods} periods, each answered before it had ended:"
    yield f"{'':36}{'ROC AUC':>9}{'Brier':>8}{'ECE':>7}{'ROC AUC within periods':>24}"
    for one in replayed.record.figures:
        yield (f"{one.forecaster:36}{one.roc_auc:9.3f}{one.brier:8.4f}{one.ece:7.3f}{one.within_roc_auc:24.3f}")
    for one in replayed.record.figures:
        for metric, (gain, low, high) in one.difference.items():
            word = "ROC AUC higher" if metric == "roc_auc" else "Brier score lower"
            yield f"the system's {word} by {gain:.4f} [{low:.4f}, {high:.4f}] than: {one.forecaster}"
    yield f"one row per call: {replayed.file}"


def facts(replayed: Replayed) -> dict[str, object]:
    """The record for programs."""
    return {
        "from": replayed.since, "to": replayed.until, "every": replayed.every, "calls": replayed.record.calls,
        "figures": [asdict(one) for one in replayed.record.figures],
        "periods": [
            {"from": p.start, "champion": p.champion, "calls": len(p.y), "ended_well": int(p.y.sum())}
            for p in replayed.periods
        ],
        "file": replayed.file,
    }  # fmt: skip


def _if_possible(step: Callable[..., object], moment: datetime) -> None:
    """Early moments have too few outcomes to train, and no champion to watch."""
    try:
        step(as_of=moment)
    except (NotEnoughData, NoModel) as failure:
        from logging import getLogger

        getLogger("ringback.replay").info("%s: %s", moment, failure)


def _champion(moment: datetime) -> "Loaded | None":
    from database.promotions import champion_as_of
    from training import registry

    champion = champion_as_of("progression", moment)
    return registry.load("progression", champion.version) if champion else None


def _first_champion(moment: datetime) -> "Loaded | None":
    """The champion of the first moment at which there was one, up to now."""
    from database.promotions import ledger
    from training import registry

    made = ledger("progression", moment)
    return registry.load("progression", made[-1].version) if made else None


def _answers(model: "Loaded | None", rows: list[dict[str, str | float | None]]) -> "NDArray[np.float64]":
    import numpy as np

    from scoring.fallback import by_rules
    from training.standing import answers

    return answers(model, rows) if model else np.array([by_rules(row)[0] for row in rows], dtype=float)


def _auc_or_nothing(period: "Period") -> str:
    from training.evaluate import roc_auc

    return f"{roc_auc(period.y, period.said['system']):.3f}" if 0 < period.y.sum() < len(period.y) else "-"
