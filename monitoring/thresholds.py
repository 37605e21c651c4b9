"""Thresholds from costs, on evidence: what the version's matured answers would have earned under other thresholds.

They are chosen on the answers about the earlier half of the calls and judged on the later half, which had no say in the
choice. What is proposed is what was judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from scoring.costs import HIGHEST, Money, Thresholds, best_thresholds, earned, in_force, money_of, net_values
from scoring.policy import Costs, Policy, qualification_score
from training.calibrate import learn_sigmoid
from warehouse.connect import query, reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_ANSWERS = 200
LEAST_COMPANIES = 20
LEAST_OF_EACH = 5
"""Of the leads that would be treated otherwise, how many must have progressed, and not: of fewer a bootstrap says that
chance can do nothing."""
SUREST = 0.005
SHOWN = range(20, 100, 10)
ASSUMPTIONS = (
    "the costs of the policy are assumptions; a lead counts as if it had ended alike on any track, and what comes back "
    "from the nurture track is assumed, not measured"
)


@dataclass(frozen=True, slots=True)
class ScoredAnswers:
    """Matured answers in the order in which their calls became known; all of length n."""

    score: "NDArray[np.int64]"
    """Under the weights in force."""
    happened: "NDArray[np.bool_]"
    companies: Sequence[str | None]
    known_at: Sequence[datetime]

    def part(self, start: int, end: int) -> "ScoredAnswers":
        """Some in a row."""
        some = slice(start, end)
        return ScoredAnswers(self.score[some], self.happened[some], self.companies[some], self.known_at[some])


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the answers say of the thresholds in force and of those that follow from the costs."""

    now: Thresholds
    proposed: Thresholds
    """The same as `now` where those are kept."""
    found: Thresholds | None
    """What the costs asked for on the earlier half; None with too few answers."""
    reason: str
    n: int
    """Matured answers in all."""
    judged: int
    """Of them, those of the later half, on which all figures are."""
    treated_otherwise: int
    """Of these, leads that what was found treats otherwise."""
    since: datetime | None = None
    judged_since: datetime | None = None
    until: datetime | None = None
    """When the first of all, the first of the judged, and the last call became known."""
    earned_now: Money | None = None
    earned_found: Money | None = None
    gain: Money | None = None
    """Of what was found over those in force, lead by lead."""
    by_handoff: Mapping[int, float] = field(default_factory=dict)
    """US dollars a lead under other hand-over thresholds, with the nurture threshold that was found."""

    @property
    def is_change(self) -> bool:
        """Whether other thresholds are shown to earn more."""
        return self.proposed != self.now

    def said(self) -> list[str]:
        """A line each: the verdict, the thresholds, the money, and on what it rests."""
        lines = [f"{'change' if self.is_change else 'keep'}: {self.reason}", f"in force: {self.now}"]
        if self.found is None or self.earned_now is None or self.earned_found is None or self.gain is None:
            return lines
        lines.append(f"from costs: {self.found}")
        lines.append(f"net value under those in force {self.earned_now.per_100()}")
        lines.append(f"net value under those from costs {self.earned_found.per_100()}")
        lines.append(f"difference {self.gain.per_100()}, 95 % interval, companies drawn together")
        lines.append(
            f"judged on {self.judged:,} answers about calls of {self.judged_since:%Y-%m-%d} to {self.until:%Y-%m-%d}, "
            f"{self.treated_otherwise:,} of them treated otherwise; found on {self.n - self.judged:,} before these, "
            f"from {self.since:%Y-%m-%d}"
        )
        curve = ", ".join(f"{at}: ${100 * value:,.0f}" for at, value in self.by_handoff.items())
        lines.append(f"per 100 leads by hand-over threshold, nurture from {self.found.nurture}: {curve}")
        return lines


def scored_answers(as_of: datetime, version: str, rules: Policy) -> ScoredAnswers:
    """The version's answers about calls whose progression has matured, scored by the policy, as known at a moment."""
    import numpy as np

    with reading() as warehouse:
        rows = query(warehouse, "scored_matured", {"as_of": as_of, "version": version})
    scores = [qualification_score(row["probability"], row["voice_ai_probability"], rules) for row in rows]
    return ScoredAnswers(
        score=np.array(scores, dtype=np.int64),
        happened=np.array([row["happened"] for row in rows], dtype=bool),
        companies=[row["company_id"] for row in rows],
        known_at=[row["known_at"] for row in rows],
    )


def propose(answers: ScoredAnswers, rules: Policy) -> Proposal:
    """Thresholds from the costs of the policy where they are shown to earn more, else those in force.

    They are changed only where there are 200 answers, the 95 % interval of the gain on the later half lies above
    nought, and enough leads of either ending would be treated otherwise for that interval to mean something.
    """
    import numpy as np

    now, n = in_force(rules), len(answers.score)
    half = n // 2
    if n < LEAST_ANSWERS:
        few = f"not enough data: {n} matured answers, {LEAST_ANSWERS} needed"
        return Proposal(now, now, None, few, n, judged=0, treated_otherwise=0)
    early, late = answers.part(0, half), answers.part(half, n)
    found = found_on(early, rules.costs)
    under_now, under_found = (earned(late.score, late.happened, at, rules.costs) for at in (now, found))
    earned_now, earned_found, gain = money_of([under_now, under_found, under_found - under_now], late.companies)
    otherwise = track_of(late.score, now) != track_of(late.score, found)
    keep = _why_keep(found, now, gain, late, otherwise)
    values = net_values(late.score, late.happened, rules.costs)
    return Proposal(
        now=now,
        proposed=now if keep else found,
        found=found,
        reason=keep or f"{found} earn ${100 * gain.mean:,.0f} more per 100 leads than {now}",
        n=n,
        judged=n - half,
        treated_otherwise=int(np.count_nonzero(otherwise)),
        since=answers.known_at[0],
        judged_since=answers.known_at[half],
        until=answers.known_at[-1],
        earned_now=earned_now,
        earned_found=earned_found,
        gain=gain,
        by_handoff={at: float(values[at, min(at, found.nurture)]) for at in SHOWN},
    )


def found_on(answers: ScoredAnswers, costs: Costs) -> Thresholds:
    """The thresholds that costs ask for, by how likely answers with each score progressed.

    That is a sigmoid over the log-odds of the score, learned from the answers: with a hundred or two of them steadier
    than the threshold that would have earned most.
    """
    import numpy as np
    from scipy.special import expit

    slope, intercept = learn_sigmoid(_log_odds(answers.score), answers.happened)
    return best_thresholds(expit(slope * _log_odds(np.arange(HIGHEST + 1)) + intercept), costs)


def track_of(score: "NDArray[np.int64]", at: Thresholds) -> "NDArray[np.int64]":
    """2 for hand-over, 1 for nurture, 0 for self-service; shape (leads,)."""
    import numpy as np

    return np.where(score >= at.handoff, 2, np.where(score >= at.nurture, 1, 0))


def _why_keep(
    found: Thresholds, now: Thresholds, gain: Money, late: ScoredAnswers, otherwise: "NDArray[np.bool_]"
) -> str | None:
    """Why the thresholds in force stay, or None where they should not."""
    import numpy as np

    progressed, not_progressed = (int(np.count_nonzero(late.happened[otherwise] == end)) for end in (True, False))
    companies = len({at if name is None else name for at, name in enumerate(late.companies)})
    if found == now or not otherwise.any():
        return "what the costs ask for treats every lead as now"
    if gain.low <= 0:
        return f"{found} are not shown to earn more: the interval of the gain reaches nought"
    if min(progressed, not_progressed) < LEAST_OF_EACH:
        return (
            f"{progressed} leads that progressed and {not_progressed} that did not would be treated otherwise by "
            f"{found}, at least {LEAST_OF_EACH} of each are needed to judge"
        )
    if companies < LEAST_COMPANIES:
        return f"not enough data: {companies} companies, {LEAST_COMPANIES} needed to judge {found}"
    return None


def _log_odds(score: "NDArray[np.int64]") -> "NDArray[np.float64]":
    import numpy as np
    from scipy.special import logit

    return np.asarray(logit(np.clip(score / HIGHEST, SUREST, 1 - SUREST)))
