"""How numbers and moments are said on pages."""

from datetime import datetime

from ringback.names import spoken

DASH = "\N{EN DASH}"
NONE = "not known"
MOST_CHARACTERS = 400


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, or in how long, in one unit.

    >>> ago(datetime(2026, 3, 18, 9), datetime(2026, 3, 18, 11, 30)), ago(None, datetime(2026, 3, 18))
    ('2 hours ago', 'never')
    """
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if abs(seconds) >= size:
            count = int(abs(seconds) // size)
            said = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{said} ago" if seconds >= 0 else f"in {said}"
    return "just now" if seconds >= 0 else "in a moment"


def percent(share: float | None, digits: int = 0) -> str:
    """`61 %`."""
    return NONE if share is None else f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def number(value: float | None, digits: int | None = None) -> str:
    """`1,204`, `0.183`; whole numbers without a point.

    >>> number(1204.0), number(0.18333), number(None)
    ('1,204', '0.183', 'not known')
    """
    if value is None:
        return NONE
    if digits is None:
        digits = 0 if float(value).is_integer() else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def between(low: float | None, high: float | None, is_share: bool = False) -> str:
    """An interval: `58 to 64 %`; nothing where there is none."""
    if low is None or high is None:
        return ""
    if is_share:
        return f"{100 * low:.0f} to {100 * high:.0f}\N{NO-BREAK SPACE}%"
    return f"{number(low)} to {number(high)}"


def share(count: int, total: int) -> str:
    """`12 of 40 (30 %)`."""
    return f"{count:,} of {total:,} ({percent(count / total)})" if total else "none"


def usd(amount: float | None) -> str:
    """`$1,240`."""
    if amount is None:
        return NONE
    return f"{'−' if amount < 0 else ''}${abs(amount):,.{0 if abs(amount) >= 100 else 2}f}"


def name_text(name: object) -> str:
    """A name of ours as words: `AE_HANDOFF` as `AE handoff`."""
    return spoken(name) if name is not None else NONE


RULES = {None: "no rule fits", "override": "a person decided", "thresholds": "a group has too few points"}
"""Where no rule of the file decided."""


def rule_text(rule: str | None) -> str:
    """By which rule a member is what it is, to stand after that and a colon.

    >>> rule_text("the score says so"), rule_text("override")
    ('the score says so', 'a person decided')
    """
    return RULES.get(rule, str(rule))


SHARES = frozenset({"headcount_growth"})
"""Fields that are shares."""


def value_text(value: object, field: str = "") -> str:
    """Any value of a lead, a company or a signal, short enough for a table; a field that is a share as per cent.

    >>> value_text(["a", "b"]), value_text({"total": 3, "roles": []}), value_text(True)
    ('a, b', 'total: 3; roles: none', 'yes')
    >>> value_text(0.152, "headcount_growth")
    '15.2 %'
    """
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if field in SHARES:
            return f"{100 * value:.1f} %"
        is_small = abs(value) < 10_000 and float(value).is_integer()  # be it a year
        return str(int(value)) if is_small else number(value)
    if isinstance(value, list | tuple):
        return _cut(", ".join(value_text(one) for one in value) or "none")
    if isinstance(value, dict):
        return _cut("; ".join(f"{spoken(name)}: {value_text(one, name)}" for name, one in value.items()) or "none")
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
