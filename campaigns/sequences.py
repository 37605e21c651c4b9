"""Sequences: which mails a lead is sent, after what waits, in which hours, and what ends or changes that.

A sequence is a file, `sequences/NAME.yaml` in the playbook; NAME is what an enrolment knows it by. All that could go
wrong in sending is looked for when the file is read (`campaigns/sequence_checks.py`, `campaigns/templates.py`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from campaigns.playbook import Mistaken, Part, nearest, read
from campaigns.route import PRODUCTS
from campaigns.timing import NO_WAIT, WEEKDAYS, Wait, Window
from ringback.errors import BadPlaybook, WrongUsage
from ringback.forms import Form
from ringback.settings import Settings

FOLDER = "sequences"
CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
Signal = Literal["opened", "clicked", "replied", "meeting"]
"""What a person may have done with mails of an enrolment."""
Priority = Literal["HIGH_VOICE_AI", "HIGH", "MEDIUM", "LOW"]
Text = Annotated[str, Field(min_length=1)]


def _wait(value: Any) -> Wait:
    return value if isinstance(value, Wait) else Wait.read(str(value))


def _clock_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    if not (read := CLOCK_TIME.fullmatch(str(value))):
        raise ValueError(f"{value!r} is no time of day; write it as 09:00")
    return time(int(read[1]), int(read[2]))


def _product(value: str) -> str:
    if value.casefold() not in PRODUCTS:
        raise ValueError(f"{value!r} is no product that a lead is known to fit{nearest(value.casefold(), PRODUCTS)}")
    return value


Product = Annotated[Text, AfterValidator(_product)]
WaitText = Annotated[Wait, BeforeValidator(_wait)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class For(Part):
    """Whom a sequence is for; empty for everybody."""

    products: tuple[Product, ...] = ()
    territories: tuple[Text, ...] = ()
    languages: tuple[Annotated[str, Form(r"^[a-z]{2}$", "a language in two small letters", "de")], ...] = ()
    priorities: tuple[Priority, ...] = ()


class Hours(Part):
    """When mails go, in the lead's own zone."""

    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    opens: ClockTime = Field(time(9), alias="from")
    closes: ClockTime = Field(time(17, 30), alias="to")
    holidays: bool = True
    """Whether public holidays of the lead's country are kept free."""

    @field_validator("days")
    @classmethod
    def _are_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        for number, day in enumerate(days):
            if day not in WEEKDAYS:
                raise Mistaken(f"{day!r} is no day{nearest(day, WEEKDAYS)}", number)
        if not days or len(set(days)) != len(days):
            raise ValueError("needs at least one day, each once")
        return days

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "Hours":
        if self.opens >= self.closes:
            raise Mistaken(f"{self.closes:%H:%M} is not after {self.opens:%H:%M}; the window would never be open", "to")
        return self

    def window(self) -> Window:
        """As `campaigns.timing` reads it."""
        return Window(frozenset(map(WEEKDAYS.index, self.days)), self.opens, self.closes, self.holidays)


class Cap(Part):
    """At most so many mails to one person in so many days, over all campaigns."""

    mails: int = Field(3, ge=1, le=50)
    per_days: int = Field(7, ge=1, le=90)


class Graduate(Part):
    """What shows enough interest for a person to take over."""

    when: tuple[Signal, ...] = ("clicked", "replied")
    opens: int | None = Field(None, ge=1)
    """So many opens do too."""


class Step(Part):
    """One mail, or what is left out of it."""

    step: Text
    mail: Text
    wait: WaitText = NO_WAIT
    unless: tuple[Signal, ...] = ()
    """Left out where one of these happened."""
    only_if: tuple[Signal, ...] = ()
    """Left out where none of these happened."""


class Letter(Part):
    """The words of a mail, as templates."""

    subject: Text
    text: Text
    html: Text | None = None
    """Made of the text where it is not given."""


class Experiment(Part):
    """Subject or text of a mail in several variants."""

    mail: Text
    field: Literal["subject", "text"]
    variants: dict[str, Text]
    shares: dict[str, Annotated[float, Field(gt=0, le=1)]]
    goal: Literal["opened", "clicked", "replied", "meeting"]
    smallest_effect: float = Field(gt=0, le=10)
    """Relative: 0.2 is from 10 % to 12 %."""
    baseline: float = Field(gt=0, lt=1)
    """The rate of the goal that is expected without a change."""


class File(Part):
    """A sequence file."""

    name: Text
    matches: For = Field(default_factory=For, alias="for")
    window: Hours = Field(default_factory=lambda: Hours.model_validate({}))
    cap: Cap = Field(default_factory=lambda: Cap.model_validate({}))
    graduate: Graduate = Field(default_factory=lambda: Graduate.model_validate({}))
    escalate_after_days: int = Field(2, ge=1, le=60)
    linger: WaitText = Wait(7, "days")
    """So long after the last mail an answer is waited for, before the lead is free for others."""
    steps: tuple[Step, ...] = Field(min_length=1, max_length=30)
    mails: dict[str, Letter]
    experiments: dict[str, Experiment] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """An experiment with the name that its verdict is kept under."""

    name: str
    """`SEQUENCE/EXPERIMENT`"""
    plan: Experiment


@dataclass(frozen=True, slots=True)
class MailSequence:
    """A sequence that can be followed."""

    sequence_id: str
    """The name of its file, without ending."""
    hash: str
    file: File
    window: Window
    trials: Mapping[str, tuple[Trial, ...]]
    """By mail."""
    won: Mapping[str, str] = field(default_factory=dict)
    """By experiment that is decided the better variant."""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.file.name

    @property
    def steps(self) -> tuple[Step, ...]:
        """In order."""
        return self.file.steps

    def with_winners(self, won: Mapping[str, str]) -> "MailSequence":
        """The same, where experiments that were won give everybody the better variant from now on."""
        known = {trial.name: won[trial.name] for some in self.trials.values() for trial in some if trial.name in won}
        return replace(self, won={name: variant for name, variant in known.items() if self._has(name, variant)})

    def _has(self, name: str, variant: str) -> bool:
        return any(trial.name == name and variant in trial.plan.variants
                   for some in self.trials.values() for trial in some)  # fmt: skip

    def letter(self, mail: str, lead_id: str) -> tuple[Letter, dict[str, str]]:
        """The words of a mail for a lead, and by experiment that is not decided which variant that is."""
        letter, given = self.file.mails[mail], {}
        for trial in self.trials.get(mail, ()):
            if (winner := self.won.get(trial.name)) is not None:
                letter = letter.model_copy(update={trial.plan.field: trial.plan.variants[winner]})
                continue
            given[trial.name] = variant_of(trial, lead_id)
            letter = letter.model_copy(update={trial.plan.field: trial.plan.variants[given[trial.name]]})
        return letter, given


def variant_of(trial: Trial, lead_id: str) -> str:
    """The variant that a lead is given, always the same one, in the shares that were planned."""
    drawn = int.from_bytes(blake2b(f"{trial.name}\0{lead_id}".encode(), digest_size=8).digest(), "big") / 2**64
    for variant, share in sorted(trial.plan.shares.items()):
        drawn -= share
        if drawn < 0:
            return variant
    return max(trial.plan.shares)


def sequences(settings: Settings) -> dict[str, MailSequence]:
    """All sequences of the playbook by id; raises BadPlaybook with every mistake of every file."""
    return sequences_in(settings.playbook / FOLDER)


def sequences_in(folder: Path) -> dict[str, MailSequence]:
    """All sequences in a folder by id."""
    found: dict[str, MailSequence] = {}
    told: list[str] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            found[file.stem] = read_sequence(file)
        except BadPlaybook as failure:
            told.append(str(failure))
    if told:
        raise BadPlaybook("\n".join(told))
    return found


def refuse_strange_territories(known: Mapping[str, MailSequence], territories: Sequence[str]) -> None:
    """Raise BadPlaybook where a sequence is for a territory that the team does not have: nobody would be in it."""
    told = [
        f"{sequence_id}.yaml: for.territories: {name!r} is no territory of the team{nearest(name, territories)}"
        for sequence_id, one in known.items()
        for name in one.file.matches.territories
        if name.strip().casefold() not in territories
    ]
    if told:
        raise BadPlaybook("\n".join(told))


def sequence_of(known: Mapping[str, MailSequence], sequence_id: str) -> MailSequence:
    """The sequence of an id; raises WrongUsage where there is none."""
    if sequence_id not in known:
        raise WrongUsage(f"there is no sequence {sequence_id!r}{nearest(sequence_id, list(known))}")
    return known[sequence_id]


def read_sequence(file: Path) -> MailSequence:
    """One sequence; raises BadPlaybook."""
    try:
        return _sequence(file, file.read_bytes())
    except OSError as failure:
        raise BadPlaybook(f"{file.name}: cannot be read: {failure.strerror}") from None


@lru_cache(maxsize=128)
def _sequence(file: Path, _content: bytes) -> MailSequence:
    from campaigns.sequence_checks import mistakes_of

    said, text = read(file, File)
    if mistakes := mistakes_of(said, text):
        raise text.refuse(mistakes)
    trials: dict[str, tuple[Trial, ...]] = {}
    for name, plan in said.experiments.items():
        trials[plan.mail] = (*trials.get(plan.mail, ()), Trial(f"{file.stem}/{name}", plan))
    return MailSequence(file.stem, text.hash, said, said.window.window(), trials)
