"""Facts of members for tests: each call names only what matters."""

from pathlib import Path
from typing import Any

from campaigns.dimensions import card_of
from campaigns.facts import Company, MemberFacts, Person
from campaigns.rule_files import RuleFile
from campaigns.rules import RuleBook, book_of, read_rules
from database.member_facts import Calls, LastAnswer, Mails
from ringback.settings import CHECKOUT
from tests.factories import DAY, NOON

STANDARD = CHECKOUT / "campaigns/playbook/qualification/standard.yaml"
ENTERPRISE = CHECKOUT / "campaigns/playbook/qualification/enterprise.yaml"


def facts(**known: Any) -> MemberFacts:
    """What is known at noon of a lead; `lead`, `company`, `score`, `calls` and `mails` are given as their fields."""
    parts: dict[str, Any] = {
        "lead": Person(
            **({"id": "ana@acme.com", "source": "crm", "known_at": NOON - 30 * DAY} | known.pop("lead", {}))
        ),
        "company": Company(**known.pop("company", {})),
        "mails": Mails(**known.pop("mails", {})),
    }
    if "score" in known:
        parts["score"] = a_score(**known.pop("score"))
    if "calls" in known:
        parts["calls"] = Calls(
            **({"count": 1, "last_at": NOON, "minutes": None, "sentiment": None} | known.pop("calls"))
        )
    return MemberFacts(NOON, **parts, **known)


def a_score(**known: Any) -> LastAnswer:
    """The last answer about a lead."""
    answer: dict[str, Any] = {
        "prediction_id": "p1", "predicted_at": NOON - DAY, "points": 50, "recommendation": "NURTURE_TRACK",
        "priority": "MEDIUM", "voice_ai_fit": None, "progression_probability": None, "confidence": None,
    }  # fmt: skip
    return LastAnswer(**(answer | known))


def judged(one: MemberFacts) -> MemberFacts:
    """The same with the points of its card."""
    return one.with_points(card_of(one).groups)


def book(*rules: Any, otherwise: str = "review") -> RuleBook:
    """Rules, each as (name, then, when)."""
    listed = [
        {"rule": name, "then": then, **({"when": when} if when is not None else {})} for name, then, when in rules
    ]
    return book_of(RuleFile.model_validate({"name": "Test", "rules": listed, "otherwise": otherwise}))


def book_in(folder: Path, text: str) -> RuleBook:
    """The rules of a file with this text."""
    file = folder / "rules.yaml"
    file.write_text(text)
    return read_rules(file)
