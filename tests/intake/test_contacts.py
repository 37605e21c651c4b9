"""A row about a person or a company becomes a lead; a bad value costs the value, not the person."""

from datetime import datetime

import pytest

from tests.factories import NOON
from tests.intake.reading import read_leads


def reasons(text: str) -> list[tuple[str, str]]:
    return [(one.field, one.reason) for one in read_leads(text).rejected]


def test_a_row_becomes_a_lead_with_all_that_the_file_says_of_it() -> None:
    found = read_leads(
        "Id,FirstName,LastName,Title,Company,Email,Phone,Website,Country,NumberOfEmployees,LastModifiedDate,LinkedIn__c\n"
        "00Q5g00000AbCdEEAV,Ana,Lima,CTO,Acme,Ana@Acme.com,030 1,https://www.acme.com,Portugal,50,"
        "2026-02-01T09:30:00.000+0000,linkedin.com/in/ana\n"
    )
    (lead,), (facts,) = found.leads, found.facts
    assert (lead.lead_id, lead.external_id, lead.source) == ("ana@acme.com", "00Q5g00000AbCdE", "salesforce")
    assert (lead.name, lead.first_name, lead.last_name, lead.job_title) == ("Ana Lima", "Ana", "Lima", "CTO")
    assert (lead.phone, lead.website, lead.country) == ("030 1", "https://www.acme.com", "Portugal")
    assert (lead.linkedin_url, lead.known_at) == ("linkedin.com/in/ana", datetime(2026, 2, 1, 9, 30))
    assert (facts.company_id, facts.domain, facts.employees, facts.country) == ("acme.com", "acme.com", 50, "Portugal")


def test_custom_fields_land_with_their_types() -> None:
    found = read_leads(
        "Email,Updated,Score,VIP,Signed,Segment\n"
        "ana@acme.com,2026-03-01,\"1,200\",Yes,11.01.1970,smb\n"
        "bo@acme.com,2026-03-01,3,No,,ent\n"
    )  # fmt: skip
    assert [lead.custom for lead in found.leads] == [
        {"Score": 1200.0, "VIP": 1.0, "Signed": "1970-01-11T00:00:00", "Segment": "smb"},
        {"Score": 3.0, "VIP": 0.0, "Segment": "ent"},
    ]


def test_a_lead_without_a_time_is_known_from_the_import_on() -> None:
    assert read_leads("Email\nana@acme.com\n").leads[0].known_at == NOON


def test_an_unreadable_time_costs_the_time_only() -> None:
    rows = "".join(f"p{n}@acme.com,2026-03-01\n" for n in range(30))
    found = read_leads(f"Email,Updated\n{rows}ana@acme.com,soon\n")
    assert (found.leads[-1].known_at, len(found.leads), len(found.left_out)) == (NOON, 31, 1)


def test_a_wrong_address_is_left_out_where_name_and_company_say_who_it_is() -> None:
    found = read_leads("Email,Name,Company\nbo@acme.com,Bo,Acme\nana at acme,Ana,Acme\n")
    assert [(lead.email, lead.name) for lead in found.leads] == [("bo@acme.com", "Bo"), (None, "Ana")]
    assert [(one.field, one.reason) for one in found.left_out] == [("Email", "'ana at acme' is no e-mail address")]
    assert found.rejected == []


def test_a_wrong_address_without_another_identity_rejects_the_row() -> None:
    assert reasons("Email,Name,Company\nbo@acme.com,Bo,Acme\nana at acme,Ana,\n") == [
        ("Email", "'ana at acme' is no e-mail address, and the row has not both a name and a company")
    ]


def test_a_row_that_names_nobody_is_rejected() -> None:
    assert reasons("Email,Name,Tier\nbo@acme.com,Bo,1\n,,2\n") == [
        ("Email", "names nobody: neither an e-mail address nor a name with a company")
    ]


@pytest.mark.parametrize("cell", ["Ana Lima <ana@acme.com>", "mailto:ana@acme.com", " ANA@acme.com "])
def test_addresses_are_read_as_mail_programs_write_them(cell: str) -> None:
    assert read_leads(f"Email\n{cell}\n").leads[0].email == "ana@acme.com"


def test_two_people_of_one_company_without_addresses_stay_two() -> None:
    found = read_leads("Record ID,Name,Company\n1,Ana,Acme\n2,Bo,Acme\n")
    assert [lead.lead_id for lead in found.leads] == ["contact:hubspot:1", "contact:hubspot:2"]
    assert {lead.company_id for lead in found.leads} == {"name:acme"}


def test_a_row_about_a_company_alone_is_that_companys_lead() -> None:
    (lead,) = read_leads("account,sector\nAcme,software\n").leads
    assert (lead.lead_id, lead.external_id, lead.name) == ("company:name:acme", "name:acme", None)


def test_a_page_at_linkedin_is_not_the_companys_domain() -> None:
    (lead,) = read_leads("Email,Company,Website\nana@gmail.com,Acme,https://www.linkedin.com/company/acme\n").leads
    assert lead.company_id == "name:acme"


def test_a_custom_text_that_is_too_long_is_left_out_with_the_reason() -> None:
    found = read_leads(f"Email,Memo\nana@acme.com,{'x' * 10_001}\nbo@acme.com,{'x' * 10_000}\n")
    assert [len(lead.custom) for lead in found.leads] == [0, 1]
    assert found.left_out[0].reason == "has 10,001 characters, at most 10,000 are kept of a custom field"


def test_values_like_formulas_are_data() -> None:
    (lead,) = read_leads('Email,Name,Memo\nana@acme.com,=Ana,"@SUM(A1)"\n').leads
    assert (lead.name, lead.custom) == ("=Ana", {"Memo": "@SUM(A1)"})


def test_a_row_whose_address_is_only_written_otherwise_says_the_same() -> None:
    same = read_leads("Email,Name,Tier\nana@acme.com,Ana,1\n ANA@Acme.com ,Ana,1\n")
    assert (same.rows, same.duplicates, same.rejected) == (2, 1, [])


def test_a_row_twice_is_one_lead_and_two_rows_that_disagree_are_said() -> None:
    same = read_leads("Email,Name,Tier\nana@acme.com,Ana,1\nana@acme.com,Ana,1\n")
    assert (same.rows, same.duplicates, same.rejected) == (2, 1, [])
    assert reasons("Email,Name,Tier\nana@acme.com,Ana,1\nana@acme.com,Ana,2\n") == [
        ("Email", "'ana@acme.com' stands in the file before, and says other things there; keep one of the two rows")
    ]


def test_two_versions_of_a_contact_with_their_times_are_both_kept() -> None:
    found = read_leads("Record ID,Email,Updated\n1,ana@acme.com,2026-03-01\n1,ana@acme.org,2026-03-02\n")
    assert (len(found.leads), found.rejected) == (2, [])


def test_growth_becomes_a_share_however_it_is_written_and_what_cannot_be_one_is_left_out() -> None:
    percent = read_leads("Email,Headcount Growth\nana@acme.com,24.7\nbo@globex.com,-8%\n").facts
    assert [round(one.headcount_growth or 0, 4) for one in percent] == [0.247, -0.08]
    share = "Email,Headcount Growth\nana@acme.com,0.25\nbo@globex.com,0.1\ncy@initech.com,0.2\ndi@hooli.com,2500\n"
    assert [one.headcount_growth for one in read_leads(share).facts] == [0.25, 0.1, 0.2, None]
    assert [(one.field, one.reason) for one in read_leads(share).left_out] == [
        (
            "Headcount Growth",
            "'2500' is more than tenfold as a share; [scale] headcount_growth = 0.01 says that it is per cent",
        )
    ]
