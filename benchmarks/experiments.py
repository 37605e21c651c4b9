"""How often an A/B test that is looked at daily errs, and what it finds: `python -m benchmarks.experiments [TESTS]`.

Each test sends to a number of leads a day, who answer within days or never; it is looked at every morning until it says
something or its planned sample has had time to answer, as `run-campaigns` does.
"""

import random
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

from campaigns.experiments import Trial, planned_sample, standing, wilson

START = datetime(2026, 3, 2, 15)
DAYS = 30
BASELINES = (0.05, 0.12, 0.3)
EFFECT = 0.2


def played(baseline: float, effect: float, smallest: float, seed: int, lost: float = 0.0) -> tuple[str, str | None]:
    """A test from its first day to its verdict; `lost` is the share of the second variant's leads that vanish."""
    dice = random.Random(seed)
    planned = planned_sample(baseline, smallest)
    shares = {"plain": 0.5, "question": 0.5}
    rates = {"plain": baseline, "question": baseline * (1 + effect)}
    a_day = 2 * planned // DAYS + 1
    trials: list[Trial] = []
    for day in range(DAYS + 8):
        at = START + timedelta(days=day)
        told = standing(trials, shares, at, planned)
        if told.verdict != "running":
            return told.verdict, told.winner
        for _ in range(a_day):
            variant = dice.choice(("plain", "question"))
            if variant == "question" and dice.random() < lost:
                continue
            answered = at + timedelta(hours=dice.expovariate(1 / 20)) if dice.random() < rates[variant] else None
            trials.append(Trial(variant, at, answered, f"{day}-{len(trials)}"))
    return "running", None


def rate(verdicts: Sequence[tuple[str, str | None]], *wanted: tuple[str, str | None]) -> str:
    """A share of tests in percent with its interval."""
    hits = sum(one in wanted for one in verdicts)
    low, high = wilson(hits, len(verdicts))
    return f"{100 * hits / len(verdicts):5.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def main(tests: int) -> None:
    """A/A tests, planted effects, and variants that lose leads."""
    print(f"{tests} tests a line, looked at daily; simulated")
    for baseline in BASELINES:
        planned = planned_sample(baseline, EFFECT)
        same = [played(baseline, 0.0, EFFECT, seed) for seed in range(tests)]
        better = [played(baseline, EFFECT, EFFECT, 10_000 + seed) for seed in range(tests)]
        said = rate(same, ("better", "plain"), ("better", "question"))
        found, wrong = rate(better, ("better", "question")), rate(better, ("better", "plain"))
        print(f"  baseline {baseline:4.0%}, {planned:6,} leads a variant: A/A called {said}", flush=True)
        print(f"    a fifth better: found {found}, wrong way {wrong}", flush=True)
    lossy = [played(0.12, 0.0, EFFECT, 20_000 + seed, lost=0.1) for seed in range(tests)]
    print(f"  a tenth of one variant's leads lost: stopped {rate(lossy, ('stopped', None))}")
    print(f"  none lost: stopped {rate([played(0.12, 0.0, EFFECT, seed) for seed in range(tests)], ('stopped', None))}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
