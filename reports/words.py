"""How reports say money, effects and how often a kind of claim is a false alarm."""

from dataclasses import dataclass

from improvement.recommendation import Recommendation
from improvement.roi import SAID_IN_MONEY, Cumulative, Estimate, Return, payback_text
from improvement.tickets import Line, effect_text
from improvement.wording import percent, value_text
from monitoring.measure import Measure, Measurement

QUIET_FALSE, QUIET_FALSE_OF = 11, 500
"""Of 500 simulated quiet weeks, those of which the report says that something moved: docs/trends.md."""
QUIET_FALSE_ALIKE = 29
"""The same where weeks resemble each other more."""
IMPACT_TICKETS = 3_200
IMPACT_FALSE_PERCENT = 4.0
"""Of 3,200 simulated tickets without an effect, those judged `worked` or `made it worse`: docs/impact.md."""
QUIET_MONTHS_FALSE, QUIET_QUARTERS_FALSE, QUIET_PERIODS = 5, 46, 1_000
"""Of 1,000 simulated quiet months, and quarters, those of which the report says that something moved."""

VERDICT_TONE = {"worked": "improving", "made it worse": "declining"}
LONGEST_TITLE = 110


@dataclass(frozen=True, slots=True)
class Errs:
    """How often each kind of claim is a false alarm, and how that was found: in few words for beside it, and whole."""

    trends_short: str
    trends: str
    rules_short: str
    rules: str
    impact_short: str
    impact: str


def errs_of(is_period: bool) -> Errs:
    """What simulations of worlds in which nothing changes say of the claims of a week, or of a longer period."""
    one_in = QUIET_FALSE_OF // QUIET_FALSE
    short = (
        f"Could it be chance? In {QUIET_FALSE_OF} simulated weeks without any change, {QUIET_FALSE} reports still said "
        "that something moved."
    )
    short_period = (
        f"Could it be chance? In {QUIET_PERIODS:,} simulated months without any change, {QUIET_MONTHS_FALSE} reports "
        f"still said that something moved; in {QUIET_PERIODS:,} such quarters, {QUIET_QUARTERS_FALSE}."
    )
    weeks = (
        f"How often \N{LEFT DOUBLE QUOTATION MARK}improving\N{RIGHT DOUBLE QUOTATION MARK} and the other words for "
        f"movement are false alarms: {QUIET_FALSE_OF} weeks in which nothing changed were simulated, and in "
        f"{QUIET_FALSE} of them (about 1 in {one_in}) the report still said that something moved; in "
        f"{QUIET_FALSE_ALIKE} where weeks resemble each other more."
    )
    periods = (
        f" Of {QUIET_PERIODS:,} simulated months in which nothing changed it was {QUIET_MONTHS_FALSE}, of "
        f"{QUIET_PERIODS:,} quarters {QUIET_QUARTERS_FALSE}."
    )
    idle, one_in_idle = f"{IMPACT_TICKETS:,}", f"about 1 in {round(100 / IMPACT_FALSE_PERCENT)}"
    return Errs(
        trends_short=short_period if is_period else short,
        trends=f"{weeks}{periods if is_period else ''}",
        rules_short="At most 5 % of the parts named (templates, sources) are named by chance.",
        rules=(
            "Where a rule compares parts (templates, sources), at most 5 % of those it names are false alarms "
            "(Benjamini-Hochberg); of the other rules that has not been measured."
        ),
        impact_short=(
            f"Could it be chance? Of {idle} simulated changes that did nothing, {IMPACT_FALSE_PERCENT:.0f} % were "
            "still judged to have done something."
        ),
        impact=(
            f"How often \N{LEFT DOUBLE QUOTATION MARK}worked\N{RIGHT DOUBLE QUOTATION MARK} and "
            f"\N{LEFT DOUBLE QUOTATION MARK}made it worse\N{RIGHT DOUBLE QUOTATION MARK} are said of changes that do "
            f"nothing: {idle} such changes were simulated, and {IMPACT_FALSE_PERCENT:.1f} % of them ({one_in_idle}) "
            "were still given one of these verdicts."
        ),
    )


def usd(amount: float) -> str:
    """US dollars without cents: `$1,200`, `−$300`.

    >>> usd(1234.4), usd(-300.0), usd(-0.2)
    ('$1,234', '−$300', '$0')
    """
    text = f"${abs(amount):,.0f}"
    return f"\N{MINUS SIGN}{text}" if amount < 0 and text != "$0" else text


def usd_range(estimate: Estimate) -> str:
    """An amount with its 95 % interval: `$1,200 (95 %: $300 to $2,100)`."""
    return f"{usd(estimate.value)} (95 %: {usd(estimate.low)} to {usd(estimate.high)})"


def clipped(text: str, longest: int = LONGEST_TITLE) -> str:
    """A text of one line, cut where it is longer: for places that link to the whole of it.

    >>> clipped("a b\\nc", 10), clipped("abcdef", 4)
    ('a b c', 'abc…')
    """
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def hours_text(hours: float) -> str:
    """An effort: `3 hours`, `1 hour`."""
    return f"{hours:g} hour" if hours == 1 else f"{hours:g} hours"


def worth_text(returns: Return | None) -> str:
    """What a recommendation is worth a week, or that nothing is claimed."""
    if returns is None or returns.per_week is None:
        return "worth not stated"
    return f"{usd(returns.per_week.value)} a week (95 %: {usd(returns.per_week.low)} to {usd(returns.per_week.high)})"


def is_assumed(returns: Return | None) -> bool:
    """Whether what one unit is worth was assumed."""
    return returns is not None and returns.per_week is not None and returns.assumed != SAID_IN_MONEY


def return_text(returns: Return) -> str:
    """Cost, return and payback of an effort in one sentence."""
    parts = [f"costs {usd(returns.cost)}"]
    if returns.value is not None:
        parts.append(f"brings {usd_range(returns.value)} in {returns.horizon_weeks} weeks")
    if returns.roi is not None:
        parts.append(f"ROI {signed(returns.roi.value)} ({signed(returns.roi.low)} to {signed(returns.roi.high)})")
    if returns.payback_weeks is not None:
        parts.append(f"paid back {payback_text(returns.payback_weeks)}")
    return f"{', '.join(parts)}; {returns.assumed}"


def expected_text(recommendation: Recommendation, measure: Measure | None) -> str:
    """The change that a recommendation expects of its measure, with its interval, or that none is stated."""
    expected = recommendation.expected
    if recommendation.usd_a_week is not None:
        return "a gain in money, which the evidence states"
    if expected is None or measure is None:
        return "the data do not say how much would be gained"
    effect = effect_text(measure, expected.value, expected.low, expected.high)
    return f"{effect} (95 % interval) of {measure.title.lower()}; {expected.because}"


def measured_text(line: Line, measure: Measure | None, is_short: bool = False) -> str:
    """What a ticket was measured to do: `worked: answers +4.1 points (95 %: 1.3 to 6.9; n = 240 after, 230 before)`."""
    impact = line.impact
    if impact is None or impact.verdict is None:
        return "not measured yet"
    if impact.effect is None or impact.low is None or impact.high is None or measure is None:
        return f"{impact.verdict}: {'; '.join(impact.reasons)}" if impact.reasons else impact.verdict
    value, _, interval = effect_text(measure, impact.effect, impact.low, impact.high).partition(", ")
    after, before = impact.touched.n_after, impact.touched.n_before
    sample = f"n = {before + after:,}" if is_short else f"n = {after:,} after, {before:,} before"
    return f"{impact.verdict}: {measure.title.lower()} {value} (95 %: {interval}; {sample})"


def earned_text(earned: Cumulative | None) -> str:
    """What all measured tickets brought together."""
    if earned is None or not earned.tickets:
        return "No ticket has been measured yet."
    tickets = "1 measured ticket" if earned.tickets == 1 else f"All {earned.tickets:,} measured tickets"
    if earned.earned is None:
        return f"{tickets}: no money is claimed; the effort cost {usd(earned.cost)}."
    roi = ""
    if earned.roi is not None:
        roi = f", ROI {signed(earned.roi.value)} ({signed(earned.roi.low)} to {signed(earned.roi.high)})"
    return f"{tickets}: {usd_range(earned.earned)} in half a year for {usd(earned.cost)} of effort{roi}."


def waiting_text(lines: tuple[Line, ...]) -> str:
    """What is under way: how many tickets are open, accepted and being measured."""
    states = [line.state for line in lines]
    parts = [
        f"{number} {told}"
        for state, told in (
            ("open", "wait for a decision"),
            ("accepted", "accepted"),
            ("implemented", "being measured"),
        )
        if (number := states.count(state))  # type: ignore[arg-type]  # a str of the same words
    ]
    stale = sum(line.is_stale for line in lines)
    return "; ".join([*parts, *([f"{stale} no longer recommended"] if stale else [])]) or "nothing waits"


def level_text(measurement: Measurement | None) -> str:
    """A pooled value; of a count how many a week."""
    if measurement is None:
        return "nothing observed"
    if measurement.measure.kind == "count" and measurement.weeks > 1:
        return f"{value_text(measurement.measure, measurement.n / measurement.weeks)} a week"
    return value_text(measurement.measure, measurement.value)


def signed(number: float) -> str:
    """A number with one digit and a real minus sign."""
    return f"{number:.1f}".replace("-", "\N{MINUS SIGN}")


def share_text(part: int, whole: int) -> str:
    """`12 of 300 (4 %)`."""
    return f"{part:,} of {whole:,} ({percent(part / whole)})" if whole else "none"
