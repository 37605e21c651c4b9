"""What a company is: twenty features of the facts known about it when the call is judged."""

import math
import re

from ringback.records import CompanyFacts, Snapshot

VOICE_AI_WORDS = re.compile(
    r"voice ?ai|voice (?:agent|bot|assistant)|conversational ai|ai[- ]?(?:powered|driven|agent|receptionist)|"
    r"speech|virtual agent|call automation|contact cent(?:er|re)|automat\w+",
    re.IGNORECASE,
)
COMPETITORS = re.compile(
    r"twilio|vonage|bandwidth|plivo|sinch|messagebird|infobip|ringcentral|five9|genesys|talkdesk", re.I
)
DEVELOPER_TOOLS = re.compile(r"kubernetes|docker|github|gitlab|terraform|graphql|python|node|react|golang|kafka", re.I)
CLOUD = re.compile(r"aws|amazon|azure|google cloud|gcp", re.I)
CRM = re.compile(r"salesforce|hubspot|zendesk|zoho|pipedrive|dynamics|intercom", re.I)
REGULATED = frozenset({"healthcare", "financial services", "insurance", "banking", "fintech", "legal", "government"})


def industry(s: Snapshot) -> str | None:
    """Industry as the source names it, in lower case."""
    return s.company.industry.lower() if s.company and s.company.industry else None


def regulated_industry(s: Snapshot) -> float | None:
    """1 where calls and data are regulated by law in this industry."""
    named = industry(s)
    return None if named is None else float(named in REGULATED)


def employees(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the number of employees."""
    return _log(s.company.employees) if s.company else None


def annual_revenue(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the yearly revenue in US dollars."""
    return _log(s.company.annual_revenue) if s.company else None


def revenue_per_employee(s: Snapshot) -> float | None:
    """Natural logarithm of one plus US dollars of revenue per employee."""
    if s.company is None or not s.company.employees or s.company.annual_revenue is None:
        return None
    return _log(s.company.annual_revenue / s.company.employees)


def funding_stage(s: Snapshot) -> str | None:
    """Stage of the last funding, in lower case."""
    return s.company.funding_stage.lower() if s.company and s.company.funding_stage else None


def company_age(s: Snapshot) -> float | None:
    """Years since the company was founded."""
    if s.company is None or s.company.founded_year is None:
        return None
    return max(0.0, s.judged_at.year - s.company.founded_year)


def country(s: Snapshot) -> str | None:
    """Country of the head office, in lower case."""
    return s.company.country.lower() if s.company and s.company.country else None


def business_model(s: Snapshot) -> str | None:
    """Whom the company sells to, in lower case."""
    return s.company.business_model.lower() if s.company and s.company.business_model else None


def technology_count(s: Snapshot) -> float | None:
    """How many technologies the company is known to use."""
    return None if s.company is None or s.company.technologies is None else float(len(s.company.technologies))


def competitor_technology(s: Snapshot) -> float | None:
    """1 where a competitor's product is among its technologies: it buys what we sell, elsewhere."""
    return _uses(s.company, COMPETITORS)


def developer_tools(s: Snapshot) -> float | None:
    """How many of its technologies are tools of software developers."""
    if s.company is None or s.company.technologies is None:
        return None
    return float(sum(bool(DEVELOPER_TOOLS.search(name)) for name in s.company.technologies))


def cloud_technology(s: Snapshot) -> float | None:
    """1 where it runs on a public cloud."""
    return _uses(s.company, CLOUD)


def crm_technology(s: Snapshot) -> float | None:
    """1 where it uses a customer-relationship or help-desk system we can connect to."""
    return _uses(s.company, CRM)


def web_authentication(s: Snapshot) -> float | None:
    """1 where its web site has people sign in."""
    return _web(s.company, "authentication")


def web_transactions(s: Snapshot) -> float | None:
    """1 where its web site takes payments or orders."""
    return _web(s.company, "transactions")


def web_communication(s: Snapshot) -> float | None:
    """1 where its web site talks with visitors: chat, call-back, messages."""
    return _web(s.company, "communication")


def voice_ai_indicators(s: Snapshot) -> float | None:
    """How often its own description speaks of voice, automation or conversational AI."""
    if s.company is None or s.company.description is None:
        return None
    return float(len(VOICE_AI_WORDS.findall(s.company.description)))


def open_jobs(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the number of open positions."""
    return _log(s.company.open_jobs) if s.company else None


def headcount_growth(s: Snapshot) -> float | None:
    """Change of the number of employees over six months, as a share."""
    return s.company.headcount_growth if s.company else None


FIRMOGRAPHIC = (
    industry, regulated_industry, employees, annual_revenue, revenue_per_employee, funding_stage, company_age, country,
    business_model, technology_count, competitor_technology, developer_tools, cloud_technology, crm_technology,
    web_authentication, web_transactions, web_communication, voice_ai_indicators, open_jobs, headcount_growth,
)  # fmt: skip


def _log(number: float | None) -> float | None:
    return None if number is None else math.log1p(max(0.0, number))


def _uses(company: CompanyFacts | None, names: re.Pattern[str]) -> float | None:
    if company is None or company.technologies is None:
        return None
    return float(any(names.search(name) for name in company.technologies))


def _web(company: CompanyFacts | None, function: str) -> float | None:
    if company is None or company.web_functions is None:
        return None
    return float(any(function in name.lower() for name in company.web_functions))
