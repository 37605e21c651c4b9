"""Leads that turn out to be one are merged with a trail; what the first source said is not overwritten."""

from typing import Any

import pytest

from database import models
from database.identities import Merge, lead_of, trail
from database.people import Published, publish_calls, publish_companies, publish_leads, statements_of
from database.session import reading, writing
from database.signals import claim, keep, known, note_order
from database.spending import Ceilings, Priced, spent_on
from database.wanted import Bought, Wanted
from ringback.records import Lead
from tests.factories import DAY, NOON, a_call, a_lead, company_facts

pytestmark = pytest.mark.usefixtures("home")

PLENTY = Ceilings(10, 10, 10)
PROFILE = "https://www.linkedin.com/in/ana-diaz/"


def from_apollo(lead_id: str = "apollo:67bd", **known: Any) -> Lead:
    """A contact found at Apollo, whose address Apollo does not show."""
    return Lead(lead_id=lead_id, **({"source": "apollo", "known_at": NOON, "external_id": "67bd"} | known))


def leads() -> dict[str, Any]:
    with reading() as connection:
        return {row.lead_id: row for row in connection.execute(models.Lead.__table__.select())}


def test_a_contact_whose_address_becomes_known_takes_it_as_its_id_and_keeps_what_was_bought() -> None:
    publish_leads([from_apollo(first_name="Ana", job_title="VP")])
    claim("ana", "apollo", [Priced("apollo:67bd", "contact", 0.1)], NOON, PLENTY)
    keep("ana", [Bought(Wanted("apollo:67bd", "contact"), {"email": "x"}, 0.9, 0.1, None, NOON + DAY)], NOON)
    done = publish_leads([from_apollo("ana@acme.com", email="ana@acme.com", known_at=NOON + DAY)])
    assert (done, trail()) == (
        Published({"ana@acme.com": "ana@acme.com"}, 1),
        [Merge("apollo:67bd", "ana@acme.com", "the same contact at apollo")],
    )
    assert {lead_id: row.job_title for lead_id, row in leads().items()} == {"ana@acme.com": "VP"}
    assert [one.wanted.entity_id for one in known(["ana@acme.com", "apollo:67bd"], NOON)] == ["ana@acme.com"]
    assert spent_on(["ana@acme.com"]) == {"ana@acme.com": 0.1}
    assert lead_of("apollo:67bd") == "ana@acme.com"


def test_the_same_profile_under_two_addresses_is_one_lead_under_the_address_known_first() -> None:
    publish_leads([a_lead("ana@acme.com", linkedin_url=PROFILE)])
    done = publish_leads([a_lead("ana.diaz@acme.com", source="aturiya", linkedin_url="linkedin.com/in/Ana-Diaz?x=1")])
    assert done.kept_as == {"ana.diaz@acme.com": "ana@acme.com"}
    assert leads().keys() == {"ana@acme.com"}
    assert statements_of("ana@acme.com").keys() == {"crm", "aturiya"}
    publish_calls([a_call(lead_id="ana.diaz@acme.com", lead_email="ana.diaz@acme.com")])
    assert leads().keys() == {"ana@acme.com"}


def test_what_the_first_source_said_is_not_overwritten_and_what_it_did_not_say_is_filled() -> None:
    publish_leads([a_lead(source="aturiya", job_title="CTO")])
    publish_leads([a_lead(source="crm", job_title="Chief Technology Officer", phone="+1 555", known_at=NOON)])
    assert (leads()["one@acme.com"].job_title, leads()["one@acme.com"].source) == ("CTO", "aturiya")
    assert leads()["one@acme.com"].chosen["phone"]["source"] == "crm"
    assert statements_of("one@acme.com")["crm"]["job_title"]["value"] == "Chief Technology Officer"


def test_a_person_s_correction_stands_before_all() -> None:
    publish_leads([a_lead(job_title="CTO"), a_lead(source="person", job_title="CEO", known_at=NOON)])
    assert leads()["one@acme.com"].job_title == "CEO"


def test_of_a_company_s_facts_the_trusted_source_counts_and_an_unsure_one_comes_last() -> None:
    publish_companies([
        company_facts(source="apollo", employees=40.0, confidence=0.3),
        company_facts(source="pipe0", employees=55.0, confidence=0.9, country="US"),
        company_facts(source="crm", country="USA"),
    ])  # fmt: skip
    with reading() as connection:
        chosen = connection.execute(models.Company.__table__.select()).one().chosen
    assert {name: chosen[name]["source"] for name in ("employees", "country")} == {
        "employees": "pipe0",
        "country": "crm",
    }


def test_a_lead_that_is_being_enriched_is_merged_the_next_time() -> None:
    publish_leads([from_apollo()])
    claim("ana", "apollo", [Priced("apollo:67bd", "contact", 0.1)], NOON, PLENTY)
    with_address = from_apollo("ana@acme.com", email="ana@acme.com", known_at=NOON + DAY)
    assert publish_leads([with_address]).merged == 0
    keep("ana", [Bought(Wanted("apollo:67bd", "contact"), None, None, 0.1, "none", NOON + DAY)], NOON)
    assert publish_leads([with_address]).merged == 1
    assert leads().keys() == {"ana@acme.com"}


def test_a_lead_of_two_campaigns_stays_in_both() -> None:
    publish_leads([from_apollo(), a_lead("ana@acme.com", source="aturiya")])
    with writing() as connection:
        connection.execute(models.CampaignLead.__table__.insert(), [
            {"campaign_id": campaign, "lead_id": lead, "joined_at": NOON}
            for campaign, lead in (("spring", "apollo:67bd"), ("summer", "ana@acme.com"), ("spring", "ana@acme.com"))
        ])  # fmt: skip
    publish_leads([from_apollo("ana@acme.com", email="ana@acme.com", known_at=NOON + DAY)])
    with reading() as connection:
        members = connection.execute(models.CampaignLead.__table__.select()).all()
    assert {(row.campaign_id, row.lead_id) for row in members} == {
        ("spring", "ana@acme.com"),
        ("summer", "ana@acme.com"),
    }


def test_publishing_the_same_again_changes_nothing() -> None:
    told = [a_lead(job_title="CTO", linkedin_url=PROFILE), from_apollo(linkedin_url=PROFILE)]
    publish_leads(told)
    before = leads()
    assert publish_leads(told).merged == 0
    assert leads() == before


def test_costs_of_two_that_turn_out_to_be_one_add_up() -> None:
    publish_leads([from_apollo(), a_lead("ana@acme.com", source="aturiya")])
    both = [Wanted("apollo:67bd", "contact"), Wanted("ana@acme.com", "contact")]
    claim("ana", "apollo", [Priced(one.entity_id, "contact", 0.05) for one in both], NOON, PLENTY)
    note_order("ana", "order-1", both, NOON)
    keep("ana", [Bought(one, {"first_name": "Ana"}, 0.9, 0.05, None, NOON + DAY) for one in both], NOON)
    publish_leads([from_apollo("ana@acme.com", email="ana@acme.com", known_at=NOON)])
    assert spent_on(["ana@acme.com"]) == {"ana@acme.com": 0.1}
    assert [one.cost for one in known(["ana@acme.com"], NOON)] == [0.1]


def test_what_was_found_of_one_is_found_of_both_and_no_word_of_a_source_is_lost() -> None:
    publish_leads([a_lead("a.d@acme.com", job_title="CTO"), a_lead("z@acme.com", phone="+1 555", linkedin_url=PROFILE)])
    both = [Wanted("z@acme.com", "linkedin_posts"), Wanted("a.d@acme.com", "linkedin_posts")]
    claim("ana", "pipe0", [Priced(one.entity_id, one.signal, 0.05) for one in both], NOON, PLENTY)
    found = Bought(both[0], {"posts": ["Hiring"]}, 0.9, 0.05, None, NOON + DAY)
    keep("ana", [found, Bought(both[1], None, None, 0.0, "none", NOON + DAY)], NOON)
    publish_leads([a_lead("a.d@acme.com", source="aturiya", linkedin_url=PROFILE, known_at=NOON)])
    assert leads().keys() == {"a.d@acme.com"} or leads().keys() == {"z@acme.com"}
    [kept] = leads()
    assert {"job_title", "phone", "linkedin_url"} <= statements_of(kept)["crm"].keys()
    assert [one.value for one in known([kept], NOON)] == [{"posts": ["Hiring"]}]


def test_an_address_that_was_merged_before_leads_to_who_it_was_merged_into() -> None:
    publish_leads([a_lead("ana@acme.com", linkedin_url=PROFILE)])
    publish_leads([a_lead("ana.diaz@acme.com", source="aturiya", linkedin_url=PROFILE)])
    publish_leads([from_apollo(email="ana.diaz@acme.com")])
    assert leads().keys() == {"ana@acme.com"}
    assert {merge.into for merge in trail()} == {"ana@acme.com"}
    assert not any(merge.lead_id == merge.into for merge in trail())


def test_all_that_is_said_of_a_lead_at_once_makes_it_recognisable() -> None:
    publish_leads([from_apollo()])
    publish_leads([from_apollo(linkedin_url=PROFILE), from_apollo(source="dropcontact", email="ana@acme.com")])
    publish_leads([a_lead("contact:crm:5", email=None, linkedin_url=PROFILE, known_at=NOON)])
    assert leads().keys() == {"ana@acme.com"}


def test_an_address_that_nobody_is_sure_of_makes_nobody_the_same() -> None:
    publish_leads([from_apollo(f"apollo:{n}", external_id=str(n)) for n in (1, 2)])
    unsure = [from_apollo(f"apollo:{n}", external_id=str(n), email="info@acme.com", confidence=0.4, known_at=NOON + DAY)
              for n in (1, 2)]  # fmt: skip
    publish_leads(unsure)
    assert leads().keys() == {"apollo:1", "apollo:2"}
