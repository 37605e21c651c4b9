"""Dropcontact: work e-mail addresses and who somebody is, asked for in batches and fetched when they are ready.

"Not ready yet", "no such request" and "we have a temporary problem" are the same answer with status 200: nothing in it
says whether waiting will help, so whoever waits keeps a deadline (`DEADLINE_SECONDS`; ask every `POLL_SECONDS`).
Results are kept for 30 days, so an order may still be fetched after its deadline.

The order of results is promised nowhere: each record carries our id in `custom_fields` and is matched back by it.
Attributes without a value are left out. Only Dropcontact's `api.dropcontact.com` is spoken to; the old `.io` host
answers 403 to everything.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from vendors.dropcontact_qualification import Qualification, qualification
from vendors.http import Client
from vendors.limits import per_second
from vendors.tolerant import Identity, Part, Record, Text, in_path, record_in, records_in, text, whole

SOURCE = "dropcontact"
SANDBOX_TOKEN = "sandbox-dropcontact-token"  # noqa: S105 - the sandbox takes it from anybody
REQUESTS_PER_SECOND = 60
MOST_RECORDS = 250
MOST_BYTES = 15_000
"""Of one record as JSON; Dropcontact says 15 kB."""
OUR_ID = "id"
"""The name of our id in `custom_fields`."""
POLL_SECONDS = 30.0
DEADLINE_SECONDS = 3600.0
"""When to stop waiting for a batch; our own choice, since Dropcontact promises no time."""


@dataclass(frozen=True, slots=True)
class ContactAsked:
    """Somebody to be looked up, under our id; needs a company (by any name), an e-mail or a LinkedIn address."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    email: str | None = None
    company: str | None = None
    website: str | None = None
    company_linkedin: str | None = None
    linkedin: str | None = None
    job: str | None = None

    @property
    def can_be_looked_up(self) -> bool:
        """Whether Dropcontact has anything to go by."""
        return any((self.company, self.website, self.company_linkedin, self.email, self.linkedin))

    def body(self) -> dict[str, Any]:
        """As it is sent: without what is not known."""
        known = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "id"}
        return {**{name: value for name, value in known.items() if value}, "custom_fields": {OUR_ID: self.id}}


class DropcontactRecord(Record):
    """Anything of Dropcontact's; a missing key is a missing value."""

    vendor = "Dropcontact"


class EmailAddress(DropcontactRecord):
    """An address and how far it may be trusted."""

    email: Identity
    qualification: Annotated[Qualification, BeforeValidator(lambda said: qualification(text(said)))] = Qualification()


def _addresses(sent: object) -> list[dict[str, Any]]:
    several = [{"email": sent}] if isinstance(sent, str) else records_in([sent] if isinstance(sent, dict) else sent)
    return [one for one in several if text(one.get("email"))]


class Contact(DropcontactRecord):
    """What Dropcontact knows of somebody and of the company."""

    custom_fields: Annotated[Mapping[str, Text], Part] = Field(default_factory=dict)
    civility: Text = None
    first_name: Text = None
    last_name: Text = None
    full_name: Text = None
    email: Annotated[tuple[EmailAddress, ...], BeforeValidator(_addresses)] = ()
    phone: Text = None
    mobile_phone: Text = None
    linkedin: Text = None
    job: Text = None
    job_level: Text = None
    job_function: Text = None
    company: Text = None
    website: Text = None
    company_linkedin: Text = None
    siren: Text = None
    siret: Text = None
    vat: Text = None
    nb_employees: Text = None
    """A range such as `50-99`."""
    naf5_code: Text = None
    naf5_des: Text = None
    siret_address: Text = None
    siret_zip: Text = None
    siret_city: Text = None
    company_turnover: Text = None
    industry: Text = None
    country: Text = None

    @property
    def asked_id(self) -> str | None:
        """Our id of whom we asked about."""
        return self.custom_fields.get(OUR_ID)

    @property
    def work_email(self) -> str | None:
        """The first address at work that is the person's own and takes mail."""
        return next((one.email for one in self.email if one.qualification.is_deliverable_work_address), None)

    @property
    def may_not_be_contacted(self) -> bool:
        """Whether any of the addresses asks to be left alone."""
        return any(one.qualification.may_not_be_contacted for one in self.email)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A batch that was taken; keep the id before waiting, since it was paid for."""

    request_id: str
    credits_left: int | None


@dataclass(frozen=True, slots=True)
class Enriched:
    """What came of a batch, in an order that means nothing: match by `asked_id`."""

    records: tuple[Contact, ...]
    credits_left: int | None

    @property
    def by_asked_id(self) -> dict[str, Contact]:
        """The records by our id; one that came back without an id is left out, and is still among `records`."""
        return {record.asked_id: record for record in self.records if record.asked_id is not None}


def connect(settings: Settings) -> Client:
    """A client with the configured token, or for the sandbox where none is set."""
    token = settings.dropcontact_token.get_secret_value() if settings.dropcontact_token else SANDBOX_TOKEN
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}/dropcontact/v1"
    theirs = "https://api.dropcontact.com/v1" if settings.dropcontact_token else sandbox
    return Client(
        vendor="Dropcontact",
        base_url=settings.dropcontact_url or theirs,
        headers={"X-Access-Token": token},
        limits=(per_second(REQUESTS_PER_SECOND),),
    )


def submit(client: Client, records: Sequence[ContactAsked], language: str = "en") -> Submitted:
    """Ask about 1 to 250 people; a credit each for what is found and for each e-mail address given. Never asked twice.

    Raises VendorRefused, before anything is sent, for a batch that Dropcontact would not take or that we could not
    match back, and with status 403 where the credits do not cover the batch (`is_out_of_credit`).
    """
    _check(records)
    order = {"data": [one.body() for one in records], "siren": False, "language": language}
    body = client.post_json("/enrich/all", order, repeatable=False)
    _check_no_error(body)
    request_id = text(body.get("request_id"))
    if request_id is None:
        raise VendorUnreadable("Dropcontact took a batch and gave no request_id")
    return Submitted(request_id, whole(body.get("credits_left")))


def _check(records: Sequence[ContactAsked]) -> None:
    if not 1 <= len(records) <= MOST_RECORDS:
        raise VendorRefused(f"{len(records)} records in one batch, Dropcontact takes 1 to {MOST_RECORDS}; ask in parts")
    if len({one.id for one in records}) < len(records):
        raise VendorRefused("two records of one Dropcontact batch have the same id: they could not be told apart")
    if hopeless := [one.id for one in records if not one.can_be_looked_up]:
        raise VendorRefused(
            f"Dropcontact cannot look up {hopeless[0]!r} ({len(hopeless)} such in all): give a company, "
            "a website, an e-mail or a LinkedIn address"
        )
    if large := [one.id for one in records if len(json.dumps(one.body()).encode()) > MOST_BYTES]:
        raise VendorRefused(f"the record {large[0]!r} is larger than the {MOST_BYTES:,} bytes that Dropcontact takes")


def poll(client: Client, request_id: str, force_results: bool = False) -> Enriched | None:
    """What came of a batch; None while Dropcontact says that it is not ready, which may be for ever.

    `force_results` gives what is there by now, where the deadline has come.
    Raises VendorRefused where Dropcontact answers with an error.
    """
    params = {"forceResults": "true"} if force_results else None
    body = client.get_json(f"/enrich/all/{in_path(request_id)}", params)
    _check_no_error(body)
    if body.get("success") is not True and not (force_results and isinstance(body.get("data"), list)):
        return None
    if not isinstance(body.get("data"), list):
        raise VendorUnreadable(f"Dropcontact says that the batch {request_id} is done and sent no data")
    return Enriched(tuple(Contact.read(one) for one in records_in(body["data"])), whole(body.get("credits_left")))


def credits(client: Client) -> int:
    """How many credits are left: asks also whether Dropcontact can be reached and takes the token."""
    left = whole(client.get_json("/account/credits").get("credits"))
    if left is None:
        raise VendorUnreadable("Dropcontact answered without the number of credits")
    return left


def is_out_of_credit(refusal: VendorRefused) -> bool:
    """Whether a refusal means that the credits do not cover the batch: a 403, but not that of the dead old host."""
    return refusal.status in (402, 403) and "authentication token" not in refusal.said.lower()


def _check_no_error(body: Mapping[str, Any]) -> None:
    """An error that came with status 200."""
    if body.get("error") is True:
        said = text(body.get("reason")) or text(record_in(body.get("detail")).get("msg")) or text(body.get("detail"))
        raise VendorRefused(f"Dropcontact answered with an error: {said}"[:300], 200, said or "")
