"""What a company is: twenty-six features of the facts known about it when the call is judged.

The second paragraph of each docstring is read by `features/page.py`, which writes docs/features.md.
"""

import math
import re

from features.words import lower, said
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
GROWTH = re.compile(
    r"expan(?:d|ds|ded|ding|sion)\b|raise[ds]? \$?\d|series [a-f]\b|funding round|new funding|investment round|"
    r"launch(?:es|ed|ing)?\b|open(?:s|ed|ing) (?:an? |its |new )|new (?:office|market|product|site|customer)s?\b|"
    r"hiring\b(?! freeze)|grow(?:s|n|ing|th)?\b|grew\b|acquire[sd]?\b|record (?:revenue|year|quarter|sales|growth)|"
    r"doubl(?:ed|ing)\b|tripl(?:ed|ing)\b|partnership\b|wins? |ipo\b"
)
SETBACK = re.compile(
    r"lay[- ]?offs?\b|laid off|laying off|job cuts?\b|cut(?:s|ting)? (?:jobs|staff|costs)|restructur\w+|bankrupt\w*|"
    r"insolven\w+|chapter 11|lawsuits?\b|sued\b|fraud\b|data breach|outage\b|recall(?:s|ed)\b|loss(?:es)?\b|"
    r"declin(?:e|es|ed|ing)\b|shrink\w*|close[sd] (?:its|the|an?|offices|stores)|hiring freeze|slowdown\b|downturn\b|"
    r"steps down|stepped down"
)
AI_TALK = re.compile(
    r"voice ?ai\b|conversational ai\b|voice (?:agent|bot|assistant)s?\b|artificial intelligence|generative ai\b|"
    r"ai[- ](?:agent|assistant|powered|driven|receptionist)s?\b|chatbots?\b|virtual (?:agent|assistant)s?\b|"
    r"automat(?:e|es|ed|ing|ion)\b|contact cent(?:er|re)s?\b|call cent(?:er|re)s?\b"
)
"""Market and product words in news and posts; as on calls, what is denied does not count."""
REGULATED = frozenset({"healthcare", "financial services", "insurance", "banking", "fintech", "legal", "government"})


def industry(s: Snapshot) -> str | None:
    """Industry as the source names it, in lower case.

    Unit: category. Source: company facts. Missing: no source names it.
    """
    return s.company.industry.lower() if s.company and s.company.industry else None


def regulated_industry(s: Snapshot) -> float | None:
    """1 where calls and data are regulated by law in this industry.

    Unit: 1 or 0. Source: company facts. Missing: the industry is not known.
    """
    named = industry(s)
    return None if named is None else float(named in REGULATED)


def employees(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the number of employees.

    Unit: log(1 + people). Source: company facts. Missing: no source says.
    """
    return _log(s.company.employees) if s.company else None


def annual_revenue(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the yearly revenue in US dollars.

    Unit: log(1 + US dollars a year). Source: company facts. Missing: no source says.
    """
    return _log(s.company.annual_revenue) if s.company else None


def revenue_per_employee(s: Snapshot) -> float | None:
    """Natural logarithm of one plus US dollars of revenue per employee.

    Unit: log(1 + US dollars a year). Source: company facts. Missing: revenue or employees are not known or none.
    """
    if s.company is None or not s.company.employees or s.company.annual_revenue is None:
        return None
    return _log(s.company.annual_revenue / s.company.employees)


def funding_stage(s: Snapshot) -> str | None:
    """Stage of the last funding, in lower case.

    Unit: category. Source: company facts. Missing: no source names it.
    """
    return s.company.funding_stage.lower() if s.company and s.company.funding_stage else None


def company_age(s: Snapshot) -> float | None:
    """Years since the company was founded.

    Unit: years. Source: company facts. Missing: the year of foundation is not known.
    """
    if s.company is None or s.company.founded_year is None:
        return None
    return max(0.0, s.judged_at.year - s.company.founded_year)


def country(s: Snapshot) -> str | None:
    """Country of the head office, in lower case.

    Unit: category. Source: company facts. Missing: no source names it.
    """
    return s.company.country.lower() if s.company and s.company.country else None


def business_model(s: Snapshot) -> str | None:
    """Whom the company sells to, in lower case.

    Unit: category. Source: company facts. Missing: no source names it.
    """
    return s.company.business_model.lower() if s.company and s.company.business_model else None


def technology_count(s: Snapshot) -> float | None:
    """How many technologies the company is known to use.

    Unit: technologies. Source: tech stack. Missing: no source looked; a company seen to use none has 0.
    """
    return None if s.company is None or s.company.technologies is None else float(len(s.company.technologies))


def competitor_technology(s: Snapshot) -> float | None:
    """1 where a competitor's product is among its technologies: it buys what we sell, elsewhere.

    Unit: 1 or 0. Source: tech stack. Missing: no source looked.
    """
    return _uses(s.company, COMPETITORS)


def developer_tools(s: Snapshot) -> float | None:
    """How many of its technologies are tools of software developers.

    Unit: technologies. Source: tech stack. Missing: no source looked.
    """
    if s.company is None or s.company.technologies is None:
        return None
    return float(sum(bool(DEVELOPER_TOOLS.search(name)) for name in s.company.technologies))


def cloud_technology(s: Snapshot) -> float | None:
    """1 where it runs on a public cloud.

    Unit: 1 or 0. Source: tech stack. Missing: no source looked.
    """
    return _uses(s.company, CLOUD)


def crm_technology(s: Snapshot) -> float | None:
    """1 where it uses a customer-relationship or help-desk system we can connect to.

    Unit: 1 or 0. Source: tech stack. Missing: no source looked.
    """
    return _uses(s.company, CRM)


def web_authentication(s: Snapshot) -> float | None:
    """1 where its web site has people sign in.

    Unit: 1 or 0. Source: web functions. Missing: nobody looked at the web site.
    """
    return _web(s.company, "authentication")


def web_transactions(s: Snapshot) -> float | None:
    """1 where its web site takes payments or orders.

    Unit: 1 or 0. Source: web functions. Missing: nobody looked at the web site.
    """
    return _web(s.company, "transactions")


def web_communication(s: Snapshot) -> float | None:
    """1 where its web site talks with visitors: chat, call-back, messages.

    Unit: 1 or 0. Source: web functions. Missing: nobody looked at the web site.
    """
    return _web(s.company, "communication")


def voice_ai_indicators(s: Snapshot) -> float | None:
    """How often its own description speaks of voice, automation or conversational AI.

    Unit: times. Source: company description. Missing: there is no description.
    """
    if s.company is None or s.company.description is None:
        return None
    return float(len(VOICE_AI_WORDS.findall(s.company.description)))


def open_jobs(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the number of open positions.

    Unit: log(1 + positions). Source: job postings. Missing: no source looked.
    """
    return _log(s.company.open_jobs) if s.company else None


def headcount_growth(s: Snapshot) -> float | None:
    """Change of the number of employees over six months, as a share.

    Unit: share in six months (0.1 = 10 %). Source: company facts. Missing: no source says.
    """
    return s.company.headcount_growth if s.company else None


def web_ai(s: Snapshot) -> float | None:
    """Whether its web site shows AI: 2 where it is voice AI, 1 where it is any other, else 0.

    Unit: 0, 1 or 2. Source: web functions. Missing: nobody looked at the web site.
    """
    if s.company is None or s.company.web_functions is None:
        return None
    seen = {name.lower().replace("_", " ") for name in s.company.web_functions}
    return 2.0 if "voice ai" in seen else float("ai" in seen)


def total_funding(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the money raised so far.

    Unit: log(1 + US dollars). Source: funding. Missing: no source says.
    """
    return _log(s.company.total_funding) if s.company else None


def news_growth(s: Snapshot) -> float | None:
    """How often its news speak of growth: money raised, new markets, hiring, acquisitions.

    Unit: log(1 + times). Source: news. Missing: no news were found.
    """
    return said(_news(s), GROWTH)


def news_setbacks(s: Snapshot) -> float | None:
    """How often its news speak of setbacks: layoffs, losses, lawsuits, closures.

    Unit: log(1 + times). Source: news. Missing: no news were found.
    """
    return said(_news(s), SETBACK)


def posts_growth(s: Snapshot) -> float | None:
    """How often the contact's posts speak of growth.

    Unit: log(1 + times). Source: LinkedIn posts. Missing: no posts were found.
    """
    return said(None if s.posts is None else lower(s.posts), GROWTH)


def ai_talk(s: Snapshot) -> float | None:
    """How often its news and the contact's posts speak of AI, automation or contact centres.

    Unit: log(1 + times). Source: news, LinkedIn posts. Missing: neither was found.
    """
    texts = [text for text in (_news(s), lower(s.posts) if s.posts is not None else None) if text is not None]
    return said("\n".join(texts), AI_TALK) if texts else None


FIRMOGRAPHIC = (
    industry, regulated_industry, employees, annual_revenue, revenue_per_employee, funding_stage, company_age, country,
    business_model, technology_count, competitor_technology, developer_tools, cloud_technology, crm_technology,
    web_authentication, web_transactions, web_communication, voice_ai_indicators, open_jobs, headcount_growth,
    web_ai, total_funding, news_growth, news_setbacks, posts_growth, ai_talk,
)  # fmt: skip


def _log(number: float | None) -> float | None:
    return None if number is None else math.log1p(max(0.0, number))


def _news(s: Snapshot) -> str | None:
    return None if s.company is None or s.company.news is None else lower(s.company.news)


def _uses(company: CompanyFacts | None, names: re.Pattern[str]) -> float | None:
    if company is None or company.technologies is None:
        return None
    return float(any(names.search(name) for name in company.technologies))


def _web(company: CompanyFacts | None, function: str) -> float | None:
    if company is None or company.web_functions is None:
        return None
    return float(any(function in name.lower() for name in company.web_functions))
