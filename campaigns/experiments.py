"""A/B tests of mails: how many leads are needed, and a verdict that may be looked at every day without being fooled.

The difference of two shares is held against a bound that is high at first and falls with the leads that had time to
answer: 2.24 / sqrt(their part of the planned sample), in standard errors. Without any difference the path of that
statistic is a Brownian motion's, and the reflection principle gives the chance that it ever passes the bound, whenever
it is looked at: 4 (1 - Phi(2.24)) = 5 % (the continuous form of O'Brien and Fleming 1979, Biometrics 35). Leads
beyond the planned sample are not looked at, so the test ends.

Whether the variants were given to as many leads as planned is watched likewise (Lindon, Malek 2022, "Anytime-valid
inference for multinomial count data"): where not, something drops leads of one variant, and nothing is concluded.
benchmarks/experiments.py has the rates of errors.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import ceil, exp, lgamma, log, sqrt
from statistics import NormalDist
from typing import Literal

LEVEL = 0.05
MISMATCH_LEVEL = 0.001
POWER = 0.8
Z_95, Z_80 = 1.959963984540054, 0.8416212335729143
LOOKS_COST = 1.21
"""So many times the sample of a test that is looked at once: ((2.24 + 0.84) / (1.96 + 0.84)) squared."""
LEAST_ANSWERS = 20
"""Of both variants together: with fewer the statistic is not yet near a normal one."""
MATURE_AFTER = timedelta(days=5)
"""Who has not answered by then counts as not answering; an assumption: nearly all who ever do have by then."""
Verdict = Literal["running", "better", "no_difference", "stopped"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A lead that was sent one of the variants."""

    variant: str
    sent_at: datetime
    answered_at: datetime | None
    """When it did what the test is about (clicked, replied); None where it has not, or a machine did."""
    lead_id: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant's answers so far, among leads whose time to answer is over."""

    variant: str
    n: int
    answered: int
    low: float
    high: float
    """95 % interval (Wilson), for a look at one moment."""

    @property
    def share(self) -> float | None:
        """Share that answered."""
        return self.answered / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a test stands."""

    verdict: Verdict
    winner: str | None
    arms: tuple[Arm, ...]
    distance: float
    """Of the clearest pair: the difference as a part of the bound at this moment; 1 or more decides."""
    mismatch: float
    """Evidence against the planned shares: 1,000 or more stops the test."""
    planned: int
    """Leads a variant that the plan asks for."""
    difference: tuple[float, float, float] | None
    """Of the first two variants (or winner and next): second less first, with its interval for a look at one moment."""
    said: str


def planned_sample(baseline: float, smallest_effect: float) -> int:
    """Leads a variant by which a test that is looked at daily finds the smallest relative effect 8 times in 10.

    The usual sample for two shares (Fleiss 1981) at 5 % and 80 %, times what looking daily costs.

    >>> planned_sample(0.12, 0.2)
    3777
    """
    first, second = baseline, min(0.999, baseline * (1 + smallest_effect))
    if not 0 < baseline < 1 or first == second:
        raise ValueError("baseline is a share between 0 and 1, the smallest effect is not nought")
    mean = (first + second) / 2
    spread = Z_95 * sqrt(2 * mean * (1 - mean)) + Z_80 * sqrt(first * (1 - first) + second * (1 - second))
    return ceil(LOOKS_COST * (spread / (second - first)) ** 2)


def standing(
    trials: Iterable[Trial], shares: Mapping[str, float], at: datetime, planned: int, goal: str = "answered"
) -> Standing:
    """How a test stands at a moment, from all mails of it that were sent by then.

    `shares` are what each variant was to be given of the leads. The order of trials does not matter; a lead counts once
    it answered or its time to answer is over, in the order of the moments of sending.
    """
    sent = sorted((one for one in trials if one.sent_at <= at), key=lambda one: (one.sent_at, one.lead_id))
    answers: dict[str, list[bool]] = {variant: [] for variant in sorted(shares)}
    for one in sent:
        if one.variant in answers and one.sent_at + MATURE_AFTER <= at and len(answers[one.variant]) < planned:
            answers[one.variant].append(_answered(one))
    arms = tuple(_arm(variant, did) for variant, did in answers.items())
    mismatch = mismatch_evidence([sum(one.variant == v for one in sent) for v in shares], list(shares.values()))
    distance, best, other = _clearest(arms, planned)
    verdict: Verdict = "running"
    if mismatch >= 1 / MISMATCH_LEVEL:
        verdict = "stopped"
    elif distance >= 1:
        verdict = "better"
    elif all(arm.n >= planned for arm in arms):
        verdict = "no_difference"
    winner = best.variant if verdict == "better" else None
    said = _said(verdict, winner, arms, planned, goal)
    return Standing(verdict, winner, arms, distance, mismatch, planned, _difference(other, best), said)


def bound(pairs: int = 1) -> float:
    """How many standard errors decide once all of the planned sample is in; of several pairs each gets its part.

    >>> round(bound(), 3), round(bound(3), 3)
    (2.241, 2.638)
    """
    return NormalDist().inv_cdf(1 - LEVEL / pairs / 4)


def mismatch_evidence(counts: Sequence[int], shares: Sequence[float], concentration: float = 100.0) -> float:
    """Evidence against leads having been given out in these shares, however often it is looked at.

    A Bayes factor of a multinomial with a Dirichlet prior around the planned shares against those shares themselves
    (Lindon, Malek 2022, equation 4); it is a martingale where the shares hold.

    >>> mismatch_evidence([500, 500], [0.5, 0.5]) < 1, mismatch_evidence([600, 400], [0.5, 0.5]) > 1000
    (True, True)
    """
    whole, total = sum(counts), sum(shares)
    told = lgamma(concentration) - lgamma(concentration + whole)
    for count, share in zip(counts, shares, strict=True):
        part = share / total
        told += lgamma(concentration * part + count) - lgamma(concentration * part) - count * log(part)
    return exp(min(told, 700.0))


def _clearest(arms: Sequence[Arm], planned: int) -> tuple[float, Arm, Arm]:
    """The pair whose difference has come farthest towards its bound: how far, the better one and the other."""
    pairs = list(combinations(arms, 2))
    limit = bound(len(pairs))
    found = []
    for first, second in pairs:
        better, other = sorted((first, second), key=lambda arm: (-(arm.share or 0.0), arm.variant))
        found.append((_standard_errors(better, other) * sqrt(_part(better, other, planned)) / limit, better, other))
    return max(found, key=lambda one: one[0])


def _standard_errors(better: Arm, other: Arm) -> float:
    """The difference of two shares in its standard errors, were there none; 0 where too little was answered."""
    n, answered = better.n + other.n, better.answered + other.answered
    if not better.n or not other.n or min(answered, n - answered) < LEAST_ANSWERS:
        return 0.0
    common = answered / n
    error = sqrt(common * (1 - common) * (1 / better.n + 1 / other.n))
    return ((better.share or 0.0) - (other.share or 0.0)) / error


def _part(first: Arm, second: Arm, planned: int) -> float:
    """How much of the information of the planned sample is in."""
    return min(1.0, 2 * first.n * second.n / (first.n + second.n) / planned) if first.n and second.n else 0.0


def _answered(one: Trial) -> bool:
    return one.answered_at is not None and one.answered_at <= one.sent_at + MATURE_AFTER


def _arm(variant: str, answers: Sequence[bool]) -> Arm:
    low, high = wilson(sum(answers), len(answers))
    return Arm(variant, len(answers), sum(answers), low, high)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); all of 0 to 1 where nothing was seen.

    >>> tuple(round(end, 3) for end in wilson(10, 100))
    (0.055, 0.174)
    """
    if not n:
        return 0.0, 1.0
    share, z2 = successes / n, Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def _difference(lower: Arm, higher: Arm) -> tuple[float, float, float] | None:
    """Newcombe's interval of the difference of two shares (1998, method 10)."""
    if lower.share is None or higher.share is None:
        return None
    value = higher.share - lower.share
    below = sqrt((higher.share - higher.low) ** 2 + (lower.high - lower.share) ** 2)
    above = sqrt((higher.high - higher.share) ** 2 + (lower.share - lower.low) ** 2)
    return value, value - below, value + above


def _said(verdict: Verdict, winner: str | None, arms: Sequence[Arm], planned: int, goal: str) -> str:
    figures = "; ".join(
        f"{arm.variant}: {arm.answered:,} of {arm.n:,} {goal}"
        + (
            f" ({100 * arm.share:.1f} %, {100 * arm.low:.1f} to {100 * arm.high:.1f} %)"
            if arm.share is not None
            else ""
        )
        for arm in arms
    )
    if verdict == "stopped":
        return (
            f"stopped: the variants were not given to as many leads as planned, so nothing can be concluded. {figures}"
        )
    if verdict == "better":
        return f"{winner} does better. {figures}"
    if verdict == "no_difference":
        return f"no difference shown with the planned {planned:,} leads a variant. {figures}"
    least = min((arm.n for arm in arms), default=0)
    return f"not decided: {least:,} of the planned {planned:,} leads a variant have had time to answer. {figures}"
