"""What a change is worth: effect × observations a week × what one is worth, with the interval of the effect.

A measure without a worth gets no money: then nothing is claimed. What one unit is worth stands in a file
(`improvement/money.toml`) with where each assumption comes from; an interval here is that of the effect, the assumed
worth has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from improvement.impact import WINDOW_DAYS, Impact
from monitoring.measure import Measure
from ringback.errors import BadSettingFile
from ringback.toml_files import mistakes_of, read_toml

HORIZON_WEEKS = 26
"""Half a year: after that so much else has changed that a gain is hardly the ticket's any more."""
EFFORT = "effort_hour"
"""The key that every money file has: what an hour of carrying out a recommendation costs."""

SAID_IN_MONEY = "as the evidence says"
"""Why a change is worth so much, where nothing had to be assumed of what one unit is worth."""


class Worth(BaseModel):
    """What one of something is worth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    usd: float = Field(ge=0, allow_inf_nan=False, description="US dollars.")
    source: str = Field(min_length=1, description="Where the assumption comes from.")


@dataclass(frozen=True, slots=True)
class Money:
    """What things are worth, by name."""

    worths: Mapping[str, Worth]
    path: Path

    def worth(self, name: str) -> Worth:
        """What one is worth; raises BadSettingFile where the file does not say."""
        if name not in self.worths:
            raise BadSettingFile(
                f"{self.path} does not say what {name!r} is worth; it has {', '.join(sorted(self.worths))}"
            )
        return self.worths[name]

    @property
    def effort_hour_usd(self) -> float:
        """What an hour of carrying out a recommendation costs."""
        return self.worth(EFFORT).usd


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class Return:
    """What a ticket brings, in US dollars."""

    cost: float
    """Of the effort."""
    per_week: Estimate | None
    """None where no money is claimed."""
    horizon_weeks: int
    value: Estimate | None
    """Over the horizon, before cost."""
    roi: Estimate | None
    """(value - cost) / cost: 0 earns back what it cost; None for no cost."""
    payback_weeks: float | None
    """None where it never pays back."""
    assumed: str
    """The worth that was assumed and where it comes from, or why there is none."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured ticket as the sum over tickets sees it."""

    verdict: str
    returns: Return


@dataclass(frozen=True, slots=True)
class Cumulative:
    """What all measured tickets together brought, in US dollars."""

    tickets: int
    with_money: int
    """Those whose measure has a worth."""
    cost: float
    """Of all measured tickets, also those that brought nothing or for which no money is claimed."""
    earned: Estimate | None
    """Over the horizon; None where no money is claimed for any."""
    roi: Estimate | None


@lru_cache(maxsize=4)
def load_money(path: Path) -> Money:
    """Read a money file; raises BadSettingFile naming the file, the key and the way out."""
    try:
        read = TypeAdapter(dict[str, Worth]).validate_python(read_toml(path))
    except FileNotFoundError:
        raise BadSettingFile(f"there is no money file {path}; RINGBACK_MONEY names it") from None
    except ValidationError as failure:
        raise BadSettingFile(f"{path}: {mistakes_of(failure)}") from None
    money = Money(read, path)
    money.worth(EFFORT)
    return money


def returns(
    money: Money, measure: Measure, effect: Estimate | None, per_week_n: float, effort_hours: float,
    falling_is_good: bool | None = None, horizon_weeks: int = HORIZON_WEEKS,
) -> Return:  # fmt: skip
    """What an effect is worth: times observations a week times what one is worth; a fall counts where falling is good.

    `effect` is in the measure's own unit with its interval; of a count it is how many a week, and `per_week_n` is 1.
    `falling_is_good` is taken from the measure's direction where it has one; for a neutral one without it nothing is
    claimed.
    """
    cost = effort_hours * money.effort_hour_usd
    worth_name: str | None = getattr(measure, "worth", None)
    if measure.direction != "neutral":
        falling_is_good = measure.direction == "lower_is_better"
    if worth_name is None or effect is None or falling_is_good is None:
        why = "nobody has said what one is worth" if worth_name is None else "there is no effect to value"
        if worth_name is not None and effect is not None:
            why = "neither way is said to be good"
        return Return(cost, None, horizon_weeks, None, None, None, f"no money is claimed: {why}")
    worth = money.worth(worth_name)
    per_week = _times(effect, per_week_n * worth.usd * (-1 if falling_is_good else 1))
    assumed = f"{worth.title}: {worth.usd:,.2f} USD ({worth.source})"
    return returns_of_usd(money, per_week, effort_hours, assumed, horizon_weeks)


def returns_of_usd(
    money: Money, per_week: Estimate, effort_hours: float, assumed: str, horizon_weeks: int = HORIZON_WEEKS
) -> Return:
    """What so many US dollars a week are worth over the horizon."""
    cost = effort_hours * money.effort_hour_usd
    value = _times(per_week, horizon_weeks)
    payback = cost / per_week.value if per_week.value > 0 else None
    return Return(cost, per_week, horizon_weeks, value, _roi(value, cost), payback, assumed)


def payback_text(weeks: float) -> str:
    """When an effort is paid back.

    >>> payback_text(0.01), payback_text(0.5), payback_text(2.25)
    ('within a day', 'in 4 days', 'in 2.2 weeks')
    """
    if weeks * 7 <= 1:
        return "within a day"
    return f"in {ceil(weeks * 7)} days" if weeks < 1 else f"in {weeks:,.1f} weeks"


def returns_of(
    money: Money, measure: Measure, impact: Impact, effort_hours: float, expected_rises: bool | None = None
) -> Return:
    """What a measured impact is worth, at as many observations a week as there were after the change."""
    effect = None
    if impact.effect is not None and impact.low is not None and impact.high is not None:
        effect = Estimate(impact.low, impact.effect, impact.high)
    per_week = 1.0 if measure.kind == "count" else 7 * impact.touched.n_after / (impact.window_days or WINDOW_DAYS)
    falling = None if expected_rises is None else not expected_rises
    return returns(money, measure, effect, per_week, effort_hours, falling)


def cumulative(measured: Sequence[Measured]) -> Cumulative:
    """Sum over measured tickets, taken as independent of each other.

    A ticket counts as earned what was measured where the verdict is `worked` or `made it worse`, and 0 where it is
    `no visible effect` or `cannot tell`; the interval of each, also of those, goes into the interval of the sum: the
    half widths are added in squares.
    """
    cost = sum(one.returns.cost for one in measured)
    valued = [(one.verdict, one.returns.value) for one in measured if one.returns.value is not None]
    if not valued:
        return Cumulative(len(measured), 0, cost, None, None)
    total = sum(value.value for verdict, value in valued if verdict in ("worked", "made it worse"))
    below = sqrt(sum((value.value - value.low) ** 2 for _, value in valued))
    above = sqrt(sum((value.high - value.value) ** 2 for _, value in valued))
    earned = Estimate(total - below, total, total + above)
    return Cumulative(len(measured), len(valued), cost, earned, _roi(earned, cost))


def _times(estimate: Estimate, factor: float) -> Estimate:
    ends = sorted((estimate.low * factor, estimate.high * factor))
    return Estimate(ends[0], estimate.value * factor, ends[1])


def _roi(value: Estimate, cost: float) -> Estimate | None:
    if cost <= 0:
        return None
    return Estimate(*((end - cost) / cost for end in (value.low, value.value, value.high)))
