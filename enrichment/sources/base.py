"""What a source is: what it can tell, what it must know to be asked, how it is asked, and how its answers come."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from database.wanted import Wanted
from enrichment.subjects import Subject
from ringback.errors import OutOfCredit, VendorRefused


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source says of one signal: `value` None means nothing found, and `reason` says why.

    One that is not `final` says nothing yet: it may be asked again.
    """

    wanted: Wanted
    value: Mapping[str, Any] | None
    reason: str | None = None
    confidence: float | None = None
    """Where the source knows better than its usual one."""
    is_billed: bool | None = None
    """Where the source says so; else what its prices say."""
    final: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """A purchase that is under way at the vendor, under the vendor's name for it."""

    run_id: str


class Source(ABC):
    """Somewhere signals come from."""

    name: ClassVar[str]
    signals: tuple[str, ...]
    record: str | None = None
    """The signal under which the whole record is kept that answers all others: it is bought once."""
    batch: int = 1
    """Leads or companies in one order."""
    at_once: int = 4
    """Requests under way at the same time, in this process."""
    runs_at_once: int = 4
    """Orders under way at the same time; more than requests where a run is mostly waited for."""
    poll_seconds: float = 2.0
    deadline_seconds: float = 600.0
    """A run that takes longer is left for later."""

    def start(self) -> list[str]:
        """Look whether it still offers what we ask for; leaves out what it does not, and says so."""
        return []

    @abstractmethod
    def lacks(self, signal: str, subject: Subject) -> str | None:
        """What is missing to ask for this signal of this subject, in words; None where it can be asked."""

    @abstractmethod
    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run | list[Answer]:
        """Order signals for subjects that all can be asked.

        Raises VendorError; OutOfCredit where the account cannot pay.
        """

    def recall(self, subjects: Sequence[Subject], signals: Sequence[str]) -> list[Answer]:
        """What records say that were bought before, for nothing."""
        return [
            Answer(
                Wanted(one.subject_id, signal),
                one.records[str(self.record)].get(signal),
                f"{self.name}'s record does not say",
                is_billed=False,
            )
            for one in subjects
            for signal in signals
        ]

    def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
        """What a run found, or None while it is under way; `is_last` asks for what there is so far.

        Raises VendorError, as `order` does.
        """
        raise NotImplementedError(f"{self.name} answers {len(wanted)} questions at once, without the run {run.run_id}")

    def close(self) -> None:  # noqa: B027  (a source without a connection has nothing to close)
        """Close its connection."""


@contextmanager
def paying(is_out_of_credit: Callable[[VendorRefused], bool]) -> Iterator[None]:
    """Say OutOfCredit of a refusal that means it."""
    try:
        yield
    except VendorRefused as refusal:
        if is_out_of_credit(refusal):
            raise OutOfCredit(str(refusal), refusal.status, refusal.said) from refusal
        raise


def all_missed(subject: Subject, signals: Sequence[str], reason: str) -> list[Answer]:
    """Nothing was found of any of these."""
    return [Answer(Wanted(subject.subject_id, signal), None, reason) for signal in signals]
