"""Recommendations and tickets to put into a gathered report, with names as hostile as people can type them."""

from dataclasses import replace
from datetime import datetime, timedelta

from improvement.impact import Impact, Side
from improvement.recommendation import Expected, Recommendation
from improvement.roi import Cumulative, Estimate, Return
from improvement.tickets import HeldBack, Line, Proposal
from reports.weekly import Component, Lead, WeeklyReport
from warehouse.decision_counts import DecisionQuality

ASSUMED = "A call that progresses: 400.00 USD (stated by sales, 2026)"
SCRIPT = "<script>alert('x')</script>"
FORMULA = '=HYPERLINK("http://evil.example","click")'
TURNED = "Acme \u202egnp.exe \u05d0\u05d1\u05d2 \u0634\u0631\u0643\u0629"
LONG = "Interminable " + "x" * 487
HOSTILE = (SCRIPT, FORMULA, TURNED, LONG, "\x00\x07 bell", "\U0001f4a3 \u4e2d\u6587")


def a_recommendation(subject: str = "intro_v2", title: str | None = None) -> Recommendation:
    """Worth 2 points of 100 calls a week at 400 USD: 800 USD a week, from 400 to 1,200."""
    return Recommendation(
        rule="template_underperforms",
        subject=subject,
        category="message_generation",
        priority="HIGH",
        title=title or f"Template {subject} does worse than the others",
        description=f"What {subject} makes is sent on unchanged less often than what the other templates make.",
        evidence=(
            (f"{subject}, 3 weeks", "42 % (95 % interval 34 to 50 %; n = 150 judged decisions)"),
            ("The others", "61 % (95 % interval 57 to 65 %; n = 610 judged decisions)"),
        ),
        action_items=(f"Stop using {subject} for new messages.", "Compare ten rejected messages with ten approved."),
        effort_hours=3,
        measure="progression_rate",
        dimension="template",
        member=subject,
        expected=Expected(0.01, 0.02, 0.03, 100, "up to what the others reach"),
        returns=Return(
            270.0,
            Estimate(400, 800, 1200),
            26,
            Estimate(10_400, 20_800, 31_200),
            Estimate(37.5, 76.0, 114.6),
            0.34,
            ASSUMED,
        ),
        earlier=("round 1, implemented 3 May 2026: no visible effect (\u22121.2 points, \u22126 to 4)",),
    )


def a_line(ticket_id: str, title: str, as_of: datetime, **known: object) -> Line:
    """An open ticket of two weeks ago."""
    line = Line(
        ticket_id=ticket_id, title=title, state="open", is_stale=False, round=1, rule="template_underperforms",
        subject=ticket_id, category="message_generation", priority="HIGH", measure="progression_rate", dimension=None,
        member=None, created_at=as_of - timedelta(days=14), age_days=14, effort_hours=3.0,
        expected=a_recommendation().returns, implemented_on=None, verdict=None, impact=None, returned=None,
    )  # fmt: skip
    return replace(line, **known)  # type: ignore[arg-type]


def a_measured(ticket_id: str, title: str, as_of: datetime, effect: float, low: float, high: float) -> Line:
    """A ticket whose change was made three weeks ago and has been measured."""
    on = as_of - timedelta(days=21)
    verdict = "worked" if low > 0 else "made it worse" if high < 0 else "cannot tell"
    impact = Impact(
        on, verdict, ("another ticket on the same measure came before",), Side(230, 240, 0.31, 0.31 + effect),
        Side(600, 610, 0.4, 0.4), "the other templates", effect, low, high, 0.004, 0.05, 0.02, 40, 2, 98,
    )  # fmt: skip
    returned = Return(270.0, Estimate(300, 800, 1300), 26, Estimate(7_800, 20_800, 33_800), None, 0.34, ASSUMED)
    return a_line(ticket_id, title, as_of, state="measured", implemented_on=on, verdict=verdict, impact=impact,
                  returned=returned)  # fmt: skip


def filled(report: WeeklyReport, names: tuple[str, ...] = ("intro_v2", "intro_v3")) -> WeeklyReport:
    """The report with recommendations, tickets, leads, components and notes that carry these names."""
    as_of = report.as_of
    lines = [a_line(f"T-{at:08x}", f"Template {name} does worse", as_of) for at, name in enumerate(names)]
    first, second = names[0], names[-1]
    return replace(
        report,
        recommendations=tuple(a_recommendation(name) for name in names) + report.recommendations,
        tickets=(
            a_measured("T-aaaaaaaa", f"Ask {first} for the budget in the first mail", as_of, 0.041, 0.013, 0.069),
            a_measured("T-bbbbbbbb", f"Call {second} within two days", as_of, -0.012, -0.06, 0.036),
            a_line("T-cccccccc", "Score at noon too", as_of, state="implemented", implemented_on=as_of),
            *lines,
        ),
        held_back=(HeldBack(Proposal("slow_scoring", second, f"Scores of {second} come too late", "operations", "LOW",
                                     "hours_from_call_to_score"), "T-cccccccc", "implemented"),),
        earned=Cumulative(2, 2, 540.0, Estimate(4_000, 20_800, 37_600), Estimate(6.4, 37.5, 68.6)),
        leads=tuple(Lead(f"lead-{at}", name, name, 80, 0.8, None, "AE_HANDOFF", "HIGH", (name,), as_of)
                    for at, name in enumerate(names)) + report.leads,
        components=(Component("message_generation", 1_240, 0.97, 0.61, 760, 71.5, 1_200, 0.8, 4.2, 1_240),),
        decisions=DecisionQuality(3, 1_300, 1_240, 20, 40, 5, {"truncated": 30, first: 10}),
        notes=(f"The log of {second} came two days late.",),
    )  # fmt: skip
