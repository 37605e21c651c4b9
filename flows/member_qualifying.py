"""Qualify members of a campaign by the rules of a file, in two processes where there are many."""

from datetime import datetime
from functools import partial, reduce
from pathlib import Path

from campaigns.dimensions import Thresholds
from campaigns.qualify import Qualified, hash_of, qualify
from campaigns.rules import read_rules
from database.member_facts import borders_without_card
from ringback.side_by_side import Part, in_parts


def qualify_members(campaign_id: str, rules: Path, thresholds: Thresholds, at: datetime) -> Qualified:
    """Decide about the members of whom something changed; landing puts what is new into the decision log."""
    made_by = hash_of(read_rules(rules), thresholds)
    work = partial(_qualify_part, campaign_id, rules, thresholds, at)
    return reduce(Qualified.and_also, in_parts(work, partial(borders_without_card, campaign_id, made_by)))


def _qualify_part(campaign_id: str, rules: Path, thresholds: Thresholds, at: datetime, part: Part) -> Qualified:
    return qualify(campaign_id, read_rules(rules), thresholds, at, after=part.after, until=part.until)
