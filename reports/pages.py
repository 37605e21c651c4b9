"""Filling our templates: every name from outside is escaped, and cannot turn the text around it."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from improvement import wording
from improvement.trends import Trend
from monitoring.measure import Measurement
from reports import words
from reports.weekly import Goal
from ringback.clock import shown_in
from ringback.names import headed, spoken

if TYPE_CHECKING:
    from jinja2 import Environment

TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that change the direction of text: of use in a name by itself, harmful to the sentence around it."""
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
"""What is no text, and what XML and PDF cannot hold."""


def page(template: str, **facts: object) -> str:
    """Fill one of our templates."""
    return _environment().get_template(template).render(**facts)


def plain(text: str) -> str:
    """A text without marks that turn what stands around it, and without what is no text.

    >>> plain("Acme \\u202egnp.exe\\x00")
    'Acme gnp.exe'
    """
    return CONTROL.sub("", TURNING.sub("", text))


def shown_by(zone: str) -> Callable[..., str]:
    """How moments are said in a zone: `shown(moment, "%-d %b")`."""

    def shown(moment: datetime, pattern: str = "%a %-d %b %Y, %H:%M %Z") -> str:
        return shown_in(moment, zone).strftime(pattern)

    return shown


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finished,
    )
    environment.filters |= {
        "percent": _unbroken(wording.percent),
        "evidence": _unbroken(wording.evidence_text),
        "sample": _unbroken(wording.sample_text),
        "against": _unbroken(wording.against_text),
        "difference": _unbroken(wording.difference_text),
        "gap": _unbroken(wording.gap_text),
        "value": _unbroken(_value),
        "interval": _unbroken(_interval),
        "unbroken": _unbroken(str),
        "goal": _unbroken(_goal),
        "day": _day,
        "slope": slope_text,
        "usd": words.usd,
        "clipped": words.clipped,
        "hours": words.hours_text,
        "worth": words.worth_text,
        "return_text": words.return_text,
        "tone": lambda direction: str(direction).replace(" ", "-"),
        "words": lambda name: str(name).replace("_", " "),  # of others' names, too
        "spoken": spoken,
        "headed": headed,
        "p_value": p_text,
    }
    return environment


def p_text(p_value: float | None) -> str:
    """`0.034`, `under 0.001`, `none`."""
    return "none" if p_value is None else "under 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def slope_text(trend: Trend) -> str:
    """The slope with its interval: `+0.4 points a week (−0.1 to 0.9)`."""
    if trend.slope is None or trend.slope_low is None or trend.slope_high is None:
        return wording.NOT_ENOUGH
    measure = trend.measure
    scale, unit = (100, "points") if measure.kind == "share" else (1, "" if measure.unit == "points" else measure.unit)
    number, low, high = (
        f"{scale * end:+.3g}".replace("-", "\N{MINUS SIGN}") for end in (trend.slope, trend.slope_low, trend.slope_high)
    )
    return f"{number} {unit}".strip() + f" a week ({low} to {high})"


Said = ParamSpec("Said")


def _finished(value: object) -> object:
    """What is printed of a value; our own markup stays as it is."""
    return value if not isinstance(value, str) or hasattr(value, "__html__") else plain(value)


def _unbroken(say: Callable[Said, str]) -> Callable[Said, str]:
    """Keep `n = 70` and `61 %` on one line."""

    def said(*args: Said.args, **kwargs: Said.kwargs) -> str:
        return (
            say(*args, **kwargs)
            .replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
            .replace(" %", "\N{NO-BREAK SPACE}%")
        )

    return said


def _value(measurement: Measurement) -> str:
    return wording.value_text(measurement.measure, measurement.value)


def _interval(measurement: Measurement) -> str:
    return wording.range_text(measurement.measure, measurement.low, measurement.high)


def _goal(goal: Goal, measurement: Measurement | None) -> str:
    """A goal's number with interval and sample, turned round where it is one minus the measure."""
    if measurement is None or measurement.value is None or measurement.low is None or measurement.high is None:
        return wording.NOT_ENOUGH
    value, low, high = measurement.value, measurement.low, measurement.high
    if goal.complement:
        value, low, high = 1 - value, 1 - high, 1 - low
    few = "" if measurement.enough else f"; {wording.NOT_ENOUGH}"
    interval = wording.range_text(measurement.measure, low, high)
    return f"{wording.percent(value)} ({interval}; n = {measurement.n:,}{few})"


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"
