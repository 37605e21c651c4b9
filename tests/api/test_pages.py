"""Pages for people: who gets in, what other sites cannot do, and what people do with leads, campaigns and tickets."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import sessions
from api.addresses import PAGES as PAGES_BEGIN
from api.addresses import PROGRAMS
from api.pages import improvement, keeping, overview, system
from api.routers.signing import inside
from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from campaigns.rules import read_rules
from database import incidents, keys, overrides, people, signals, tasks
from database.health import keep_findings
from database.measures import publish_measures
from database.predictions import keep_predictions
from database.spending import Ceilings, Priced
from database.tasks import NewTask
from database.tickets import NewTicket, open_tickets, ticket_as_of
from database.wanted import Bought, Wanted
from monitoring import health_gathering
from ringback.clock import now, week_start
from ringback.health import Finding
from ringback.settings import CHECKOUT, settings
from tests.campaigns.enrolling import a_campaign
from tests.factories import DAY, NOON, a_call, a_lead, a_prediction
from vendors.prefect_health import PrefectSigns

PAGES = (
    "/", "/leads", "/tasks", "/campaigns", "/models", "/drift", "/improvement", "/tickets", "/archive", "/system",
)  # fmt: skip
RULES = CHECKOUT / "campaigns/playbook/qualification/standard.yaml"
SCRIPT = "<script>alert(1)</script>"
HTML = {"Accept": "text/html"}
Browse = Callable[..., TestClient]
RECOMMENDED = {
    "rule": "template", "subject": "intro_v2", "title": "Change it", "category": "messages", "priority": "HIGH",
    "measure": "progression_rate", "effort_hours": 10.0, "expected_low": 0.01, "expected_value": 0.02,
    "expected_high": 0.03, "per_week_n": 100.0, "facts": {"evidence": [["Progressed", "12 % (n = 200)"]]},
}  # fmt: skip


@pytest.fixture
def browse(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Browse:
    """Signs in with a key of these roles; gives a browser, whose `token` is the session's."""
    monkeypatch.setattr(overview, "_kept", keeping.Kept(overview._make, 0.0))
    monkeypatch.setattr(improvement, "_kept", keeping.Kept(improvement._read, 0.0))
    monkeypatch.setattr(system, "_look", keeping.Kept(system._look_now, 0.0))

    def sign_in(*roles: str) -> TestClient:
        client.headers.update(HTML)
        answer = client.post(
            "/sign-in", data={"key": keys.create("Maya", roles, now(), "a test")}, follow_redirects=False
        )
        assert answer.status_code == 303
        return client

    return sign_in


def token(browser: TestClient, path: str = "/leads") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(path).text)
    assert found
    return found[1]


def send(browser: TestClient, path: str, **fields: str) -> str:
    """What the page says after a form was sent from it."""
    answer = browser.post(path, data={"csrf": token(browser), **fields})
    assert answer.status_code == 200, answer.text[-500:]
    return answer.text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_filled_on_an_empty_installation_with_a_policy_that_lets_nothing_else_in(
    browse: Browse, path: str
) -> None:
    answer = browse("read").get(path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=|https?://(?!127\.0\.0\.1)", answer.text)


def test_leads_of_a_campaign_that_is_not_there_are_none_and_it_is_told(browse: Browse) -> None:
    shown = browse("read").get("/leads?campaign=nosuch").text
    assert "0 leads: there is no campaign <q>nosuch</q>." in shown
    assert "<option selected>nosuch</option>" in shown


def test_a_money_file_that_cannot_be_followed_is_our_fault_and_told(
    browse: Browse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "money.toml"
    file.write_text("[lead]\ntitel = 'A lead'\n")
    monkeypatch.setenv("RINGBACK_MONEY", str(file))
    browser = browse("read")
    settings.cache_clear()
    answer = browser.get("/tickets", headers=HTML)
    assert answer.status_code == 503
    assert "doctor&#39; says which, and what is wrong." in answer.text
    assert str(tmp_path) not in answer.text


def test_who_has_not_signed_in_is_asked_to_and_comes_back(client: TestClient, home: object) -> None:
    answer = client.get("/leads?page=2", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=%2Fleads%3Fpage%3D2")
    text = keys.create("Maya", ["read"], now(), "a test")
    back = client.post("/sign-in", data={"key": text, "next": "/leads?page=2"}, follow_redirects=False)
    assert back.headers["Location"] == "/leads?page=2"
    cookie = back.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert str(keys.parts_of(text)[1]) not in cookie  # type: ignore[index]


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_signing_in_leads_to_no_other_site(address: str) -> None:
    assert inside(address) == "/"


def test_a_key_that_may_not_read_or_is_no_key_does_not_get_in(client: TestClient, home: object) -> None:
    assert client.post("/sign-in", data={"key": "rbk_nobody_nothing"}).status_code == 401
    assert client.post("/sign-in", data={"key": keys.create("robot", ["score"], now(), "a test")}).status_code == 403


def test_a_session_ends_with_its_key_and_with_signing_out(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.gate.KNOWN_FOR_SECONDS", 0.0)
    monkeypatch.setattr("api.gate.LOOK_AGAIN_AFTER_SECONDS", 0.0)
    browser = browse("read")
    kept = browser.cookies[sessions.COOKIE]
    browser.post("/sign-out", data={"csrf": token(browser)})
    assert browser.get("/leads", follow_redirects=False).status_code == 303
    browser.cookies.set(sessions.COOKIE, kept)
    assert browser.get("/leads", follow_redirects=False).status_code == 200
    keys.revoke(keys.keys()[0].key_id, now())
    assert browser.get("/leads", follow_redirects=False).status_code == 303


def test_a_cookie_that_is_not_ours_or_is_used_elsewhere_counts_for_nothing(browse: Browse) -> None:
    browser = browse("admin")
    assert browser.get("/api/leads").status_code == 401
    assert browser.get("/models/info").status_code == 401
    browser.cookies.set(sessions.COOKIE, browser.cookies[sessions.COOKIE][:-2] + "xx")
    assert browser.get("/leads", follow_redirects=False).status_code == 303


@pytest.fixture
def ana(home: object) -> str:
    """A lead of a campaign with a score, whose name is hostile."""
    people.publish_calls([a_call("one", lead_id="ana@acme.example", company_id="acme.example", minutes=30.0)])
    people.publish_leads([a_lead("ana@acme.example", NOON, name=SCRIPT, job_title="CTO \u202egnp.exe")])
    keep_predictions([a_prediction("one", 0.9, NOON, lead_id="ana@acme.example", reasons=(SCRIPT,))])
    a_campaign(leads=["ana@acme.example"])
    qualify("spring", read_rules(RULES), Thresholds(), NOON)
    return "/leads/ana@acme.example"


def test_names_of_strangers_are_shown_and_do_nothing(browse: Browse, ana: str) -> None:
    for path in ("/leads", ana, "/campaigns/spring", "/"):
        text = browse("read").get(path).text
        assert SCRIPT not in text
        assert "\u202e" not in text
    assert "&lt;script&gt;" in browse("read").get(ana).text


def test_the_list_is_searched_filtered_and_sorted(browse: Browse, ana: str) -> None:
    people.publish_leads([a_lead("bo@globex.example", NOON, name="Bo", company_id="globex.example")])
    browser = browse("read")

    def shown(query: str) -> list[str]:
        return re.findall(r'<th scope="row"><a href="/leads/([^"]+)"', browser.get(f"/leads{query}").text)

    assert shown("?search=globex") == ["bo%40globex.example"] or shown("?search=globex") == ["bo@globex.example"]
    assert len(shown("?campaign=spring")) == 1
    assert len(shown("?recommendation=AE_HANDOFF")) + len(shown("?recommendation=NURTURE_TRACK")) == 1
    assert shown("?sort=name&direction=asc") == shown("?sort=name&direction=desc")[::-1]
    assert len(shown("?page=99")) == 2
    assert browser.get("/leads?sort=password").status_code == 422


def test_a_lead_is_decided_about_in_a_persons_name_and_that_is_withdrawn(browse: Browse, ana: str) -> None:
    browser = browse("write")
    asked = {"campaign_id": "spring", "what": "qualification:disqualified", "because": "Met them at the fair"}
    page = send(browser, f"{ana}/overrides", **asked, until="2099-01-01")
    assert "Met them at the fair" in page
    assert "From now on the qualification is disqualified" in page
    made = overrides.overrides_of("spring", "ana@acme.example")[0]
    assert made.made_by.startswith("Maya (key ")
    page = send(browser, f"{ana}/overrides/{made.override_id}/withdraw", campaign_id="spring")
    assert "withdrawn by" in page
    wrong = browser.post(f"{ana}/overrides", data={"csrf": token(browser), **asked, "until": "soon"})
    assert (wrong.status_code, "write 2026-03-18" in wrong.text) == (422, True)
    nobody = browser.post(f"{ana}/overrides", data={"csrf": token(browser), **asked, "what": "owner:nobody@x"})
    assert (nobody.status_code, "is no owner of this campaign" in nobody.text) == (422, True)


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
    {"Origin": "null"},
])  # fmt: skip
def test_another_site_can_do_nothing_even_with_the_token(browse: Browse, ana: str, headers: dict[str, str]) -> None:
    browser = browse("write")
    fields = {"csrf": token(browser), "campaign_id": "spring", "what": "qualification:review", "because": "ha ha"}
    assert browser.post(f"{ana}/overrides", data=fields, headers=headers).status_code == 403
    assert overrides.overrides_of("spring", "ana@acme.example") == []


def test_a_form_without_the_sessions_token_or_without_the_role_does_nothing(browse: Browse, ana: str) -> None:
    browser = browse("write")
    fields = {"campaign_id": "spring", "what": "qualification:review", "because": "ha ha"}
    assert browser.post(f"{ana}/overrides", data=fields).status_code == 403
    assert browser.post(f"{ana}/overrides", data={**fields, "csrf": "guess"}).status_code == 403
    reader = browse("read")
    assert reader.post(f"{ana}/overrides", data={**fields, "csrf": token(reader)}).status_code == 403
    assert "Decide otherwise" not in reader.get(ana).text
    assert overrides.overrides_of("spring", "ana@acme.example") == []


def test_a_row_is_enriched_where_it_stands(browse: Browse, ana: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from api import enriching

    monkeypatch.setattr(enriching, "_work", lambda _batch: None)
    browser = browse("write")
    part = {"HX-Request": "true", "X-CSRF-Token": token(browser)}
    answer = browser.post(f"{ana}/enrich?from=row", headers=part)
    assert "<html" not in answer.text
    assert "0 signals found" in answer.text
    assert "Enriched." in send(browser, f"{ana}/enrich")
    assert "under way" in browser.get(f"{ana}/signals", headers=part).text


def test_the_timeline_tells_all_that_happened_the_latest_first(browse: Browse, ana: str) -> None:
    tasks.make([NewTask("reply", "spring", "ana@acme.example", "e1", "bo@ours.example", "Answer her", NOON)], NOON)
    browser = browse("write")
    assert "What came of it" in browser.get("/tasks").text
    task = tasks.tasks()[0]
    assert "Done." in send(browser, f"/tasks/{task.task_id}/done", outcome="booked a call", back="/tasks")
    again = browser.post(f"/tasks/{task.task_id}/done", data={"csrf": token(browser), "outcome": "once more"})
    assert (again.status_code, tasks.tasks()[0].outcome) == (409, "booked a call")
    told = browser.get(ana).text.split('id="timeline"')[1]
    order = [told.index(words) for words in ("booked a call", "Answer her", "Scored", "Last brought up to date")]
    assert order == sorted(order)


def test_a_campaign_is_made_paused_and_gone_on_with(browse: Browse) -> None:
    browser = browse("write")
    page = send(browser, "/campaigns", campaign_id="autumn", name="Autumn", source="csv")
    assert "harvested" in page
    assert "Paused: nobody is enrolled" in send(browser, "/campaigns/autumn/state", state="paused")
    refused = browser.post("/campaigns/autumn/runs", data={"csrf": token(browser)})
    assert (refused.status_code, "resume it first" in refused.text) == (409, True)
    assert browser.post("/campaigns", data={
        "csrf": token(browser), "campaign_id": "autumn", "name": "Autumn", "source": "csv"
    }).status_code == 409  # fmt: skip
    assert browser.post("/campaigns", data={
        "csrf": token(browser), "campaign_id": "../x", "name": "Autumn", "source": "csv"
    }).status_code == 422  # fmt: skip


def test_running_without_prefect_is_said_and_nothing_is_lost(browse: Browse, configured: Callable[..., None]) -> None:
    configured(prefect_url="http://127.0.0.1:9")
    browser = browse("admin")
    answer = browser.post("/models/train", data={"csrf": token(browser)})
    assert answer.status_code == 502
    assert "did not answer" in answer.text


def test_a_ticket_is_accepted_and_implemented(browse: Browse) -> None:
    ticket_id = open_tickets([NewTicket("template", "intro_v2", 1, RECOMMENDED)], now() - timedelta(days=3), "a test")[
        0
    ]
    browser = browse("write")
    assert ticket_id in browser.get("/tickets").text
    assert "The ticket is accepted now." in send(browser, f"/tickets/{ticket_id}/accept")
    page = send(browser, f"/tickets/{ticket_id}/implement", on=f"{now():%Y-%m-%d}")
    assert "implemented" in page
    assert f"In effect since {now():%-d %b %Y}" in page  # a day is one everywhere, whatever its midnight is in Chicago
    assert f"implemented, in effect since {now():%-d %b %Y}" in browser.get("/tickets").text
    found = ticket_as_of(ticket_id, now())
    assert found
    assert found.events[-1].by.startswith("Maya (key ")


def test_what_is_wrong_stands_on_the_first_page_and_on_that_of_health(browse: Browse) -> None:
    incidents.open_incident("disk", "home", "3 % of the disk are free", now())
    browser = browse("read")
    for path in ("/", "/system"):
        assert "3 % of the disk are free" in browser.get(path).text


def test_what_is_over_since_the_last_check_is_not_shown_as_if_it_were_so_still(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ringback up` was stopped for a night: the first check after that found everything late, and then it ran."""
    late = "9 open; check-drift should have begun since 2026-03-17 12:00 UTC"
    found = [
        Finding("flows", "missed schedules", "critical", late), Finding("prefect", "server", "excellent", "answers"),
        Finding("vendor Fellow", "answers", "excellent", "Fellow answers after 0.10 s"),
    ]  # fmt: skip
    keep_findings([*found, Finding("flow old", "last runs", "critical", "the last 3 runs of old failed")], NOON - DAY)
    keep_findings(found, NOON)
    incidents.open_incident(incidents.HEALTH, "flows: missed schedules", late, NOON, "critical")
    incidents.open_incident("disk", "home", "3 % of the disk are free", NOON + DAY)
    signs = PrefectSigns(0.01, {"ringback": now()})
    monkeypatch.setattr(health_gathering, "prefect_signs", lambda *_: signs)
    browser = browse("read")
    text = browser.get("/system").text
    assert '<h1>Health: <span class="critical">' not in text
    assert "Well again by now: <bdi>no run is late</bdi>" in text
    plain = re.sub(r"<[^>]+>", "", text)
    assert re.search("Fellow answers after 0.10 s *as of 18 Mar", plain)  # nobody outside is asked for a page
    assert "flow old: last runs: critical, the last 3 runs of old failed as of 17 Mar" in plain
    first = re.sub(r"<[^>]+>", "", browser.get("/").text)
    assert "1 open incident: 3 % of the disk are free. 1 more, whose cause is over by now, is closed" in first


def test_prefect_is_not_asked_for_a_page_where_the_last_check_found_it_not_in_use(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_gathering, "prefect_signs", lambda *_: pytest.fail("it was asked"))
    keep_findings([Finding("prefect", "server", "not_in_use", "not in use: Prefect is not in use here")], NOON)
    assert browse("read").get("/system").status_code == 200


def test_a_mistake_is_shown_as_a_page_to_a_person_and_as_json_to_a_program(browse: Browse) -> None:
    browser = browse("read")
    assert "There is no such lead." in browser.get("/leads/nobody").text
    told = browser.get("/leads/nobody", headers={"Accept": "application/json"})
    assert told.json()["error"]["message"] == "There is no such lead."


def test_an_address_where_nothing_is_has_a_page_for_who_signed_in_and_leads_others_to_sign_in(browse: Browse) -> None:
    browser = browse("read")
    answer = browser.get("/nopage")
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)
    browser.cookies.clear()
    answer = browser.get("/nopage", follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=%2Fnopage")


def test_a_cookie_counts_at_no_address_of_the_api(client: TestClient) -> None:
    firsts = {route.path.strip("/").split("/", 1)[0] for route in client.app.routes}  # type: ignore[attr-defined]
    assert firsts <= PAGES_BEGIN | PROGRAMS


def test_a_mistake_is_said_once_on_its_page(browse: Browse) -> None:
    text = browse("read").get("/leads?sort=bad").text
    assert (text.count("Input should be"), 'role="status"' in text) == (1, False)


def test_the_page_of_a_campaign_says_what_counts_ever_and_what_now(browse: Browse, ana: str) -> None:
    text = browse("read").get("/campaigns/spring").text
    assert "Whoever ever came so far counts here" in text
    assert re.search(r">(qualified|review|disqualified) now \(1\)<", text)
    assert "by the score" not in text
    assert "It cannot be decided in a campaign of this size" in text
    assert "1 lead where the plan asks for" in text


def test_signals_that_expired_stay_on_the_page_of_a_lead_as_old(browse: Browse, ana: str) -> None:
    tech = Wanted("ana@acme.example", "tech_stack")
    signals.claim("w", "pipe0", [Priced(*asdict(tech).values(), 0.02)], NOON, Ceilings(9, 9, 9))
    signals.keep("w", [Bought(tech, {"names": ["Twilio"]}, 0.9, 0.02, None, NOON + DAY)], NOON)
    text = browse("read").get(ana).text
    assert "Twilio" in text
    assert "old: of 18 Mar 2026" in text


def test_priorities_are_counted_the_highest_first(browse: Browse) -> None:
    names = ("LOW", "HIGH", "MEDIUM", "HIGH_VOICE_AI")
    people.publish_calls([a_call(name, lead_id=name) for name in names])
    keep_predictions([a_prediction(name, 0.5, NOON, lead_id=name, priority=name) for name in names])
    text = browse("read").get("/").text
    assert re.findall(r'"/leads\?priority=([A-Z_]+)"', text) == ["HIGH_VOICE_AI", "HIGH", "MEDIUM", "LOW"]


@pytest.mark.parametrize("ending", ["changes", "signals", "enrich", "overrides"])
def test_a_lead_whose_id_ends_like_an_address_has_a_page_and_is_linked_to_it(browse: Browse, ending: str) -> None:
    people.publish_leads([a_lead(f"crm/{ending}", NOON, name="Dee Dot"), a_lead("crm", NOON, name="Eve Example")])
    keep_predictions([a_prediction("one", 0.5, NOON, lead_id=f"crm/{ending}")])
    browser = browse("read")
    assert f'href="/leads/crm%2F{ending}"' in browser.get("/leads").text
    text = browser.get(f"/leads/crm%2F{ending}").text
    assert "<h1><bdi>Dee Dot" in text
    assert f'href="/leads/crm%2F{ending}/changes"' in text
    assert browser.get(f"/leads/crm%2F{ending}/changes").status_code == 200
    assert "Eve Example" in browser.get("/leads/crm").text


def test_figures_of_the_champion_stand_beside_what_was_expected_and_what_was_before(browse: Browse) -> None:
    folder = settings().reports / "drift"
    folder.mkdir(parents=True)
    known, unknown = ({"value": 0.718, "low": 0.68, "high": 0.753, "n": 1581},
                      {"value": None, "low": None, "high": None, "n": 7})  # fmt: skip
    (folder / "2026-03-18.findings.json").write_text(json.dumps({
        "findings": [], "performance": ["accuracy in a sentence"], "commoner": 0.625,
        "figures": [{"name": "accuracy", "last": known, "before": unknown}],
        "estimates": [
            {"since": "2026-02-18T12", "until": "2026-03-18T12", "said": ["not shown"],
             "figures": [{"name": "ROC AUC", "expected": known, "so_far": unknown}]},
            {"since": "2026-01-21T12", "until": "2026-02-18T12", "said": ["of an older file"]},
        ],
    }))  # fmt: skip
    plain = " ".join(re.sub(r"<[^>]+>", " ", browse("read").get("/drift").text).split())
    figure = "0.718 (0.680 to 0.753), n = 1,581"
    assert f"Accuracy {figure} always answering the commoner outcome: 0.625 not enough data (n = 7)" in plain
    assert f"ROC AUC {figure} not enough data (n = 7)" in plain
    assert "of an older file" in plain
    assert "not shown" not in plain
    assert "in a sentence" not in plain


def test_every_feature_on_the_page_of_drift_is_named_with_its_distance_and_what_that_is_called(browse: Browse) -> None:
    folder = settings().reports / "drift"
    folder.mkdir(parents=True)
    distances = {"mentions_voice_ai": 0.31, "(score)": 0.15, **{f"feature_{n:02}": 0.05 - n / 1000 for n in range(16)}}
    (folder / "2026-03-18.findings.json").write_text(json.dumps({
        "champion": "3", "findings": [], "distances": {name: {"psi": psi} for name, psi in distances.items()},
    }))  # fmt: skip
    text = browse("read").get("/drift").text
    plain = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    assert (
        "Mentions voice AI 0.310 major The champion's scores 0.150 moderate Feature 00 0.050 little"
        in plain.replace("&#39;", "'")
    )
    assert [f"Feature {n:02}" in plain for n in range(16)] == [True] * 16
    assert "3 further features" in plain
    assert "moved little under 0.1, moderately from 0.1 on and in a major way from 0.2 on: the two marks" in plain
    assert re.findall(r'<rect class="mark" x="([0-9.]+)"', text)[:2] == ["20.00", "40.00"]  # of 0.5


def week_of(name: str, week: datetime, value: float, n: int) -> dict[str, object]:
    """A published measure, with an interval of ten points on each side."""
    return {"measure": name, "week": week, "dimension": "", "member": "", "value": value, "low": value - 0.1,
            "high": value + 0.1, "n": n, "as_of": week + 7 * DAY}  # fmt: skip


def test_the_time_of_account_executives_that_is_saved_stands_on_the_first_page_with_sample_and_assumption(
    browse: Browse,
) -> None:
    monday = week_start(now()) - 7 * DAY
    publish_measures([week_of("handoff_rate", monday, 0.25, 120)])
    card = re.sub(
        r"<[^>]+>|\s+|&nbsp;", " ", browse("read").get("/").text.split("AE time saved</h2>")[1].split("</div>")[0]
    )
    card = " ".join(card.replace("\N{NO-BREAK SPACE}", " ").split())
    assert card.startswith("AE time saved 75 % 65 to 85 %, n = 120, week of")
    assert "Promised: at least 60 %. Met. Scored calls that no AE had to take. Assumed: an AE would take every" in card


def test_recall_is_drawn_over_weeks_with_interval_and_sample_and_thin_weeks_are_left_out(browse: Browse) -> None:
    mondays = [week_start(now()) - ago * 7 * DAY for ago in (4, 3, 2, 1)]
    thin = dict(zip(mondays, (40, 40, 19, 40), strict=True))
    publish_measures([week_of("recall", monday, 0.5, n) for monday, n in thin.items()])
    figure = browse("read").get("/").text.split("<figcaption>Recall of progressions")[1].split("</figure>")[0]
    rows = re.findall(r"<tr><th scope=.row.>.*?</tr>", figure)
    told = [re.findall(r'<td class="n">([^<]*)', row) for row in rows]
    assert told == [
        ["50", "40 to 60", "40"],
        ["50", "40 to 60", "40"],
        ["not known", "", "19"],
        ["50", "40 to 60", "40"],
    ]
    assert "weeks with fewer than 20 observations are left out" in figure


def test_what_is_not_in_use_is_said_once(browse: Browse) -> None:
    keep_findings([Finding("backup", "age", "not_in_use", "not in use: no backup was ever made")], NOON)
    text = re.sub(r"<[^>]+>", "", browse("read").get("/system").text)
    assert (text.count("not in use: no backup"), "not in use: not in use" in text) == (1, False)


def test_words_of_others_are_not_said_as_ours(browse: Browse) -> None:
    browser = browse("read")
    assert "Call this number" not in browser.get("/leads?said=Call+this+number").text


def test_assets_are_kept_for_ever_under_an_address_that_changes_with_them(client: TestClient, home: object) -> None:
    from api.pages.rendering import asset_text

    answer = client.get(asset_text("app.js"))
    assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True)
    assert client.get("/assets/..%2Fapp.py").status_code == 404


def test_drift_pages_are_shut_in(browse: Browse, home: object) -> None:
    from ringback.settings import settings

    folder = settings().reports / "drift"
    folder.mkdir(parents=True)
    (folder / "2026-03-18.html").write_text("<script>alert(1)</script>")
    (folder / "2026-03-18.findings.json").write_text('{"findings": []')
    browser = browse("read")
    assert "sandbox allow-scripts;" in browser.get("/drift/2026-03-18.html").headers["Content-Security-Policy"]
    assert browser.get("/drift/..%2F..%2Ftracking.secret").status_code == 404
    assert "1 findings cannot be read" in browser.get("/drift").text


def test_a_lead_of_whom_little_is_known_has_a_page(browse: Browse) -> None:
    people.publish_calls([a_call("one", lead_id="call:fellow:rec/1?x#y%z", company_id=None)])
    people.publish_leads([a_lead("call:fellow:rec/1?x#y%z", NOON, email=None, company_id=None)])
    browser = browse("write")
    (link,) = re.findall(r'<th scope="row"><a href="([^"]+)"', browser.get("/leads").text)
    assert "company not known" in browser.get(link).text
    assert "Enriched." in send(browser, f"{link}/enrich")


def test_a_lead_without_a_score_is_scored_from_its_page(browse: Browse, client: TestClient) -> None:
    people.publish_leads([a_lead("new@acme.example", NOON, company_id="acme.example")])
    link = "/leads/new@acme.example"
    with client:
        browser = browse("write")
        page = browser.get(link).text
        assert ("No score yet" in page, "Score now" in page) == (True, True)
        assert "Scored by what is known of it." in send(browser, f"{link}/score")
        page = browser.get(link).text
        assert "No score yet" not in page
        assert "<dt>Answered by</dt><dd>rules" in page
        assert browser.post(f"{link}/score").status_code == 403
        assert browser.post("/leads/nobody/score", data={"csrf": token(browser)}).status_code == 404
        assert "Score now" not in browse("read").get(link).text


@pytest.fixture(autouse=True)
def nothing_is_bought(monkeypatch: pytest.MonkeyPatch) -> None:
    from api import enriching

    monkeypatch.setattr(enriching, "_work", lambda _batch: None)


def a_version(number: str, *aliases: str, **metrics: float) -> dict[str, object]:
    return {
        "version": number, "candidate": "xgboost", "as_of": "2026-03-01T00:00:00", "aliases": list(aliases),
        "rows": 400, "reason": "first champion", "because": "weekly", "run_id": f"run{number}", "metrics": metrics,
    }  # fmt: skip


def test_the_first_version_has_a_page_and_so_has_one_that_lacks_a_metric(browse: Browse) -> None:
    from database.published import publish

    publish("models progression", {"experiment_id": "1", "versions": [a_version("1", "champion", brier=0.2)]}, NOON)
    browser = browse("admin")
    assert "version 1" in browser.get("/models").text
    newer = a_version("2", "champion", brier=0.19, roc_auc=0.7, roc_auc_low=0.6, roc_auc_high=0.8)
    both = [newer, a_version("1", brier=0.2)]
    publish("models progression", {"experiment_id": "1", "versions": both}, NOON + timedelta(days=1))
    page = browser.get("/models").text
    assert "<strong>0.190</strong>" in page
    assert "0.600 to 0.800" in page


def test_a_run_that_prefect_cannot_say_anything_about_does_not_hide_the_page(
    browse: Browse, configured: Callable[..., None]
) -> None:
    configured(prefect_url="http://127.0.0.1:9")
    page = browse("read").get("/models?run=00000000-0000-0000-0000-000000000000")
    assert (page.status_code, "not known" in page.text, "does not answer" in page.text) == (200, True, True)


@pytest.mark.parametrize("text", [
    '{"findings": []}', '{"findings": [], "distances": {"a": {"psi": null}, "b": {"psi": NaN}, "c": {"psi": 0.1}}}',
    '{"findings": [{"words": "it moved"}], "performance": null}', "[]",
])  # fmt: skip
def test_findings_of_another_shape_are_shown_or_said_to_be_unreadable(browse: Browse, text: str) -> None:
    from ringback.settings import settings

    folder = settings().reports / "drift"
    folder.mkdir(parents=True)
    (folder / "2026-03-18.findings.json").write_text(text)
    assert browse("read").get("/drift").status_code == 200


def test_a_campaign_whose_conduct_cannot_be_read_can_still_be_paused(browse: Browse) -> None:
    a_campaign("odd", conduct={"zzz": 1})
    browser = browse("write")
    assert "Extra inputs are not permitted" in browser.get("/campaigns/odd").text
    assert "Paused" in send(browser, "/campaigns/odd/state", state="paused")


def test_for_ever_is_said_by_leaving_the_day_out(browse: Browse, ana: str) -> None:
    browser = browse("write")
    fields = {"csrf": token(browser), "campaign_id": "spring", "what": "qualification:review", "because": "for ever"}
    assert browser.post(f"{ana}/overrides", data={**fields, "until": "9999-12-31"}).status_code == 422


def test_an_odd_cookie_of_another_program_signs_nobody_out(browse: Browse) -> None:
    browser = browse("read")
    ours = f"{sessions.COOKIE}={browser.cookies[sessions.COOKIE]}"
    browser.cookies.clear()
    answer = browser.get("/leads", headers={"Cookie": f'prefs={{"a":1}}; {ours}'}, follow_redirects=False)
    assert answer.status_code == 200


def test_a_part_of_a_page_asks_for_no_password_box_and_a_long_way_back_is_left_out(
    client: TestClient, home: object
) -> None:
    part = client.get("/leads/x/signals", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert 'name="next" value="/"' in client.get(f"/sign-in?next=/leads?search={'x' * 3_000}", headers=HTML).text


@pytest.mark.parametrize("outcome", ["", "&outcome=qualified"])
def test_a_page_of_members_after_nobody_says_so(browse: Browse, ana: str, outcome: str) -> None:
    answer = browse("read").get(f"/campaigns/spring?after=garbage{outcome}")
    assert answer.status_code == 422
    assert "&#39;garbage&#39; is no member that was looked at; without it the first page is shown." in answer.text
