"""Dimensions of a member that say whether it can pay and suits us: budget fit and company fit.

The scale and what the points are worth: `campaigns/points.py`. "We" sell Voice AI and messaging, to companies with many
calls and messages from customers. The second paragraph of each docstring is read by `campaigns/dimensions_page.py`.
"""

import re
from math import log10

from campaigns.facts import MemberFacts
from campaigns.points import Judged, Weights, between, by_size, large, listed, steps, using, where_used
from features.firmographic import CLOUD, COMPETITORS, CRM, DEVELOPER_TOOLS

PAID_TOOLS = re.compile(f"{COMPETITORS.pattern}|{CRM.pattern}|sap|snowflake|okta|stripe|shopify|workday", re.I)
CALLED_OFTEN = frozenset({
    "healthcare", "insurance", "logistics", "hospitality", "home services", "travel", "automotive", "utilities",
    "banking", "real estate",
})  # fmt: skip
CALLED = frozenset({
    "financial services", "fintech", "retail", "telecommunications", "government", "education", "consumer services",
    "e-commerce", "legal", "food and beverages", "transportation",
})  # fmt: skip
SERVED = frozenset({
    "united states", "usa", "us", "canada", "ca", "united kingdom", "uk", "gb", "ireland", "ie", "australia", "au",
    "new zealand", "nz",
})  # fmt: skip
SERVED_WITH_LIMITS = frozenset({
    "germany", "de", "france", "fr", "netherlands", "nl", "belgium", "be", "austria", "at", "switzerland", "ch",
    "spain", "es", "italy", "it", "portugal", "pt", "sweden", "se", "norway", "no", "denmark", "dk", "finland", "fi",
    "poland", "pl", "mexico", "mx", "brazil", "br", "singapore", "sg", "japan", "jp", "india", "in",
})  # fmt: skip
NOT_SERVED = frozenset({
    "russia", "ru", "belarus", "by", "north korea", "kp", "iran", "ir", "syria", "sy", "cuba", "cu",
})  # fmt: skip
"""Countries with which trade in communication services is sanctioned or nearly so; your lawyers know better."""
STAGES = {
    "bootstrapped": 30, "pre-seed": 30, "angel": 30, "seed": 45, "series a": 60, "series b": 80, "series c": 95,
    "series d": 100, "series e": 100, "series f": 100, "venture": 60, "growth": 90, "private equity": 75,
    "public": 90, "ipo": 90, "post-ipo": 90, "acquired": 60, "grant": 30,
}  # fmt: skip
"""Later stages have more to spend and more to automate; who is owned by others decides more slowly."""
SAY = {"executive": 100, "vice president": 90, "director": 75, "manager": 50, "other": 25}
USES_US = {
    "customer service": 100, "operations": 90, "product and engineering": 80, "information technology": 80,
    "general management": 75, "marketing and sales": 60, "other": 40, "finance and purchasing": 35,
    "people and legal": 25,
}  # fmt: skip
SELLS_TO = {"b2c": 100, "b2b2c": 90, "marketplace": 90, "d2c": 100, "b2g": 50, "b2b": 55}
"""Consumers call and write more than businesses do."""


def revenue(f: MemberFacts) -> Judged | None:
    """Yearly revenue, as a bound on what can be spent.

    Points: 0 at half a million US dollars, 100 from 100 million, by the logarithm. Source: company facts. Missing: no
    source says.
    """
    return by_size(f.company.annual_revenue, 5e5, 1e8, "US$ {} revenue a year")


def money_raised(f: MemberFacts) -> Judged | None:
    """Money raised so far; nothing raised says little against who lives on revenue.

    Points: 30 for none, 100 from 50 million US dollars, by the logarithm. Source: funding. Missing: no source says.
    """
    raised = f.company.total_funding
    if raised is None:
        return None
    if raised < 1e5:
        return Judged(30, raised, "hardly any money raised")
    return Judged(30 + round(0.7 * between(log10(raised), 5, log10(5e7))), raised, f"US$ {large(raised)} raised")


def stage_of_funding(f: MemberFacts) -> Judged | None:
    """Stage of the last funding.

    Points: from 30 (bootstrapped) over 60 (Series A) to 100 (Series D and later); 90 where public. Source: funding.
    Missing: no source names it, or it names none we know.
    """
    stage = f.company.funding_stage
    points = STAGES.get(stage.lower()) if stage else None
    return None if points is None else Judged(points, stage, f"funding stage {stage}")


def revenue_per_head(f: MemberFacts) -> Judged | None:
    """Revenue for each employee: a company that earns much with few people pays for software instead of people.

    Points: 0 at 30,000 US dollars, 100 from 300,000, by the logarithm. Source: company facts. Missing: revenue or size
    is not known.
    """
    if f.company.annual_revenue is None or (f.company.employees or 0) < 1:
        return None
    return by_size(f.company.annual_revenue / (f.company.employees or 1), 3e4, 3e5, "US$ {} revenue per employee")


def size_of_budget(f: MemberFacts) -> Judged | None:
    """Employees, as a sign of the budget of a department.

    Points: 0 at 5 people, 100 from 1,000, by the logarithm. Source: company facts. Missing: no source says.
    """
    return by_size(f.company.employees, 5, 1_000, "{} employees")


def pays_for_tools(f: MemberFacts) -> Judged | None:
    """Paid software that it uses already: who pays for some of the kind has a line in the budget for it.

    Points: 30 for none, 60 for one, 80 for two, 100 from three. Source: tech stack. Missing: no source looked.
    """
    paid = using(f, PAID_TOOLS)
    if paid is None:
        return None
    return Judged(steps(len(paid), 30, 60, 80, 100), paid, f"pays for {listed(paid) or 'nothing of the kind'}")


def say_over_budget(f: MemberFacts) -> Judged | None:
    """Whether the lead's title is one of people who decide what is bought.

    Points: executive 100, vice president 90, director 75, manager 50, other 25. Source: job title. Missing: it is not
    known.
    """
    level = f.lead.seniority
    return None if level is None else Judged(SAY[level], level, f"seniority: {level}")


BUDGET_FIT: Weights = {
    revenue: 3, money_raised: 2, stage_of_funding: 1, revenue_per_head: 1, size_of_budget: 2, pays_for_tools: 2,
    say_over_budget: 2,
}  # fmt: skip
"""With the weight of each."""


def industry(f: MemberFacts) -> Judged | None:
    """Whether customers of this industry call and write a lot.

    Points: 100 where they call all day (health care, insurance, logistics …), 70 where they do often, 35 elsewhere.
    Source: company facts. Missing: the industry is not known.
    """
    named = f.company.industry
    if named is None:
        return None
    if (word := named.lower()) in CALLED_OFTEN:
        return Judged(100, named, f"{named}: customers call all day")
    if word in CALLED:
        return Judged(70, named, f"{named}: customers call often")
    return Judged(35, named, f"{named}: customers call less")


def size(f: MemberFacts) -> Judged | None:
    """Whether it is of the size we serve best: large enough to have many calls, small enough to decide this quarter.

    Points: 100 from 50 to 2,000 people, 70 from 20 to 10,000, else 30. Source: company facts. Missing: no source says.
    """
    people = f.company.employees
    if people is None:
        return None
    points = 100 if 50 <= people <= 2_000 else 70 if 20 <= people <= 10_000 else 30
    return Judged(points, int(people), f"{large(people)} employees")


def business_model(f: MemberFacts) -> Judged | None:
    """Whom it sells to.

    Points: 100 to consumers, 90 to consumers through others, 55 to businesses. Source: company facts. Missing: no
    source names it, or it names none we know.
    """
    model = f.company.business_model
    points = SELLS_TO.get(model.lower()) if model else None
    return None if points is None else Judged(points, model, f"sells {model}")


def country(f: MemberFacts) -> Judged | None:
    """Whether we can serve the country: numbers, languages, law.

    Points: 100 where English is spoken and numbers are at hand, 70 where we serve with limits, 40 elsewhere, 0 where we
    may not. Source: company facts, else the lead. Missing: neither is known.
    """
    named = f.company.country or f.lead.country
    if named is None:
        return None
    if (word := named.lower()) in NOT_SERVED:
        return Judged(0, named, f"{named} is not served")
    if word in SERVED:
        return Judged(100, named, f"{named} is served in full")
    if word in SERVED_WITH_LIMITS:
        return Judged(70, named, f"{named} is served with limits")
    return Judged(40, named, f"{named} is hardly served")


def connects(f: MemberFacts) -> Judged | None:
    """Whether it uses a customer-relationship or help-desk system that we connect to.

    Points: 100 where it does, else 40. Source: tech stack. Missing: no source looked.
    """
    return where_used(f, CRM, 100, 40, "a system we connect to")


def runs_on_cloud(f: MemberFacts) -> Judged | None:
    """Whether it runs on a public cloud, so that nothing has to be installed.

    Points: 90 where it does, else 50. Source: tech stack. Missing: no source looked.
    """
    return where_used(f, CLOUD, 90, 50, "a public cloud")


def has_developers(f: MemberFacts) -> Judged | None:
    """Whether it uses tools of developers, who can build on an interface.

    Points: 90 where it does, else 45. Source: tech stack. Missing: no source looked.
    """
    return where_used(f, DEVELOPER_TOOLS, 90, 45, "developers' tools")


def established(f: MemberFacts) -> Judged | None:
    """Years since it was founded.

    Points: 30 below two years, 70 below five, 100 below forty, 70 from then on. Source: company facts. Missing: the
    year is not known.
    """
    if f.company.founded_year is None:
        return None
    years = max(0, f.at.year - int(f.company.founded_year))
    points = 30 if years < 2 else 70 if years < 5 else 100 if years < 40 else 70
    return Judged(points, years, f"{years} years old")


def role(f: MemberFacts) -> Judged | None:
    """Whether the lead's work is where our product is used.

    Points: customer service 100, operations 90, product and IT 80, down to 25 for people and legal. Source: job title.
    Missing: it is not known.
    """
    department = f.lead.department
    return None if department is None else Judged(USES_US[department], department, f"works in: {department}")


def company_address(f: MemberFacts) -> Judged | None:
    """Whether the address is at work, so that somebody there stands behind it.

    Points: 80 where it is, 20 at a provider that gives addresses to everybody. Source: lead. Missing: no address.
    """
    is_at_work = f.lead.has_company_address
    if is_at_work is None:
        return None
    return Judged(80 if is_at_work else 20, is_at_work, "address at work" if is_at_work else "private address")


COMPANY_FIT: Weights = {
    industry: 3, size: 3, business_model: 2, country: 2, connects: 1, runs_on_cloud: 1, has_developers: 1,
    established: 1, role: 2, company_address: 1,
}  # fmt: skip
"""With the weight of each."""
