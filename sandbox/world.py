"""The simulated world: the same calls, people and outcomes for the same seed and start, without end.

Weeks are made when first asked for, in order, each from its own generator, so a world costs what is looked at and
says the same whatever was asked before. Nobody in it exists: domains end in .example or .test.

The latent truth behind a call is a sum of log-odds (`state_of_mind`): fit of the company, need, urgency, budget,
and noise that nothing shows. What is said follows it loosely: some signals are said without meaning, some are meant
without being said.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import RLock
from zoneinfo import ZoneInfo

from sandbox import talk
from sandbox.companies import new_company, new_person, slug
from sandbox.conversation import Scene, notes, set_scene, transcript
from sandbox.dice import Dice
from sandbox.industries import BOLD
from sandbox.minds import Shift, outcome, products_wanted, shifted, state_of_mind, what_is_said
from sandbox.records import (
    ActionItem,
    AiNotes,
    Company,
    Meeting,
    Outcome,
    Person,
    Said,
    Segment,
    Seller,
    Topic,
)

__all__ = [
    "BOLD", "SELLERS", "ActionItem", "AiNotes", "Company", "Meeting", "Outcome", "Person", "Said", "Segment", "Seller",
    "Topic", "World",
]  # fmt: skip

CHICAGO = ZoneInfo("America/Chicago")
UTC = ZoneInfo("UTC")
WEEK = timedelta(days=7)
KNOWN_BEFORE_THE_CALL = timedelta(days=10)
"""The CRM learns of a person at most this long before their first call."""
NEW_COMPANY_RATE = 0.75
REMEMBERED_COMPANIES = 900
"""Follow-ups are with one of the companies met most recently."""
READY_BY_ANSWERING = 0.5
"""Log-odds of progression that somebody who answered a mail is ahead of others."""
SELLER_DOMAIN = "ringback-customer.example"
SELLERS = tuple(
    Seller(f"usr_{number}", name, f"{slug(name.split()[0])}@{SELLER_DOMAIN}")
    for number, name in enumerate(
        ("Maya Brooks", "Ethan Cole", "Sara Lindqvist", "Diego Ramos", "Tessa Moore", "Omar Farouk", "Julia Weiss",
         "Ben Carter"), start=1)
)  # fmt: skip


class World:
    """All companies, people and meetings of one seed, and when each becomes known."""

    def __init__(
        self, seed: int = 7, start: datetime = datetime(2026, 1, 5), calls_per_week: int = 160,
        shifts: Sequence[Shift] = (),
    ) -> None:  # fmt: skip
        """Prepare the world that begins on the Monday `start` (UTC); nothing is made yet."""
        if start.weekday() != 0 or start != datetime(start.year, start.month, start.day):
            raise ValueError(f"{start} is not a Monday 00:00; a world starts with a week")
        self.seed, self.start, self.calls_per_week = seed, start, calls_per_week
        self.shifts = tuple(shifts)
        self._made: list[Meeting] = []
        self._meetings: list[Meeting] = []
        self._starts: list[datetime] = []
        self._companies: list[Company] = []
        self._people: list[Person] = []
        self._staff: dict[str, list[Person]] = {}
        self._domains: set[str] = set()
        self._booked: dict[str, Meeting] = {}
        self._weeks = 0
        self._lock = RLock()

    def meetings(self, until: datetime) -> list[Meeting]:
        """All meetings that have started by then, in order of start."""
        return self._meetings[: self.started(until)]

    def started(self, until: datetime) -> int:
        """How many meetings have started by then."""
        self.reach(until)
        return bisect_right(self._starts, until)

    def every_meeting_made(self) -> list[Meeting]:
        """The meetings in the order in which they were made, which is only added to: not a copy, do not change it."""
        return self._made

    def companies(self, until: datetime) -> list[Company]:
        """All companies the CRM knows by then, in the order of their first call."""
        self.reach(until + KNOWN_BEFORE_THE_CALL)
        return [company for company in self._companies if company.created_at <= until]

    def people(self, until: datetime) -> list[Person]:
        """All people the CRM knows by then, in the order of their first call."""
        self.reach(until + KNOWN_BEFORE_THE_CALL)
        return [person for person in self._people if person.created_at <= until]

    def staff(self, company: Company) -> tuple[Person, ...]:
        """All people of a company made so far, also those the CRM does not know yet."""
        return tuple(self._staff.get(company.company_id, ()))

    def next_arrival(self, after: datetime) -> datetime:
        """Until when nobody new becomes known: the next who does, or half a day later if none does before."""
        self.reach(after + KNOWN_BEFORE_THE_CALL)
        soon = after + timedelta(hours=12)
        arrivals = (one.created_at for group in (self._companies, self._people) for one in group)
        return min((moment for moment in arrivals if after < moment < soon), default=soon)

    def book(self, person: Person, after: datetime) -> Meeting:
        """Let somebody who answered a mail have a call on one of the next working days; the same is booked once.

        Who answers is a little readier than others of the same kind.
        """
        self.reach(after + WEEK)
        dice = Dice(self.seed, 7_919, int(person.person_id))
        number = f"9{int(person.person_id.rpartition('_')[2]):07d}"
        with self._lock:
            known = self._booked.get(number)
            if known is not None:
                return known
            week = (after - self.start) // WEEK
            started_at = next_call_start(dice, after)
            made = new_meeting(dice, week, number, (person,), False, started_at, self.shifts, READY_BY_ANSWERING)
            at = bisect_right(self._starts, started_at)
            self._booked[number] = made
            self._made.append(made)
            self._meetings.insert(at, made)
            self._starts.insert(at, started_at)
            return made

    def reach(self, until: datetime) -> None:
        """Make the weeks up to and with the one that holds `until`."""
        with self._lock:
            while self.start + self._weeks * WEEK <= until:
                self._make_week(self._weeks)
                self._weeks += 1

    def _make_week(self, week: int) -> None:
        """Add one week of meetings, and the companies and people who first appear in it."""
        dice = Dice(self.seed, week)
        met_before = self._companies[-REMEMBERED_COMPANIES:]
        count = max(1, round(self.calls_per_week * dice.between(0.94, 1.06)))
        starts = sorted(call_start(dice, self.start + week * WEEK) for _ in range(count))
        made = []
        for number, started_at in enumerate(starts):
            is_follow_up = bool(met_before) and not dice.chance(NEW_COMPANY_RATE)
            people = self._again(dice, dice.pick(met_before), started_at) if is_follow_up else self._new(
                dice, week, started_at)  # fmt: skip
            made.append(new_meeting(
                dice, week, f"{week:04d}{number:04d}", people, is_follow_up, started_at, self.shifts
            ))  # fmt: skip
        self._made.extend(made)
        self._meetings.extend(made)
        self._starts.extend(starts)

    def _new(self, dice: Dice, week: int, first_met: datetime) -> tuple[Person, ...]:
        """One or two people of a company never called before."""
        company = new_company(dice, len(self._companies) + 1, week, first_met, self._claim(dice))
        self._companies.append(company)
        self._staff[company.company_id] = []
        return tuple(self._hire(dice, company, first_met) for _ in range(2 if dice.chance(0.25) else 1))

    def _again(self, dice: Dice, company: Company, met: datetime) -> tuple[Person, ...]:
        """People of a company called before, sometimes joined by a colleague."""
        staff = self._staff[company.company_id]
        if len(staff) < 4 and dice.chance(0.3):
            return (staff[0], self._hire(dice, company, met))
        return (dice.pick(staff),)

    def _hire(self, dice: Dice, company: Company, first_met: datetime) -> Person:
        """A new face at the company."""
        staff = self._staff[company.company_id]
        person = new_person(dice, company, len(staff) + 1, first_met)
        staff.append(person)
        self._people.append(person)
        return person

    def _claim(self, dice: Dice) -> Callable[[str], str]:
        """A way to get a domain for a name that no other company has."""

        def claim(name: str) -> str:
            suffix = "test" if dice.chance(0.12) else "example"
            base, number, domain = slug(name), 1, ""
            while not domain or domain in self._domains:
                domain = f"{base}{number if number > 1 else ''}.{suffix}"
                number += 1
            self._domains.add(domain)
            return domain

        return claim


def call_start(dice: Dice, monday: datetime) -> datetime:
    """A moment on a working day between 09:00 and 16:30 in Chicago, in UTC with milliseconds."""
    day = monday + timedelta(days=dice.integer(0, 4))
    local = day + timedelta(hours=9, minutes=15 * dice.integer(0, 29), milliseconds=dice.integer(0, 240_000))
    return local.replace(tzinfo=CHICAGO).astimezone(UTC).replace(tzinfo=None)


def next_call_start(dice: Dice, after: datetime) -> datetime:
    """A moment on the second or third working day from a moment on, in calling hours in Chicago."""
    day, left = datetime(after.year, after.month, after.day), dice.integer(2, 3)
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    monday = day - timedelta(days=day.weekday())
    return day + (call_start(dice, monday) - monday) % timedelta(days=1)


def new_meeting(
    dice: Dice, week: int, number: str, people: tuple[Person, ...], is_follow_up: bool, started_at: datetime,
    shifts: Sequence[Shift] = (), readiness: float = 0.0,
) -> Meeting:  # fmt: skip
    """A call with these people: what they think, what is said of it, what becomes known of it when."""
    company, seller = people[0].company, dice.pick(SELLERS)
    mind = shifted(state_of_mind(dice, company, people, is_follow_up), started_at, shifts)
    mind = replace(mind, leaning=mind.leaning + readiness)
    wants_voice_ai = company.wants_voice_ai != dice.chance(0.03)
    said = what_is_said(dice, mind, products_wanted(dice, company, wants_voice_ai, week))
    seconds = dice.between(12 * 60, 48 * 60)
    ended_at = whole_milliseconds(started_at + timedelta(seconds=seconds))
    late = timedelta(days=1) if dice.chance(0.03) else timedelta()
    transcript_at = whole_milliseconds(ended_at + late + timedelta(minutes=dice.between(10, 90)))
    edited_at = whole_milliseconds(ended_at + timedelta(days=dice.between(1.2, 3))) if dice.chance(0.04) else None
    scene = set_scene(dice, seller, people, is_follow_up)
    return Meeting(
        meeting_id=f"rec_{number}",
        note_id=None if dice.chance(0.02) else f"note_{number}",
        event_guid=dice.hexadecimal(26),
        title=title(dice, scene),
        company=company,
        people=people,
        seller=seller,
        is_follow_up=is_follow_up,
        created_at=whole_milliseconds(started_at - timedelta(seconds=dice.between(0.2, 20))),
        started_at=started_at,
        ended_at=ended_at,
        transcript_at=transcript_at,
        edited_at=edited_at,
        edit=scene.fill(dice.pick(talk.EDITS)) if edited_at else "",
        lists_attendees=not dice.chance(0.01),
        malformed=dice.pick(("no_times", "segments_as_text")) if dice.chance(0.005) else "",
        segments=transcript(dice, scene, said, seconds),
        notes=notes(dice, scene, said, seconds, ended_at),
        said=said,
        outcome=outcome(dice, mind, wants_voice_ai, company, ended_at),
    )


def whole_milliseconds(moment: datetime) -> datetime:
    """The moment as precise as the vendor shows it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def title(dice: Dice, scene: Scene) -> str:
    """What the calendar calls the meeting; some titles help nobody."""
    if dice.chance(0.08):
        return scene.fill(dice.pick(talk.USELESS_TITLES))
    return scene.fill(dice.pick(talk.TITLES_AGAIN if scene.is_follow_up and dice.chance(0.6) else talk.TITLES))
