"""Reasons are sentences with the value that did it, the strongest first."""

import pytest

from features import FEATURES, build
from ringback.records import Value
from scoring.explain import SUBJECTS, WORDINGS, reasons
from tests.factories import a_snapshot, company_facts

FULL = build(
    a_snapshot(
        company=company_facts(
            industry="Retail", employees=1200.0, annual_revenue=5e6, funding_stage="Series B", founded_year=2016.0,
            country="USA", business_model="B2B", technologies=("AWS",), web_functions=("payments",), open_jobs=3.0,
            headcount_growth=-0.1, description="Speech automation.", total_funding=5e6, news="They raised $5 million.",
        ),
        job_title="CTO", notes="Urgent pricing.", transcript="Bo: Hello\nAna: Hi", own_speakers=("Bo",),
        posts="Hiring!", sentiment=0.25, minutes=30.0, attendees=3, earlier_calls=2, earlier_progressed=1,
        days_since_earlier_call=7.0, recent_progression_rate=0.2, long_progression_rate=0.4, mails_sent=3,
        mails_clicked=2, mails_replied=1, days_since_mail_reaction=5.0,
    )
)  # fmt: skip
EMPTY = build(a_snapshot())


def said(name: str, value: Value, contribution: float = 1.0) -> str:
    (reason,) = reasons({name: contribution}, {name: value})
    return reason


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("industry", FULL["industry"], "Industry: retail"),
        ("employees", FULL["employees"], "Employees: 1,200"),
        ("annual_revenue", FULL["annual_revenue"], "Yearly revenue: $5,000,000"),
        ("pricing_asked", FULL["pricing_asked"], "Pricing came up once"),
        ("mentions_voice_ai", FULL["mentions_voice_ai"], "Voice AI did not come up"),
        ("sentiment", 0.25, "Tone of the call +0.25 (-1 hostile, +1 delighted)"),
        ("headcount_growth", -0.1, "Headcount -10 % in six months"),
        ("earlier_calls", 1.0, "1 earlier call with the company"),
        ("earlier_progressed", 2.0, "2 earlier calls of the company progressed"),
        ("days_since_mail_reaction", 1.0, "1 day since the lead last reacted to a mail"),
        ("recent_progression", FULL["recent_progression"], "20 % of the last 100 decided calls progressed"),
        ("earlier_calls", 0.0, "First call with the company"),
        ("mails_sent", 3.0, "3 mails sent to the lead in 90 days"),
        ("mails_sent", None, "A mail to the lead in 90 days is not known"),
        ("mails_clicked", 2.0, "The lead followed a link in 2 mails"),
        ("mails_clicked", 0.0, "The lead followed no link of a mail"),
        ("mails_replied", 1.0, "The lead answered a mail"),
        ("mails_replied", 0.0, "The lead answered no mail"),
        ("days_since_mail_reaction", 5.0, "5 days since the lead last reacted to a mail"),
        ("cloud_technology", 1.0, "Runs on a public cloud"),
        ("cloud_technology", 0.0, "Not known to run on a public cloud"),
        ("sentiment", None, "The tone of the call is not known"),
        ("funding_stage", None, "The stage of funding is not known"),
        ("custom.age", 41.0, "age is 41"),
        ("custom.job", "clerk", "job is clerk"),
        ("custom.job", None, "job is not known"),
    ],
)
def test_a_value_reads_as_a_person_would_say_it(name: str, value: Value, sentence: str) -> None:
    assert said(name, value) == f"{sentence} (raises the score)"


def test_what_speaks_against_says_so() -> None:
    assert said("industry", "retail", -1.0) == "Industry: retail (lowers the score)"


@pytest.mark.parametrize("feature", [feature.__name__ for feature in FEATURES])
def test_every_feature_can_be_worded_known_and_not(feature: str) -> None:
    assert FULL[feature] is not None
    assert said(feature, FULL[feature]).endswith("(raises the score)")
    assert " is not known (" in said(feature, None)


def test_every_feature_has_a_wording_and_every_wording_a_feature() -> None:
    assert WORDINGS.keys() == {feature.__name__ for feature in FEATURES}


def test_the_strongest_come_first_and_trifles_not_at_all() -> None:
    found = reasons({"industry": 0.1, "employees": -3.0, "sentiment": 1.0, "minutes": 0.01}, FULL)
    assert [reason.split(" (")[0] for reason in found] == ["Employees: 1,200", "Tone of the call +0.25"]


def test_at_most_four_are_given() -> None:
    assert len(reasons(dict.fromkeys(list(FULL)[:10], 1.0), FULL)) == 4


def test_where_nothing_moved_the_answer_there_is_no_reason() -> None:
    assert reasons(dict.fromkeys(EMPTY, 0.0), EMPTY) == ()


def test_every_feature_can_be_said_not_to_be_known_in_words() -> None:
    assert SUBJECTS.keys() == {feature.__name__ for feature in FEATURES} - {"knows_company"}
