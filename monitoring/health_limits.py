"""The file of limits: when what counts as how well, what is told where, and when people are left in peace."""

from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ringback.errors import WrongUsage
from ringback.health import Status
from ringback.toml_files import mistakes_of, read_toml

FILE = Path(__file__).parent / "health.toml"
Channel = Literal["slack", "mail", "event"]


class Limit(BaseModel):
    """Up to where a value is excellent, is good, needs attention; beyond that it is critical."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    excellent: float
    good: float
    needs_attention: float
    unit: str = ""
    worse: Literal["higher", "lower"] = "higher"

    @model_validator(mode="after")
    def _in_order(self) -> "Limit":
        bounds = [self.excellent, self.good, self.needs_attention]
        if bounds != sorted(bounds, reverse=self.worse == "lower"):
            order = "fall" if self.worse == "lower" else "rise"
            raise ValueError(f"excellent, good and needs_attention must {order} in this order")
        return self

    def status_of(self, value: float) -> Status:
        """How well a value is.

        >>> limit = Limit(excellent=1, good=5, needs_attention=20)
        >>> limit.status_of(1), limit.status_of(6), limit.status_of(21)
        ('excellent', 'needs_attention', 'critical')
        """
        for status in ("excellent", "good", "needs_attention"):
            bound: float = getattr(self, status)
            if value >= bound if self.worse == "lower" else value <= bound:
                return status
        return "critical"


class Limits(BaseModel):
    """A limit for each thing that is measured; `health.toml` says what each is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor_seconds: Limit
    database_seconds: Limit
    lock_seconds: Limit
    warehouse_seconds: Limit
    calls_hours: Limit
    unscored_hours: Limit
    report_days: Limit
    features_hours: Limit
    enrichment_hours: Limit
    inbox_minutes: Limit
    dead_letters: Limit
    mails_in_doubt: Limit
    decision_files: Limit
    failed_questions: Limit
    failed_runs: Limit
    failed_in_a_row: Limit
    late_minutes: Limit
    running_hours: Limit
    heartbeat_minutes: Limit
    disk_free_gib: Limit
    memory_free_share: Limit
    log_gib: Limit
    backup_hours: Limit
    model_days: Limit
    calibration_gap: Limit
    clock_seconds: Limit


class Telling(BaseModel):
    """After how many checks in a row an incident opens and escalates, and where it is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    open_after: int = Field(1, ge=1)
    escalate_after: int = Field(3, ge=1)
    opened: tuple[Channel, ...] = ("slack", "event")
    critical: tuple[Channel, ...] = ("slack", "mail", "event")


class Quiet(BaseModel):
    """Hours in the customer's zone in which nobody is told, unless it is critical and may pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: time
    until: time
    critical: Literal["pass", "hold"] = "pass"


class Rules(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: Limits
    incidents: Telling = Telling()
    quiet: Quiet | None = None
    """None: people may always be told."""


def load_rules(path: Path) -> Rules:
    """The rules in a file; raises WrongUsage that names the file, each key that is wrong, and the way out."""
    try:
        return Rules.model_validate(read_toml(path))
    except OSError as failure:
        raise WrongUsage(f"the limits of health {path} cannot be read ({failure}); {FILE} is such a file") from None
    except ValidationError as failures:
        told = mistakes_of(failures)
        raise WrongUsage(f"the limits of health {path} cannot be followed: {told}; {FILE} shows how") from None
