"""Rules about logged decisions: templates, methods, sources, signals, beside each other and beside their own past."""

from improvement.members import Gap, falls, gaps
from improvement.recommendation import Expected, Recommendation
from improvement.roi import Estimate
from improvement.week import Week
from improvement.wording import evidence_text, gap_text, percent
from ringback.names import spoken

ENOUGH_COVERAGE = 0.7
LEAST_GAP = 0.05
"""Of a share: a smaller gap is not worth an effort, however sure."""
LEAST_POINTS = 5.0
SURE_AND_LARGE = 0.1
LEAST_BOUGHT = 50
DEAR_SHARE = 0.1
LEAST_USD_A_WEEK = 3.5
"""Less does not pay, within half a year, for the hour of 90 US dollars that leaving a signal out takes."""


def template_underperforms(week: Week) -> Recommendation | None:
    """People approve, or rate, what one template makes less than what the others make."""
    judged = (gaps(week.parts(measure, "template")) for measure in ("decision_approval", "decision_quality"))
    worst = next((gap for found in judged if (gap := _worst(found)) is not None), None)
    if worst is None:
        return None
    is_large = worst.measure.kind == "share" and worst.difference <= -SURE_AND_LARGE
    return Recommendation(
        rule="template_underperforms",
        subject=worst.member,
        category="message_generation",
        priority="HIGH" if is_large else "MEDIUM",
        title=f"Template {worst.member} does worse than the others",
        description="What it makes is sent on unchanged less often than what the other templates make of like leads.",
        evidence=_evidence(worst),
        action_items=(
            f"Stop using {worst.member} for new messages, or take back its last change.",
            "Compare ten rejected messages of it with ten approved ones of the best template.",
        ),
        effort_hours=3,
        measure=worst.measure.name,
        dimension="template",
        member=worst.member,
        expected=_up_to_the_others(worst),
    )


def method_fails(week: Week) -> Recommendation | None:
    """An integration or method fails more than it did, beside the others."""
    found = [gap for dimension in ("method", "system") for gap in falls(week.parts("decision_success", dimension))]
    worst = _worst(found)
    if worst is None:
        return None
    return Recommendation(
        rule="method_fails",
        subject=f"{worst.dimension} {worst.member}",
        category="operations",
        priority="HIGH" if worst.difference <= -2 * SURE_AND_LARGE else "MEDIUM",
        title=f"{worst.member} fails more often than it did",
        description="The others did not fall like it in the same weeks, so it is not the leads.",
        evidence=_evidence(worst),
        action_items=(
            f"Read the last failures of {worst.member}: its answers, its limits, its key.",
            "Ask the vendor, or switch to the next source until it is well.",
        ),
        effort_hours=3,
        measure="decision_success",
        dimension=worst.dimension,
        member=worst.member,
        expected=_up_to_the_others(worst),
    )


def source_declined(week: Week) -> Recommendation | None:
    """Leads of one source progress less than they did, beside the others."""
    worst = _worst(falls(week.parts("progression_rate", "source")))
    if worst is None:
        return None
    return Recommendation(
        rule="source_declined",
        subject=worst.member,
        category="enrichment",
        priority="HIGH" if worst.difference <= -SURE_AND_LARGE else "MEDIUM",
        title=f"Leads from {worst.member} progress less than they did",
        description="The other sources did not fall like it in the same weeks: what comes from there has become worse.",
        evidence=_evidence(worst),
        action_items=(
            f"Look at twenty new leads from {worst.member}: have the search, the list or the fields changed?",
            f"Take fewer leads from {worst.member} until it is known.",
        ),
        effort_hours=4,
        measure="progression_rate",
        dimension="source",
        member=worst.member,
        expected=_up_to_the_others(worst),
    )


def campaign_underperforms(week: Week) -> Recommendation | None:
    """One campaign's decisions succeed clearly less often than those of the others."""
    worst = _worst(gaps(week.parts("decision_success", "campaign")))
    if worst is None:
        return None
    return Recommendation(
        rule="campaign_underperforms",
        subject=worst.member,
        category="message_generation",
        priority="MEDIUM",
        title=f"Campaign {worst.member} succeeds less than the others",
        description="Its goals, its leads or its messages differ; effort goes further elsewhere until that is known.",
        evidence=_evidence(worst),
        action_items=(
            "Compare its audience with that of the best campaign.",
            "Pause it, or move its capacity, if nothing explains the gap.",
        ),
        effort_hours=4,
        measure="decision_success",
        dimension="campaign",
        member=worst.member,
        expected=_up_to_the_others(worst),
    )


def step_became_slow(week: Week) -> Recommendation | None:
    """A step takes clearly longer than it did, beside the others."""
    found = [gap for gap in falls(week.parts("decision_seconds", "component")) if gap.is_behind]
    worst = min(found, key=lambda gap: (gap.p_value, gap.member), default=None)
    if worst is None or worst.before is None or (worst.now.value or 0.0) < 1.5 * (worst.before.value or 0.0):
        return None
    return Recommendation(
        rule="step_became_slow",
        subject=worst.member,
        category="operations",
        priority="LOW",
        title=f"{worst.member.replace('_', ' ')} has become slow",
        description="It takes half as long again as it did, while the other steps did not.",
        evidence=_evidence(worst),
        action_items=("Look for a vendor that answers late, and for growing inputs.",),
        effort_hours=3,
        measure="decision_seconds",
        dimension="component",
        member=worst.member,
    )


def signal_not_worth_its_price(week: Week) -> Recommendation | None:
    """A signal is paid for that the model in force does not look at, or that is seldom found."""
    total = sum(signal.usd for signal in week.signals)
    idle = [
        signal
        for signal in week.signals
        if signal.bought >= LEAST_BOUGHT and signal.usd >= DEAR_SHARE * total and signal.weight is not None
        and signal.weight < signal.usd / total / 4
    ]  # fmt: skip
    if not idle:
        return None
    worst = max(idle, key=lambda signal: (signal.usd - total * (signal.weight or 0.0), signal.name))
    a_week = worst.usd / max(1.0, week.signal_weeks)
    if a_week < LEAST_USD_A_WEEK:
        return None
    return Recommendation(
        rule="signal_not_worth_its_price",
        subject=worst.name,
        category="enrichment",
        priority="MEDIUM",
        title=f"What is paid for {spoken(worst.name)} adds too little",
        description="Its share of the bill is more than four times its share of what the scores rest on.",
        evidence=(
            (
                "Paid",
                f"${worst.usd:,.2f} of ${total:,.2f} (n = {worst.bought:,} purchases, {worst.found:,} found something)",
            ),
            (
                "Weight in the scores",
                f"{percent(worst.weight or 0.0)} of all attributions (n = {week.attributed:,} scores)",
            ),
        ),
        action_items=(
            f"Leave {worst.name} out of RINGBACK_SIGNALS for new leads.",
            "After the next training compare: 'ringback models compare'.",
        ),
        effort_hours=1,
        measure="enrichment_coverage",
        usd_a_week=Estimate(a_week, a_week, a_week),
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


def _worst(found: list[Gap]) -> Gap | None:
    """The clearest of the parts that are behind by enough to matter."""
    behind = [gap for gap in found if gap.is_behind and abs(gap.difference) >= _least(gap)]
    return min(behind, key=lambda gap: (gap.p_value, -abs(gap.difference), gap.member), default=None)


def _least(gap: Gap) -> float:
    return LEAST_GAP if gap.measure.kind == "share" else LEAST_POINTS


def _evidence(gap: Gap) -> tuple[tuple[str, str], ...]:
    weeks = "this week" if gap.weeks == 1 else f"last {gap.weeks} weeks"
    before = ((f"{gap.member}, before that", evidence_text(gap.before)),) if gap.before else ()
    return (
        (f"{gap.member}, {weeks}", evidence_text(gap.now)),
        *before,
        (f"The others, {weeks}", evidence_text(gap.others)),
        ("Fell behind by" if gap.before else "Difference", gap_text(gap)),
    )


def _up_to_the_others(gap: Gap) -> Expected:
    return Expected(
        min(-gap.low, -gap.high),
        -gap.difference,
        max(-gap.low, -gap.high),
        gap.per_week_n,
        "as far as it is behind the others",
    )
