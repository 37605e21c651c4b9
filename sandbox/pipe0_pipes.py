"""The pipes pipe0's stand-in has: what each needs, what it gives, and what it finds out about whom."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.directory import Directory, dice_for, domain_of, funding_rounds, funding_total, gaps
from sandbox.fellow_records import JsonObject
from sandbox.records import Company, Person

Find = Callable[[Directory, object], JsonObject | None]


@dataclass(frozen=True, slots=True)
class Pipe:
    """One pipe; it needs any one of `needs`, and `find` gives its outputs, None for whom it does not know."""

    pipe_id: str
    needs: tuple[str, ...]
    outputs: tuple[str, ...]
    find: Find


def overview(directory: Directory, address: object) -> JsonObject | None:
    """Firmographics; headcount and founding year are now and then text."""
    company = directory.company(address)
    if company is None:
        return None
    as_text = dice_for("pipe0 text", company.domain).chance(0.2)
    return {
        "company_description": company.description,
        "company_industry": company.industry,
        "company_region": company.country,
        "headcount": str(company.employees) if as_text else company.employees,
        "estimated_revenue": company.annual_revenue,
        "founded_year": str(company.founded_year) if as_text else company.founded_year,
    }


def technology_stack(directory: Directory, address: object) -> JsonObject | None:
    """The tools seen on the site."""
    company = directory.company(address)
    return {"technology_stack": list(company.technologies)} if company else None


def news(directory: Directory, address: object) -> JsonObject | None:
    """A paragraph of news."""
    company = directory.company(address)
    return {"company_news_summary": news_of(company)} if company else None


def news_of(company: Company) -> str:
    """What the company's site tells of its year."""
    course = "grew" if company.headcount_growth > 0 else "shrank"
    return (
        f"{company.name} {course} by {abs(company.headcount_growth):.0f} percent in six months "
        f"and advertises {company.open_jobs} open positions."
    )


def funding(directory: Directory, address: object) -> JsonObject | None:
    """All rounds and their sum."""
    company = directory.company(address)
    if company is None:
        return None
    history = [{"round": stage, "date": date, "amount_usd": amount} for stage, date, amount in funding_rounds(company)]
    return {"funding_total_usd": funding_total(company), "funding_history": history}


def posts(directory: Directory, profile: object) -> JsonObject | None:
    """What the person posted."""
    person = directory.person(profile=profile)
    if person is None:
        return None
    texts = posts_of(person)
    listed = [{"text": text, "posted_days_ago": 9 * number + 2} for number, text in enumerate(texts)]
    return {"crustdata_post_list": listed, "post_list_string": "\n\n".join(texts)}


def posts_of(person: Person) -> list[str]:
    """One to four short posts."""
    dice, company = dice_for("posts", person.person_id), person.company
    wordings = (
        f"Proud of what the team at {company.name} did this quarter.",
        f"We are hiring: {company.open_jobs} open roles at {company.name}.",
        f"Three lessons from rolling out {company.technologies[0]}.",
        f"What does AI change for {company.industry.lower()}? Some thoughts.",
    )
    return list(dice.sample(wordings, dice.integer(1, 4)))


WEBSITE = ("company_website_url",)
OVERVIEW = (
    "company_description", "company_industry", "company_region", "headcount", "estimated_revenue", "founded_year",
)  # fmt: skip
PIPES = {
    pipe.pipe_id: pipe
    for pipe in (
        Pipe("company:overview@1", (*WEBSITE, "company_social_url"), OVERVIEW, overview),
        Pipe("company:overview@2", WEBSITE, OVERVIEW, overview),
        Pipe("company:techstack:builtwith@1", WEBSITE, ("technology_stack",), technology_stack),
        Pipe("company:newssummary:website@1", WEBSITE, ("company_news_summary",), news),
        Pipe("company:funding:leadmagic@1", WEBSITE, ("funding_total_usd", "funding_history"), funding),
        Pipe("people:posts:crustdata@1", ("profile_url",), ("crustdata_post_list", "post_list_string"), posts),
    )
}


def outcome(pipe: Pipe, directory: Directory, asked: object) -> dict[str, tuple[object, str, JsonObject | None]]:
    """Value, status and reason of each output for one input: known, not found, or failed; the same every time."""
    found = pipe.find(directory, asked)
    if found is None:
        return {name: (None, "no_result", reason("NoResult", "No result found")) for name in pipe.outputs}
    subject = str(asked) if pipe.needs == ("profile_url",) else domain_of(asked)
    missing = gaps("pipe0", subject, pipe.outputs)
    failing = gaps("pipe0 failures", subject, pipe.outputs, rate=0.02)
    drawn: dict[str, tuple[object, str, JsonObject | None]] = {}
    for name in pipe.outputs:
        if name in failing:
            drawn[name] = (None, "failed", reason("ProviderError", "The provider failed"))
        elif name in missing:
            drawn[name] = (None, "no_result", reason("NoResult", "No result found"))
        else:
            drawn[name] = (found[name], "completed", None)
    return drawn


def reason(code: str, message: str) -> JsonObject:
    """Why a field has no value."""
    return {"code": code, "summary": message, "message": f"{message}."}


def mocked(name: str) -> object:
    """What the vendor's own sandbox environment gives for an output."""
    lists: dict[str, object] = {
        "technology_stack": ["Mock Analytics", "Mock CRM"],
        "funding_history": [{"round": "Seed", "date": "2020-01-01", "amount_usd": 1_000_000}],
        "crustdata_post_list": [{"text": "A mock post."}],
        "headcount": 100,
        "estimated_revenue": 1_000_000,
        "founded_year": 2015,
        "funding_total_usd": 1_000_000,
    }
    return lists.get(name, f"Mock {name.replace('_', ' ')}")
