"""How two registered versions stand on the same calls, none of which either had learned from, and when it is decided.

Either both answer those calls now, or their answers are those of the shadow test: given before the calls had ended.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil, log, sqrt
from typing import TYPE_CHECKING

from database.promotions import champion_as_of
from database.shadow import shadow_answers
from features.batches import Featured, build_all
from features.encoding import MOST_CATEGORIES
from features.labels import Label, labels_as_of
from ringback.records import Target, Value
from training import registry
from training.data import duplicates_of
from training.evaluate import METRICS, metrics_of
from training.promotion import (
    LEAST_COMMON_ROWS,
    LEAST_LOG_LOSS_GAIN,
    NORMAL_80_POWER,
    NORMAL_95,
    Compared,
    NewToBoth,
    Verdict,
    against_champion,
    log_loss,
    segments_of,
    standard_error,
)
from training.registry import Loaded, Version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LATELY = timedelta(days=28)
"""The rate of new outcomes is that of so long."""
ALWAYS_LEVEL = 0.05
BEST_AT_CALLS = 400
MIXTURE = (1 - 2 * log(ALWAYS_LEVEL) + log(-2 * log(ALWAYS_LEVEL))) / BEST_AT_CALLS
"""The square of the paper's rho, by its equation for the narrowest sequence at so many calls."""
WIDER = ((1.55 * NORMAL_95 + NORMAL_80_POWER) / (NORMAL_95 + NORMAL_80_POWER)) ** 2
"""How many times as many calls such a sequence needs."""


@dataclass(frozen=True, slots=True)
class History:
    """All calls known as of a moment, and how those ended of which that may be learned from."""

    as_of: datetime
    calls: Sequence[Featured]
    labels: Mapping[Target, Mapping[str, Label]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How outcomes come in."""

    labels_per_day: float
    """Outcomes that matured in the last 28 days, a day."""
    maturity_days: float | None
    """From when a call is judged until its outcome may be learned from: the median of those, None without any."""


@dataclass(frozen=True, slots=True)
class Worse:
    """A large group of calls for which one of the two is worse, beyond chance."""

    segment: str
    version: str
    n: int
    log_loss: float
    """How much higher, a call."""

    def __str__(self) -> str:
        return (
            f"version {self.version} is worse for {self.segment}: log loss higher by {self.log_loss:.4f} on {self.n:,}"
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a challenger stands against a champion on calls from which neither had learned when it answered."""

    target: Target
    as_of: datetime
    champion: str
    challenger: str
    n: int
    """Those calls, as far as their outcome has matured."""
    calls: NewToBoth
    figures: Mapping[str, Mapping[str, float]]
    """By version the metrics by name, on those calls; empty where they are too few to compare."""
    verdict: Verdict
    worse: tuple[Worse, ...]
    pace: Pace
    began: datetime
    """Calls judged after this moment are compared, or it is that of the first answer in the shadow."""

    @property
    def calls_needed(self) -> int:
        """Calls at which a gain of the size seen, or the least that matters, is found with a power of 80 %."""
        return max(LEAST_COMMON_ROWS, ceil(self.verdict.evidence.get("calls_to_decide", 0)))

    @property
    def is_decided(self) -> bool:
        """Whether a difference is shown either way, or enough calls have shown that none is to be expected."""
        if self.n < LEAST_COMMON_ROWS:
            return False
        evidence = self.verdict.evidence
        is_worse = evidence.get("log_loss_gain_always_high", evidence["log_loss_gain_high"]) < 0
        return self.verdict.promote or is_worse or self.n >= self.calls_needed

    @property
    def days_to_decide(self) -> int | None:
        """Days until enough outcomes are there at the pace of the last 28 days; None where none came.

        As long as no call judged since this comparison `began` can have matured, what is left of the delay comes first.
        """
        if self.is_decided:
            return 0
        if not self.pace.labels_per_day:
            return None
        running = (self.as_of - self.began) / timedelta(days=1)
        delay = max(0.0, (self.pace.maturity_days or 0.0) - max(0.0, running))
        return ceil(delay + (self.calls_needed - self.n) / self.pace.labels_per_day)

    def when(self) -> str:
        """When it will be known, in words."""
        at_pace = f"{self.pace.labels_per_day:.1f} outcomes a day mature"
        if self.is_decided:
            return f"decided on {self.n:,} calls ({at_pace})"
        least = "at least " if self.n < LEAST_COMMON_ROWS else ""
        needed = f"{least}{self.calls_needed:,} calls are needed, {self.n:,} are there"
        if self.days_to_decide is None:
            return f"{needed}, and no outcome has matured in the last 28 days: not to be said"
        delay = f", {self.pace.maturity_days:.0f} days after the call" if self.pace.maturity_days is not None else ""
        return f"in {least or 'about '}{self.days_to_decide:,} days: {needed}, and {at_pace}{delay}"

    def said(self) -> Iterator[str]:
        """The standing in words, line by line."""
        if self.figures:
            yield f"on {self.n:,} calls {self.calls}:"
            yield " " * 34 + "".join(f"{'version ' + version:>12}" for version in self.figures)
            for name in METRICS:
                values = [figures.get(name) for figures in self.figures.values()]
                yield f"  {name:32}" + "".join(f"{'-' if v is None else format(v, '.4f'):>12}" for v in values)
        yield f"version {self.challenger} {'is better' if self.verdict.promote else 'does not take over'}: " + (
            self.verdict.reason
        )
        yield from map(str, self.worse)
        yield f"when it is known: {self.when()}"


def history_as_of(as_of: datetime) -> History:
    """Read all calls and their mature outcomes, once for all that is asked of them."""
    return History(as_of, list(build_all(as_of)), labels_as_of(as_of))


def challenger_as_of(target: Target, as_of: datetime) -> Version | None:
    """The newest version trained by a moment that was not champion then, or None.

    At present that is the alias `challenger` where it is set; else the last that was replaced or did not take over.
    """
    champion = champion_as_of(target, as_of)
    others = [
        version for version in registry.versions(target)
        if version.as_of <= as_of and (champion is None or version.version != champion.version)
    ]  # fmt: skip
    return others[-1] if others else None


def stand(history: History, champion: Version, challenger: Version) -> Standing:
    """Let both versions answer the calls that were judged after both were trained; raises NoModel."""
    pair = _Pair(champion.target, champion.version, challenger.version, max(champion.as_of, challenger.as_of))
    models = [registry.load(version.target, version.version) for version in (champion, challenger)]
    ended = _ended(history, pair.target, lambda call: call.judged_at > pair.began)
    rows = [call.row for call in ended]
    said = [answers(model, rows) for model in models]
    return _standing(history, pair, NewToBoth.SINCE_BOTH, ended, said)


def stand_in_shadow(history: History, target: Target, champion: str, challenger: str) -> Standing:
    """What a pair said in the shadow test, held against outcomes that have matured since.

    Of a call that was answered more than once the last answer counts. Calls that were judged before the pair began do
    not count: those of them that were still open then are the ones that take long, which mostly end badly. The verdict
    is one that a training may read.
    """
    import numpy as np

    labels = history.labels[target]
    given = shadow_answers(target, champion, challenger, history.as_of)
    began = given[0].answered_at if given else history.as_of
    last = {one.call_id: one for one in given if _in_time(one.answered_at, labels.get(one.call_id))}
    ended = _ended(history, target, lambda call: call.call_id in last and call.judged_at > began)
    said = [
        np.array([last[s.call_id].champion_probability for s in ended], dtype=float),
        np.array([last[s.call_id].challenger_probability for s in ended], dtype=float),
    ]
    pair = _Pair(target, champion, challenger, began)
    standing = _standing(history, pair, NewToBoth.IN_SHADOW, ended, said)
    return replace(standing, verdict=at_any_time(standing.verdict)) if standing.figures else standing


def at_any_time(verdict: Verdict) -> Verdict:
    """The verdict where it may be read as often as one likes while outcomes come in, and the first yes counts.

    An interval of 95 % that is looked at every week excludes nought sooner or later by chance alone. So the gain in log
    loss must also exceed the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Oh (2021,
    "Time-uniform central limit theory and asymptotic confidence sequences"), which holds at all times together; it is
    narrowest at 400 calls, where it is about 1.55 times as wide. Whatever `against_champion` objects to stays.
    """
    e = verdict.evidence
    n, error = e["common_rows"], (e["log_loss_gain_high"] - e["log_loss_gain_low"]) / (2 * NORMAL_95)
    grown = n * MIXTURE + 1
    half = error * sqrt(2 * grown / (n * MIXTURE) * log(sqrt(grown) / ALWAYS_LEVEL))
    low, high = e["log_loss_gain"] - half, e["log_loss_gain"] + half
    needed = ceil(e["calls_to_decide"] * WIDER)
    evidence = {**e, "log_loss_gain_always_low": low, "log_loss_gain_always_high": high, "calls_to_decide": needed}
    if not verdict.promote or low > 0:
        return Verdict(verdict.promote, verdict.reason, evidence)
    reason = f"better so far, but not yet beyond what frequent looks show by chance [{low:.4f}, {high:.4f}]"
    return Verdict(False, f"{reason}: {verdict.reason}", evidence)


def pace_of(history: History, target: Target) -> Pace:
    """How outcomes of a target came in over the last 28 days."""
    from statistics import median

    judged_at = {call.call_id: call.judged_at for call in history.calls}
    lately = {
        call_id: label.matures_at for call_id, label in history.labels[target].items()
        if history.as_of - LATELY < label.matures_at and call_id in judged_at
    }  # fmt: skip
    delays = [(matured - judged_at[call_id]) / timedelta(days=1) for call_id, matured in lately.items()]
    return Pace(len(lately) / LATELY.days, median(delays) if delays else None)


def answers(model: Loaded, rows: Sequence[Mapping[str, Value]]) -> "NDArray[np.float64]":
    """Probabilities of shape (rows,)."""
    import numpy as np

    if not rows:
        return np.zeros(0)
    return model.model.predict_proba(model.encoding.encode(rows))[:, 1]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Pair:
    target: Target
    champion: str
    challenger: str
    began: datetime


def _standing(
    history: History,
    pair: _Pair,
    calls: NewToBoth,
    ended: Sequence[Featured],
    said: "Sequence[NDArray[np.float64]]",
) -> Standing:
    """`said` holds the probabilities of the champion, then of the challenger; each of shape (ended,)."""
    import numpy as np

    labels = history.labels[pair.target]
    y = np.array([labels[call.call_id].happened for call in ended], dtype=bool)
    segments = segments_of(_categories([call.row for call in ended]))
    compared = Compared(y, challenger=said[1], champion=said[0], calls=calls, segments=segments)
    versions = (pair.champion, pair.challenger)
    enough = len(y) >= LEAST_COMMON_ROWS
    return Standing(
        target=pair.target,
        as_of=history.as_of,
        champion=pair.champion,
        challenger=pair.challenger,
        n=len(y),
        calls=calls,
        figures={version: _figures(y, p) for version, p in zip(versions, said, strict=True)} if enough else {},
        verdict=against_champion(compared, pair.champion),
        worse=tuple(_worse(compared, pair)),
        pace=pace_of(history, pair.target),
        began=pair.began,
    )


def _ended(history: History, target: Target, asked: Callable[[Featured], bool]) -> list[Featured]:
    """The calls asked for whose outcome has matured, each once: a call that was entered twice would count twice."""
    labelled = [call for call in history.calls if call.call_id in history.labels[target]]
    twins = duplicates_of(labelled)
    return [call for call in labelled if asked(call) and call.call_id not in twins]


def _in_time(answered_at: datetime, label: Label | None) -> bool:
    return label is None or answered_at < label.matures_at


def _figures(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> dict[str, float]:
    return {name.removeprefix("of_"): value for name, value in metrics_of(y, p, "of").items()}


def _categories(rows: Sequence[Mapping[str, Value]]) -> dict[str, list[str | None]]:
    """The features of these calls that have few enough values to name groups of calls."""
    found = {}
    for name in sorted({name for row in rows for name, value in row.items() if isinstance(value, str)}):
        column = [None if (value := row.get(name)) is None else str(value) for row in rows]
        if len(set(column)) <= MOST_CATEGORIES:
            found[name] = column
    return found


def _worse(compared: Compared, pair: _Pair) -> Iterator[Worse]:
    """Of the large groups those for which one is worse, at a level of one in twenty for all of them together."""
    from scipy.stats import norm

    for segment, mask in compared.segments.items():
        y = compared.y[mask]
        gains = log_loss(y, compared.champion[mask]) - log_loss(y, compared.challenger[mask])
        gain, error = float(gains.mean()), standard_error(gains)
        if abs(gain) >= LEAST_LOG_LOSS_GAIN and abs(gain) > norm.isf(0.025 / len(compared.segments)) * error:
            yield Worse(segment, pair.challenger if gain < 0 else pair.champion, int(mask.sum()), abs(gain))
