"""An account executive's morning and an engineer's, in a real browser; and what axe says of every page."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from database.tickets import NewTicket, open_tickets
from ringback.clock import now
from tests.browser.conftest import Site
from tests.browser.small_site import LEAD

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.long
SignIn = Callable[["Page", str], None]
PAGES = (
    "/", "/leads", f"/leads/{LEAD}", f"/leads/{LEAD}/changes", "/tasks", "/campaigns", "/campaigns/spring", "/models",
    "/drift", "/improvement", "/tickets", "/archive", "/system",
)  # fmt: skip
RECOMMENDED = {
    "rule": "template", "subject": "intro_v2", "title": "Change it", "category": "messages", "priority": "HIGH",
    "measure": "enrichment_coverage", "effort_hours": 10.0, "expected_low": 0.01, "expected_value": 0.02,
    "expected_high": 0.03, "per_week_n": 100.0, "facts": {"evidence": []},
}  # fmt: skip
SERIOUS = ("serious", "critical")


def test_an_account_executives_morning(
    page: "Page", site: Site, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sign in, pick a campaign, find a lead, read why, enrich it, override it, see it in the timeline."""
    monkeypatch.setattr("api.enriching._work", lambda _batch: None)
    sign_in(page, "write")
    page.get_by_role("link", name="Leads", exact=True).click()
    page.get_by_label("Campaign").select_option("spring")
    page.get_by_text("1 lead.").wait_for()
    page.get_by_label("Search name, address, title or company").fill("lima")
    page.get_by_text("1 lead with").wait_for()
    page.get_by_role("link", name="Ana Lima").click()
    assert page.locator("#reasons").inner_text() == "Pricing came up 6 times"
    page.get_by_role("button", name="Enrich now").click()
    page.get_by_text("Enriched: 0 found, 0 missed.").wait_for()
    page.get_by_text("Decide otherwise").click()
    page.locator("select[name=what]").select_option("qualification:disqualified")
    page.get_by_label("Why").fill("She moves to another company")
    page.get_by_role("button", name="Decide", exact=True).click()
    page.get_by_text("From now on the qualification is disqualified, as you decided.").wait_for()
    first = page.locator("#timeline li").first
    assert "Override: disqualified in spring" in first.inner_text()
    assert "She moves to another company" in first.inner_text()
    assert "Maya (key " in first.inner_text()


def test_a_list_is_worked_by_keyboard_and_without_waiting_for_the_whole_page(page: "Page", sign_in: SignIn) -> None:
    sign_in(page, "read")
    page.goto("/leads")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the page"
    page.get_by_role("link", name="Next").click()
    page.get_by_text("Page 2 of 2").wait_for()
    page.get_by_label("Search name, address, title or company").press_sequentially("lead 07")
    page.get_by_text("1 lead with").wait_for()
    assert "search=lead%2007" in page.url
    page.go_back()
    page.reload()
    page.get_by_text("41 leads").wait_for()


def test_an_engineers_morning(page: "Page", sign_in: SignIn) -> None:
    """Drift, compare, promote, roll back."""
    sign_in(page, "admin")
    page.get_by_role("link", name="Drift", exact=True).click()
    page.get_by_text("sentiment moved: calls sound worse").wait_for()
    page.get_by_role("link", name="Compare the models").click()
    progression = page.locator("section", has=page.get_by_role("heading", name="Progression", exact=True))
    assert progression.locator("table").first.locator("thead th").all_inner_texts()[1:] == [
        "version 1 champion",
        "version 2 challenger",
    ]
    progression.get_by_label("Why version 2").fill("It hears how calls sound")
    progression.get_by_role("button", name="Promote").click()
    page.get_by_text("version 2 of progression decides from now on").wait_for()
    assert progression.locator("table").first.locator("thead th").all_inner_texts()[1:] == [
        "version 2 champion",
        "version 1",
    ]
    progression.get_by_label("Go back to the champion before, because").fill("Sales saw odd scores")
    progression.get_by_role("button", name="Roll back").click()
    page.get_by_text("version 1 of progression decides from now on").wait_for()
    assert "Sales saw odd scores" in progression.locator("ol.timeline li").first.inner_text()


def test_the_page_of_a_ticket_is_no_wider_than_a_phone(page: "Page", site: Site, sign_in: SignIn) -> None:
    (ticket_id,) = open_tickets([NewTicket("template", "intro_v2", 1, RECOMMENDED)], now(), "a test")
    sign_in(page, "read")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/tickets/{ticket_id}")
    page.get_by_text("enrichment_coverage.toml").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_no_page_has_a_serious_fault_or_is_wider_than_a_phone(page: "Page", sign_in: SignIn) -> None:
    from axe_playwright_python.sync_playwright import Axe

    sign_in(page, "admin")
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})  # for axe alone
    found = []
    for width, scheme in ((1280, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 740})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in PAGES:
            page.goto(path)
            told = Axe().run(page).response["violations"]
            found += [
                (path, width, one["id"], one["nodes"][0]["html"][:120]) for one in told if one["impact"] in SERIOUS
            ]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
                found.append((path, width, "wider than the screen", ""))
    assert found == []
