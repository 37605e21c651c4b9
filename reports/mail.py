"""The report as mail clients show it: tables and inline styles, no script, no drawing, the same numbers."""

from collections.abc import Sequence
from typing import NamedTuple

from monitoring.measure import Measurement
from reports.charts import CHARTED, chosen
from reports.front import Advice, Front, Outcome, front_of, measures_of
from reports.pages import page, plain
from reports.periods import AnyReport, as_published
from reports.weekly import says_something
from reports.words import clipped, expected_text

LONGEST_SUBJECT = 140
LONGEST_HEADLINE = 400
BARS = 2
"""Measures that get a table of bars."""
WEEKS_OF_BARS = 13


class Mail(NamedTuple):
    """What is sent."""

    subject: str
    """One line without control characters."""
    text: str
    """For who reads no HTML."""
    html: str


class Bar(NamedTuple):
    """A week of a measure as a bar."""

    week: Measurement
    percent: int
    """Of the longest bar."""


def mail_of(report: AnyReport) -> Mail:
    """The report as a mail of less than 100 kB."""
    front = front_of(report)
    synthetic = "[synthetic] " if front.synthetic else ""
    subject = plain(clipped(f"{synthetic}{front.title}: {front.headline}", LONGEST_SUBJECT))
    return Mail(subject, _text(front), render_mail(report))


def render_mail(report: AnyReport) -> str:
    """The mail's HTML."""
    published = as_published(report)
    week, measures = published.report, measures_of(published)
    front = front_of(published)
    speaking = {name: series for name, series in week.series.items() if says_something(series)}
    return page(
        "mail.html",
        front=front,
        headline=clipped(front.headline, LONGEST_HEADLINE),
        report=week,
        recommendations=week.recommendations[: len(front.advice)],
        expected=lambda one: expected_text(one, measures.get(one.measure)),
        charts=[_bars(speaking[name][-WEEKS_OF_BARS:]) for name in chosen(CHARTED, speaking)[:BARS]],
    )


def _bars(series: Sequence[Measurement]) -> list[Bar]:
    longest = max((m.value for m in series if m.value is not None), default=0.0)
    return [Bar(m, round(100 * max(m.value or 0.0, 0.0) / longest) if longest > 0 else 0) for m in series]


def _text(front: Front) -> str:
    """The first screen as plain text."""
    lines = [
        front.synthetic,
        *front.notes,
        f"{front.title}, {front.when}; {front.as_of}",
        "",
        front.headline,
        "",
        "WHAT CHANGED",
    ]
    for one in front.numbers:
        interval = f"95 %: {one.interval}; " if one.interval else ""
        lines += [f"- {one.title}: {one.value} ({interval}{one.sample})", f"  {one.told}: {one.change} {one.against}"]
    lines += ["", "WHAT TO DO", *([] if front.advice else [front.no_advice])]
    lines += map(_advised, front.advice)
    lines += [f"  and {front.further_advice} more in the report"] if front.further_advice else []
    lines += [front.undecided_title, *map(_advised, front.undecided)] if front.undecided else []
    lines += ["", "WHAT THE LAST CHANGES BROUGHT", *map(_told, front.outcomes)]
    lines += [front.earned, f"Tickets: {front.waiting}.", "", front.errs.trends, front.errs.rules, front.errs.impact]
    first = 0 if front.synthetic else 1
    return (
        "\n".join(plain(" ".join(line.split())) if line[:2] != "  " else plain(line) for line in lines[first:]) + "\n"
    )


def _advised(advice: Advice) -> str:
    return f"- [{advice.priority}] {clipped(advice.title)}: {advice.stake}"


def _told(outcome: Outcome) -> str:
    since = f"; since {outcome.since:%-d %B %Y}" if outcome.since else ""
    return f"- {clipped(outcome.title)}: {outcome.said}{since}"
