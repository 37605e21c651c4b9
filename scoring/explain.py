"""Why a call scored as it did: the features that moved its score most, in plain words with the value that did it."""

from collections.abc import Callable, Mapping

from features.custom import PREFIX
from ringback.records import Value

REASONS = 4
SMALLEST_SHARE = 0.05
"""A contribution under this share of all contributions together is not worth a reason."""

LONGEST_VALUE = 40
"""Characters of a text that a reason repeats."""

Wording = Callable[[Value], str]


def reasons(contributions: Mapping[str, float], row: Mapping[str, Value]) -> tuple[str, ...]:
    """The strongest contributions (by feature, in points or log-odds) to one row as sentences, the strongest first."""
    total = sum(abs(value) for value in contributions.values()) or 1.0
    strongest = sorted(contributions.items(), key=lambda item: abs(item[1]), reverse=True)[:REASONS]
    return tuple(
        f"{reason_of(name, row.get(name))} ({'raises' if value > 0 else 'lowers'} the score)"
        for name, value in strongest
        if abs(value) / total >= SMALLEST_SHARE
    )


def reason_of(name: str, value: Value) -> str:
    """A feature's value as a person would say it."""
    if name.startswith(PREFIX):
        plain = name.removeprefix(PREFIX)
        return f"{plain} is not known" if value is None else f"{plain} is {_plain(value)}"
    if value is None:
        return f"{SUBJECTS.get(name, name.replace('_', ' '))} is not known"
    return WORDINGS[name](value) if name in WORDINGS else f"{name.replace('_', ' ')} is {_plain(value)}"


def _plain(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    words = " ".join(str(value).split())
    return words if len(words) <= LONGEST_VALUE else f"{words[:LONGEST_VALUE].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _percent(value: Value) -> str:
    return f"{100 * value:+.0f} %" if isinstance(value, float) else str(value)


def _undone(value: Value) -> float:
    from math import expm1

    return expm1(value) if isinstance(value, float) else 0.0


def _times(topic: str) -> Wording:
    def say(value: Value) -> str:
        times = round(_undone(value))
        return f"{topic} came up {'once' if times == 1 else f'{times} times'}" if times else f"{topic} did not come up"

    return say


def _yes_no(yes: str, no: str) -> Wording:
    return lambda value: yes if value else no


def _amount(what: str, unit: str = "") -> Wording:
    return lambda value: f"{what}: {unit}{_undone(value):,.0f}"


def _counted(what: str, where: str) -> Wording:
    def say(value: Value) -> str:
        count = round(value) if isinstance(value, float) else 0
        return f"{count or 'No'} {what}{'' if count == 1 else 's'} {where}"

    return say


def _some(one: str, many: str, none: str = "") -> Wording:
    """A whole number of something, with the word that it takes."""

    def say(value: Value) -> str:
        count = round(value) if isinstance(value, float) else 0
        return none if none and not count else f"{count} {one if count == 1 else many}"

    return say


def _in_mails(did: str, did_not: str) -> Wording:
    def say(value: Value) -> str:
        count = round(value) if isinstance(value, float) else 0
        mails = "a mail" if count == 1 else f"{count} mails"
        return f"The lead {did} {mails}" if count else f"The lead {did_not}"

    return say


def _named(what: str) -> Wording:
    return lambda value: f"{what}: {value}"


def _rate(span: str) -> Wording:
    def say(value: Value) -> str:
        from math import exp

        odds = exp(value) if isinstance(value, float) else 0.0
        return f"{100 * odds / (1 + odds):.0f} % of the {span} decided calls progressed"

    return say


AI_ON_SITE: dict[Value, str] = {0.0: "No AI", 1.0: "AI", 2.0: "Voice AI"}

WORDINGS: dict[str, Wording] = {
    "industry": _named("Industry"),
    "regulated_industry": _yes_no("A regulated industry", "Not a regulated industry"),
    "employees": _amount("Employees"),
    "annual_revenue": _amount("Yearly revenue", "$"),
    "revenue_per_employee": _amount("Revenue per employee", "$"),
    "funding_stage": _named("Funding"),
    "company_age": lambda value: f"The company is {_some('year', 'years')(value)} old",
    "country": _named("Country"),
    "business_model": _named("Business model"),
    "technology_count": lambda value: f"Technologies known: {value:.0f}",
    "competitor_technology": _yes_no("Uses a competitor's product", "Uses no competitor's product we know of"),
    "developer_tools": _counted("developer tool", "in use"),
    "cloud_technology": _yes_no("Runs on a public cloud", "Not known to run on a public cloud"),
    "crm_technology": _yes_no("Uses a CRM we connect to", "Uses no CRM we connect to"),
    "web_authentication": _yes_no("Its web site has people sign in", "Nobody signs in on its web site"),
    "web_transactions": _yes_no("Its web site takes payments or orders", "Its web site takes no payments"),
    "web_communication": _yes_no("Its web site talks with visitors", "Its web site does not talk with visitors"),
    "voice_ai_indicators": _counted("Voice-AI word", "in its own description"),
    "open_jobs": _amount("Open positions"),
    "headcount_growth": lambda value: f"Headcount {_percent(value)} in six months",
    "web_ai": lambda value: f"{AI_ON_SITE.get(value, 'AI')} on its web site",
    "total_funding": _amount("Money raised", "$"),
    "news_growth": _times("Growth in its news"),
    "news_setbacks": _times("A setback in its news"),
    "posts_growth": _times("Growth in the contact's posts"),
    "ai_talk": _times("AI in news and posts"),
    "mentions_voice_ai": _times("Voice AI"),
    "mentions_voice": _times("Voice"),
    "mentions_messaging": _times("Messaging"),
    "mentions_wireless": _times("Wireless"),
    "mentions_verify": _times("Verify"),
    "urgency": _times("Urgency"),
    "timeline": _times("A time to decide or start"),
    "pricing_asked": _times("Pricing"),
    "next_meeting_set": _times("A next meeting"),
    "integration_depth": _times("Integration"),
    "technical_depth": _times("Technical detail"),
    "objections": _times("An objection"),
    "mentions_competitor": _times("A competitor"),
    "commitment": _times("A step of buying"),
    "talk_share": lambda value: f"The customer spoke {_percent(value)[1:]} of the words",
    "notes_text": lambda _: "The words of the notes",
    "sentiment": lambda value: f"Tone of the call {value:+.2f} (-1 hostile, +1 delighted)",
    "notes_length": _amount("Characters of notes"),
    "minutes": lambda value: f"The call took {_some('minute', 'minutes')(value)}",
    "earlier_calls": _some(
        "earlier call with the company", "earlier calls with the company", "First call with the company"
    ),
    "days_since_earlier_call": _some("day since the last call", "days since the last call"),
    "earlier_progressed": _some("earlier call of the company progressed", "earlier calls of the company progressed"),
    "attendees": _some("person invited", "people invited"),
    "seniority": _named("Level of the contact"),
    "knows_company": _yes_no("The company is known", "The company is not known"),
    "recent_progression": _rate("last 100"),
    "long_progression": _rate("last 1,000"),
    "mails_sent": _counted("mail", "sent to the lead in 90 days"),
    "mails_clicked": _in_mails("followed a link in", "followed no link of a mail"),
    "mails_replied": _in_mails("answered", "answered no mail"),
    "days_since_mail_reaction": _some(
        "day since the lead last reacted to a mail", "days since the lead last reacted to a mail"
    ),
}  # fmt: skip

SUBJECTS = {
    "days_since_earlier_call": "An earlier call",
    "industry": "The industry",
    "regulated_industry": "Whether the industry is regulated",
    "employees": "The number of employees",
    "annual_revenue": "The yearly revenue",
    "revenue_per_employee": "The revenue per employee",
    "funding_stage": "The stage of funding",
    "company_age": "The year of foundation",
    "country": "The country",
    "business_model": "The business model",
    "technology_count": "What technologies it uses",
    "competitor_technology": "Whether it uses a competitor's product",
    "developer_tools": "What developer tools it uses",
    "cloud_technology": "Whether it runs on a public cloud",
    "crm_technology": "What CRM it uses",
    "web_authentication": "What its web site does",
    "web_transactions": "What its web site sells",
    "web_communication": "Whether its web site talks with visitors",
    "voice_ai_indicators": "How it describes itself",
    "open_jobs": "The number of open positions",
    "headcount_growth": "Its growth in headcount",
    "web_ai": "Whether its web site shows AI",
    "total_funding": "The money raised",
    "news_growth": "Growth in its news",
    "news_setbacks": "Setbacks in its news",
    "posts_growth": "What the contact posts",
    "ai_talk": "AI in news and posts",
    "mentions_voice_ai": "Whether Voice AI came up",
    "mentions_voice": "Whether Voice came up",
    "mentions_messaging": "Whether Messaging came up",
    "mentions_wireless": "Whether Wireless came up",
    "mentions_verify": "Whether Verify came up",
    "urgency": "Whether it is urgent",
    "timeline": "When they want to decide or start",
    "pricing_asked": "Whether prices came up",
    "next_meeting_set": "Whether a next meeting came up",
    "integration_depth": "Whether integration came up",
    "technical_depth": "Whether technical detail came up",
    "objections": "Whether there were objections",
    "mentions_competitor": "Whether a competitor came up",
    "commitment": "Whether a step of buying came up",
    "notes_length": "The length of the notes",
    "earlier_calls": "The number of earlier calls",
    "earlier_progressed": "How earlier calls ended",
    "seniority": "The contact's level",
    "recent_progression": "How calls ended lately",
    "long_progression": "How calls ended over a longer time",
    "attendees": "Who was invited",
    "talk_share": "Who spoke how much",
    "notes_text": "The text of the notes",
    "sentiment": "The tone of the call",
    "minutes": "The length of the call",
    "mails_sent": "A mail to the lead in 90 days",
    "mails_clicked": "Whether the lead follows links of mails",
    "mails_replied": "Whether the lead answers mails",
    "days_since_mail_reaction": "A reaction to a mail",
}
