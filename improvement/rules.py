"""What to do: rules that look at a week and recommend, or stay silent. `RULES` at the end is the table of contents."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from improvement.trends import Trend, count_p_value
from improvement.week import MINIMUM_SEGMENT, Week
from improvement.wording import against_text, difference_text, evidence_text, percent, range_text

Priority = Literal["HIGH", "MEDIUM", "LOW"]
_ORDER: dict[Priority, int] = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}

BASELINE_ACCURACY = 0.388
BASELINE_REJECTED = 0.612
TARGET_ACCURACY = 0.85
TARGET_VOICE_AI_PRECISION = 0.90
TARGET_REJECTED = 0.15
TARGET_TIME_SAVED = 0.60

USUAL_CALLS = 5.0
"""Fewer calls a week than this say nothing when they stop."""
SHARP_FALL = 0.7
NEW_QUARANTINED = 5
CALIBRATION_TOLERANCE = 0.03
OPEN_TOO_LONG = 0.2
SLOW_HOURS = 24.0
ENOUGH_COVERAGE = 0.7
LABELS_TO_TRAIN = 200
CLEAR_COUNT = 0.001
"""Of an exact test; counts come in bursts, and there are several."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do, why, and by which measure the effect will show."""

    rule: str
    subject: str
    """What it is about; with the rule it names the recommendation, so that one open ticket is enough."""
    category: str
    priority: Priority
    title: str
    description: str
    evidence: tuple[tuple[str, str], ...]
    """Label and text; every text has its sample size."""
    action_items: tuple[str, ...]
    effort_hours: float
    measure: str


Rule: TypeAlias = Callable[[Week], Recommendation | None]


def recommend(week: Week) -> list[Recommendation]:
    """What every rule says of the week, most urgent first, then the least effort."""
    found = [recommendation for rule in RULES if (recommendation := rule(week)) is not None]
    return sorted(found, key=lambda r: (_ORDER[r.priority], r.effort_hours, r.rule, r.subject))


def calls_stopped(week: Week) -> Recommendation | None:
    """Fewer calls come in than usual, or none: everything downstream goes stale."""
    trend = week.trends.get("calls_held")
    if trend is None or trend.before_value is None or trend.before_value < USUAL_CALLS:
        return None
    if trend.now.n_so_far > SHARP_FALL * trend.before_value or not _moved(trend):
        return None
    none = trend.now.n_so_far == 0
    return Recommendation(
        rule="calls_stopped",
        subject="calls",
        category="data_collection",
        priority="HIGH" if none or trend.now.n_so_far < trend.before_value / 2 else "MEDIUM",
        title="No calls came in this week" if none else "Far fewer calls came in than usual",
        description="Scores, measures and training all live from calls; while they are missing, numbers go stale.",
        evidence=(
            ("Calls this week", evidence_text(trend.now)),
            ("Before", against_text(trend)),
            ("Difference", difference_text(trend)),
        ),
        action_items=(
            "Check that recording is on and that the Fellow key still works.",
            "Run 'ringback run ingest-calls' and read what it says.",
            "If the team really held fewer calls, nothing needs fixing; say so in the ticket.",
        ),
        effort_hours=2,
        measure="calls_held",
    )


def quarantine_grew(week: Week) -> Recommendation | None:
    """More records than before could not be read."""
    trend = week.trends.get("quarantined_records")
    if trend is None or trend.before_value is None or trend.now.n < NEW_QUARANTINED:
        return None
    if trend.now.n_so_far <= trend.before_value or not _moved(trend):
        return None
    return Recommendation(
        rule="quarantine_grew",
        subject="quarantine",
        category="data_quality",
        priority="MEDIUM",
        title="More records cannot be read",
        description="They were put aside with the reason, and nothing learns from them until the source is corrected.",
        evidence=(
            ("Put aside this week", evidence_text(trend.now)),
            ("Before", against_text(trend)),
            ("Difference", difference_text(trend)),
            *(("Reason", reason) for reason in week.data.quarantine_reasons[:3]),
        ),
        action_items=("Correct the mapping or the source for the most frequent reason.", "Import the records again."),
        effort_hours=3,
        measure="quarantined_records",
    )


def _moved(trend: Trend) -> bool:
    """Whether a count is apart from the weeks before it, however few they are."""
    p_value = count_p_value(trend)
    return p_value is not None and p_value < CLEAR_COUNT


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


def handoffs_rejected(week: Week) -> Recommendation | None:
    """Account executives get too many leads that do not progress."""
    rejected = week.lately("rejection_rate")
    if rejected is None or rejected.low is None or rejected.low <= TARGET_REJECTED:
        return None
    as_bad_as_rules = rejected.high is not None and rejected.high >= BASELINE_REJECTED
    return Recommendation(
        rule="handoffs_rejected",
        subject="AE_HANDOFF",
        category="qualification",
        priority="HIGH" if as_bad_as_rules else "MEDIUM",
        title="Too many hand-offs do not progress",
        description=(
            f"The target is under {percent(TARGET_REJECTED)}; the rule-based baseline was {percent(BASELINE_REJECTED)}"
            + (", and this is not shown to be better." if as_bad_as_rules else ".")
        ),
        evidence=(("Hand-offs rejected, last five weeks", evidence_text(rejected)),),
        action_items=(
            "Raise the hand-off threshold until the expected rejection meets the target.",
            "Read ten rejected calls with their reasons, and write down what the model could not see.",
        ),
        effort_hours=6,
        measure="rejection_rate",
    )


def industry_does_not_progress(week: Week) -> Recommendation | None:
    """One industry is handed off like the others but progresses clearly less often."""
    below = [s for s in week.segments if s.verdict == "below the others" and s.handed_off >= MINIMUM_SEGMENT]
    if not below:
        return None
    worst = min(below, key=lambda s: (s.handed_off_share or 0.0, s.name))
    others = [s for s in week.segments if s.name != worst.name]
    n, progressed = sum(s.handed_off for s in others), sum(s.handed_off_progressed for s in others)
    measure = week.series["rejection_rate"][-1].measure if week.series.get("rejection_rate") else None
    interval = f"; 95 % interval {range_text(measure, *worst.interval)}" if measure else ""
    return Recommendation(
        rule="industry_does_not_progress",
        subject=worst.name,
        category="qualification",
        priority="MEDIUM",
        title=f"Hand-offs in {worst.name} rarely progress",
        description="Account executives spend time there that comes back less often than elsewhere.",
        evidence=(
            (
                f"Progressed in {worst.name}",
                f"{percent(worst.handed_off_share or 0.0)} (n = {worst.handed_off:,} hand-offs{interval})",
            ),
            ("In the other industries", f"{percent(progressed / n) if n else 'none'} (n = {n:,} hand-offs)"),
        ),
        action_items=(
            f"Nurture leads in {worst.name} instead of handing them off, until they ask for more.",
            "Ask two account executives what is missing in these calls; it may be a feature.",
        ),
        effort_hours=5,
        measure="rejection_rate",
    )


def outcomes_missing(week: Week) -> Recommendation | None:
    """Many calls get no outcome for over a month."""
    still_open = week.lately("open_after_35_days")
    if still_open is None or still_open.low is None or still_open.low <= OPEN_TOO_LONG:
        return None
    return Recommendation(
        rule="outcomes_missing",
        subject="outcomes",
        category="data_collection",
        priority="MEDIUM",
        title="Many calls have no outcome after 35 days",
        description="The model learns from outcomes only; those that are entered late or never make it slow to follow.",
        evidence=(("Open after 35 days, last five weeks", evidence_text(still_open)),),
        action_items=(
            "Ask account executives to close what is closed; the list is in the CRM by date of call.",
            "Check that the CRM's export still holds every stage.",
        ),
        effort_hours=3,
        measure="open_after_35_days",
    )


def slow_scoring(week: Week) -> Recommendation | None:
    """Scores come so late that the conversation is cold."""
    hours = week.lately("hours_from_call_to_score")
    if hours is None or hours.low is None or hours.low <= SLOW_HOURS:
        return None
    return Recommendation(
        rule="slow_scoring",
        subject="scoring",
        category="operations",
        priority="MEDIUM",
        title="Scores come too late",
        description="On business days leads should be scored within two hours of the call's arrival.",
        evidence=(("From call to first score, last five weeks", evidence_text(hours)),),
        action_items=(
            "Look in Prefect for late or missed runs of ingest-calls and score-leads.",
            "Check how late transcripts arrive.",
        ),
        effort_hours=4,
        measure="hours_from_call_to_score",
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


def low_enrichment(week: Week) -> Recommendation | None:
    """Too few companies are known when their calls are judged."""
    coverage = week.lately("enrichment_coverage")
    if (
        coverage is None
        or coverage.high is None
        or coverage.high >= ENOUGH_COVERAGE
        or not week.data.calls_with_company
    ):
        return None
    return Recommendation(
        rule="low_enrichment",
        subject="companies",
        category="enrichment",
        priority="LOW",
        title="Few companies are known when they are scored",
        description=f"At least {percent(ENOUGH_COVERAGE)} of calls should have company facts; without them half of the "
        "features are empty.",
        evidence=(("Company known, last five weeks", evidence_text(coverage)),),
        action_items=("Check the CRM's export of leads for industry and size.", "Enrich: 'ringback enrich'."),
        effort_hours=4,
        measure="enrichment_coverage",
    )


RULES: list[Rule] = [
    calls_stopped,
    quarantine_grew,
    lost_calibration,
    handoffs_rejected,
    industry_does_not_progress,
    outcomes_missing,
    slow_scoring,
    no_champion,
    low_enrichment,
]
