"""How the A/B tests of sequences stand, and their verdicts: looked at each day, kept once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from campaigns.experiments import Standing, Trial, planned_sample, standing
from campaigns.sequences import MailSequence
from campaigns.sequences import Trial as Test
from database import experiments
from database.experiments import KeptVerdict


@dataclass(frozen=True, slots=True)
class TestStanding:
    """A test of a sequence, how it stands, and what came of it."""

    __test__ = False  # pytest takes classes that are named so for its own

    name: str
    sequence: str
    mail: str
    field: str
    goal: str
    shares: Mapping[str, float]
    standing: Standing
    verdict: KeptVerdict | None
    """As it was decided; later looks do not change it."""


def standings_of(sequences: Iterable[MailSequence], at: datetime) -> Iterator[TestStanding]:
    """All tests of these sequences, as they stand at a moment."""
    listed = list(sequences)
    kept = experiments.verdicts()
    for sequence in listed:
        for trials in sequence.trials.values():
            for test in trials:
                yield _standing(sequence, test, kept.get(test.name), at)


def decide_tests(sequences: Iterable[MailSequence], at: datetime) -> list[TestStanding]:
    """Keep the verdicts of tests that are decided now; gives those."""
    decided = []
    for one in standings_of(sequences, at):
        if one.verdict is None and one.standing.verdict != "running":
            kept = KeptVerdict(one.name, at, one.standing.verdict, one.standing.winner, _evidence(one.standing))
            if experiments.keep_verdict(kept):
                decided.append(one)
    return decided


def _standing(sequence: MailSequence, test: Test, verdict: KeptVerdict | None, at: datetime) -> TestStanding:
    plan = test.plan
    sent = experiments.sent_variants(test.name, sequence.sequence_id, plan.goal, at)
    trials = [Trial(one.variant, one.sent_at, one.answered_at, one.lead_id) for one in sent]
    planned = planned_sample(plan.baseline, plan.smallest_effect)
    said = standing(trials, plan.shares, at, planned, plan.goal)
    return TestStanding(
        test.name, sequence.sequence_id, plan.mail, plan.field, plan.goal, dict(plan.shares), said, verdict
    )  # fmt: skip


def _evidence(said: Standing) -> dict[str, object]:
    return {
        "said": said.said, "distance": said.distance, "mismatch": said.mismatch, "planned": said.planned,
        "arms": [asdict(arm) for arm in said.arms], "difference": said.difference,
    }  # fmt: skip
