"""Does the learned score pay? `python -m benchmarks.policy_pays [WORLDS]`: progressed leads an executive's hour.

In each simulated world a model learns from thirty weeks of calls; in the twelve weeks after them each call is scored
once by it and once by the rule-based fallback, as known when the call was judged. Account executives have hours for a
share of the calls of each week; each policy hands over those that it scores highest. What pays is how many of these
progress. The worlds are simulated, so the figure says that the loop works, not what it earns anybody.
"""

import os
import statistics
import sys
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta
from json import dumps
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.world import World

HISTORY_WEEKS, WEEKS = 30, 12
CALLS_A_WEEK = 100
HANDED_OVER = 0.25
"""The share of a week's calls for which executives have time."""
HOURS_A_CALL = 2.5
"""As in scoring/policy.toml: an assumption."""
START = datetime(2026, 1, 5)
EVERYTHING = {"transcript": True, "ai_notes": True, "media_url": False}
WHOLE_NOTE = {"event_attendees": True, "content_markdown": True}


def main(worlds: int) -> None:
    """Both policies in each world, then the mean difference with its interval."""
    gains = []
    for seed in range(1, worlds + 1):
        learned, ruled, chance, n = _played(seed)
        gains.append(learned - ruled)
        print(f"  world {seed:3}: learned {learned:.4f}, rules {ruled:.4f}, by lot {chance:.4f} progressed an AE hour "
              f"({n} calls)", flush=True)  # fmt: skip
    mean, error = statistics.fmean(gains), statistics.stdev(gains) / sqrt(len(gains))
    half = _t95(len(gains) - 1) * error
    print(f"learned over rules: {mean:+.4f} progressed an AE hour ({mean - half:+.4f} to {mean + half:+.4f}), "
          f"better in {sum(gain > 0 for gain in gains)} of {worlds} worlds; simulated")  # fmt: skip


def _played(seed: int) -> tuple[float, float, float, int]:
    """Progressed leads an AE hour by the learned score, the rules and by lot, in one world; and of how many calls."""
    from ringback.settings import settings
    from sandbox.world import World

    with tempfile.TemporaryDirectory() as folder:
        os.environ["RINGBACK_HOME"] = folder
        settings.cache_clear()
        end = START + timedelta(weeks=HISTORY_WEEKS)
        until = end + timedelta(weeks=WEEKS)
        world = World(seed, START, CALLS_A_WEEK)
        _land(world, until)
        return _judged(world, end, until)


def _land(world: "World", until: datetime) -> None:
    """Bring a world's calls, leads and outcomes into new stores, each as known when the vendors would have told it."""
    from database.migrate import migrate as migrate_database
    from intake.importing import import_text
    from intake.mapping import load_mapping
    from intake.meetings import call_of
    from intake.store import take_calls
    from ringback.records import Call, Rejected
    from ringback.settings import settings
    from sandbox.crm import leads_csv, outcomes_csv
    from sandbox.fellow_records import note, recording
    from warehouse.migrate import migrate as migrate_warehouse

    migrate_database()
    migrate_warehouse()
    calls: list[Call] = []
    aside: list[Rejected] = []
    for meeting in world.meetings(until):
        whole = dumps(recording(meeting, until, EVERYTHING))
        told = dumps(note(meeting, until, WHOLE_NOTE)) if meeting.note_id else None
        read = call_of(whole, told, meeting.transcript_at, settings().own_domains)
        calls.append(read) if isinstance(read, Call) else aside.append(read)
    take_calls(calls, aside)
    for text, mapping in (
        (leads_csv(world, until), settings().crm_leads_mapping),
        (outcomes_csv(world, until), settings().crm_outcomes_mapping),
    ):
        import_text(text, load_mapping(mapping), "export.csv", until, settings().home / "rejects")


def _judged(world: "World", end: datetime, until: datetime) -> tuple[float, float, float, int]:
    """Learn from what was known at the end of the history, then let both policies choose in each week after it."""
    from features.batches import build_all
    from scoring.fallback import by_rules
    from scoring.policy import points, policy
    from training.data import training_data
    from training.train import train

    data = training_data(end)
    models = {target: train(data[target], 100, 1, budget_seconds=0.01) for target in data}
    progressed = {f"fellow:{one.meeting_id}": one.outcome.progressed for one in world.meetings(until)}
    calls = [one for one in build_all(until, called_after=end) if one.call_id in progressed]
    rows = [one.row for one in calls]
    said = {target: one.model.predict_proba(one.encoding.encode(rows))[:, 1].tolist() for target, one in models.items()}
    rules = policy()
    learned = [points(p, v, rules) for p, v in zip(said["progression"], said["voice_ai"], strict=True)]
    ruled = [points(*by_rules(row)[:2], rules) for row in rows]
    weeks: dict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(calls):
        weeks[(one.called_at - end).days // 7].append(at)
    won = {"learned": 0, "ruled": 0}
    handed = 0
    for some in weeks.values():
        most = max(1, round(HANDED_OVER * len(some)))
        handed += most
        for name, scores in (("learned", learned), ("ruled", ruled)):
            chosen = sorted(some, key=lambda at: (-scores[at], calls[at].call_id))[:most]
            won[name] += sum(progressed[calls[at].call_id] for at in chosen)
    hours = handed * HOURS_A_CALL
    chance = statistics.fmean(progressed[one.call_id] for one in calls) / HOURS_A_CALL
    return won["learned"] / hours, won["ruled"] / hours, chance, len(calls)


def _t95(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
