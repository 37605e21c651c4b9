"""One identity for a company and a lead, however a vendor writes the name."""

import pytest

from intake.identity import (
    company_domain,
    company_id_of,
    company_in_title,
    company_of_attendees,
    lead_id_of,
    registered_domain,
    website_domain,
)

OWN = ("ringback-customer.example",)


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("acme.com", "acme.com"),
        ("https://www.acme.com/pricing?x=1#y", "acme.com"),
        ("HTTP://Shop.ACME.co.uk:8080", "acme.co.uk"),
        ("ana@mail.acme.com.au", "acme.com.au"),
        (" acme.de ", "acme.de"),
        ("acme.example", "acme.example"),
        ("www.acme.example", "acme.example"),
        ("192.168.0.1", None),
        ("localhost", None),
        ("Acme Inc", None),
        ("", None),
        (None, None),
    ],
)
def test_registered_domain_is_found_in_any_address(written: str | None, domain: str | None) -> None:
    assert registered_domain(written) == domain


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ana@acme.com", "acme.com"),
        ("ana@gmail.com", None),
        ("Ana@GoogleMail.com", None),
        ("ana@yahoo.co.uk", None),
        ("acme.com", None),
        ("", None),
    ],
)
def test_a_mail_provider_is_no_company(email: str, domain: str | None) -> None:
    assert company_domain(email) == domain


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.acme.co.uk/pricing", "acme.co.uk"),
        ("gmail.com", None),
        ("yahoo.co.uk", None),
        ("https://www.facebook.com/bakerya", None),
        ("de.linkedin.com/company/acme", None),
        ("x.com", None),
        ("https://sites.google.com/view/acme", None),
        ("acme.wordpress.com", None),
        ("acme.wixsite.com", "acme.wixsite.com"),
        ("wixsite.com", None),
        (None, None),
    ],
)
def test_what_many_companies_share_is_no_companys_domain(website: str | None, domain: str | None) -> None:
    assert website_domain(website) == domain


@pytest.mark.parametrize(
    ("domain", "name", "identity"),
    [
        ("acme.com", "Acme Inc", "acme.com"),
        (None, "Acme, Inc.", "name:acme-inc"),
        (None, "  ACME   inc ", "name:acme-inc"),
        (None, "Müller & Söhne GmbH", "name:müller-söhne-gmbh"),
        (None, "<script>alert(1)</script>", "name:script-alert-1-script"),
        (None, " !? ", None),
        (None, None, None),
    ],
)
def test_a_company_is_its_domain_or_else_its_name(domain: str | None, name: str | None, identity: str | None) -> None:
    assert company_id_of(domain, name) == identity


@pytest.mark.parametrize(
    ("title", "company"),
    [
        ("Acme Corp / Intro Call", "Acme Corp"),
        ("Intro Call: Acme Corp", "Acme Corp"),
        ("Ringback <> Acme Corp", "Acme Corp"),
        ("Acme Corp <-> Ringback", "Acme Corp"),
        ("Acme Corp x Ringback", "Acme Corp"),
        ("Discovery call - Acme Corp", "Acme Corp"),
        ("Acme Corp \N{EN DASH} Technical deep dive", "Acme Corp"),
        ("Demo | Acme Corp", "Acme Corp"),
        ("Coca-Cola / Demo", "Coca-Cola"),
        ("3M / Intro Call", "3M"),
        ("Weekly sync", None),
        ("Call with Ana", None),
        ("Zoom meeting", None),
        ("Impromptu Google Meet", None),
        ("Discovery call with Riverline Software", "Riverline Software"),
        ("Diego / Acme Corp", "Acme Corp"),
        ("Acme Corp - diego ruiz", "Acme Corp"),
        ("Diego", None),
        ("Ringback / Pricing review", None),
        ("", None),
        (None, None),
    ],
)
def test_a_meetings_title_names_the_company(title: str | None, company: str | None) -> None:
    assert company_in_title(title, people=["Diego Ruiz"]) == company


@pytest.mark.parametrize(
    ("emails", "found"),
    [
        (["bo@ringback-customer.example", "ana@acme.com"], ("acme.com", "ana@acme.com")),
        (["al@globex.com", "ana@acme.com", "Ben@Acme.com"], ("acme.com", "ana@acme.com")),
        (["ana@gmail.com", "ben@acme.com"], ("acme.com", "ben@acme.com")),
        (["ana@gmail.com"], (None, "ana@gmail.com")),
        (["bo@eu.ringback-customer.example"], (None, None)),
        (["not an address"], (None, None)),
        ([], (None, None)),
    ],
)
def test_the_company_is_the_one_most_outside_attendees_share(emails: list[str], found: tuple[str, str]) -> None:
    assert company_of_attendees(emails, OWN) == found


@pytest.mark.parametrize(
    ("email", "company_id", "identity"),
    [
        (" Ana@Acme.com", "acme.com", "ana@acme.com"),
        (None, "acme.com", "company:acme.com"),
        (None, None, "call:bank:7"),
    ],
)
def test_a_lead_is_its_address_or_else_its_company_or_else_its_call(
    email: str | None, company_id: str | None, identity: str
) -> None:
    assert lead_id_of(email, company_id, "bank:7") == identity
