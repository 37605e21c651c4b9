"""What a hit must look like, what it costs, and how well a lead is known."""

from pathlib import Path

import pytest

from database.wanted import Known, Wanted
from enrichment.catalogue import SIGNALS, checked
from enrichment.choose import Record, by_finds_per_dollar
from enrichment.prices import load_prices
from enrichment.quality import quality_of
from ringback.errors import BadMapping
from ringback.settings import CHECKOUT
from tests.factories import NOON

PRICES = CHECKOUT / "enrichment/prices.toml"


@pytest.mark.parametrize(
    ("signal", "value", "kept"),
    [
        ("tech_stack", {"technologies": [" Twilio ", "Twilio", 7, ""]}, {"technologies": ["Twilio"]}),
        ("tech_stack", {"technologies": "Twilio"}, {"technologies": ["Twilio"]}),
        ("tech_stack", {"technologies": []}, None),
        ("company_overview", {"employees": "about 50", "industry": "Retail"}, {"industry": "Retail"}),
        ("company_overview", {"employees": -3}, None),
        ("funding", {"total_usd": 0}, {"total_usd": 0.0}),
        ("news_summary", {"summary": "No news."}, None),
        ("job_postings", {"open_jobs": 0}, {"open_jobs": 0}),
        ("job_postings", {"open_jobs": "many"}, None),
        ("work_email", {"email": "not an address", "qualification": "verified"}, None),
        ("contact", {"linkedin_url": "https://evil.example/in/ana"}, None),
        ("web_functions", {"functions": [], "pages": ["https://acme.com/"]}, {"pages": ["https://acme.com/"]}),
    ],
)
def test_of_an_answer_only_what_has_the_right_type_is_kept(signal: str, value: object, kept: object) -> None:
    assert checked(signal, value).value == kept  # type: ignore[arg-type]


def test_a_miss_by_type_says_which_field_was_wrong() -> None:
    assert (checked("job_postings", {"open_jobs": "many"}).reason or "").startswith("not of the right type: open_jobs")


def test_a_source_that_found_little_for_its_money_comes_after_a_new_one() -> None:
    records = {("apollo", "funding"): Record(found=1, asked=50, cost=2.5)}
    assert by_finds_per_dollar("funding", {"apollo": 0.05, "openfunnel": 0.06}, records) == ["openfunnel", "apollo"]


def test_every_price_is_of_a_signal_there_is_and_a_record_s_price_is_shared() -> None:
    prices = load_prices(PRICES)
    assert prices["apollo"].shares(["tech_stack", "funding"]) == {"tech_stack": 0.025, "funding": 0.025}
    assert prices["pipe0"].shares(["tech_stack"]) == {"tech_stack": 0.04}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[pipe0]\nbills = "sometimes"\n', "pipe0"),
        ('[pipe0]\nbills = "always"\nsignals.horoscope = { confidence = 1 }\n', "horoscope"),
        ("[pipe0\n", "not TOML"),
    ],
)
def test_a_price_file_that_is_wrong_says_where(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(BadMapping, match=words):
        load_prices(tmp_path / "prices.toml")


def test_quality_is_the_weighted_share_of_what_was_found_times_how_sure_it_is() -> None:
    known = [
        Known(Wanted("acme.com", "company_overview"), {"employees": 4}, 0.8, "pipe0", None, NOON),
        Known(Wanted("acme.com", "tech_stack"), None, None, "pipe0", "no such site", NOON),
    ]
    quality = quality_of(["company_overview", "tech_stack", "funding"], known, {"funding": "not looked for yet"})
    assert quality.score == round(100 * 25 * 0.8 / (25 + 15 + 10))
    assert (quality.found, quality.missed) == (
        ["company_overview"], {"tech_stack": "no such site", "funding": "not looked for yet"},
    )  # fmt: skip


def test_each_signal_is_about_a_lead_or_a_company_and_misses_are_believed_no_longer_than_finds() -> None:
    assert all(one.ask_again_after <= one.keep for one in SIGNALS)
    assert len({one.name for one in SIGNALS}) == len(SIGNALS)
