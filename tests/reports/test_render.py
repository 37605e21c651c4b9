"""The report as people and machines read it: whole, the same every time, and unharmed by hostile names."""

import csv
import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from jsonschema import Draft202012Validator

from improvement.roi import Estimate, Return
from reports.as_csv import render_csv
from reports.as_pdf import Sheet, render_pdf
from reports.front import front_of
from reports.mail import mail_of
from reports.periods import as_published
from reports.publish import RENDERED
from reports.render import render_html, render_json, render_technical
from reports.shapes import SCHEMA_FILE, schema
from reports.weekly import WeeklyReport
from reports.words import errs_of
from ringback.settings import CHECKOUT
from tests.reports.conftest import parsed
from tests.reports.samples import ASSUMED, FORMULA, HOSTILE, LONG, SCRIPT, a_line, a_recommendation, filled

OWN_LINKS = {"report.html", "technical.html", "report.json", "report.csv"}
PAGES = (render_html, render_technical)


@pytest.fixture(scope="module")
def hostile(busy: WeeklyReport) -> WeeklyReport:
    return filled(busy, HOSTILE)


def returned(usd_a_week: float) -> Return:
    """What an effort is worth that brings so much a week."""
    a_week = Estimate(0.0, usd_a_week, 2 * usd_a_week)
    return Return(270.0, a_week, 26, Estimate(0.0, 26 * usd_a_week, 52 * usd_a_week), None, 0.34, ASSUMED)


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


@pytest.mark.parametrize("render", PAGES)
def test_a_page_is_whole_and_asks_nobody_for_anything(hostile: WeeklyReport, render) -> None:  # type: ignore[no-untyped-def]  # one of two functions
    html = render(hostile)
    page = parsed(html)
    assert {link.partition("#")[0] for link in page.fetched} <= OWN_LINKS
    assert not page.tags & {"script", "link", "iframe", "img", "object", "base", "form"}
    assert not re.search(r"@import|url\(|(?:src|href)=.(?:https?:)?//", html)
    assert len(page.ids) == len(set(page.ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(page.ids)
    assert len(html.encode()) < 1_000_000


def test_what_waits_for_a_decision_stands_under_what_to_do_where_there_is_room(busy: WeeklyReport) -> None:
    week = replace(filled(busy), recommendations=())
    lines = (
        a_line("T-00000000", "Less urgent", week.as_of, expected=returned(9_000.0), priority="MEDIUM"),
        a_line("T-00000001", "Unpriced", week.as_of, expected=None),
        a_line("T-00000002", "Cheap", week.as_of, expected=returned(2.0)),
        a_line("T-00000003", "Dear", week.as_of, expected=returned(900.0)),
        a_line("T-00000004", "Dearest, but forgotten", week.as_of, expected=returned(5_000.0), is_stale=True),
        a_line("T-00000005", "Dearest, but accepted", week.as_of, expected=returned(5_000.0), state="accepted"),
    )
    front = front_of(replace(week, tickets=lines))
    assert (front.no_advice, [one.title for one in front.undecided]) == ("Nothing new.", ["Dear", "Cheap", "Unpriced"])
    html, mail = render_html(replace(week, tickets=lines)), mail_of(replace(week, tickets=lines))
    assert '<a href="#T-00000003"><bdi>Dear</bdi></a>' in html
    assert "Nothing new.\nStill to be decided:\n- [HIGH] Dear: $900 a week" in mail.text
    assert mail.html is not None
    assert re.search(r"Still to be decided:.*T-00000003: \$900 a week", mail.html, re.DOTALL)
    two = (a_recommendation("one"), replace(a_recommendation("two"), subject="T-00000003"))
    assert [one.title for one in front_of(replace(week, recommendations=two, tickets=lines)).undecided] == ["Cheap"]
    on_a_phone = render_html(replace(week, recommendations=two, tickets=lines))
    assert '<p class="wide">Still to be decided:</p>' in on_a_phone, "there is no room for a third"
    assert front_of(replace(week, tickets=())).no_advice.startswith("Nothing new: what the rules found has its ticket")
    assert front_of(replace(week, tickets=(), held_back=())).no_advice.startswith("Nothing this week: no rule found")


def test_links_from_the_report_lead_to_a_place_in_the_technical_one(hostile: WeeklyReport) -> None:
    places = set(parsed(render_technical(hostile)).ids)
    wanted = set(re.findall(r'href="technical.html#([^"]+)"', render_html(hostile)))
    assert {"how-live_accuracy", "models", "parts"} <= wanted <= places


def test_names_from_outside_are_text(busy: WeeklyReport) -> None:
    html = render_html(busy)
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Sons" in html
    assert not {"b", "i", "x"} & parsed(html).tags


@pytest.mark.parametrize("render", [*PAGES, lambda report: mail_of(report).html])
def test_no_hostile_name_is_markup_turns_the_text_or_is_a_control_character(hostile: WeeklyReport, render) -> None:  # type: ignore[no-untyped-def]  # one of three functions
    html = render(hostile)
    assert "<script" not in html
    assert "&lt;script&gt;alert" in html
    assert not set("\u202e\u202d\u2066\x00\x07") & set(html)


def test_the_csv_has_a_row_for_each_measure_week_and_part_and_no_formula(busy: WeeklyReport) -> None:
    (key, parts), *_ = busy.members.items()
    formula = replace(parts[0], now=replace(parts[0].now, member=FORMULA), weeks=())
    report = replace(busy, members={key: (formula,)})
    rows = list(csv.DictReader(StringIO(render_csv(report), newline="")))
    assert len(rows) == 13 * len(busy.series) + 1
    assert rows[-1]["member"] == f"'{FORMULA}"
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "@", "\t", "\r")]
    now = next(row for row in rows if row["measure"] == "rejection_rate" and row["direction"])
    assert (now["week"], now["value"], now["n"], now["direction"]) == ("2026-W12", "1.0", "25", "declining")


def test_the_json_follows_the_published_schema(hostile: WeeklyReport) -> None:
    published = json.loads((CHECKOUT / SCHEMA_FILE).read_text())
    assert published == json.loads(json.dumps(schema()))  # else: write reports.shapes.schema() to docs/
    Draft202012Validator.check_schema(published)
    facts = json.loads(render_json(hostile))
    assert [failure.message for failure in Draft202012Validator(published).iter_errors(facts)] == []
    facts["tickets"][0]["state"] = "lost"
    assert [failure.path[-1] for failure in Draft202012Validator(published).iter_errors(facts)] == ["state"]


def test_the_json_says_what_the_page_says(busy: WeeklyReport) -> None:
    facts = json.loads(render_json(filled(busy)))
    assert facts["report_metadata"]["generated_at"] == "2026-03-23T00:00:00"
    assert facts["performance_metrics"]["rejection_rate"]["value"] == 1.0
    trend = next(t for t in facts["trends"] if t["metric_name"] == "rejection_rate")
    assert (trend["trend_direction"], trend["significance"], trend["before"]["n"]) == ("declining", "high", 275)
    impact = facts["recommendations"][0]["estimated_impact"]
    assert impact["metric_improvements"] == {"progression_rate": {"low": 0.01, "value": 0.02, "high": 0.03}}
    assert (impact["roi_estimate"], facts["tickets"][0]["impact"]["effect"]) == (76.0, 0.041)


def test_hostile_names_stay_as_they_are_in_the_json(hostile: WeeklyReport) -> None:
    facts = json.loads(render_json(hostile))
    assert [one["subject"] for one in facts["recommendations"][: len(HOSTILE)]] == list(HOSTILE)


def test_every_format_gives_the_same_bytes_again(hostile: WeeklyReport) -> None:
    published = as_published(hostile)
    renderers = {name: render for files in RENDERED.values() for name, render in files.items()}
    assert [name for name, render in renderers.items() if render(published) != render(published)] == []


def test_the_pdf_has_two_to_four_pages_whatever_the_names(busy: WeeklyReport, hostile: WeeklyReport) -> None:
    assert [2 <= pages_of(render_pdf(one)) <= 4 for one in (busy, filled(busy), hostile)] == [True] * 3


def test_a_character_without_a_glyph_is_shown_as_one_that_is_missing(busy: WeeklyReport) -> None:
    sheet = Sheet(as_published(busy), front_of(busy))
    assert sheet.shown("a\u202eb \U0001f4a3 \u05d0\x00") == "ab \ufffd \u05d0"


def test_the_mail_is_small_has_no_drawing_and_says_the_same_numbers(hostile: WeeklyReport) -> None:
    mail, front = mail_of(hostile), front_of(hostile)
    assert len(mail.html.encode()) < 100_000
    assert not parsed(mail.html).tags & {"svg", "script", "style", "link", "img"}
    assert parsed(mail.html).fetched == []
    told = mail.html.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
    assert [one.title for one in front.numbers if one.value not in told or one.value not in mail.text] == []
    assert [one.interval for one in front.numbers if one.interval not in told or one.interval not in mail.text] == []
    assert front.earned in told
    assert front.earned in mail.text


def test_the_subject_of_a_mail_is_one_short_line(busy: WeeklyReport) -> None:
    mail = mail_of(replace(busy, headline=f"Down\r\nBcc: all@example.com {LONG}", synthetic=True))
    assert mail.subject.startswith("[synthetic] Week 2026-W12: Down Bcc: all@example.com Interminable")
    assert len(mail.subject) <= 140
    assert "\n" not in mail.subject


def test_the_first_screen_says_what_changed_what_to_do_and_what_changes_brought(busy: WeeklyReport) -> None:
    front = front_of(filled(busy))
    rejected = next(one for one in front.numbers if one.measure == "rejection_rate")
    assert (rejected.value, rejected.told, rejected.n) == ("100 %", "\u2191 declining", "n = 25")
    assert rejected.change.startswith("+100.0 points (")
    assert rejected.against == "against 0 % in the 11 weeks before (n = 275)"
    first = front.advice[0]
    assert (first.worth, first.is_assumed, first.effort) == ("$800 a week (95 %: $400 to $1,200)", True, "3 h")
    assert [one.said for one in front.outcomes] == [
        "worked: calls that progressed +4.1 points (95 %: +1.3 to +6.9; n = 470)",
        "cannot tell: calls that progressed \u22121.2 points (95 %: \u22126.0 to +3.6; n = 470)",
    ]
    assert front.earned == (
        "All 2 measured tickets: $20,800 (95 %: $4,000 to $37,600) in half a year for $540 of effort, "
        "ROI 37.5 (6.4 to 68.6)."
    )
    assert front.waiting == "2 wait for a decision; 1 being measured"


def test_a_change_measured_long_ago_is_news_no_more(busy: WeeklyReport) -> None:
    report = filled(busy)
    old = [replace(line, implemented_on=line.implemented_on.replace(year=2025)) if line.implemented_on else line
           for line in report.tickets]  # fmt: skip
    assert front_of(replace(report, tickets=tuple(old))).outcomes == ()


def test_a_recommendation_says_its_evidence_effect_worth_and_what_was_tried_before(busy: WeeklyReport) -> None:
    html = render_html(replace(busy, recommendations=(a_recommendation(),))).replace("\N{NO-BREAK SPACE}", " ")
    wanted = ["intro_v2, 3 weeks", "n = 150 judged decisions", "+2.0 points, +1.0 to +3.0", "ROI 76.0 (37.5 to 114.6)",
              "stated by sales", "round 1, implemented 3 May 2026", "Stop using intro_v2"]  # fmt: skip
    assert [text for text in wanted if text not in html] == []


def test_synthetic_data_are_called_so_everywhere(busy: WeeklyReport) -> None:
    def said(report: WeeklyReport) -> list[bool]:
        mail = mail_of(report)
        told = (render_html(report), render_technical(report), mail.html, mail.text, mail.subject)
        return ["synthetic" in text.lower() for text in told]

    assert said(replace(busy, synthetic=True)) == [True] * 5
    assert said(busy) == [False] * 5


def test_every_number_names_its_definition_model_flow_run_and_moment(busy: WeeklyReport) -> None:
    wanted = [
        "monitoring/measures/live_accuracy.toml", "FROM foretold_calls_as_of($as_of)", "2026-03-23T00:00:00 UTC",
        "flow-run-1",
    ]  # fmt: skip
    for html in (render_html(busy), render_technical(busy)):
        assert [text for text in wanted if text not in html] == []
    assert "progression version 7" in render_html(busy)


def test_times_are_shown_in_the_customers_zone(busy: WeeklyReport) -> None:
    assert "as of Sun 22 Mar 2026, 19:00 CDT" in render_html(busy)


def test_targets_are_called_the_customers(busy: WeeklyReport) -> None:
    html = render_html(busy).replace("\N{NO-BREAK SPACE}", " ")
    assert "Customer's target" in html
    assert [text for text in ("38.8 %", "61.2 %", "at least 85 %", "under 15 %") if text not in html] == []


def test_notes_stand_above_the_headline(busy: WeeklyReport) -> None:
    html = render_html(replace(busy, notes=("The disk was full: 2 old reports were removed.",)))
    assert 0 < html.index("The disk was full") < html.index("<h1>")


def test_how_often_claims_are_false_is_what_the_docs_measured() -> None:
    errs = errs_of(is_period=True)
    trends, impact = ((CHECKOUT / "docs" / name).read_text() for name in ("trends.md", "impact.md"))
    assert "500 weeks in which nothing changed were simulated, and in 11 of them (about 1 in 45)" in errs.trends
    assert "| 11 of 500 |" in trends
    assert "Of 1,000 simulated months in which nothing changed it was 5, of 1,000 quarters 46" in errs.trends
    assert "| 5 of 1,000 | 96.3 | 46 of 1,000 |" in trends
    assert "3,200 such changes were simulated, and 4.0 % of them (about 1 in 25)" in errs.impact
    assert "of 3,200 tickets without an effect 4.0 %" in impact


def test_what_stands_beside_claims_says_what_was_measured_and_how() -> None:
    week, month = errs_of(is_period=False), errs_of(is_period=True)
    assert week.trends_short == (
        "Could it be chance? In 500 simulated weeks without any change, 11 reports still said that something moved."
    )
    assert "In 1,000 simulated months without any change, 5 reports still said" in month.trends_short
    assert "Of 3,200 simulated changes that did nothing, 4 % were still judged to have done" in week.impact_short


def test_time_saved_is_said_with_what_it_assumes(busy: WeeklyReport) -> None:
    html = render_html(busy)
    assert "AE time saved: scored calls that no AE had to take" in html
    assert "AE time saved assumes: an AE would take every scored call, and each takes as long as the others." in html
    (goal,) = [one for one in json.loads(render_json(busy))["goals"] if one["is_one_minus_measure"]]
    assert goal["assumes"] == "an AE would take every scored call, and each takes as long as the others"


def test_long_and_foreign_names_are_cut_on_the_first_screen_only(hostile: WeeklyReport) -> None:
    html = render_html(hostile)
    assert html.count(LONG) >= 2
    first_screen = html[html.index("<h1>") : html.index("The last 13 weeks")]
    assert LONG not in first_screen
    assert SCRIPT not in html
