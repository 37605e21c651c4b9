"""What a file of qualification rules may say, and what is wrong with one that cannot be followed.

name: Standard qualification
rules:                       # the first that holds decides
  - rule: competitor
    then: disqualify         # qualify, disqualify or review
    because: They sell what we sell.
    when:
      any:
        - {fact: company.industry, in: [telecommunications]}
        - not: {fact: company.employees, at_least: 10}
otherwise: review
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from campaigns.comparisons import COMPARISONS, KNOWN, made
from campaigns.facts import BY_NAME, CUSTOM, Fact, fact_named
from campaigns.playbook import Mistaken, Part, nearest

Then = Literal["qualify", "disqualify", "review"]
RESERVED = frozenset({"otherwise", "override", "thresholds"})
"""What a decision says that no rule made."""
MOST_RULES = 200
MOST_COMPARISONS = 2_000


class Condition(Part):
    """A comparison of one fact, or several conditions joined by all, any or not."""

    all_: tuple["Condition", ...] | None = Field(None, alias="all")
    any_: tuple["Condition", ...] | None = Field(None, alias="any")
    not_: "Condition | None" = Field(None, alias="not")
    fact: str | None = None
    known: Any = None
    is_: Any = Field(None, alias="is")
    is_not: Any = None
    in_: Any = Field(None, alias="in")
    not_in: Any = None
    at_least: Any = None
    at_most: Any = None
    more_than: Any = None
    less_than: Any = None
    between: Any = None
    contains: Any = None
    contains_any: Any = None
    contains_all: Any = None
    starts_with: Any = None
    matches: Any = None
    before: Any = None
    after: Any = None
    within_days: Any = None
    older_than_days: Any = None

    @property
    def comparison(self) -> tuple[str, Any]:
        """The comparison and what it compares with."""
        ((name, operand),) = self._said(COMPARED)
        return name, operand

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        joined = [name for name, _ in self._said(JOINED)]
        compared = [name for name, _ in self._said(COMPARED)]
        if len(joined) > 1:
            raise Mistaken(f"stands beside {joined[0]}; put one into the other", joined[1])
        if joined and (self.fact is not None or compared):
            raise Mistaken(f"goes with a fact or joins conditions, not both: put it into a list under {joined[0]}",
                           "fact" if self.fact is not None else compared[0])  # fmt: skip
        if joined:
            return self._joins(joined[0])
        if self.fact is None:
            raise ValueError("says nothing that could hold: it needs all, any, not, or a fact with a comparison")
        fact = self._named(self.fact)
        if not compared:
            raise ValueError(f"does not say how {fact.name} compares; there are {', '.join(_able(fact))}")
        if len(compared) > 1:
            raise Mistaken("is a second comparison; list both under all", compared[1])
        return self._compares(fact)

    def _joins(self, how: str) -> Self:
        parts = dict(self._said(JOINED))[how]
        if not parts:
            raise Mistaken("is empty, so that nobody knows whether it holds; put conditions under it", how)
        return self

    def _named(self, name: str) -> Fact:
        fact = fact_named(name)
        if fact is None:
            raise Mistaken(f"{name!r} is no fact{nearest(name, [*BY_NAME, f'{CUSTOM}NAME'])}", "fact")
        return fact

    def _compares(self, fact: Fact) -> Self:
        name, operand = self.comparison
        if name == KNOWN:
            if not isinstance(operand, bool):
                raise Mistaken(f"must be true or false (it is {operand!r})", name)
            return self
        try:
            made(name, operand, fact)
        except ValueError as failure:
            raise Mistaken(str(failure), name) from None
        return self

    def _said(self, fields: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
        """What of these is in the file, by its name there."""
        for field, name in fields:
            if field in self.model_fields_set:
                yield name, getattr(self, field)


JOINED = (("all_", "all"), ("any_", "any"), ("not_", "not"))
COMPARED = tuple(
    (name, field.alias or name)
    for name, field in Condition.model_fields.items()
    if (field.alias or name) in (*COMPARISONS, KNOWN)
)


class Rule(Part):
    """What is decided about a member of which a condition holds; without one it is decided about all that are left."""

    rule: str = Field(min_length=1, max_length=80)
    then: Then
    because: str = Field("", max_length=500)
    when: Condition | None = None


class RuleFile(Part):
    """Rules in the order in which they are tried, and what becomes of a member of which none holds."""

    name: str = Field(min_length=1, max_length=80)
    rules: tuple[Rule, ...]
    otherwise: Then

    @model_validator(mode="after")
    def _each_rule_can_decide(self) -> Self:
        if not 1 <= len(self.rules) <= MOST_RULES:
            raise Mistaken(f"are {len(self.rules)}; there must be 1 to {MOST_RULES}", "rules")
        names: set[str] = set()
        before: list[Rule] = []
        for at, rule in enumerate(self.rules):
            if rule.rule.casefold() in names:
                raise Mistaken(f"{rule.rule!r} is the name of an earlier rule; name each for what it says",
                               "rules", at, "rule")  # fmt: skip
            if rule.rule.casefold() in RESERVED:
                raise Mistaken(
                    f"{rule.rule!r} is said of what no rule decides; choose another name", "rules", at, "rule"
                )
            if hides := next((one for one in before if one.when is None or one.when == rule.when), None):
                raise Mistaken(_hidden_by(hides), "rules", at, "rule")
            names.add(rule.rule.casefold())
            before.append(rule)
        if sum(_size(rule.when) for rule in self.rules) > MOST_COMPARISONS:
            raise Mistaken(f"have more than {MOST_COMPARISONS:,} comparisons", "rules")
        return self


def _hidden_by(rule: Rule) -> str:
    if rule.when is None:
        return f"can never be reached: {rule.rule!r} before it has no `when`, so it decides about everybody"
    return f"can never decide: {rule.rule!r} before it holds of the same members; join them or change one"


def _able(fact: Fact) -> list[str]:
    return [KNOWN, *(name for name, kinds in COMPARISONS.items() if fact.kind == "any" or fact.kind in kinds)]


def _size(condition: Condition | None) -> int:
    if condition is None:
        return 0
    parts = (*(condition.all_ or ()), *(condition.any_ or ()), *((condition.not_,) if condition.not_ else ()))
    return 1 + sum(map(_size, parts))
