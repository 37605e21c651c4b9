"""How rules compare: what each comparison may be said of, what it is compared with, and the test that this makes.

A test is about one value that is known. Tests of numbers, flags and dates work on columns as they work on a value;
texts are compared without regard to capitals, one by one. Patterns are those of RE2, which needs no more steps than a
text has letters, whatever the pattern.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

from campaigns.facts import Fact, Kind
from campaigns.playbook import nearest

Test = Callable[[Any, Any], Any]
"""Of a value that is known (or a column of them) and the present moment; dates are microseconds."""
EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
DAY_US = 86_400_000_000
MOST_DAYS = 36_500
LONGEST_PATTERN = 200
LONGEST_SEARCHED = 5_000
"""Characters of a text that a pattern is looked for in."""
MOST_OPERANDS = 1_000
TIMES = {"k": 1e3, "m": 1e6, "b": 1e9}


@dataclass(frozen=True, slots=True)
class Made:
    """A comparison with what it compares to."""

    told: str
    """`at least 50`"""
    tests: tuple[Test, ...]
    """Of a list each holds of one of its entries; of anything else the only one holds of it."""


Maker = Callable[[Any, Fact], Made]


def microseconds(moment: datetime) -> int:
    """A moment as tests take it."""
    return (moment - EPOCH) // MICROSECOND


@lru_cache(maxsize=50_000)
def folded(text: str) -> str:
    """A text as it is compared: without regard to capitals, and to how its accents are written.

    >>> folded("Straße") == folded("STRASSE"), folded("Cafe\\u0301") == folded("CAF\\u00c9")
    (True, True)
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def made(comparison: str, operand: Any, fact: Fact) -> Made:
    """A comparison of a fact; raises ValueError saying what is wrong with it, and the way out."""
    kinds = COMPARISONS[comparison]
    kind = read_as(comparison, operand) if fact.kind == "any" else fact.kind
    if kind not in kinds:
        able = [name for name, some in COMPARISONS.items() if kind in some]
        raise ValueError(f"cannot be said of {fact.name}, which is {SAID[kind]}; there are {', '.join(able)}")
    if operand is None:
        raise ValueError("says nothing to compare with")
    return kinds[kind](operand, fact)


def read_as(comparison: str, operand: Any) -> Kind:
    """What a custom field is read as, by what it is compared with."""
    kinds = [kind for kind in COMPARISONS[comparison] if kind != "texts"]
    first = operand[0] if isinstance(operand, list) and operand else operand
    if len(kinds) > 1 and "text" in kinds:
        return "number" if _is_number(first) else "text"
    return kinds[0] if kinds else "text"


def _is(operand: Any, fact: Fact) -> Made:
    if fact.kind == "flag":
        if not isinstance(operand, bool):
            raise ValueError(f"must be true or false (it is {operand!r})")
        return Made(f"is {str(operand).lower()}", (lambda value, at: value == operand,))
    if _read_kind(operand, fact) == "number":
        number = _number(operand)
        return Made(f"is {_told(number)}", (lambda value, at: value == number,))
    return Made(f"is {operand!s}", (_equals(_word(operand, fact)),))


def _in(operand: Any, fact: Fact) -> Made:
    listed = _list(operand)
    if _read_kind(listed[0], fact) == "number":
        numbers = [_number(one) for one in listed]
        return Made(f"one of {_listed(numbers)}", (lambda value, at: _any(value == number for number in numbers),))
    words = frozenset(_word(one, fact) for one in listed)
    return Made(f"one of {_listed(listed)}", (lambda value, at: folded(value) in words,))


def _opposite(maker: Maker, told: str) -> Maker:
    def make(operand: Any, fact: Fact) -> Made:
        (test,) = maker(operand, fact).tests
        said = _listed(operand) if isinstance(operand, list) else _told(operand)
        return Made(f"{told} {said}", (lambda value, at: _not(test(value, at)),))

    return make


def _bound(told: str, holds: Callable[[Any, float], Any]) -> Maker:
    def make(operand: Any, fact: Fact) -> Made:
        bound = _number(operand)
        return Made(f"{told} {_told(bound)}", (lambda value, at: holds(value, bound),))

    return make


def _between(operand: Any, fact: Fact) -> Made:
    if not isinstance(operand, list) or len(operand) != 2:
        raise ValueError("needs two numbers, the lower first: [10, 50]")
    low, high = _number(operand[0]), _number(operand[1])
    if low > high:
        raise ValueError(f"goes from {_told(low)} down to {_told(high)}; write [{_told(high)}, {_told(low)}]")
    return Made(f"between {_told(low)} and {_told(high)}", (lambda value, at: (value >= low) & (value <= high),))


def _contains(operand: Any, fact: Fact) -> Made:
    return Made(f"contains {operand}", (_has([_free_word(operand)], fact),))


def _contains_any(operand: Any, fact: Fact) -> Made:
    words = [_free_word(one) for one in _list(operand)]
    return Made(f"contains any of {_listed(operand)}", (_has(words, fact),))


def _contains_all(operand: Any, fact: Fact) -> Made:
    words = [_free_word(one) for one in _list(operand)]
    told = f"contains all of {_listed(operand)}"
    if fact.kind == "texts":
        return Made(told, tuple(_has([word], fact) for word in words))
    return Made(told, (lambda value, at: all(word in folded(value) for word in words),))


def _has(words: Sequence[str], fact: Fact) -> Test:
    """Whether a text has one of the words somewhere in it; an entry of a list only as whole words."""
    if fact.kind == "texts":
        spaced = [f" {word} " for word in words]
        return lambda value, at: any(word in f" {folded(value)} " for word in spaced)
    return lambda value, at: any(word in folded(value) for word in words)


def _starts_with(operand: Any, fact: Fact) -> Made:
    word = _free_word(operand)
    return Made(f"starts with {operand}", (lambda value, at: folded(value).startswith(word),))


def _matches(operand: Any, fact: Fact) -> Made:
    if not isinstance(operand, str) or not operand:
        raise ValueError(f"needs a pattern in quotes (it is {operand!r})")
    if len(operand) > LONGEST_PATTERN:
        raise ValueError(f"is a pattern of more than {LONGEST_PATTERN} characters; use contains_any")
    try:
        _is_match(operand, "")
    except ValueError as failure:
        said = re.sub(r"^Invalid regular expression: ", "", str(failure))
        raise ValueError(f"is no pattern that can be searched for: {said}") from None
    return Made(f"matches {operand}", (lambda value, at: _is_match(operand, value),))


@lru_cache(maxsize=50_000)
def _is_match(pattern: str, text: str) -> bool:
    import pyarrow as pa
    from pyarrow import compute

    return bool(compute.match_substring_regex(pa.scalar(text[:LONGEST_SEARCHED]), pattern, ignore_case=True).as_py())


def _before(operand: Any, fact: Fact) -> Made:
    day = microseconds(_day(operand))
    return Made(f"before {operand}", (lambda value, at: value < day,))


def _after(operand: Any, fact: Fact) -> Made:
    next_day = microseconds(_day(operand)) + DAY_US
    return Made(f"after {operand}", (lambda value, at: value >= next_day,))


def _within_days(operand: Any, fact: Fact) -> Made:
    span = round(_days(operand) * DAY_US)
    told = f"within {_told(operand)} days"
    return Made(told, (lambda value, at: (value >= at - span) & (value <= at + span),))


def _older_than_days(operand: Any, fact: Fact) -> Made:
    span = round(_days(operand) * DAY_US)
    return Made(f"older than {_told(operand)} days", (lambda value, at: value < at - span,))


COMPARISONS: Mapping[str, Mapping[Kind, Maker]] = {
    "is": {"number": _is, "text": _is, "flag": _is},
    "is_not": dict.fromkeys(("number", "text", "flag"), _opposite(_is, "is not")),
    "in": {"number": _in, "text": _in},
    "not_in": dict.fromkeys(("number", "text"), _opposite(_in, "none of")),
    "at_least": {"number": _bound("at least", lambda value, bound: value >= bound)},
    "at_most": {"number": _bound("at most", lambda value, bound: value <= bound)},
    "more_than": {"number": _bound("more than", lambda value, bound: value > bound)},
    "less_than": {"number": _bound("less than", lambda value, bound: value < bound)},
    "between": {"number": _between},
    "contains": {"text": _contains, "texts": _contains},
    "contains_any": {"text": _contains_any, "texts": _contains_any},
    "contains_all": {"text": _contains_all, "texts": _contains_all},
    "starts_with": {"text": _starts_with, "texts": _starts_with},
    "matches": {"text": _matches, "texts": _matches},
    "before": {"date": _before},
    "after": {"date": _after},
    "within_days": {"date": _within_days},
    "older_than_days": {"date": _older_than_days},
}
"""By name and kind of the fact; besides there is `known`, which goes with every fact.

Between includes both ends; before and after a day leave the day out; within so many days means to either side of now.
"""
KNOWN = "known"
SAID: Mapping[Kind, str] = {
    "number": "a number", "text": "a text", "texts": "a list of texts", "flag": "yes or no", "date": "a date",
    "any": "a custom field",
}  # fmt: skip


def _read_kind(operand: Any, fact: Fact) -> Kind:
    return fact.kind if fact.kind != "any" else "number" if _is_number(operand) else "text"


def _equals(word: str) -> Test:
    return lambda value, at: folded(value) == word


def _any(several: Any) -> Any:
    """Whether one holds, be each a single answer or a column of them."""
    found = next(several)
    for one in several:
        found = found | one
    return found


def _not(answer: Any) -> Any:
    return not answer if isinstance(answer, bool) else ~answer


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(operand: Any) -> float:
    if _is_number(operand) and isfinite(operand):
        return float(operand)
    raise ValueError(f"must be a number (it is {operand!r}){_meant(operand)}")


def _meant(operand: Any) -> str:
    """The number that somebody wrote as people write it.

    >>> _meant("$50k")
    '; write 50000'
    """
    written = (
        re.fullmatch(r"[$€£]?\s*([\d,_ ]+(?:\.\d+)?)\s*([kmb]?)", operand, re.I) if isinstance(operand, str) else None
    )
    if written is None:
        return ""
    return f"; write {_told(float(re.sub('[,_ ]', '', written[1]) or 0) * TIMES.get(written[2].lower(), 1))}"


def _word(operand: Any, fact: Fact) -> str:
    """A text to compare with; of a fact that can be a few things only, one of these."""
    word = _free_word(operand)
    if fact.among and word not in [folded(one) for one in fact.among]:
        raise ValueError(f"{operand!r} is nothing that {fact.name} can be{nearest(str(operand), fact.among)}")
    return word


def _free_word(operand: Any) -> str:
    if not isinstance(operand, str):
        raise ValueError(f"must be a text; write it in quotes (it is {operand!r})")
    word = folded(" ".join(operand.split()))
    if not word:
        raise ValueError("is an empty text; to ask whether anything is known write `known: true`")
    return word


def _list(operand: Any) -> list[Any]:
    if not isinstance(operand, list):
        raise ValueError(f"needs a list: [{operand}]")
    if not operand:
        raise ValueError("is an empty list, so that it never holds; name something or leave it out")
    if len(operand) > MOST_OPERANDS:
        raise ValueError(f"names more than {MOST_OPERANDS:,} things")
    return operand


def _day(operand: Any) -> datetime:
    try:
        return datetime.strptime(str(operand), "%Y-%m-%d")
    except ValueError:
        raise ValueError(f"must be a day, as in 2026-12-31 (it is {operand!r})") from None


def _days(operand: Any) -> float:
    days = _number(operand)
    if not 0 <= days <= MOST_DAYS:
        raise ValueError(f"must be 0 to {MOST_DAYS:,} days (it is {_told(days)})")
    return days


def _told(value: Any) -> str:
    """A number as people write it; anything else as it is.

    >>> _told(50.0), _told(0.25), _told(1500000)
    ('50', '0.25', '1500000')
    """
    return f"{value:.15g}" if _is_number(value) else str(value).lower() if isinstance(value, bool) else str(value)


def _listed(values: Sequence[Any]) -> str:
    shown = ", ".join(map(_told, values[:8]))
    return f"{shown} and {len(values) - 8} more" if len(values) > 8 else shown
