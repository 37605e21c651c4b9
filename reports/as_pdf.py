"""The report on paper: what comes first, the charts, what to do and why, and the tickets; two to four pages."""

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from reports.charts import HEIGHT, LEFT, RIGHT, WIDTH, Chart
from reports.front import Advice, Front, front_of, measures_of
from reports.pages import plain
from reports.periods import AnyReport, PublishedReport, as_published
from reports.render import charts_of
from reports.words import clipped, expected_text, measured_text, worth_text

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "dejavu"
MARGIN_MM, WIDTH_MM, CHART_MM = 16.0, 178.0, 86.0
INK, SOFT, ACCENT, GOOD, BAD = (26, 31, 37), (77, 87, 99), (11, 87, 208), (17, 99, 41), (163, 22, 31)
TONES = {"improving": GOOD, "declining": BAD}
CHARTS_READ = (
    "One point a week, by the Monday it begins; the band is the 95 % interval; a hollow point has not enough data."
)
MOST_ADVICE, MOST_TICKETS = 8, 12
LONGEST = 400
FORMAT_MARKS = frozenset("\u200b\u200c\u200d\ufeff")
RIGHT_TO_LEFT = ("R", "AL", "AN")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
Colour = tuple[int, int, int]


def render_pdf(report: AnyReport) -> bytes:
    """The report as PDF, A4; the same bytes for the same report. Long texts are cut with an ellipsis."""
    published = as_published(report)
    front = front_of(published)
    sheet = Sheet(published, front)
    _first(sheet, front)
    _charts(sheet, charts_of(published))
    _advice(sheet, published)
    _tickets(sheet, published, front)
    return sheet.bytes()


class Sheet:
    """Text and drawings from the top of a page to its end, and on to the next."""

    def __init__(self, published: PublishedReport, front: Front) -> None:
        """An empty document with its fonts and what it says of itself."""
        self.pdf = _document()
        moment = published.report.as_of.replace(tzinfo=UTC)
        self.pdf.set_creation_date(moment)
        self.pdf.set_title(self.shown(clipped(f"{front.title}: {front.headline}")))
        self.pdf.set_lang("en")
        self.pdf.add_page()

    def text(self, text: str, size: float = 9.5, colour: Colour = INK, bold: bool = False, gap: float = 0.6) -> None:
        """A paragraph; lines are broken in reading order and each is then put in the order it is seen in."""
        self.pdf.set_font(FAMILY, "B" if bold else "", size)
        self.pdf.set_text_color(*colour)
        height = size * 0.47
        broken = self.pdf.multi_cell(0, height, self.shown(text), dry_run=True, output="LINES", align="L")
        for line in map(str, broken if isinstance(broken, list) else ()):
            self.pdf.cell(0, height, _as_seen(line), new_x="LMARGIN", new_y="NEXT")
        self.pdf.ln(gap)

    def heading(self, text: str) -> None:
        """A heading that stays with what follows it."""
        self.stay_together()
        self.pdf.ln(2)
        self.text(text, 12, bold=True, gap=1)

    def stay_together(self, height: float = 24.0) -> None:
        """Begin a page where less than so many millimetres are left of this one."""
        if self.pdf.will_page_break(height):
            self.pdf.add_page()

    def rule(self) -> None:
        """A thin line across."""
        self.pdf.set_draw_color(207, 214, 221)
        self.pdf.set_line_width(0.2)
        self.pdf.line(MARGIN_MM, self.pdf.get_y(), MARGIN_MM + WIDTH_MM, self.pdf.get_y())
        self.pdf.ln(1)

    def shown(self, text: str) -> str:
        """A text of which every character has a glyph; what has none is shown as a replacement mark."""
        known = _glyphs()
        letters = (one for one in " ".join(plain(text).split()) if one not in FORMAT_MARKS)
        return "".join(one if ord(one) in known else UNKNOWN for one in letters)

    def bytes(self) -> bytes:
        """The finished document."""
        return bytes(self.pdf.output())


def _first(sheet: Sheet, front: Front) -> None:
    for note in (front.synthetic, *front.notes):
        if note:
            sheet.text(clipped(note, LONGEST), 9, bold=True, gap=1.5)
    sheet.text(f"{front.title}, {front.when}; {front.as_of}", 8.5, SOFT)
    sheet.text(clipped(front.headline, LONGEST), 15, bold=True, gap=2)
    for one in front.numbers:
        sheet.rule()
        sheet.text(f"{one.title}: {one.value}", 11, bold=True, gap=0.2)
        interval = f"95 %: {one.interval}; " if one.interval else ""
        sheet.text(f"{interval}{one.sample}", 8.5, SOFT, gap=0.2)
        sheet.text(f"{one.told}: {one.change} {one.against}", 9, TONES.get(one.direction, INK))
    sheet.text(front.errs.trends, 7.5, SOFT)
    sheet.heading("What to do")
    _advised(sheet, front.advice)
    if not front.advice:
        sheet.text(front.no_advice)
    if front.undecided:
        sheet.text(front.undecided_title)
        _advised(sheet, front.undecided)
    sheet.text(front.errs.rules, 7.5, SOFT)
    sheet.heading("What the last changes brought")
    for outcome in front.outcomes:
        since = f"; since {outcome.since:%-d %B %Y}" if outcome.since else ""
        sheet.text(clipped(outcome.title), 10, bold=True, gap=0.2)
        sheet.text(f"{clipped(outcome.said, LONGEST)}{since}", 8.5, TONES.get(outcome.tone, SOFT))
    if not front.outcomes:
        sheet.text("No change was measured lately.")
    sheet.text(f"{front.earned} Tickets: {front.waiting}.", 9)
    sheet.text(front.errs.impact, 7.5, SOFT)


def _advised(sheet: Sheet, listed: Iterable[Advice]) -> None:
    for advice in listed:
        sheet.text(f"{advice.priority}  {clipped(advice.title)}", 10, bold=True, gap=0.2)
        sheet.text(advice.stake, 8.5, SOFT)


def _charts(sheet: Sheet, charts: Sequence[Chart]) -> None:
    if not charts:
        return
    sheet.pdf.add_page()
    sheet.heading(f"The last {len(charts[0].series)} weeks")
    sheet.text(CHARTS_READ, 7.5, SOFT, gap=2)
    high = CHART_MM * HEIGHT / WIDTH + 6
    for at, chart in enumerate(charts):
        left = MARGIN_MM + (at % 2) * (WIDTH_MM - CHART_MM)
        top = sheet.pdf.get_y()
        measure = chart.series[-1].measure
        unit = ", %" if measure.kind == "share" else "" if measure.unit == "points" else f", {measure.unit}"
        sheet.pdf.set_font(FAMILY, "B", 9)
        sheet.pdf.set_text_color(*INK)
        sheet.pdf.set_xy(left, top)
        sheet.pdf.cell(CHART_MM, 5, sheet.shown(f"{chart.title}{unit}"))
        _draw(sheet.pdf, chart, left, top + 5)
        sheet.pdf.set_xy(MARGIN_MM, top + (high if at % 2 or at == len(charts) - 1 else 0))


def _draw(pdf: "FPDF", chart: Chart, left: float, top: float) -> None:
    scale = CHART_MM / WIDTH
    plotted = chart.plot

    def at(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(left + scale * x, top + scale * y) for x, y in points]

    pdf.set_font(FAMILY, "", 6.5)
    pdf.set_text_color(*SOFT)
    pdf.set_draw_color(207, 214, 221)
    pdf.set_line_width(0.15)
    first, last = LEFT, WIDTH - RIGHT
    for label, y in plotted.up:
        pdf.line(*at([(first, y)])[0], *at([(last, y)])[0])
        pdf.text(left + scale * (first - 5) - pdf.get_string_width(label), top + scale * y + 0.8, label)
    for label, x in plotted.across:
        pdf.text(left + scale * x - pdf.get_string_width(label) / 2, top + scale * (HEIGHT - 6), label)
    pdf.set_fill_color(*ACCENT)
    for shape in plotted.band:
        if len(shape) > 2:
            with pdf.local_context(fill_opacity=0.16):
                pdf.polygon(at(shape), style="F")
    pdf.set_draw_color(*INK)
    for label, y in plotted.levels:
        pdf.set_dash_pattern(dash=1, gap=0.8)
        pdf.line(*at([(first, y)])[0], *at([(last, y)])[0])
        pdf.set_dash_pattern()
        pdf.text(left + scale * last - pdf.get_string_width(label), top + scale * y - 0.6, label)
    pdf.set_draw_color(*ACCENT)
    pdf.set_line_width(0.45)
    for line in plotted.lines:
        if len(line) > 1:
            pdf.polyline(at(line))
    pdf.set_line_width(0.3)
    for point, enough in plotted.dots:
        pdf.set_fill_color(*(ACCENT if enough else (255, 255, 255)))
        x, y = at([point])[0]
        pdf.circle(x, y, 0.65, style="DF")


def _advice(sheet: Sheet, published: PublishedReport) -> None:
    week, measures = published.report, measures_of(published)
    if not week.recommendations:
        return
    sheet.heading("What to do, and why")
    for one in week.recommendations[:MOST_ADVICE]:
        sheet.stay_together()
        sheet.rule()
        sheet.text(f"{one.priority}  {clipped(one.title, 200)}", 10.5, bold=True)
        sheet.text(clipped(one.description, LONGEST), 9)
        for item in one.action_items:
            sheet.text(f"\N{BULLET} {clipped(item, LONGEST)}", 9, gap=0.2)
        for label, text in one.evidence:
            sheet.text(f"{clipped(label, 80)}: {clipped(text, LONGEST)}", 8.5, SOFT, gap=0.2)
        expected = clipped(expected_text(one, measures.get(one.measure)), LONGEST)
        sheet.text(
            f"Expected: {expected}. {worth_text(one.returns).capitalize()}; about {one.effort_hours:g} h.", 8.5, SOFT
        )
    if len(week.recommendations) > MOST_ADVICE:
        sheet.text(f"{len(week.recommendations) - MOST_ADVICE} more are in report.html.", 9)


def _tickets(sheet: Sheet, published: PublishedReport, front: Front) -> None:
    week, measures = published.report, measures_of(published)
    if not week.tickets:
        return
    sheet.heading("Tickets")
    for line in week.tickets[:MOST_TICKETS]:
        sheet.stay_together()
        sheet.rule()
        since = f" on {line.implemented_on:%-d %B %Y}" if line.implemented_on else ""
        sheet.text(f"{line.ticket_id}  {clipped(line.title)}", 9.5, bold=True, gap=0.2)
        told = clipped(measured_text(line, measures.get(line.measure)), LONGEST)
        sheet.text(f"{line.state}{since}; promised: {worth_text(line.expected)}. {told}", 8.5, SOFT)
    if len(week.tickets) > MOST_TICKETS:
        sheet.text(f"{len(week.tickets) - MOST_TICKETS} more are in report.html.", 9)
    sheet.text(front.errs.impact, 7.5, SOFT)


def _as_seen(line: str) -> str:
    """A line with what is written from right to left turned round."""
    from unicodedata import bidirectional

    if not any(bidirectional(one) in RIGHT_TO_LEFT for one in line):
        return line
    from fpdf.bidi import BidiParagraph
    from fpdf.enums import TextDirection

    return BidiParagraph(text=line, base_direction=TextDirection.LTR).get_reordered_string()


@lru_cache(maxsize=1)
def _fonts() -> tuple[Path, Path]:
    """DejaVu Sans, regular and bold, which come with the library for charts."""
    from matplotlib import get_data_path

    folder = Path(get_data_path()) / "fonts" / "ttf"
    return folder / "DejaVuSans.ttf", folder / "DejaVuSans-Bold.ttf"


def _document() -> "FPDF":
    from fpdf import FPDF

    for name in ("fpdf", "fontTools.subset", "fontTools.ttLib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    pdf = FPDF(format="A4")
    pdf.set_margins(MARGIN_MM, 14, 210 - MARGIN_MM - WIDTH_MM)
    pdf.set_auto_page_break(True, margin=14)
    regular, bold = _fonts()
    pdf.add_font(FAMILY, "", regular)
    pdf.add_font(FAMILY, "B", bold)
    return pdf


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """The characters that both fonts have."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it has no types

    known = [set(TTFont(path, lazy=True).getBestCmap()) for path in _fonts()]
    return frozenset(set.intersection(*known))
