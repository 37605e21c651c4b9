"""Companies, leads and calls are published with the latest that is known of them."""

from typing import Any

import pytest

from database import models
from database.people import publish_calls, publish_companies, publish_leads
from database.session import reading
from tests.factories import DAY, NOON, a_call, a_lead, company_facts

pytestmark = pytest.mark.usefixtures("home")


def only(model: type[models.Base]) -> Any:
    with reading() as connection:
        return connection.execute(model.__table__.select()).one()


def test_an_edited_call_replaces_the_slim_row() -> None:
    publish_calls([a_call(title="Draft")])
    publish_calls([a_call(title="Final", content_hash="second", known_at=NOON + DAY)])
    publish_calls([a_call(title="Draft")])
    assert (only(models.Call).title, only(models.Call).content_hash) == ("Final", "second")


def test_a_call_names_its_lead_and_company() -> None:
    publish_calls([a_call(company_id="acme.com", company_name="Acme", lead_email="one@acme.com")])
    assert (only(models.Company).domain, only(models.Lead).email) == ("acme.com", "one@acme.com")


def test_a_company_known_by_name_only_has_no_domain() -> None:
    publish_calls([a_call(company_id="name:acme", company_name="Acme")])
    assert only(models.Company).domain is None


def test_a_call_does_not_overwrite_what_the_crm_says_of_the_lead() -> None:
    publish_leads([a_lead(job_title="CTO", name="Ana")])
    publish_calls([a_call(lead_id="one@acme.com")])
    assert (only(models.Lead).job_title, only(models.Lead).name) == ("CTO", "Ana")


def test_the_latest_name_of_a_company_counts() -> None:
    publish_companies([company_facts(name="Acme Inc", known_at=NOON)])
    publish_companies([company_facts(name="Acme", known_at=NOON - DAY)])
    assert only(models.Company).name == "Acme Inc"


def test_what_no_database_takes_is_left_out_wherever_it_is_said() -> None:
    lead = a_lead(name="A\ud83d B", job_title="C\x00TO", custom={"note": "x\ud83d"})
    for _ in range(2):
        publish_leads([lead])
        publish_companies([company_facts("acme.com", name="Ac\ud83dme")])
    row, company = only(models.Lead), only(models.Company)
    assert (row.name, row.job_title, company.name) == ("A B", "CTO", "Acme")
    assert row.chosen["custom.note"]["value"] == "x"
