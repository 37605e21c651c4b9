"""Turns what was said on a call into a transcript and into the note taker's notes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import talk
from sandbox.dice import Dice
from sandbox.industries import INDUSTRIES
from sandbox.records import ActionItem, AiNotes, Person, Said, Segment, Seller, Topic

SELLER, CUSTOMER = "seller", "customer"
MOST_SEGMENTS, FEWEST_SEGMENTS = 20, 8
FORGETS = 0.15
"""How often the note taker leaves out something that was said."""
BY_NAME = {industry.name: industry for industry in INDUSTRIES}


@dataclass(frozen=True, slots=True)
class Scene:
    """Who talks, and what fills the blanks of the phrases."""

    seller: Seller
    people: tuple[Person, ...]
    blanks: dict[str, str]
    is_follow_up: bool

    def fill(self, phrase: str) -> str:
        """The phrase with its blanks filled, beginning with a capital."""
        text = phrase.format_map(self.blanks) if "{" in phrase else phrase
        return text[0].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Line:
    """One turn before it has a time; what may be dropped when the call gets too long is not `kept`."""

    who: str
    text: str
    kept: bool


def set_scene(dice: Dice, seller: Seller, people: tuple[Person, ...], is_follow_up: bool) -> Scene:
    """Choose once per call what its phrases talk about, so that notes and transcript agree."""
    company = people[0].company
    industry = BY_NAME[company.industry]
    blanks = {
        "ae": seller.first_name,
        "customer": people[0].first_name,
        "company": company.name,
        "trade": next((trade for trade in industry.trade if trade in company.description), industry.trade[0]),
        "customers": industry.customers,
        "system": dice.pick(industry.systems),
        "volume": dice.pick(("300", "800", "1,500", "2,000", "4,000", "ten thousand", "25,000")),
        "count": str(company.employees),
        "month": dice.pick(talk.MONTHS),
        "day": dice.pick(talk.DAYS),
        "tool": dice.pick(talk.TOOLS),
        "product": "",
    }
    return Scene(seller, people, blanks, is_follow_up)


def transcript(dice: Dice, scene: Scene, said: Said, seconds: float) -> tuple[Segment, ...]:
    """8 to 20 segments that fill `seconds`; everything in `said` is heard, among pleasantries."""
    lines = [*opening(dice, scene), *middle(dice, said), *ending(dice, said)]
    return timed(dice, scene, fit_length(dice, lines), seconds)


def opening(dice: Dice, scene: Scene) -> list[Line]:
    """Greetings, and who the customer is."""
    greetings = talk.GREETINGS_AGAIN if scene.is_follow_up else talk.GREETINGS
    lines = [Line(SELLER, dice.pick(greetings), True), Line(CUSTOMER, dice.pick(talk.REPLIES), False)]
    if dice.chance(0.6):
        lines.append(Line(SELLER, dice.pick(talk.AGENDAS), False))
    if not scene.is_follow_up or dice.chance(0.3):
        lines.append(Line(CUSTOMER, dice.pick(talk.ABOUT_US), False))
    return lines


def middle(dice: Dice, said: Said) -> list[Line]:
    """What the call is about, in the order such calls take."""
    lines = [Line(SELLER, dice.pick(talk.DISCOVERY), False)]
    lines.append(Line(CUSTOMER, opened(dice, talk.NEED if said.need else talk.VAGUE), said.need))
    for product in said.products:
        lines.append(Line(CUSTOMER, opened(dice, talk.WANTS[product]), True))
        lines.append(Line(SELLER, dice.pick(talk.PITCHES[product]), False))
    if said.declined_voice_ai:
        lines += [Line(SELLER, dice.pick(talk.UNASKED_PITCHES), True),
                  Line(CUSTOMER, opened(dice, talk.DECLINES_VOICE_AI), True)]  # fmt: skip
    elif dice.chance(0.15):
        lines.append(Line(SELLER, dice.pick(talk.UNASKED_PITCHES), False))
    for question in dice.sample(talk.TECHNICAL, said.technical_depth):
        lines += [Line(CUSTOMER, question, True), Line(SELLER, dice.pick(talk.TECHNICAL_ANSWERS), False)]
    asides = [
        (said.integration, talk.INTEGRATION, ()),
        (said.competitor, talk.COMPETITORS, ()),
        (said.urgency, talk.URGENCY, ()),
        (said.no_rush, talk.NO_RUSH, talk.HANDLING),
        (said.timeline == "near", talk.TIMELINE_NEAR, ()),
        (said.timeline == "far", talk.TIMELINE_FAR, ()),
        (said.pricing, talk.PRICING, talk.PRICING_ANSWERS),
        (said.budget, talk.BUDGET, ()),
        (said.no_budget, talk.NO_BUDGET, talk.HANDLING),
    ]
    for happened, phrases, answers in asides:
        if happened:
            lines.append(Line(CUSTOMER, opened(dice, phrases), True))
            if answers:
                lines.append(Line(SELLER, dice.pick(answers), False))
    return lines


def ending(dice: Dice, said: Said) -> list[Line]:
    """How the customer feels, and what happens next."""
    lines = []
    if abs(said.sentiment) > 0.25:
        lines.append(Line(CUSTOMER, dice.pick(talk.HAPPY if said.sentiment > 0 else talk.UNHAPPY), True))
    lines.append(Line(SELLER, dice.pick(talk.NEXT_ASKS), False))
    lines.append(Line(CUSTOMER, opened(dice, talk.NEXT_AGREED if said.next_meeting else talk.NEXT_OPEN), True))
    lines.append(Line(SELLER, dice.pick(talk.CLOSINGS), False))
    return lines


def opened(dice: Dice, phrases: tuple[str, ...]) -> str:
    """A phrase as people begin it: sometimes with a small word first."""
    phrase, opener = dice.pick(phrases), dice.pick(talk.OPENERS)
    if not opener or phrase[0] == "{" or phrase.startswith(("I ", "I'", "Voice", "WhatsApp")):
        return opener + phrase
    return opener + phrase[0].lower() + phrase[1:]


def fit_length(dice: Dice, lines: list[Line]) -> list[Line]:
    """Drop what matters least from a long call, and pad a short one with small talk."""
    droppable = [place for place, line in enumerate(lines) if not line.kept]
    while len(lines) > MOST_SEGMENTS and droppable:
        dropped = droppable.pop(int(dice.fraction() * len(droppable)))
        lines = lines[:dropped] + lines[dropped + 1 :]
        droppable = [place - (place > dropped) for place in droppable]
    wanted = max(FEWEST_SEGMENTS, min(MOST_SEGMENTS, len(lines) + dice.integer(0, 3)))
    while len(lines) < wanted:
        filler = (Line(CUSTOMER, dice.pick(talk.FILLERS_CUSTOMER), False) if dice.chance(0.6)
                  else Line(SELLER, dice.pick(talk.FILLERS_SELLER), False))  # fmt: skip
        place = dice.integer(1, len(lines) - 1)
        lines = [*lines[:place], filler, *lines[place:]]
    return lines[:MOST_SEGMENTS]


def timed(dice: Dice, scene: Scene, lines: list[Line], seconds: float) -> tuple[Segment, ...]:
    """Give each line its speaker and its stretch of the call, long lines more of it."""
    shares = [(len(line.text) + 20) * dice.between(0.7, 1.3) for line in lines]
    scale = seconds * 0.97 / sum(shares)
    segments, at = [], dice.between(0, 2)
    for line, share in zip(lines, shares, strict=True):
        end = at + share * scale
        speaker = scene.seller.full_name if line.who == SELLER else dice.pick(scene.people).full_name
        named = None if dice.chance(0.01) else speaker
        segments.append(Segment(round(at, 1), round(end - 0.2, 1), named, scene.fill(line.text)))
        at = end
    return tuple(segments)


def notes(dice: Dice, scene: Scene, said: Said, seconds: float, day: datetime) -> AiNotes:
    """The note taker's view of the call: mostly right, a little forgetful."""
    heard = [signal for signal in talk.SUMMARY_OF if getattr(said, signal) and not dice.chance(FORGETS)]
    products = [product for product in said.products if not dice.chance(FORGETS)]
    return AiNotes(
        summary=summary(dice, scene, heard, products),
        action_items=action_items(dice, heard, seconds, day),
        topics=topics(dice, scene, heard, products, seconds),
        decisions=decisions(dice, scene, heard, seconds),
    )


def summary(dice: Dice, scene: Scene, heard: list[str], products: list[str]) -> str:
    """Two to eight sentences."""
    sentences = [scene.fill(dice.pick(talk.SUMMARY_OPENINGS))]
    if products:
        sentences.append(dice.pick(talk.SUMMARY_PRODUCTS).format(product=", ".join(products)))
    sentences += [scene.fill(dice.pick(talk.SUMMARY_OF[signal])) for signal in heard]
    return " ".join(sentences)


def action_items(dice: Dice, heard: list[str], seconds: float, day: datetime) -> tuple[ActionItem, ...]:
    """What was promised; something small is noted on most calls, meant or not."""
    due = (day + timedelta(days=dice.integer(1, 9))).date().isoformat() if dice.chance(0.4) else None
    texts = []
    if "next_meeting" in heard:
        texts.append((dice.pick(("Send the invite for the next call", "Schedule the follow-up meeting")), True))
    if "pricing" in heard:
        texts.append((dice.pick(("Send a quote", "Prepare a price proposal", "Share pricing overview")), True))
    if "integration" in heard:
        texts.append((dice.pick(("Share the integration guide", "Ask engineering about the connector")), True))
    if dice.chance(0.5):
        texts.append((dice.pick(("Send the deck", "Send a recap by e-mail", "Share a case study")), True))
    if dice.chance(0.25):
        texts.append((dice.pick(("Talk to the team and come back", "Send current volumes")), False))
    return tuple(ActionItem(text, ours, round(dice.between(0.5, 0.97) * seconds), due) for text, ours in texts)


TOPIC_TITLES = {
    "need": "Current situation", "urgency": "Timeline", "no_rush": "Timeline", "pricing": "Pricing",
    "budget": "Budget", "no_budget": "Budget", "integration": "Integration", "competitor": "Alternatives",
}  # fmt: skip


def topics(dice: Dice, scene: Scene, heard: list[str], products: list[str], seconds: float) -> tuple[Topic, ...]:
    """One topic per product and per subject heard."""
    found = {product: f"{scene.blanks['customer']} asked about {product}." for product in products}
    for signal in heard:
        if title := TOPIC_TITLES.get(signal):
            found[title] = scene.fill(dice.pick(talk.SUMMARY_OF[signal]))
    return tuple(Topic(title, ((round(dice.fraction() * seconds), text),)) for title, text in found.items())


def decisions(dice: Dice, scene: Scene, heard: list[str], seconds: float) -> tuple[tuple[int, str], ...]:
    """What both sides settled, often nothing."""
    texts = []
    if "next_meeting" in heard:
        texts.append(scene.fill("Meet again on {day}."))
    if dice.chance(0.12):
        texts.append("Continue by e-mail.")
    return tuple((round(dice.between(0.8, 0.98) * seconds), text) for text in texts)
