"""Rules about the models: whether they hold what they promise, everywhere."""

from improvement.members import gaps
from improvement.recommendation import Recommendation
from improvement.rules.targets import CRITICAL_ACCURACY, LEAST_ACCURACY
from improvement.week import Week
from improvement.wording import evidence_text, gap_text, percent

CALIBRATION_TOLERANCE = 0.03
LABELS_TO_TRAIN = 200
LEAST_SHORTFALL = 0.1
"""Of accuracy in a segment: from this on it is worth a look."""


def lost_calibration(week: Week) -> Recommendation | None:
    """Stated probabilities no longer match what happens."""
    gap = week.lately("calibration_gap")
    if gap is None or gap.value is None or gap.low is None or gap.high is None:
        return None
    if gap.low <= CALIBRATION_TOLERANCE and gap.high >= -CALIBRATION_TOLERANCE:
        return None
    brier = week.lately("brier_score")
    return Recommendation(
        rule="lost_calibration",
        subject="progression",
        category="model",
        priority="HIGH",
        title=f"The model promises {'more' if gap.value > 0 else 'less'} than comes true",
        description="Over the last five weeks the expected progression is clearly apart from the observed one, so "
        "scores and the hand-off threshold mean something else than they did.",
        evidence=(
            ("Expected minus observed", evidence_text(gap)),
            *((("Brier score", evidence_text(brier)),) if brier is not None else ()),
        ),
        action_items=(
            "Train now instead of on Monday: 'ringback run train'.",
            "Read the drift report for what changed in the calls.",
        ),
        effort_hours=4,
        measure="calibration_gap",
    )


def accuracy_low(week: Week) -> Recommendation | None:
    """The model is right less often than it may be."""
    accuracy = week.lately("live_accuracy")
    if (
        accuracy is None
        or accuracy.high is None
        or accuracy.high >= LEAST_ACCURACY
        or not week.has_champion("progression")
    ):
        return None
    is_critical = accuracy.high < CRITICAL_ACCURACY
    return Recommendation(
        rule="accuracy_low",
        subject="progression",
        category="model",
        priority="HIGH" if is_critical else "MEDIUM",
        title=f"The model is right in {percent(accuracy.value or 0.0)} of calls only",
        description=f"From {percent(LEAST_ACCURACY)} down a model is trained anew"
        + (f"; below {percent(CRITICAL_ACCURACY)} it is critical." if is_critical else "."),
        evidence=(("Right, last five weeks", evidence_text(accuracy)),),
        action_items=(
            "Train now: 'ringback run train', and read why the challenger was or was not promoted.",
            "Read the drift report: which features or which companies have changed?",
            "If nothing helps, roll back: 'ringback models rollback progression'.",
        ),
        effort_hours=6,
        measure="live_accuracy",
    )


def segment_scored_badly(week: Week) -> Recommendation | None:
    """One industry or source is judged wrongly far more often than the others."""
    found = [
        gap
        for dimension in ("industry", "source")
        for gap in gaps(week.members.get(("live_accuracy", dimension), ()))
        if gap.is_behind and gap.difference <= -LEAST_SHORTFALL
    ]
    if not found:
        return None
    worst = min(found, key=lambda gap: (gap.p_value, gap.dimension, gap.member))
    return Recommendation(
        rule="segment_scored_badly",
        subject=f"{worst.dimension} {worst.member}",
        category="model",
        priority="MEDIUM",
        title=f"Calls of {worst.member} are scored badly",
        description="The model knows too little of them: too few past calls, or what decides there is no feature yet.",
        evidence=(
            (f"Right for {worst.member}", evidence_text(worst.now)),
            ("Right for the others", evidence_text(worst.others)),
            ("Difference", gap_text(worst)),
        ),
        action_items=(
            f"Read ten wrong calls of {worst.member}, and write down what the model could not see.",
            "Import more past calls of them, or add the feature (README, 'A new feature').",
            "Until then let an SDR confirm their hand-offs.",
        ),
        effort_hours=8,
        measure="live_accuracy",
        dimension=worst.dimension,
        member=worst.member,
    )


def no_champion(week: Week) -> Recommendation | None:
    """There are calls, but no model decides for progression."""
    if week.data.calls == 0 or week.has_champion("progression"):
        return None
    labels = week.data.progression_labels
    trainable = labels >= LABELS_TO_TRAIN
    return Recommendation(
        rule="no_champion",
        subject="progression",
        category="model",
        priority="HIGH" if trainable else "MEDIUM",
        title="No model decides yet",
        description="Leads are scored by fixed rules, marked as such, until a model is trained and promoted.",
        evidence=(("Outcomes to learn from", f"n = {labels:,} labelled calls; {LABELS_TO_TRAIN} are needed"),),
        action_items=("Train one: 'ringback run train'.",)
        if trainable
        else ("Import past calls and their outcomes: 'ringback import calls FILE', 'ringback import outcomes FILE'.",),
        effort_hours=1 if trainable else 4,
        measure="live_accuracy",
    )
