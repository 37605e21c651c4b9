"""Companies, people and signals of the simulated world as OpenFunnel shows them.

Names as in the vendor's own skills and in public clients that follow its documentation; values between are guessed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sandbox.directory import company_profile_url, dice_for, funding_rounds, funding_total, gaps, job_title, profile_url
from sandbox.fellow_records import JsonObject, iso
from sandbox.industries import DECIDERS
from sandbox.records import Company, Person

COUNTRY_CODES = {
    "United States": "US", "Canada": "CA", "United Kingdom": "GB", "Germany": "DE", "Mexico": "MX", "Brazil": "BR",
    "Australia": "AU", "Ireland": "IE", "Netherlands": "NL",
}  # fmt: skip
MOST_JOBS_SHOWN = 100
"""Hiring signals of one company; the biggest companies of the world have more open positions."""
UNKNOWN_RATE, TRACKED_RATE = 0.08, 0.4
SIGNAL_IDS = {"hiring": 1, "socials": 2, "linkedin_engagement": 3, "job_changes": 4}
"""The workspace's standing searches, by the key under which an account shows what they discovered."""


@lru_cache(maxsize=200_000)
def account_id(domain: str) -> int:
    """The id that always belongs to this company."""
    return 1 + int(dice_for("openfunnel account", domain).hexadecimal(9), 16)


def people_id(person: Person) -> int:
    """The id of a person."""
    return int(person.person_id)


def is_known(company: Company) -> bool:
    """OpenFunnel can find out about the company; of a few it finds nothing."""
    return not dice_for("openfunnel unknown", company.domain).chance(UNKNOWN_RATE)


def is_tracked(company: Company) -> bool:
    """The company was an account of the workspace before anybody asked for it."""
    return is_known(company) and dice_for("openfunnel tracked", company.domain).chance(TRACKED_RATE)


def firmographics(company: Company) -> JsonObject:
    """What is known of a company; null where a fact is missing."""
    rounds = funding_rounds(company)
    facts: JsonObject = {
        "industry": company.industry,
        "description": company.description,
        "employee_count": company.employees,
        "funding_stage": company.funding_stage,
        "total_funding_usd": funding_total(company),
        "last_funding_date": rounds[-1][1] if rounds else None,
        "founded_year": company.founded_year,
        "hq_country": company.country,
        "hq_country_code": COUNTRY_CODES[company.country],
    }
    missing = gaps("openfunnel", company.domain, facts)
    return {name: None if name in missing else value for name, value in facts.items()}


def account(company: Company) -> JsonObject:
    """A company as `account/batch` shows it.

    Public clients name `website` and not `domain` in whole accounts; both are given.
    """
    return {
        "id": account_id(company.domain), **named(company), "website": f"https://{company.domain}",
        "firmographics": firmographics(company), "technographics": [], "traits": [],
    }  # fmt: skip


def named(company: Company) -> JsonObject:
    """What a company is called and where it is found."""
    return {"name": company.name, "domain": company.domain, "linkedin_url": company_profile_url(company)}


def match(company: Company) -> JsonObject:
    """A company as a search by name shows it."""
    known = firmographics(company)
    brief = {name: known[name] for name in ("employee_count", "funding_stage", "industry")}
    return {"id": account_id(company.domain), "name": company.name, "domain": company.domain, **brief}


@dataclass(frozen=True, slots=True)
class Discovered:
    """One thing that a standing search found out about a company."""

    discovered_id: int
    kind: str
    at: datetime
    text: str
    details: JsonObject

    @property
    def shown(self) -> JsonObject:
        """As an account shows it."""
        return {
            "signal_id": SIGNAL_IDS[self.kind], "signal_name": self.kind.replace("_", " ").capitalize(),
            "discovered_signal_id": self.discovered_id, "signal_date": self.at.date().isoformat(),
            "detected_by_openfunnel_at": iso(self.at), "context": self.text, "people": [], **self.details,
        }  # fmt: skip


def discovered(company: Company) -> list[Discovered]:
    """What was discovered of a company: one thing for each open position, and some talk; always the same."""
    dice, found = dice_for("openfunnel signals", company.domain), list[Discovered]()
    first_id = account_id(company.domain) * 1_000
    for number in range(min(company.open_jobs, MOST_JOBS_SHOWN)):
        posted, title = company.created_at - timedelta(days=dice.integer(0, 60)), job_title(number)
        posting = f"{company.name} is looking for a {title}. {company.description}"
        details: JsonObject = {"job_title": title, "job_posting": posting, "job_posted_at": iso(posted)}
        text = f"{company.name} is hiring: {title}"
        found.append(Discovered(first_id + number, "hiring", posted, text, details))
    talk: dict[str, tuple[float, JsonObject]] = {
        "socials": (0.3, {"post_content": f"News from {company.name}.", "platform": "linkedin", "poster_person": None}),
        "linkedin_engagement": (0.2, {"post_content": "Well said.", "interaction_type": "comment"}),
        "job_changes": (0.15, {"change_type": "joined", "person_details": None}),
    }
    for kind, (rate, details) in talk.items():
        if dice.chance(rate):
            at = company.created_at - timedelta(days=dice.integer(0, 30))
            text = f"{company.name}: {kind.replace('_', ' ')}"
            found.append(Discovered(first_id + len(found), kind, at, text, details))
    return found


def signals(company: Company) -> JsonObject:
    """What was discovered of a company by kind, in each by `discovered_signal_id`."""
    found = discovered(company)
    by_kind = {kind: {str(one.discovered_id): one.shown for one in found if one.kind == kind} for kind in SIGNAL_IDS}
    return {**by_kind, "signal_count": len(found)}


def insight(company: Company, one: Discovered) -> JsonObject:
    """Something discovered as a line of the feed."""
    return {
        "insight_id": one.discovered_id, "account_id": account_id(company.domain), "account_name": company.name,
        "account_domain": company.domain, "alert_text": one.text, "alert_type": "openfunnel",
        "alert_date": one.at.date().isoformat(), "sentiment": "neutral", "discovered_signal_id": one.discovered_id,
        "deal_stage": None, "amount": None, "signal_link": None,
    }  # fmt: skip


def icp_person(person: Person, has_email: bool = False) -> JsonObject:
    """A person who fits the profile of a buyer; the address only once it was bought."""
    return {
        "person_id": people_id(person),
        "name": person.full_name,
        "role": person.title,
        "seniority": seniority(person),
        "linkedin_url": linkedin(person),
        "email": person.email if has_email else None,
        "phone": None,
    }


def seniority(person: Person) -> str:
    """How high somebody stands."""
    if person.title in DECIDERS:
        return "vp" if person.title.startswith("VP") else "c_suite"
    return "manager" if "Manager" in person.title else "staff"


def linkedin(person: Person) -> str | None:
    """The profile, which is not known of everybody."""
    return None if gaps("openfunnel", person.person_id, ("linkedin_url",)) else profile_url(person)


def has_address(person: Person) -> bool:
    """An address can be found."""
    return not gaps("openfunnel people", person.person_id, ("email",), rate=0.2)
