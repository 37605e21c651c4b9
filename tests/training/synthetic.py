"""Calls whose outcome depends on what was said and how it sounded, and a model that learned from them."""

from datetime import timedelta
from functools import cache

import numpy as np

from features import build
from ringback.records import Snapshot
from tests.factories import DAY, HOUR, NOON, a_snapshot, company_facts
from training.data import TrainingData
from training.train import Trained, train

ROWS = 600
LEAST_ROWS = 200


@cache
def snapshots(rows: int = ROWS) -> tuple[Snapshot, ...]:
    """One call an hour; half of them speak of pricing, the companies are of all sizes, and some are not known."""
    rng = np.random.default_rng(7)
    return tuple(
        a_snapshot(
            f"n{n}",
            at=NOON + n * HOUR,
            company=None if rng.random() < 0.2 else company_facts(f"c{n}.com", employees=float(rng.integers(5, 5000))),
            notes="They asked about pricing." if rng.random() < 0.5 else "They were quiet.",
            sentiment=round(float(rng.normal(0.1, 0.3)), 4),
        )
        for n in range(rows)
    )


@cache
def training_rows(rows: int = ROWS, signal: float = 1.0) -> TrainingData:
    """Labels a day after the call: a success is likelier with pricing and a warm tone, by `signal` times.

    The column `custom.stage` was filled in afterwards and gives the outcome away.
    """
    rng = np.random.default_rng(11)
    calls = snapshots(rows)
    log_odds = [
        signal * (2.5 * ("pricing" in (s.notes or "")) + 3.0 * (s.sentiment or 0.0) - 1.5) for s in calls
    ]  # fmt: skip
    y = rng.random(rows) < 1 / (1 + np.exp(-np.array(log_odds)))
    judged_at = np.array([s.judged_at for s in calls], dtype="datetime64[us]")
    return TrainingData(
        target="progression",
        as_of=calls[-1].judged_at + 30 * DAY,
        call_ids=[s.call_id for s in calls],
        rows=[build(s) | {"custom.stage": float(happened)} for s, happened in zip(calls, y, strict=True)],
        y=y,
        judged_at=judged_at,
        matures_at=judged_at + np.timedelta64(timedelta(days=1)),
        source="fellow",
    )


@cache
def trained() -> Trained:
    """The best candidate on these calls."""
    return train(training_rows(), LEAST_ROWS, jobs=1)
