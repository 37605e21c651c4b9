"""What a person may decide about a member: only what routing and rules of its campaign can then follow."""

from campaigns.conduct import Conduct
from campaigns.playbook import nearest
from campaigns.sequences import sequences
from campaigns.team import team
from database.campaigns import Planned
from database.overrides import OUTCOMES, Kind
from ringback.errors import WrongUsage
from ringback.settings import settings

OF_WHAT = {"qualification": "outcome of a qualification", "owner": "owner of this campaign",
           "sequence": "sequence of this campaign"}  # fmt: skip
LISTED_UP_TO = 12


def possible(campaign: Planned, kind: Kind) -> tuple[str, ...]:
    """What can be decided of a kind: outcomes, the team's addresses, or sequences, as far as the campaign uses them.

    Raises BadPlaybook and BadMapping where playbook or conduct cannot be read.
    """
    if kind == "qualification":
        return OUTCOMES
    conduct = Conduct.read(campaign.conduct)
    if kind == "sequence":
        return tuple(one.sequence_id for one in conduct.chosen(sequences(settings())))
    named = {address.casefold() for address in conduct.owners}
    owners = team(settings().playbook)[0].owners
    return tuple(sorted(one.email for one in owners if not named or one.email in named))


def checked(campaign: Planned, kind: Kind, outcome: str) -> str:
    """The outcome as the playbook writes it; raises WrongUsage that says what there is."""
    there_are = possible(campaign, kind)
    written = outcome.strip().casefold() if kind == "owner" else outcome
    if written in there_are:
        return written
    listed = nearest(outcome, there_are) if len(there_are) > LISTED_UP_TO else f"; there are {', '.join(there_are)}"
    raise WrongUsage(f"{outcome!r} is no {OF_WHAT[kind]}{listed if there_are else '; there is none'}")
