"""A first mapping for a file nobody described yet: a person reads it, corrects it, and keeps it.

Guesses come from the names and from up to 2,000 rows spread over the file. What is doubtful is said in a comment, and
a column that looks like a leak (known only afterwards) is proposed for exclusion with the reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps

from intake.cells import FALSE, NOT_KNOWN, TRUE
from intake.files import rows_of
from intake.mapping import CustomType
from ringback.clock import parse_time
from ringback.errors import BadMapping

SAMPLE_ROWS = 2000
MOSTLY = 0.95
LONG_TEXT = 80
MANY_VALUES = 100

NAMES: dict[str, str] = {
    "id": r"^(record[ _]?id|call[ _]?id|id|opportunity[ _]?id|deal[ _]?id|meeting[ _]?id)$",
    "called_at": r"^(called[ _]?at|call[ _]?date|activity[ _]?date|engage[ _]?date|create[d]?[ _]?(date|at)|date|"
    r"timestamp|start(ed)?[ _]?at)$",
    "title": r"^(title|subject|call[ _]?title|meeting[ _]?title)$",
    "notes": r"^(notes?|call[ _]?notes|description|body|comments?)$",
    "transcript": r"^transcript$",
    "company": r"^(company([ _]?name)?|account([ _]?name)?|organi[sz]ation)$",
    "domain": r"^(domain|website([ _]?url)?|company[ _]?domain([ _]?name)?)$",
    "contact_name": r"^(contact[ _]?name|name|full[ _]?name)$",
    "contact_email": r"^(e-?mail|contact[ _]?email|email[ _]?address)$",
}  # fmt: skip
OUTCOME_NAMES = re.compile(
    r"^(y|outcome|result|stage|deal[ _]?stage|status|converted|won|is[ _]?(closed[ _]?)?won)$", re.I
)
POSITIVE = re.compile(r"^(yes|y|true|1|won|closed ?won|closedwon|converted|progressed|success)$", re.I)
NEGATIVE = re.compile(r"^(no|n|false|0|lost|closed ?lost|closedlost|disqualified|failure|rejected)$", re.I)
DECIDED = re.compile(r"^(close[d]?|decision|outcome|stage|won)[ _]?(date|at)$", re.I)
AFTERWARDS = re.compile(
    r"^(duration|call[ _]?duration.*|close[d]?[ _]?(date|at|value)|amount|lost[ _]?reason|won[ _]?date)$", re.I
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and the values of the sample that are not empty."""

    name: str
    values: Sequence[str]

    def mostly(self, fits: re.Pattern[str]) -> bool:
        """Whether nearly all of its values look so."""
        return bool(self.values) and sum(bool(fits.match(value)) for value in self.values) >= MOSTLY * len(self.values)


def suggest_mapping(text: str, source: str) -> str:
    """The text of a mapping file for calls; raises BadMapping where no id or no time can be found."""
    header, rows = rows_of(text)
    every = max(1, text.count("\n") // SAMPLE_ROWS)
    sample = [row for number, (row, wrong) in enumerate(rows) if wrong is None and number % every == 0]
    columns = [
        Column(name, [v for row in sample if (v := row[name].strip()).lower() not in NOT_KNOWN]) for name in header
    ]
    ours = _recognised(columns)
    outcome = next((c for c in columns if OUTCOME_NAMES.match(c.name) and any(map(POSITIVE.match, c.values))), None)
    decided = next((c for c in columns if outcome and DECIDED.match(c.name) and _is_time(c)), None)
    taken = set(ours.values()) | {c.name for c in (outcome, decided) if c}
    excluded = [c for c in columns if c.name not in taken and AFTERWARDS.match(c.name)]
    custom = [c for c in columns if c.name not in taken and c not in excluded]
    return "\n".join(_written(source, ours, outcome, decided, excluded, custom)) + "\n"


def _recognised(columns: Sequence[Column]) -> dict[str, str]:
    ours: dict[str, str] = {}
    for our_name, pattern in NAMES.items():
        found = next((c for c in columns if re.match(pattern, c.name, re.I) and c.name not in ours.values()), None)
        if found:
            ours[our_name] = found.name
    if "id" not in ours and (
        unique := next((c for c in columns if c.values and len({*c.values}) == len(c.values)), None)
    ):
        ours["id"] = unique.name
    if "called_at" not in ours and (timed := next((c for c in columns if _is_time(c)), None)):
        ours["called_at"] = timed.name
    for needed in ("id", "called_at"):
        if needed not in ours:
            raise BadMapping(
                f"no column looks like {needed!r} among {', '.join(c.name for c in columns)}; write the mapping by hand"
            )
    return ours


def _written(
    source: str,
    ours: dict[str, str],
    outcome: Column | None,
    decided: Column | None,
    excluded: Sequence[Column],
    custom: Sequence[Column],
) -> list[str]:
    lines = ['kind = "calls"', f"source = {dumps(source)}", "", "[columns]"]
    lines += [f"{our_name} = {dumps(column, ensure_ascii=False)}" for our_name, column in ours.items()]
    if outcome:
        values = sorted(set(outcome.values))
        lines += [
            "",
            "[outcomes.progression]",
            f"column = {dumps(outcome.name, ensure_ascii=False)}",
            f"positive = {dumps([v for v in values if POSITIVE.match(v)], ensure_ascii=False)}",
            f"negative = {dumps([v for v in values if NEGATIVE.match(v)], ensure_ascii=False)}"
            "  # all other values are open cases",
            f"known_at = {dumps(decided.name, ensure_ascii=False)}"
            if decided
            else "known_after_days = 1  # a guess: say how long after the call the outcome is known",
        ]
    lines += ["", "[exclude]  # left out; each with the reason"]
    lines += [f'{_key(c.name)} = "looks as if it were known only after the call: a leak"' for c in excluded]
    lines += ["", "[custom]  # number, category, flag, date or text"]
    lines += [f"{_key(c.name)} = {dumps(_type_of(c))}" for c in custom]
    return lines


def _type_of(column: Column) -> CustomType:
    lower = {value.lower() for value in column.values}
    if lower and len(lower) <= 2 and lower <= TRUE | FALSE and not lower <= {"0", "1"}:
        return "flag"
    if column.mostly(re.compile(r"^[\s$€£+-]*\d[\d.,' ]*%?$")):
        return "number"
    if _is_time(column):
        return "date"
    average_length = sum(map(len, column.values)) / max(1, len(column.values))
    if average_length > LONG_TEXT or (len(lower) > MANY_VALUES and len(lower) > 0.5 * len(column.values)):
        return "text"
    return "category"


def _is_time(column: Column) -> bool:
    def reads(value: str) -> bool:
        try:
            parse_time(value)
        except ValueError:
            return False
        return "-" in value

    sample = column.values[:200]
    return bool(sample) and sum(map(reads, sample)) >= MOSTLY * len(sample)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else dumps(name, ensure_ascii=False)
