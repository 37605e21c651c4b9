"""A rules file that cannot be followed says for every mistake its line, what is wrong, and the way out."""

from pathlib import Path

import pytest

from campaigns.rules import read_rules
from ringback.errors import BadPlaybook
from tests.campaigns.members import book_in

GOOD = """\
name: Test
rules:
  - rule: big
    then: qualify
    when:
      all:
        - {fact: company.employees, at_least: 50}
        - fact: lead.seniority
          in: [executive, director]
  - rule: competitor
    then: disqualify
    when:
      any:
        - {fact: company.technologies, contains: twilio}
        - {fact: custom.renewal date, before: 2026-12-31}
otherwise: review
"""
BIG, LIST = "{fact: company.employees, at_least: 50}", "{fact: company.technologies, contains: twilio}"
DAY, LEVEL = "{fact: custom.renewal date, before: 2026-12-31}", "in: [executive, director]"
MISTAKES = [
    (BIG, "{fact: company.employes, at_least: 50}", 7,
     "'company.employes' is no fact; did you mean 'company.employees'?"),
    (BIG, "{fact: custom., at_least: 50}", 7, "'custom.' is no fact; did you mean 'custom.NAME'?"),
    (BIG, "{fact: company.employees, atleast: 50}", 7, "is not known here; did you mean 'at_least'?"),
    (BIG, "{fact: company.employees, at_least: many}", 7, "at_least: must be a number (it is 'many')"),
    (BIG, "{fact: company.employees, at_least: 5k}", 7, "must be a number (it is '5k'); write 5000"),
    (BIG, "{fact: company.employees, at_least: '50'}", 7, "must be a number (it is '50'); write 50"),
    (BIG, "{fact: company.employees, at_least: true}", 7, "must be a number (it is True)"),
    (BIG, "{fact: company.employees, at_least:}", 7, "at_least: says nothing to compare with"),
    (BIG, "{fact: company.employees, contains: 5}", 7,
     "contains: cannot be said of company.employees, which is a number; there are is, is_not, in"),
    (BIG, "{fact: company.employees, between: [90, 10]}", 7, "goes from 90 down to 10; write [10, 90]"),
    (BIG, "{fact: company.employees, between: 90}", 7, "needs two numbers, the lower first: [10, 50]"),
    (BIG, "{fact: company.employees}", 7, "does not say how company.employees compares; there are known, is, is_not"),
    (BIG, "{fact: company.employees, at_least: 5, at_most: 9}", 7, "is a second comparison; list both under all"),
    (BIG, "{at_least: 50}", 7, "says nothing that could hold: it needs all, any, not, or a fact with a comparison"),
    (BIG, "{fact: company.employees, known: maybe}", 7, "known: must be true or false (it is 'maybe')"),
    (BIG, "{fact: mail.bounced, is: yes}", 7, "is: must be true or false (it is 'yes')"),
    (BIG, "{fact: company.name, is: 5}", 7, "is: must be a text; write it in quotes (it is 5)"),
    (BIG, "{fact: company.name, is: ''}", 7, "is an empty text; to ask whether anything is known write `known: true`"),
    (BIG, "{fact: company.name, matches: 'acme('}", 7, "is no pattern that can be searched for: missing )"),
    (BIG, "{fact: company.name, matches: '(?=a)'}", 7, "is no pattern that can be searched for: invalid perl operator"),
    (BIG, "{fact: score.recommendation, is: AE_HANDOF}", 7,
     "'AE_HANDOF' is nothing that score.recommendation can be; did you mean 'AE_HANDOFF'?"),
    (BIG, f"{{all: [{BIG}], any: [{BIG}]}}", 7, "any: stands beside all; put one into the other"),
    (BIG, f"{{fact: company.name, not: {BIG}}}", 7, "goes with a fact or joins conditions, not both"),
    (LEVEL, "in: [executive, direktor]", 9,
     "'direktor' is nothing that lead.seniority can be; did you mean 'director'?"),
    (LEVEL, "in: executive", 9, "needs a list: [executive]"),
    (LEVEL, "in: []", 9, "is an empty list, so that it never holds"),
    (DAY, "{fact: custom.renewal date, before: 31.12.2026}", 15,
     "must be a day, as in 2026-12-31 (it is '31.12.2026')"),
    (DAY, "{fact: call.last_at, within_days: -3}", 15, "must be 0 to 36,500 days (it is -3)"),
    (f"any:\n        - {LIST}\n        - {DAY}", "any: []", 13, "any: is empty, so that nobody knows whether it holds"),
    (f"any:\n        - {LIST}\n        - {DAY}", "not: []", 13, "not: input should be a valid dictionary"),
    ("    then: disqualify\n", "", 10, "then: is missing"),
    ("then: disqualify", "then: disqualfy", 11, "'disqualfy' is not known; did you mean 'disqualify'?"),
    ("rule: competitor", "rule: BIG", 10, "'BIG' is the name of an earlier rule; name each for what it says"),
    ("rule: competitor", "rule: override", 10, "'override' is said of what no rule decides; choose another name"),
    ("  - rule: competitor", "  - {rule: rest, then: review}\n  - rule: competitor", 11,
     "can never be reached: 'rest' before it has no `when`"),
    (f"{LIST}\n        - {DAY}", f"{LIST}\n        - {DAY}\n  - rule: again\n    then: review\n    when:\n"
     f"      any:\n        - {LIST}\n        - {DAY}", 16, "can never decide: 'competitor' before it holds of"),
    ("otherwise: review\n", "", 1, "otherwise: is missing"),
    ("otherwise: review", "otherwise: revue", 16, "'revue' is not known; did you mean 'review'?"),
    ("otherwise: review", "otherwise: review\nelse: review", 17, "else: is not known here"),
    ("name: Test\n", "name: Test\nname: Again\n", 2, "name: stands twice; only one can count"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "line", "says"), MISTAKES, ids=[says[:40] for *_, says in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_the_way_out(
    right: str, wrong: str, line: int, says: str, tmp_path: Path
) -> None:
    assert right in GOOD
    with pytest.raises(BadPlaybook) as told:
        book_in(tmp_path, GOOD.replace(right, wrong, 1))
    (only,) = str(told.value).split("\n")
    assert only.startswith(f"rules.yaml:{line}: ")
    assert says in only


def test_mistakes_in_several_places_are_told_at_once(tmp_path: Path) -> None:
    wrong = GOOD.replace("at_least: 50", "at_least: many").replace("otherwise", "elsewise").replace("before", "befor")
    with pytest.raises(BadPlaybook) as told:
        book_in(tmp_path, wrong)
    assert [one.split(": ")[0] for one in str(told.value).split("\n")] == [
        "rules.yaml:1", "rules.yaml:7", "rules.yaml:15", "rules.yaml:16",
    ]  # fmt: skip


def test_a_file_without_mistakes_is_read(tmp_path: Path) -> None:
    rules = book_in(tmp_path, GOOD)
    assert [rule.name for rule in read_rules(tmp_path / "rules.yaml").rules] == [rule.name for rule in rules.rules]
