"""When to train again: rules that take what is known of the champion and say why, or nothing. They fetch nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.performance import Figure

LOW_ACCURACY = 0.75
CRITICAL_ACCURACY = 0.65
DECLINE = 0.1
LEAST_SAMPLES = 10
EVERY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the champion at a moment."""

    at: datetime
    trained_at: datetime
    accuracy: Figure
    """On the champion's matured answers of the last period."""
    commoner: float | None
    """Accuracy of always answering the commoner outcome on the same calls."""
    promoted_with: float | None
    """Accuracy on its test calls when it became champion."""
    moved: Sequence[str] = ()
    """A sentence for each feature that newly moved."""


@dataclass(frozen=True, slots=True)
class Retrain:
    """Train again, because."""

    because: str
    critical: bool = False


def critical_accuracy(known: Known) -> Retrain | None:
    """Accuracy is under 0.65."""
    accuracy = _accuracy(known)
    if accuracy is None or accuracy >= CRITICAL_ACCURACY:
        return None
    return Retrain(f"{known.accuracy}, under {CRITICAL_ACCURACY}, which is critical{_beside(known)}", critical=True)


def low_accuracy(known: Known) -> Retrain | None:
    """Accuracy is under 0.75, but not critical."""
    accuracy = _accuracy(known)
    if accuracy is None or not CRITICAL_ACCURACY <= accuracy < LOW_ACCURACY:
        return None
    return Retrain(f"{known.accuracy}, under {LOW_ACCURACY}{_beside(known)}")


def declined(known: Known) -> Retrain | None:
    """Accuracy is lower by 0.1 than what it was promoted with."""
    accuracy = _accuracy(known)
    if accuracy is None or known.promoted_with is None or round(known.promoted_with - accuracy, 9) < DECLINE:
        return None
    fallen = known.promoted_with - accuracy
    return Retrain(f"{known.accuracy}, {fallen:.3f} under the {known.promoted_with:.3f} it was promoted with")


def drifted(known: Known) -> Retrain | None:
    """Features moved."""
    if not known.moved:
        return None
    further = f" (and {len(known.moved) - 1} more)" if len(known.moved) > 1 else ""
    return Retrain(f"drift: {known.moved[0]}{further}")


def weekly(known: Known) -> Retrain | None:
    """A week has passed since the last training."""
    if known.at - known.trained_at < EVERY:
        return None
    return Retrain(f"weekly: last trained {known.trained_at:%Y-%m-%d}")


RULES: tuple[Callable[[Known], Retrain | None], ...] = (critical_accuracy, low_accuracy, declined, drifted, weekly)
OF_PERFORMANCE = (critical_accuracy, low_accuracy, declined)


def reasons(known: Known, rules: Sequence[Callable[[Known], Retrain | None]] = RULES) -> list[Retrain]:
    """Every reason to train again, the gravest first."""
    return [found for rule in rules if (found := rule(known)) is not None]


def _accuracy(known: Known) -> float | None:
    return known.accuracy.value if known.accuracy.n >= LEAST_SAMPLES else None


def _beside(known: Known) -> str:
    """Where one outcome is rare, accuracy is high without any skill, and can be low in spite of it."""
    if known.commoner is None:
        return ""
    return f" (always answering the commoner outcome would be right in {known.commoner:.3f})"
