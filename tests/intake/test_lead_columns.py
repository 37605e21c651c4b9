"""A file of contacts is understood as it is, whoever wrote it, and what is doubtful is said."""

from pathlib import Path

import pytest

from intake.mapping import load_mapping
from intake.recognition import mapping_text
from ringback.errors import BadMapping
from tests.intake.reading import recognised

HUBSPOT_LABELS = (
    "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lead Status,Lifecycle Stage,Create Date,"
    "Last Modified Date,Country/Region,Company name\n"
    "101,Ana,Lima,ana@acme.com,+1 555 1,Bo,New,lead,2026-02-01 09:30,2026-02-02 09:30,United States,Acme\n"
)
HUBSPOT_NAMES = (
    "hs_object_id,firstname,lastname,email,jobtitle,hs_linkedin_url,lastmodifieddate\n"
    "101,Ana,Lima,ana@acme.com,CTO,https://linkedin.com/in/ana,1772355600000\n"
)
SALESFORCE_NAMES = (
    "Id,FirstName,LastName,Title,Company,Email,Phone,Website,Industry,AnnualRevenue,NumberOfEmployees,OwnerId,"
    "IsConverted,ConvertedDate,LastModifiedDate\n"
    "00Q5g00000AbCdEEAV,Ana,Lima,CTO,Acme,ana@acme.com,1,acme.com,Software,1200000,50,0055g00000AbCdE,true,2026-02-03,"
    "2026-02-01T09:30:00.000+0000\n"
)
SALESFORCE_REPORT = (
    "First Name,Last Name,Company / Account,Email,Lead Status,Lead Source,Lead Owner,Created Date\n"
    "Ana,Lima,Acme,ana@acme.com,New,Web,Bo,13/04/2026\n"
)
FREE = (
    "Given Name;SURNAME;E-mail;Société;Position;Web-Site;Tel.;LinkedIn;# Employees;Land\n"
    "Ana;Lima;ana@acme.com;Acme;CTO;acme.com;030 1;linkedin.com/in/ana;50;Portugal\n"
)


@pytest.mark.parametrize(
    ("text", "source", "columns"),
    [
        (
            HUBSPOT_LABELS, "hubspot",
            {"id": "Record ID", "known_at": "Last Modified Date", "email": "Email", "first_name": "First Name",
             "last_name": "Last Name", "phone": "Phone Number", "company": "Company name", "country": "Country/Region"},
        ),
        (
            HUBSPOT_NAMES, "hubspot",
            {"id": "hs_object_id", "known_at": "lastmodifieddate", "email": "email", "first_name": "firstname",
             "last_name": "lastname", "job_title": "jobtitle", "linkedin_url": "hs_linkedin_url"},
        ),
        (
            SALESFORCE_NAMES, "salesforce",
            {"id": "Id", "known_at": "LastModifiedDate", "email": "Email", "first_name": "FirstName",
             "last_name": "LastName", "job_title": "Title", "phone": "Phone", "company": "Company",
             "website": "Website", "industry": "Industry", "employees": "NumberOfEmployees",
             "annual_revenue": "AnnualRevenue"},
        ),
        (
            SALESFORCE_REPORT, "salesforce",
            {"known_at": "Created Date", "email": "Email", "first_name": "First Name", "last_name": "Last Name",
             "company": "Company / Account"},
        ),
        (
            FREE, "csv",
            {"email": "E-mail", "first_name": "Given Name", "last_name": "SURNAME", "job_title": "Position",
             "phone": "Tel.", "linkedin_url": "LinkedIn", "company": "Société", "website": "Web-Site",
             "employees": "# Employees", "country": "Land"},
        ),
    ],
    ids=["HubSpot's labels", "HubSpot's names", "Salesforce's names", "a Salesforce report", "anybody's"],
)  # fmt: skip
def test_columns_are_recognised_by_the_names_that_crms_and_people_use(
    text: str, source: str, columns: dict[str, str]
) -> None:
    found = recognised(text).mapping
    assert (found.source, found.columns) == (source, columns)


@pytest.mark.parametrize("text", [HUBSPOT_LABELS, HUBSPOT_NAMES, SALESFORCE_NAMES, SALESFORCE_REPORT, FREE])
def test_the_suggested_mapping_reproduces_the_recognition(text: str, tmp_path: Path) -> None:
    found = recognised(text)
    (tmp_path / "leads.toml").write_text(mapping_text(found))
    kept = load_mapping(tmp_path / "leads.toml")
    assert kept == found.mapping
    assert recognised(text, **kept.model_dump(exclude={"kind"})).mapping == kept


def test_unknown_columns_become_custom_fields_and_what_tells_the_end_is_left_out() -> None:
    found = recognised(SALESFORCE_NAMES).mapping
    assert found.custom == {"OwnerId": "category"}
    assert set(found.exclude) == {"IsConverted", "ConvertedDate"}


def test_of_two_columns_the_more_specific_is_taken_and_the_other_kept() -> None:
    found = recognised("Email,Work Email,Name\nana@home.org,ana@acme.com,Ana\n")
    assert (found.mapping.columns["email"], found.mapping.custom) == ("Work Email", {"Email": "category"})
    assert "email is taken from 'Work Email', the more specific name; 'Email' stays custom" in found.doubts


def test_a_partial_mapping_goes_before_recognition_which_does_the_rest() -> None:
    text = "Email,Work Email,Name,Tier\nana@home.org,ana@acme.com,Ana,1\n"
    found = recognised(text, columns={"email": "Email"}, custom={"Tier": "category"}, exclude={"Work Email": "old"})
    assert found.mapping.columns == {"email": "Email", "name": "Name"}
    assert (found.mapping.custom, found.mapping.exclude) == ({"Tier": "category"}, {"Work Email": "old"})
    assert [one.because for one in found.taken if one.name == "email"] == ["the mapping says so"]


def test_a_mapping_of_a_column_that_the_file_lacks_is_refused() -> None:
    with pytest.raises(BadMapping, match="speaks of a column 'Mail' that the file lacks; it has Email"):
        recognised("Email\nana@acme.com\n", columns={"email": "Mail"})


def test_dates_that_can_be_read_in_two_ways_are_asked_about() -> None:
    text = "Email,Updated\nana@acme.com,03/04/2026\n"
    with pytest.raises(BadMapping, match="no value tells day from month; say --dates day-first"):
        recognised(text)
    assert recognised(text, order="month-first").mapping.time.formats == {"Updated": "%m/%d/%Y"}
    assert recognised(text, time={"formats": {"Updated": "%d/%m/%Y"}}).mapping.time.formats == {"Updated": "%d/%m/%Y"}


def test_a_custom_date_that_can_be_read_in_two_ways_stays_words() -> None:
    found = recognised("Email,Birthday\nana@acme.com,03/04/1990\n")
    assert found.mapping.custom == {"Birthday": "category"}
    assert any("day and month cannot be told apart" in doubt for doubt in found.doubts)


def test_a_file_without_times_or_ids_says_what_stands_for_them() -> None:
    assert recognised("Email\nana@acme.com\n").doubts == (
        "no column says when a row was true: its facts are known from the moment of the import",
        "no column is an id: the e-mail address, or the row itself, stands for it",
    )


def test_a_revenue_too_small_for_dollars_is_not_taken_for_dollars() -> None:
    text = "account,revenue\nAcme,1100.04\nGlobex,250.5\n"
    assert recognised(text).mapping.custom == {"revenue": "number"}
    assert any("may count millions" in doubt for doubt in recognised(text).doubts)
    found = recognised(text, columns={"annual_revenue": "revenue"}, scale={"annual_revenue": 1e6}).mapping
    assert (found.columns["annual_revenue"], found.custom) == ("revenue", {})


def test_words_about_the_size_of_a_company_stay_custom() -> None:
    found = recognised("company,Company Size\nAcme,small\n")
    assert found.mapping.custom == {"Company Size": "category"}


def test_in_a_file_about_companies_the_name_is_the_companys() -> None:
    found = recognised("AccountId,Name,Industry,Headquarters\n0015g00000AbCdE,Acme,Software,Kenya\n").mapping
    assert found.columns == {
        "id": "AccountId", "company": "Name", "industry": "Industry", "country": "Headquarters",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values", "scale"),
    [
        ("Headcount Growth 6m", "24.7,-33.6,8.1", {"headcount_growth": 0.01}),
        ("Headcount Growth", "25%,-3%,0.5%", {"headcount_growth": 0.01}),
        ("Headcount Growth (%)", "0.5,0.2,0.9", {"headcount_growth": 0.01}),
        ("Headcount Growth", "0.25,-0.03,0", {}),
    ],
)
def test_growth_in_per_cent_is_told_from_growth_as_a_share(name: str, values: str, scale: dict[str, float]) -> None:
    rows = "".join(f"a{n}@acme{n}.com,{value}\n" for n, value in enumerate(values.split(",")))
    found = recognised(f"Email,{name}\n{rows}")
    assert (found.mapping.columns["headcount_growth"], found.mapping.scale) == (name, scale)
    assert any("is read as per cent" in doubt for doubt in found.doubts) == bool(scale)
