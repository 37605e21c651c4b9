"""Qualification rules: the first that holds decides, and says by which values.

What is not known makes a comparison unknown, and Kleene's logic carries that through all, any and not: `any` holds as
soon as one part does, `all` fails as soon as one part does, whatever is unknown beside. A rule of which it is unknown
whether it holds does not decide, and its decision says what was missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, NamedTuple

from campaigns.comparisons import KNOWN, Test, made, microseconds, read_as
from campaigns.facts import Fact, Kind, MemberFacts, date_in, fact_named, number_in, text_in
from campaigns.playbook import read
from campaigns.rule_files import Condition, RuleFile, Then

NO, UNKNOWN, YES = 0, 1, 2
"""Whether something holds. So ordered, all is the least, any the greatest, and not is 2 less it."""
HOLDS = (False, None, True)
"""The same as JSON says it."""
FOLDER = "qualification"
"""Of a playbook."""
OTHERWISE = "otherwise"
LONGEST_SHOWN = 120
MOST_SHOWN = 12
READ_AS: Mapping[Kind, Callable[[Any], Any]] = {"number": number_in, "text": text_in, "date": date_in}


class Seen(NamedTuple):
    """A value that decided whether a rule holds, and what it was held against."""

    fact: Fact
    value: Any
    told: str
    holds: int

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a decision."""
        return {"fact": self.fact.name, "value": _shown(self.value), "is": self.told, "holds": HOLDS[self.holds]}


class Tried(NamedTuple):
    """A rule that was tried on a member."""

    rule: str
    holds: int
    seen: tuple[Seen, ...]
    """By what: of `any` that holds the part that does, of `all` that fails the part that does; what is missing."""

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a decision."""
        seen = [one.as_json() for one in self.seen[:MOST_SHOWN]]
        return {"rule": self.rule, "holds": HOLDS[self.holds], "by": seen}


@dataclass(frozen=True, slots=True)
class Decided:
    """What rules say of a member, and how they came to it."""

    then: Then
    rule: str
    """The one that held; `otherwise` where none did."""
    because: str
    tried: tuple[Tried, ...]
    """Up to the one that decided."""

    @property
    def deciding(self) -> Sequence[Tried]:
        """What its values decided: the rule that held, or all that did not."""
        return self.tried if self.rule == OTHERWISE else self.tried[-1:]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A comparison of one fact."""

    fact: Fact
    kind: Kind
    told: str
    tests: tuple[Test, ...]
    wanted: bool | None = None
    """Of a comparison that asks whether the fact is known: whether it is to be."""

    def value(self, facts: MemberFacts) -> Any:
        """What is known of the fact, as its kind; None where nothing is, or nothing of that kind."""
        value = self.fact.read(facts)
        if value is not None and self.fact.kind == "any" and self.wanted is None:
            value = READ_AS[self.kind](value)
        return None if value != value else value  # no number is unknown, too

    def weigh(self, facts: MemberFacts, now: int) -> tuple[int, tuple[Seen, ...]]:
        """Whether it holds of a member."""
        value = self.value(facts)
        if self.wanted is not None:
            holds = YES if (value is not None) == self.wanted else NO
        elif value is None:
            holds = UNKNOWN
        elif self.kind == "texts":
            holds = YES if all(any(test(one, now) for one in value) for test in self.tests) else NO
        else:
            tested = microseconds(value) if self.kind == "date" else value
            holds = YES if self.tests[0](tested, now) else NO
        return holds, (Seen(self.fact, value, self.told, holds),)

    def leaves(self) -> Iterator["Leaf"]:
        """Itself."""
        yield self


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions of which all, or any, are to hold."""

    how: Literal["all", "any"]
    parts: tuple["Node", ...]

    def weigh(self, facts: MemberFacts, now: int) -> tuple[int, tuple[Seen, ...]]:
        """Whether they hold of a member."""
        deciding = NO if self.how == "all" else YES
        others: list[tuple[int, tuple[Seen, ...]]] = []
        for part in self.parts:
            holds, seen = part.weigh(facts, now)
            if holds == deciding:
                return holds, seen
            others.append((holds, seen))
        missing = [seen for holds, seen in others if holds == UNKNOWN]
        told = missing or [seen for _, seen in others]
        return UNKNOWN if missing else YES - deciding, tuple(one for seen in told for one in seen)

    def leaves(self) -> Iterator[Leaf]:
        """All comparisons in it."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class Denied:
    """A condition that is not to hold."""

    part: "Node"

    def weigh(self, facts: MemberFacts, now: int) -> tuple[int, tuple[Seen, ...]]:
        """Whether it does not hold of a member."""
        holds, seen = self.part.weigh(facts, now)
        return YES - holds, seen

    def leaves(self) -> Iterator[Leaf]:
        """All comparisons in it."""
        return self.part.leaves()


Node = Leaf | Joined | Denied


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be tried."""

    name: str
    then: Then
    because: str
    when: Node | None
    """None: it holds of everybody."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules of a file, ready to be tried."""

    name: str
    rules: tuple[Rule, ...]
    otherwise: Then
    hash: str

    def leaves(self) -> Iterator[Leaf]:
        """All comparisons of all rules."""
        for rule in self.rules:
            if rule.when is not None:
                yield from rule.when.leaves()

    @property
    def reads_points(self) -> bool:
        """Whether a rule asks for the points of a member's card."""
        return any(leaf.fact.name.endswith(".points") and leaf.fact.fades for leaf in self.leaves())


def rules_file(playbook: Path, name: str) -> Path:
    """Where a playbook has the rules of a name."""
    return playbook / FOLDER / f"{name}.yaml"


def read_rules(file: Path) -> RuleBook:
    """The rules in a file; raises BadPlaybook with all its mistakes, each with its line."""
    told, text = read(file, RuleFile)
    return book_of(told, text.hash)


def book_of(told: RuleFile, hash: str | None = None) -> RuleBook:
    """Rules that were read, ready to be tried; without a hash of their text by one of what they say."""
    rules = tuple(Rule(one.rule, one.then, one.because, _node(one.when) if one.when else None) for one in told.rules)
    said = told.model_dump_json(by_alias=True, exclude_unset=True)
    return RuleBook(told.name, rules, told.otherwise, hash or blake2b(said.encode(), digest_size=6).hexdigest())


def decide(book: RuleBook, facts: MemberFacts) -> Decided:
    """What rules say of a member: the first that holds decides."""
    now = microseconds(facts.at)
    tried: list[Tried] = []
    for rule in book.rules:
        holds, seen = rule.when.weigh(facts, now) if rule.when else (YES, ())
        tried.append(Tried(rule.name, holds, seen))
        if holds == YES:
            return Decided(rule.then, rule.name, rule.because, tuple(tried))
    return Decided(book.otherwise, OTHERWISE, "No rule holds.", tuple(tried))


def _node(condition: Condition) -> Node:
    if condition.not_ is not None:
        return Denied(_node(condition.not_))
    if condition.all_ is not None:
        return Joined("all", tuple(map(_node, condition.all_)))
    if condition.any_ is not None:
        return Joined("any", tuple(map(_node, condition.any_)))
    return _leaf(condition)


def _leaf(condition: Condition) -> Leaf:
    fact = fact_named(str(condition.fact))
    assert fact is not None  # noqa: S101  (a condition that was read names one)
    name, operand = condition.comparison
    if name == KNOWN:
        return Leaf(fact, fact.kind, "known" if operand else "not known", (), wanted=operand)
    comparison = made(name, operand, fact)
    kind = read_as(name, operand) if fact.kind == "any" else fact.kind
    return Leaf(fact, kind, comparison.told, comparison.tests)


def _shown(value: Any) -> Any:
    """A value as JSON keeps it, cut where it is long."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, tuple):
        return [_shown(one) for one in value[:MOST_SHOWN]]
    return value
