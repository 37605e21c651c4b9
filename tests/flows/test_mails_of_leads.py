"""What came of mails to a lead is the same to a model that learns, to a request, a file and a campaign's scoring."""

from datetime import datetime

import pyarrow as pa
import pytest

from database.engagement import keep_events
from database.known import known_leads
from database.people import publish_calls, publish_leads
from features.batches import build_all, featured
from features.encoding import learn_encoding
from features.engagement import MAILS
from features.snapshots import snapshots_as_of
from flows.campaign_landing import land_campaigns
from flows.member_scoring import features_of
from ringback.records import Call, Value
from scoring.bulk_columns import read_columns
from scoring.lead import NOTHING, LeadRequest, Stored, features_of_lead
from scoring.stored import StoredOfTable, stored_about
from tests.campaigns.events import ANA, an_event
from tests.database.test_lead_mails import keep
from tests.factories import DAY, HOUR, NOON, a_call, a_lead
from warehouse.connect import writing
from warehouse.landing import land_calls

pytestmark = pytest.mark.usefixtures("home", "prefect")
NAMES = tuple(feature.__name__ for feature in MAILS)
BEN, EVE = "ben@acme.com", "eve@acme.com"
CALLED_AT = NOON + 10 * DAY
Told = tuple[Value, ...]


@pytest.fixture(autouse=True)
def three_leads(home: object) -> None:
    """Ana, who answered one of two mails; Ben, whose gateway opened his; Eve, whom nobody wrote to."""
    publish_leads([a_lead(one, company_id="acme.com") for one in (ANA, BEN, EVE)])
    keep(("m1", NOON), ("m2", NOON + 4 * DAY))
    keep(("long ago", CALLED_AT - 91 * DAY))
    keep(("b1", NOON), lead_id=BEN, recipient=BEN)
    keep_events([
        an_event("a", "opened", NOON + HOUR, "m1"), an_event("b", "clicked", NOON + HOUR, "m1"),
        an_event("c", "replied", NOON + 5 * DAY, "m2"), an_event("d", "clicked_by_machine", NOON, "b1"),
        an_event("e", "replied", CALLED_AT - DAY, "long ago"),
    ])  # fmt: skip
    for day in range(10):
        land_campaigns.fn(NOON + day * DAY + HOUR)


def mails_in(row: dict[str, Value]) -> Told:
    return tuple(row[name] for name in NAMES)


def hold(*calls: Call) -> None:
    with writing() as warehouse:
        land_calls(warehouse, calls)
    publish_calls(calls)


def of_training(moment: datetime = CALLED_AT) -> dict[str, Told]:
    """By lead, as batches give it."""
    return {one.lead_id: mails_in(one.row) for one in build_all(moment, processes=1)}


def of_request(lead_id: str, call_id: str | None = None, at: datetime = CALLED_AT) -> Told:
    lead = LeadRequest(company_name="Acme", lead_id=lead_id, call_id=call_id)
    return mails_in(features_of_lead(lead, stored_about(lead, NOTHING), at))


def of_table(*lead_ids: str) -> dict[str, Told]:
    """By lead, as a file of leads is scored."""
    table = pa.table({"company_name": ["Acme"] * len(lead_ids), "lead_id": list(lead_ids)})
    found = StoredOfTable(NOTHING)(read_columns(table, frozenset())[0], len(lead_ids))
    leads = [LeadRequest(company_name="Acme", lead_id=one) for one in lead_ids]
    return {
        one: mails_in(features_of_lead(lead, found[row], CALLED_AT))
        for row, (one, lead) in enumerate(zip(lead_ids, leads, strict=True))
    }


def of_members(*lead_ids: str) -> dict[str, Told]:
    """By lead, as members of campaigns are scored."""
    known = known_leads([(one, None) for one in lead_ids])
    rows = features_of(known.values(), CALLED_AT)
    return {lead.lead_id: mails_in(row) for lead, row in zip(known.values(), rows, strict=True)}


def test_a_lead_has_the_mails_that_training_would_give_a_call_with_it_however_it_is_asked_about() -> None:
    hold(*(a_call(one, CALLED_AT, lead_id=one) for one in (ANA, BEN, EVE)))
    expected = {ANA: (2.0, 1.0, 1.0, 5.0), BEN: (1.0, 0.0, 0.0, None), EVE: (None, None, None, None)}
    assert of_training() == expected
    assert {one.lead_id: mails_in(featured(one).row) for one in snapshots_as_of(CALLED_AT)} == expected
    assert {one: of_request(one) for one in expected} == expected
    assert of_table(*expected) == of_members(*expected) == expected


def test_a_kept_call_that_is_asked_about_much_later_has_the_mails_that_it_had_when_it_was_judged() -> None:
    held_at = NOON + 2 * DAY
    hold(a_call("held", held_at, lead_id=ANA, company_id="acme.com"))
    publish_calls([a_call("held", held_at, lead_id=ANA, company_id="acme.com", known_at=NOON + 9 * DAY)])
    keep_events([an_event("late", "replied", held_at + 2 * DAY + HOUR, "m1")])
    land_campaigns.fn(CALLED_AT)
    told = of_request(ANA, "fellow:held")
    assert (told, told[:3]) == (of_training()[ANA], (2.0, 1.0, 0.0))
    assert told[3] == pytest.approx(2 - 1 / 24)


def test_a_reply_is_known_to_the_next_request_at_once() -> None:
    keep_events([an_event("late", "replied", CALLED_AT, "m1")])
    assert (of_request(ANA)[2], of_request(ANA, at=CALLED_AT - HOUR)[2]) == (2.0, 1.0)


def test_mails_are_counted_anew_and_not_taken_from_what_the_lead_was_last_scored_with() -> None:
    before: dict[str, Value] = {"mails_sent": 4.0, "mails_clicked": 3.0, "mails_replied": 2.0, "minutes": 30.0}
    row = features_of_lead(LeadRequest(company_name="Acme"), Stored(EVE, features=before), CALLED_AT)
    assert (*mails_in(row), row["minutes"]) == (None, None, None, None, 30.0)


def test_a_model_that_learned_before_there_were_mails_sees_the_same_lead_as_then() -> None:
    hold(*(a_call(one, CALLED_AT, lead_id=one, sentiment=n / 3) for n, one in enumerate((ANA, BEN, EVE))))
    rows = [one.row for one in build_all(CALLED_AT, processes=1)]
    then = [{name: value for name, value in row.items() if name not in NAMES} for row in rows]
    encoding = learn_encoding(then)
    assert encoding.encode(rows).tobytes() == encoding.encode(then).tobytes()
    assert set(NAMES) <= set(learn_encoding(rows).numbers)
