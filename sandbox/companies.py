"""The companies of the simulated world and the people who work there."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from math import exp, log, tanh

from sandbox.dice import Dice
from sandbox.industries import (
    BOLD,
    CONTACT_CENTER_TOOLS,
    COUNTRIES,
    COUNTRY_WEIGHTS,
    DECIDERS,
    FIRST_NAMES,
    HARD_STEMS,
    INDUSTRIES,
    LAST_NAMES,
    OTHERS,
    STAGE_EFFECT,
    STAGES,
    STEMS_FIRST,
    STEMS_SECOND,
    TECHNOLOGIES,
    Industry,
)
from sandbox.records import Company, Person

GROWING = ("Healthcare", "Logistics")
WEEKS_OF_GROWTH = 45.0
GAP_RATE = 0.08
GAPS = (
    "Company Domain Name", "Industry", "Number of Employees", "Annual Revenue", "Funding Stage", "Year Founded",
    "Country/Region", "Description", "Technologies", "Web Functions", "Business Model", "Open Jobs",
    "Headcount Growth 6m",
)  # fmt: skip


def new_company(dice: Dice, number: int, week: int, first_met: datetime, claim_domain: Callable[[str], str]) -> Company:
    """A company nobody called before `first_met`; in later weeks more of them are in health care and logistics."""
    industry = dice.weighted(INDUSTRIES, [one.share * growth_of(one, week) for one in INDUSTRIES])
    name = BOLD if number == BOLD_NUMBER else company_name(dice, industry)
    employees = round(min(40_000.0, max(3.0, exp(dice.normal(4.9, 1.35)))))
    stage = funding_stage(dice, employees)
    consumers = dice.chance(industry.consumers)
    functions = web_functions(dice, industry, consumers)
    technologies = dice.sample(TECHNOLOGIES, dice.integer(2, 5))
    if dice.leans(-2.6 + 1.2 * industry.voice_ai + 0.25 * (log(employees) - 5)):
        technologies = (*technologies, dice.pick(CONTACT_CENTER_TOOLS))
    growth = round(dice.normal(5.0, 11.0), 1)
    model = dice.pick(("B2C", "B2C", "B2B2C", "Marketplace")) if consumers else dice.pick(("B2B", "B2B", "B2B2C"))
    open_jobs = round(employees * max(0.0, dice.normal(0.03 + growth / 1000, 0.02)))
    wants_voice_ai = dice.leans(
        -2.3
        + 0.9 * industry.voice_ai
        + 0.6 * ("communication" in functions)
        + 0.9 * any(tool in technologies for tool in CONTACT_CENTER_TOOLS)
        + 0.4 * (model == "B2C")
        + 0.25 * (log(employees) - 5)
        + 1.1 * tanh(week / WEEKS_OF_GROWTH)
    )
    created_at = first_met - timedelta(days=dice.between(1, 9))
    gaps = frozenset(column for column in GAPS if dice.chance(GAP_RATE))
    completed = dice.chance(0.2)
    completed_at = created_at + timedelta(days=dice.between(3, 30)) if gaps and completed else None
    return Company(
        company_id=f"{number:06d}",
        name=name,
        domain=claim_domain(name),
        industry=industry.name,
        employees=employees,
        annual_revenue=round(employees * exp(dice.normal(11.7, 0.5)) / 1000) * 1000,
        funding_stage=stage,
        founded_year=dice.integer(1958, 2024) if employees > 400 else dice.integer(1995, 2025),
        country=dice.weighted(COUNTRIES, COUNTRY_WEIGHTS),
        description=description(dice, name, industry, employees, wants_voice_ai),
        technologies=technologies,
        web_functions=functions,
        business_model=model,
        open_jobs=open_jobs,
        headcount_growth=growth,
        created_at=created_at.replace(microsecond=0),
        known_gaps=gaps,
        completed_at=completed_at.replace(microsecond=0) if completed_at else None,
        fit=fit(industry, employees, stage, functions, technologies, growth),
        appetite=dice.normal(),
        wants_voice_ai=wants_voice_ai,
    )


def growth_of(industry: Industry, week: int) -> float:
    """How much more common an industry is in this week than in the first; never more than 2.4 times."""
    return 1.0 + 1.4 * tanh(week / WEEKS_OF_GROWTH) if industry.name in GROWING else 1.0


def company_name(dice: Dice, industry: Industry) -> str:
    """A plausible name, now and then one that breaks careless programs."""
    noun = dice.pick(industry.nouns)
    if dice.chance(0.04):
        return f"{dice.pick(HARD_STEMS)} {noun}"
    stem = dice.pick(STEMS_FIRST) + dice.pick(STEMS_SECOND)
    return dice.weighted(
        (f"{stem} {noun}", f"{stem} {noun} Inc", f"{dice.pick(LAST_NAMES)} & {dice.pick(LAST_NAMES)} {noun}", stem),
        (7.0, 1.5, 1.0, 1.0),
    )


BOLD_NUMBER = 12
"""Which company is called `<b>Bold</b> & Sons`; every world has it in its first week."""


def funding_stage(dice: Dice, employees: int) -> str:
    """Who pays for the company: bigger ones are further on."""
    size = log(employees)
    weights = (3.0, max(0.2, 6 - size), max(0.2, 5 - abs(size - 4)), max(0.2, 4 - abs(size - 5)), 1.0, 1.2,
               max(0.1, size - 5))  # fmt: skip
    return dice.weighted(STAGES, weights)


def web_functions(dice: Dice, industry: Industry, consumers: bool) -> tuple[str, ...]:
    """What the company's site does for its visitors."""
    odds = {
        "authentication": 0.65 if industry.name in ("Software", "Financial Services", "Education") else 0.35,
        "transactions": 0.6 if consumers else 0.25,
        "communication": 0.55 if industry.voice_ai > 0.3 else 0.35,
    }
    return tuple(function for function, odd in odds.items() if dice.chance(odd))


def description(dice: Dice, name: str, industry: Industry, employees: int, wants_voice_ai: bool) -> str:
    """A sentence or two as a data vendor would write them."""
    trade = dice.pick(industry.trade)
    sentence = dice.pick(
        (
            f"{name} provides {trade}, with about {employees} people.",
            f"{name}, a company in {industry.name.lower()}, offers {trade}.",
            f"Based on {trade}, {name} serves {industry.customers} across several regions.",
        )
    )
    if dice.chance(0.28 if wants_voice_ai else 0.10):
        sentence += dice.pick(
            (
                f" Its contact center answers calls from {industry.customers} around the clock.",
                f" A phone line for {industry.customers} is staffed seven days a week.",
                " Appointments and orders are largely taken by phone.",
            )
        )
    return sentence


def fit(
    industry: Industry, employees: int, stage: str, functions: tuple[str, ...], tools: tuple[str, ...], growth: float
) -> float:
    """How well visible facts suit the product: mid-sized, funded, growing, doing much on the web."""
    size = max(-1.5, 1.0 - ((log(employees) - 5.8) / 1.7) ** 2)
    stack = 0.4 * ("Zendesk" in tools) + 0.3 * ("Intercom" in tools) - 0.5 * ("Twilio" in tools)
    raw = (
        0.55 * size
        + 1.4 * industry.progression
        + STAGE_EFFECT[stage]
        + max(-0.8, min(0.8, growth / 22))
        + 0.35 * len(functions)
        + stack
    )
    return (raw - 1.05) / 0.90


def new_person(dice: Dice, company: Company, number: int, first_met: datetime) -> Person:
    """Somebody at `company`; a few write from a generic mail provider."""
    first, last = dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES)
    decides = dice.chance(0.45 if company.employees < 200 else 0.25)
    created_at = max(company.created_at, first_met - timedelta(days=dice.between(0.5, 9)))
    return Person(
        person_id=f"{company.company_id}{number:02d}",
        company=company,
        first_name=first,
        last_name=last,
        email=email(dice, first, last, company, number),
        title=dice.pick(DECIDERS if decides else OTHERS),
        created_at=created_at.replace(microsecond=0),
    )


def email(dice: Dice, first: str, last: str, company: Company, number: int) -> str:
    """An address at the company, or a private one with an underscore, which that provider gives to nobody.

    Short forms are for the first person of a company, so that colleagues do not share an address.
    """
    full = f"{slug(first)}.{slug(last)}"
    local = dice.weighted((full, slug(first), f"{slug(first)[0]}{slug(last)}"), (5.0, 2.0, 2.0))
    if dice.chance(0.03):
        return f"{slug(first)}_{slug(last)}_{company.company_id}{number}@gmail.com"
    return f"{local if number == 1 else full}@{company.domain}"


def slug(text: str) -> str:
    """The text in plain small letters and digits, as addresses are made.

    >>> slug("Müller & Söhne"), slug("<b>Bold</b> & Sons")
    ('mullersohne', 'boldsons')
    """
    bare = re.sub(r"<[^>]*>", "", text).replace("ß", "ss").replace("ø", "o").replace("Ł", "L").replace("ł", "l")
    plain = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "", plain.lower()) or "company"
