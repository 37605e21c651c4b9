"""What OpenFunnel says of accounts, their hiring and their people, and of the jobs that enrich them.

The shapes of replies come from OpenFunnel's own scripts and from clients that follow its documentation, which is not
public as a whole. Firmographics may stand in the account or in a part of it, signals as a list or under their ids:
both are read.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from vendors.tolerant import Flag, Identity, Moment, Part, Record, Several, Text, Texts, Whole, record_in, records_in

OVER = frozenset({"completed", "failed"})
NOT_ENRICHED = frozenset({"failed", "error", "not_found"})


class OpenFunnelRecord(Record):
    """Anything of OpenFunnel's."""

    vendor = "OpenFunnel"


class Person(OpenFunnelRecord):
    """Somebody at an account who fits the ideal customer profile."""

    person_id: Text = Field(None, validation_alias=AliasChoices("person_id", "id"))
    name: Text = None
    role: Text = Field(None, validation_alias=AliasChoices("role", "title"))
    email: Text = None
    linkedin_url: Text = None


def _by_id(sent: object) -> list[dict[str, Any]]:
    """Signals of one kind: under their ids, or as a list."""
    if isinstance(sent, dict):
        return [{"discovered_signal_id": key, **one} for key, one in sent.items() if isinstance(one, dict)]
    return records_in(sent)


class HiringSignal(OpenFunnelRecord):
    """A job that an account advertises, and what that says of it."""

    discovered_signal_id: Text = None
    signal_name: Text = None
    signal_date: Moment = None
    job_title: Text = None
    job_posting: Text = None
    """The whole text."""
    job_posted_at: Moment = None
    context: Text = None


class Account(OpenFunnelRecord):
    """A company; what else was sent of it is in `body`."""

    account_id: Text = Field(None, validation_alias=AliasChoices("account_id", "id"))
    name: Text = None
    domain: Text = None
    linkedin_url: Text = None
    industry: Text = None
    employee_count: Whole = None
    funding_stage: Text = None
    description: Text = None
    hiring: Annotated[tuple[HiringSignal, ...], BeforeValidator(_by_id)] = ()
    icp_people: Annotated[tuple[Person, ...], Several] = ()
    """One page of them."""
    icp_people_total_count: Whole = None
    icp_people_has_more: Flag = None

    @model_validator(mode="before")
    @classmethod
    def _from_its_parts(cls, sent: object) -> object:
        if not isinstance(sent, dict):
            return sent
        known = {name: value for name, value in sent.items() if value is not None}
        return {**record_in(sent.get("firmographics")), **record_in(sent.get("signals")), **known}


class EnrichedAccount(Account):
    """An account and what the enrichment changed about it."""

    is_new_account: Flag = None
    fields_updated: Texts = ()


class Progress(OpenFunnelRecord):
    """How far a job is, in accounts."""

    total: Whole = None
    completed: Whole = None
    new_accounts: Whole = None
    updated_accounts: Whole = None


class JobItem(OpenFunnelRecord):
    """What a job did for one domain."""

    domain: Text = None
    account_id: Text = None
    name: Text = None
    is_new_account: Flag = None
    fields_updated: Texts = ()
    status: Text = None
    """An open list, such as `created`, `unchanged`, `failed`."""

    @property
    def is_enriched(self) -> bool:
        """Whether there is an account now."""
        return self.account_id is not None and (self.status or "").lower() not in NOT_ENRICHED


class Job(OpenFunnelRecord):
    """An order to enrich accounts: the job may be completed although some of its domains failed."""

    job_id: Identity
    status: Text = None
    total_accounts: Whole = None
    progress: Annotated[Progress, Part] = Field(default_factory=Progress)
    result: Annotated[tuple[JobItem, ...], Several] = ()
    error_message: Text = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return (self.status or "").lower() in OVER

    @property
    def is_failed(self) -> bool:
        """Whether it failed as a whole; `error_message` may say why."""
        return (self.status or "").lower() == "failed"

    @property
    def is_out_of_credit(self) -> bool:
        """Whether it failed because it could not be paid, judged by its words."""
        return self.is_failed and "credit" in (self.error_message or "").lower()

    @property
    def by_domain(self) -> Mapping[str, JobItem]:
        """What it did, by domain in small letters."""
        return {item.domain.lower(): item for item in self.result if item.domain}


class Signal(OpenFunnelRecord):
    """A standing search: `hiring`, `socials`, `linkedin_engagement` or `job_change`."""

    signal_id: Identity
    signal_name: Text = None
    signal_type: Text = None
