"""What campaigns decided about leads, for the decision log: by which rule or way, and what came of it.

The table `decisions` is the record; the log is what the weekly report counts. Each decision has its own id in the log,
so one that is logged again, after a crash or from the table, counts once.
"""

import re
from collections.abc import Iterable, Mapping

from campaigns.facts import MemberFacts
from database.decisions import Decided
from ringback.decision_log import DecisionLog
from warehouse.decisions import landing_folder

TYPES = {"qualification": "qualification_decision", "routing": "routing_decision"}
"""By kind of decision; all others are of nurture."""
OVERRIDDEN = {"qualification": "qualification", "owner": "routing", "sequence": "routing"}
NOT_DECIDED = frozenset({"review", "not routed"})
"""Outcomes that leave it to somebody else."""
ADDRESS = re.compile(r"\S+@\S+")
Names = Mapping[str, str | None]
"""Name, company and industry of a lead."""


def open_log(session: str) -> DecisionLog:
    """The log of a run."""
    return DecisionLog(landing_folder(), "ringback", session_id=session)


def log_decided(log: DecisionLog, decided: Iterable[Decided], names: Mapping[str, Names]) -> None:
    """Log decisions of any kind. It succeeded where it was decided, and not left to a person.

    `names` says by lead whom it was about. Names, company and industry go into the log, no address, and of what was
    known only which facts decided, not what they are.
    """
    for one in decided:
        kind = OVERRIDDEN.get(str(one.because.get("of")), "") if one.kind == "override" else one.kind
        log.decision(
            TYPES.get(kind, "nurture_decision"),
            method="override" if one.kind == "override" else str(one.because.get("rule") or one.kind),
            success=one.outcome not in NOT_DECIDED,
            session_id=f"campaign {one.campaign_id}",
            lead=names.get(one.lead_id),
            input={"facts": _facts(one)},
            output={
                "kind": one.kind,
                "outcome": _without_address(one.outcome),
                "decided_by": _without_address(one.decided_by),
            },
            entry_id=one.decision_id,
            at=one.decided_at,
            campaign_id=one.campaign_id,
        )


def names_of(facts: MemberFacts) -> Names:
    """Whom a decision is about."""
    return {"name": facts.lead.name, "company": facts.company.name, "industry": facts.company.industry}


def _without_address(text: str) -> str:
    """Owners and people who decide are named by their addresses.

    >>> _without_address("introduction / eve@ours.example")
    'introduction / (address)'
    """
    return ADDRESS.sub("(address)", text)


def _facts(decided: Decided) -> list[str]:
    tried = decided.because.get("tried")
    deciding = tried[-1]["by"] if isinstance(tried, list) and tried else []
    return sorted({str(seen["fact"]) for seen in deciding})
