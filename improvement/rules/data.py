"""Rules about what comes in: calls, outcomes, facts and logged decisions."""

from datetime import timedelta

from improvement.recommendation import Recommendation
from improvement.trends import Trend, count_p_value
from improvement.week import Week
from improvement.wording import against_text, difference_text, evidence_text, percent

USUAL_CALLS = 5.0
"""Fewer calls a week than this say nothing when they stop."""
USUAL_DECISIONS = 20.0
SHARP_FALL = 0.7
NEW_QUARANTINED = 5
OPEN_TOO_LONG = 0.2
CLEAR_COUNT = 0.001
"""Of an exact test; counts come in bursts, and there are several."""
STALE_AFTER = timedelta(days=14)
LEAST_OUTCOMES = 50
UNREADABLE = 0.005
"""Of logged lines: from this share on something writes wrongly."""


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


def outcomes_stale(week: Week) -> Recommendation | None:
    """No outcome has come for two weeks, though calls go on: what is learned is of the past."""
    last, calls = week.data.last_outcome_at, week.trends.get("calls_held")
    if last is None or week.data.progression_outcomes < LEAST_OUTCOMES or calls is None or not calls.now.n:
        return None
    if week.as_of - last < STALE_AFTER:
        return None
    days = (week.as_of - last).days
    return Recommendation(
        rule="outcomes_stale",
        subject="outcomes",
        category="data_collection",
        priority="HIGH",
        title=f"No outcome has come for {days} days",
        description="Accuracy, calibration and training stand still at what was known then; nothing new is learned.",
        evidence=(
            ("Last outcome", f"{last:%-d %B %Y} (n = {week.data.progression_outcomes:,} outcomes in all)"),
            ("Calls this week", evidence_text(calls.now)),
        ),
        action_items=(
            "Check that the CRM's scheduled export of outcomes still runs and is reachable.",
            "Run 'ringback run ingest-calls' and read what it says.",
        ),
        effort_hours=2,
        measure="progression_rate",
    )


def logging_stopped(week: Week) -> Recommendation | None:
    """A system that used to log its decisions has gone quiet."""
    quiet = [
        trend
        for trend in week.members.get(("decisions_logged", "system"), ())
        if trend.before_value is not None
        and trend.before_value >= USUAL_DECISIONS
        and trend.now.n_so_far <= (1 - SHARP_FALL) * trend.before_value
    ]
    if not quiet:
        return None
    worst = max(quiet, key=lambda trend: (trend.before_value or 0.0, trend.member))
    return Recommendation(
        rule="logging_stopped",
        subject=worst.member,
        category="data_collection",
        priority="HIGH",
        title=f"{worst.member} has stopped logging its decisions",
        description="What it decides can be neither judged nor improved while nothing is logged.",
        evidence=(("Decisions this week", evidence_text(worst.now)), ("Before", against_text(worst))),
        action_items=(
            f"Look whether {worst.member} still runs, and for its newest file under landing/decisions.",
            "If it was switched off on purpose, say so in the ticket.",
        ),
        effort_hours=1,
        measure="decisions_logged",
        dimension="system",
        member=worst.member,
    )


def log_unreadable(week: Week) -> Recommendation | None:
    """More logged lines than a few cannot be read, or loggers had to drop some."""
    quality = week.decisions
    if quality is None or not quality.lines:
        return None
    bad = quality.rejected + quality.lost
    if bad < UNREADABLE * quality.lines or bad < NEW_QUARANTINED:
        return None
    return Recommendation(
        rule="log_unreadable",
        subject="decision log",
        category="data_quality",
        priority="MEDIUM",
        title=f"{percent(bad / quality.lines)} of the logged decisions are missing from every number",
        description="They were set aside with the reason, or dropped where a logger was full; the rest is analysed.",
        evidence=(
            ("Set aside", f"{quality.rejected:,} (n = {quality.lines:,} lines in {quality.files:,} files)"),
            ("Dropped by loggers", f"{quality.lost:,} (n = {quality.lines:,} lines)"),
            *(("Reason", f"{reason}: {n:,} lines") for reason, n in list(quality.reasons.items())[:3]),
        ),
        action_items=(
            "Correct the system behind the most frequent reason; the lines are under decisions/rejects.",
            "Import the corrected lines with 'ringback import logs FILE'.",
        ),
        effort_hours=3,
        measure="decisions_logged",
    )
