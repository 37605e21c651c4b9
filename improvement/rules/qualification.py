"""Rules about who is handed over, how soon, and at which score."""

from improvement.recommendation import Recommendation
from improvement.roi import Estimate
from improvement.rules.targets import BASELINE_REJECTED, TARGET_REJECTED, TARGET_VOICE_AI_PRECISION
from improvement.week import LATELY_WEEKS, MINIMUM_SEGMENT, Week
from improvement.wording import evidence_text, percent, range_text

SLOW_HOURS = 24.0
SLOW_DAYS = 5.0


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


def voice_ai_imprecise(week: Week) -> Recommendation | None:
    """Too many leads that are said to fit Voice AI do not."""
    precision = week.lately("voice_ai_precision")
    if precision is None or precision.high is None or precision.high >= TARGET_VOICE_AI_PRECISION:
        return None
    return Recommendation(
        rule="voice_ai_imprecise",
        subject="voice_ai",
        category="qualification",
        priority="LOW",
        title="Voice AI is said to fit where it does not",
        description=f"The target is {percent(TARGET_VOICE_AI_PRECISION)} of those that are said to fit.",
        evidence=(("Fit where it was said, last five weeks", evidence_text(precision)),),
        action_items=(
            "Lower the weight of Voice AI in the policy, or ask for a higher fit before it is pitched.",
            "Import outcomes of Voice AI pitches: the model has few to learn from.",
        ),
        effort_hours=4,
        measure="voice_ai_precision",
    )


def threshold_off(week: Week) -> Recommendation | None:
    """Other thresholds would have earned more, by the costs that are stated in the policy."""
    found = week.thresholds
    if found is None or not found.is_change or found.gain is None or found.earned_now is None:
        return None
    leads = week.series.get("leads_scored", ())
    per_week = sum(m.n for m in leads[-LATELY_WEEKS:]) / max(1, len(leads[-LATELY_WEEKS:]))
    gain = found.gain
    return Recommendation(
        rule="threshold_off",
        subject="thresholds",
        category="qualification",
        priority="MEDIUM",
        title=f"Handing over from {found.proposed.handoff} points would earn more",
        description=f"{found.reason}, judged on calls that had no say in the choice.",
        evidence=(
            ("Under the thresholds in force", f"{found.earned_now.per_100()} (n = {found.judged:,} leads)"),
            ("Gain", f"{gain.per_100()}, 95 % interval (n = {found.judged:,} leads)"),
            ("Treated otherwise", f"{found.treated_otherwise:,} (n = {found.judged:,} leads)"),
        ),
        action_items=(
            "Read 'ringback models thresholds'.",
            f"Set the thresholds to {found.proposed} in the policy file, or say in the ticket why not.",
        ),
        effort_hours=1,
        measure="handoff_rate",
        usd_a_week=Estimate(gain.low * per_week, gain.mean * per_week, gain.high * per_week),
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


def slow_first_touch(week: Week) -> Recommendation | None:
    """New leads wait longer for a first call than the playbook promises."""
    days = week.lately("days_to_first_call")
    if days is None or days.low is None or days.low <= SLOW_DAYS:
        return None
    return Recommendation(
        rule="slow_first_touch",
        subject="new leads",
        category="operations",
        priority="MEDIUM",
        title="New leads wait too long for a first call",
        description=f"The playbook promises a first call within {SLOW_DAYS:.0f} days; interest fades by the day.",
        evidence=(("From lead to first call, last five weeks", evidence_text(days)),),
        action_items=(
            "Give the oldest untouched leads of the list, by score, to whoever has calls to spare.",
            "Look for owners with far more new leads than calls.",
        ),
        effort_hours=4,
        measure="days_to_first_call",
    )
