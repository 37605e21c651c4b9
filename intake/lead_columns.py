"""Which column of somebody's file of contacts or companies is which, by the names that CRMs and people give them.

The names are those of HubSpot's exports (labels and internal names), of Salesforce (API names and report labels), of
Apollo's lists, and what people write; the more specific name stands first and wins.
"""

import re
from collections.abc import Mapping, Sequence
from statistics import median

from intake.cells import Unreadable, number, people
from intake.columns import HALF, MOSTLY, Column, DateOrder, moments_of, scale_of
from intake.mapping import Given
from intake.recognition import Guesses, Recognised, exporter_of, source_name
from ringback.errors import BadMapping

NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        "recordid", "recordidcontact", "hsobjectid", "leadid", "contactid", "18digitid", "leadid18", "id", "contactvid",
        "vid", "apollocontactid", "externalid", "personid", "customerid", "crmid",
    ),
    "known_at": (
        "lastmodifieddate", "hslastmodifieddate", "lastmodified", "lastmodifiedat", "modifieddate", "modifiedat",
        "updatedat", "updatedon", "lastupdated", "dateupdated", "updated", "systemmodstamp", "createdate",
        "createddate", "createdat", "createdon", "datecreated", "created", "dateadded", "addedon", "knownat",
    ),
    "email": (
        "workemail", "businessemail", "emailwork", "professionalemail", "companyemail", "email", "emailaddress",
        "workemailaddress", "primaryemail", "contactemail", "leademail", "personemail", "mail", "mailaddress",
        "email1", "emailaddress1", "courriel", "emailadresse", "mailadresse", "adressemail", "personalemail",
    ),
    "first_name": ("firstname", "contactfirstname", "givenname", "forename", "prenom", "vorname", "nombre"),
    "last_name": ("lastname", "contactlastname", "surname", "familyname", "nom", "nachname", "apellido"),
    "name": ("fullname", "contactname", "leadname", "personname", "name", "contact", "nomcomplet"),
    "job_title": (
        "jobtitle", "contacttitle", "title", "position", "jobposition", "role", "jobrole", "designation", "fonction",
        "poste", "berufsbezeichnung", "stellung",
    ),
    "phone": (
        "workphone", "workdirectphone", "directphone", "businessphone", "phonenumber", "phone", "contactphone",
        "telephonenumber", "telephone", "telefon", "tel", "mobilephonenumber", "mobilephone", "mobile", "cellphone",
        "cell", "corporatephone", "companyphone",
    ),
    "linkedin_url": (
        "personlinkedinurl", "linkedinprofileurl", "linkedinprofile", "linkedinurl", "hslinkedinurl",
        "contactlinkedin", "linkedinlink", "linkedin",
    ),
    "company": (
        "companyname", "companyaccount", "accountname", "company", "account", "organizationname", "organisationname",
        "organization", "organisation", "employer", "primaryassociatedcompany", "associatedcompany", "firma",
        "firmenname", "unternehmen", "societe", "entreprise", "empresa", "businessname", "business",
    ),
    "domain": ("companydomainname", "companydomain", "domain", "domainname", "hsemaildomain", "emaildomain"),
    "website": (
        "companywebsite", "websiteurl", "website", "companyurl", "webaddress", "homepage", "siteweb", "webseite",
        "web", "url",
    ),
    "industry": ("companyindustry", "industry", "sector", "vertical", "branche", "secteur", "industrie"),
    "employees": (
        "numberofemployees", "numemployees", "noofemployees", "employeecount", "employees", "companyemployees",
        "headcount", "companyheadcount", "companysize", "mitarbeiter", "effectif", "anzahlmitarbeiter",
    ),
    "annual_revenue": (
        "annualrevenue", "companyrevenue", "revenue", "yearlyrevenue", "umsatz", "jahresumsatz", "chiffredaffaires",
    ),
    "funding_stage": ("fundingstage", "latestfundingstage", "lastfundingtype", "latestfunding", "fundinground"),
    "founded_year": ("yearfounded", "foundedyear", "yearestablished", "founded", "grundungsjahr", "annee"),
    "country": (
        "countryregion", "companycountry", "country", "mailingcountry", "billingcountry", "countryname", "land", "pays",
    ),
    "description": ("companydescription", "description", "aboutus", "about", "shortdescription"),
    "technologies": ("technologies", "webtechnologies", "techstack", "technology"),
    "web_functions": ("webfunctions",),
    "business_model": ("businessmodel",),
    "open_jobs": ("openjobs", "jobopenings", "numberofopenjobs"),
    "headcount_growth": ("headcountgrowth6m", "headcountgrowth"),
}  # fmt: skip
COMPANY_IDS = ("accountid", "companyid", "recordidcompany", "organizationid")
PLACES = frozenset(("officelocation", "location", "headquarters", "hqcountry", "hq", "region"))
PERSON = ("email", "first_name", "last_name", "name", "job_title")
IDENTITIES = ("email", "name", "first_name", "last_name", "company", "linkedin_url")
QUANTITIES = frozenset(("employees", "annual_revenue", "founded_year", "open_jobs", "headcount_growth"))
WHOLE = ("employees", "annual_revenue", "founded_year", "open_jobs")
EDITED = re.compile("modif|update|modstamp|knownat")
ENDS = re.compile(
    r"^(is)?converted(date|at|accountid|contactid|opportunityid)?$|^became(a|an)\w+date$|^closedate$|^totalrevenue$|"
    r"^(recent|first)?deal(amount|closedate|createdate)|^recentdeal|^closed(won|lost)"
)
LARGEST_USUAL_SHARE = 1.0
"""A median growth beyond this is hardly a share."""
SMALL_FOR_DOLLARS = 20_000
"""A median revenue below this is hardly one in dollars: the column may count thousands or millions."""


def recognise_leads(
    columns: Sequence[Column], given: Given | None = None, source: str | None = None, order: DateOrder | None = None
) -> Recognised:
    """Say what each column of a file of contacts or companies is; what `given` says is left as it is.

    Raises BadMapping where no column names anybody, where the dates of a column that rows need can be read in two ways,
    or where `given` does not fit the file.
    """
    given = given or Given(kind="leads")
    guesses = Guesses(given, columns, order, whole=whole_among(columns, given))
    exporter, signs = exporter_of(columns)
    because = f"{exporter}'s name for it" if signs else "by its name"
    for name, names in NAMES.items():
        if name not in given.columns:
            find(guesses, name, names, because)
    _mend_companies(guesses)
    if not any(guesses.has(name) for name in IDENTITIES):
        has = ", ".join(column.name for column in columns)
        raise BadMapping(
            f"no column looks like an e-mail address, a name or a company among {has}{_but(guesses)}; say it in a "
            "mapping: [columns] email = ..."
        )
    _mind_the_time(guesses)
    _mind_the_id(guesses)
    for column in guesses.free():
        if ENDS.match(column.plain):
            guesses.exclude[column.name] = "says how it ended with this lead: no fact to learn from"
    guesses.rest_is_custom()
    separator = given.list_separator if "list_separator" in given.model_fields_set else _separator(guesses)
    name = source or given.source or {"HubSpot": "hubspot", "Salesforce": "salesforce"}.get(exporter, "csv")
    return guesses.finished(source_name(name), exporter, separator)


def _but(guesses: Guesses) -> str:
    """Which column is named so, and what is wrong with its values."""
    names = {name for one in IDENTITIES for name in NAMES[one]}
    named = next((column for column in guesses.columns if column.plain in names), None)
    if named is None:
        return ""
    wrong = f"holds no addresses ({named.values[0][:40]!r})" if named.values else "is empty"
    return f"; {named.name!r} is named so, but {wrong}"


def whole_among(columns: Sequence[Column], given: Given | None = None) -> frozenset[str]:
    """The columns that by their names, or as a person said, count whole things: people, jobs, years, dollars."""
    names = {(name, 1.0) for whole in WHOLE for name in NAMES[whole]}
    said = {column for name, column in given.columns.items() if name in WHOLE} if given else set()
    return frozenset(c.name for c in columns if scale_of(c.name) in names or c.name in said)


def find(guesses: Guesses, name: str, names: Sequence[str], because: str) -> None:
    """Take the column with the most specific name; others of the same meaning stay custom, which is said."""
    by_plain: dict[str, Column] = {}
    for column in guesses.free():
        by_plain.setdefault(scale_of(column.name)[0] if name in QUANTITIES else column.plain, column)
    found = [by_plain[one] for one in names if one in by_plain and _fits(guesses, name, by_plain[one])]
    if not found:
        return
    guesses.take(name, found[0], because)
    factor = scale_of(found[0].name)[1]
    if name in QUANTITIES and factor != 1.0 and name not in guesses.given.scale:
        guesses.scale[name] = factor
        guesses.doubts.append(f"{found[0].name!r} is read as counting {factor:,.0f} each, by its name")
    if name == "headcount_growth" and name not in guesses.given.scale and _is_in_percent(guesses, found[0]):
        guesses.scale[name] = 0.01
        guesses.doubts.append(f"{found[0].name!r} is read as per cent (25 is a quarter more), by its values")
    if len(found) > 1 and name not in ("id", "known_at", "description"):
        others = ", ".join(repr(column.name) for column in found[1:])
        guesses.doubts.append(f"{name} is taken from {found[0].name!r}, the more specific name; {others} stays custom")


def _fits(guesses: Guesses, name: str, column: Column) -> bool:
    """Whether the values can be what the name says; where not, the column stays custom and that is said."""
    if name == "known_at":
        return moments_of(column, guesses.order, HALF) is not None or column.name in guesses.given.time.formats
    if name == "email" and not any("@" in value for value in column.sample):
        guesses.doubts.append(f"{column.name!r} holds no e-mail addresses and stays custom")
        return False
    if name not in QUANTITIES:
        return True
    if not (_counts_people(column) if name == "employees" else column.is_quantity()):
        guesses.doubts.append(f"{column.name!r} holds ranges or words ({column.sample[0]!r}) and stays custom")
        return False
    if name == "annual_revenue" and scale_of(column.name)[1] == 1.0 and "annual_revenue" not in guesses.given.scale:
        return _is_in_dollars(guesses, column)
    return True


def _counts_people(column: Column) -> bool:
    """Whether nearly all of its values are numbers of people, or ranges of them."""
    return sum(_is_of_people(value) for value in column.sample) >= MOSTLY * len(column.sample)


def _is_of_people(value: str) -> bool:
    try:
        people(value)
    except Unreadable:
        return False
    return True


def _is_in_dollars(guesses: Guesses, column: Column) -> bool:
    figures = _figures(guesses, column)
    if any(figures) and median(figure for figure in figures if figure) < SMALL_FOR_DOLLARS:
        guesses.doubts.append(
            f"{column.name!r} is too small for dollars (it may count millions) and stays custom; in a mapping, "
            f"[columns] annual_revenue = {column.name!r} with [scale] annual_revenue = 1000000 says it"
        )
        return False
    return True


def _is_in_percent(guesses: Guesses, column: Column) -> bool:
    """Whether growth is written as 25 or 25 %, not as the share 0.25: by the sign, or because few companies double."""
    changes = [abs(figure) for figure in _figures(guesses, column) if figure]
    return (
        "%" in column.name
        or any("%" in value for value in column.sample)
        or (bool(changes) and median(changes) > LARGEST_USUAL_SHARE)
    )


def _figures(guesses: Guesses, column: Column) -> list[float]:
    decimal, figures = guesses.decimals.format.of(column.name), []
    for value in column.sample:
        try:
            figures.append(number(value, column.name, decimal))
        except Unreadable:
            continue
    return figures


def _mend_companies(guesses: Guesses) -> None:
    """In a file about companies alone, "Name" is the company's, an account's id is the row's, a place the country."""
    said = guesses.given.columns
    person = [taken for taken in guesses.taken if taken.name in PERSON]
    if [taken.name for taken in person] == ["name"] and not guesses.has("company") and "name" not in said:
        guesses.taken.remove(person[0])
        guesses.taken.append(type(person[0])("company", person[0].column, "no column speaks of people"))
        person = []
    for column in guesses.free():
        if column.plain in COMPANY_IDS and not person and not guesses.has("id"):
            guesses.take("id", column, "no column speaks of people, so a row is a company")
        elif column.plain in PLACES and not guesses.has("country") and _are_countries(column):
            guesses.take("country", column, "its values are countries")


def _are_countries(column: Column) -> bool:
    import pytz

    known: Mapping[str, str] = pytz.country_names
    names = {name.lower() for name in known.values()} | {"usa", "united kingdom", "uk", "korea", "south korea"}
    return sum(value.lower() in names for value in column.sample) >= 0.8 * len(column.sample)


def _mind_the_time(guesses: Guesses) -> None:
    taken = next((one for one in guesses.taken if one.name == "known_at"), None)
    if taken is None:
        guesses.doubts.append("no column says when a row was true: its facts are known from the moment of the import")
        return
    column = next(column for column in guesses.columns if column.name == taken.column)
    guesses.moments("known_at", column)
    if "known_at" not in guesses.given.columns and not EDITED.search(column.plain):
        guesses.doubts.append(
            f"facts are taken as known from {column.name!r} on; what was edited later is dated too early: "
            "export the last modification too"
        )


def _mind_the_id(guesses: Guesses) -> None:
    taken = next((one for one in guesses.taken if one.name == "id"), None)
    if taken and "id" not in guesses.given.columns:
        values = next(column.values for column in guesses.columns if column.name == taken.column)
        if len(set(values)) < 0.5 * len(values):
            guesses.taken.remove(taken)
            guesses.doubts.append(
                f"{taken.column!r} repeats its values too often to be the id of a row; it stays custom"
            )
            taken = None
    if taken is None:
        people = [name for name in ("email", "name", "first_name", "last_name") if guesses.has(name)]
        instead = "the e-mail address, or the row itself," if "email" in people else "the row itself"
        guesses.doubts.append(f"no column is an id: {instead if people else 'the company'} stands for it")


def _separator(guesses: Guesses) -> str:
    names = [taken.column for taken in guesses.taken if taken.name in ("technologies", "web_functions")]
    values = [value for column in guesses.columns if column.name in names for value in column.sample]
    return "," if any("," in value for value in values) and not any(";" in value for value in values) else ";"
