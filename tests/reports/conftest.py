"""A busy quarter that is landed and gathered once, and what several tests ask of a page."""

from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest

from reports.gathering import gather
from reports.weekly import ModelFacts, WeeklyReport
from ringback.records import CompanyFacts
from ringback.settings import settings
from tests.monitoring.weeks import AFTER, TUESDAY, WEEK, WEEK_12, World, a_call, a_prediction, an_outcome, land

ZONE = "America/Chicago"
CHAMPION = ModelFacts("progression", "7", "xgboost", datetime(2026, 3, 9), 0.81, 0.77, 0.85, 420, "better on 420 calls")
HOSTILE_NAME = "<b>Bold</b> & Sons"


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> WeeklyReport:
    """The report of a busy quarter; its warehouse stays for those who gather more of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGBACK_HOME", str(tmp_path_factory.mktemp("busy")))
        settings.cache_clear()
        land(settings().warehouse, a_busy_quarter())
        gathered = report()
    settings.cache_clear()
    return gathered


def report(
    as_of: datetime = AFTER, models: tuple[ModelFacts, ...] = (CHAMPION,), synthetic: bool = False
) -> WeeklyReport:
    return gather(WEEK_12, as_of, models, synthetic, ZONE, "flow-run-1")


def a_busy_quarter() -> World:
    """Thirteen weeks of 40 calls, scored when held and decided a week later; this week every hand-off was rejected."""
    calls, outcomes, predictions = [], [], []
    for week in range(13):
        at = TUESDAY - week * WEEK
        for i in range(40):
            name, handed = f"w{week}c{i}", i < 25
            calls.append(
                a_call(name, at, company_id="bold", company_name=HOSTILE_NAME, lead_name=f"Pat {i}", notes="Hi")
            )
            probability, recommendation = (0.9, "AE_HANDOFF") if handed else (0.1, "NURTURE_TRACK")
            predictions.append(
                a_prediction(name, probability, at + timedelta(hours=1), recommendation, reasons=("A <i>budget</i>",))
            )
            if week > 0:
                outcomes.append(an_outcome(name, handed and week > 1, at + WEEK))
    return World(calls, outcomes, predictions, [CompanyFacts("bold", "crm", TUESDAY - 20 * WEEK, industry="R&D <x>")])


class Outside(HTMLParser):
    """Collects what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.fetched += [
            value
            for name, value in attrs
            if name in ("src", "href", "xlink:href", "action", "srcset", "data") and value and not value.startswith("#")
        ]


def parsed(html: str) -> Outside:
    outside = Outside()
    outside.feed(html)
    return outside
