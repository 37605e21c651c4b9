"""From probabilities to what to do: the thresholds are in `policy.toml`, this says what they mean."""

from functools import cached_property, lru_cache
from hashlib import sha256
from logging import getLogger
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ringback.errors import WrongUsage
from ringback.settings import settings
from ringback.toml_files import mistakes_of, read_toml

FILE = Path(__file__).parent / "policy.toml"


class Tiers(BaseModel):
    """From which probability of progression a tier begins; they are fixed, and do not follow the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: float = Field(default=0.60, gt=0, le=1)
    b: float = Field(default=0.40, gt=0, le=1)
    c: float = Field(default=0.20, gt=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> "Tiers":
        if not self.c < self.b < self.a:
            raise ValueError("tier a must begin above b, and b above c")
        return self


class Costs(BaseModel):
    """What a lead costs and earns, as assumed; scoring/costs.py says what follows from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ae_hour_usd: float = Field(default=400, ge=0)
    hours_per_call: float = Field(default=2.5, ge=0)
    deal_value_usd: float = Field(default=12_000, ge=0)
    win_rate_after_progression: float = Field(default=0.25, ge=0, le=1)
    nurture_cost_usd: float = Field(default=15, ge=0)
    nurture_yield: float = Field(default=0.15, ge=0, le=1)


class Policy(BaseModel):
    """Weights and thresholds, all on the scale 0 to 100 but the weight, the tiers (probabilities) and the costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    voice_ai_weight: float = Field(ge=0, le=1)
    ae_handoff_at: int = Field(ge=0, le=100)
    nurture_at: int = Field(ge=0, le=100)
    high_voice_ai_at: int = Field(ge=0, le=100)
    high_at: int = Field(ge=0, le=100)
    medium_at: int = Field(ge=0, le=100)
    alert_at: int = Field(ge=0, le=100)
    tiers: Tiers = Tiers()
    costs: Costs = Costs()

    @model_validator(mode="after")
    def _in_order(self) -> "Policy":
        if not self.nurture_at <= self.ae_handoff_at:
            raise ValueError("nurture_at must not be above ae_handoff_at")
        if not self.medium_at <= self.high_at:
            raise ValueError("medium_at must not be above high_at")
        return self

    @cached_property
    def fingerprint(self) -> str:
        """Eight hex digits that change when any value changes by which a lead is scored; costs are not among these."""
        return sha256(self.model_dump_json(exclude={"costs"}).encode()).hexdigest()[:8]


_last_good: dict[Path, Policy] = {}
_failures: dict[Path, str] = {}
log = getLogger("ringback.scoring")


def policy_file() -> Path:
    """The file of the policy in force."""
    return settings().policy


def policy(path: Path | None = None) -> Policy:
    """The policy in a file, or the one in force, read again when the file has changed.

    Raises WrongUsage naming the key that is wrong, or the file that cannot be read. A process that has read the one in
    force before keeps that, says so in its log, and in `policy_failure`.
    """
    if path is not None:
        return _read_whole(path)
    path = policy_file()
    try:
        _last_good[path] = _read_whole(path)
        _failures.pop(path, None)
    except WrongUsage as failure:
        if path not in _last_good:
            raise
        if _failures.get(path) != str(failure):
            log.error("%s; the policy as it was before stays in force", failure)
        _failures[path] = str(failure)
    return _last_good[path]


def policy_failure() -> str | None:
    """Why the policy in force is not what its file says now; None where it is."""
    return _failures.get(policy_file())


def _read_whole(path: Path) -> Policy:
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as failure:
        raise WrongUsage(f"the policy {path} cannot be read ({failure}); {FILE.name} of scoring/ is one") from None


@lru_cache(maxsize=8)
def _read(path: Path, changed_at: int) -> Policy:
    try:
        return Policy.model_validate(read_toml(path))
    except ValidationError as failure:
        raise WrongUsage(f"{path}: {mistakes_of(failure)}; {FILE.name} of scoring/ shows how") from None


def points(progression: float, voice_ai: float | None, rules: Policy) -> float:
    """The score before it is rounded, 0 to 100.

    >>> rules = Policy(voice_ai_weight=0.3, ae_handoff_at=60, nurture_at=30, high_voice_ai_at=70, high_at=70,
    ...                medium_at=45, alert_at=80)
    >>> round(points(0.825, 0.5, rules), 6)
    72.75
    """
    if voice_ai is None:
        return 100 * progression
    return 100 * ((1 - rules.voice_ai_weight) * progression + rules.voice_ai_weight * voice_ai)


def qualification_score(progression: float, voice_ai: float | None, rules: Policy) -> int:
    """0 to 100: progression, lifted by Voice-AI fit (whose deals earn most); progression alone where fit is not known.

    >>> rules = Policy(voice_ai_weight=0.3, ae_handoff_at=60, nurture_at=30, high_voice_ai_at=70, high_at=70,
    ...                medium_at=45, alert_at=80)
    >>> qualification_score(0.8, 0.5, rules), qualification_score(0.8, None, rules)
    (71, 80)
    """
    return round(points(progression, voice_ai, rules))


def recommendation(score: int, rules: Policy) -> str:
    """AE_HANDOFF, NURTURE_TRACK or SELF_SERVICE."""
    if score >= rules.ae_handoff_at:
        return "AE_HANDOFF"
    return "NURTURE_TRACK" if score >= rules.nurture_at else "SELF_SERVICE"


def priority(score: int, voice_ai_fit: int | None, rules: Policy) -> str:
    """HIGH_VOICE_AI, HIGH, MEDIUM or LOW."""
    if voice_ai_fit is not None and voice_ai_fit >= rules.high_voice_ai_at and score >= rules.medium_at:
        return "HIGH_VOICE_AI"
    if score >= rules.high_at:
        return "HIGH"
    return "MEDIUM" if score >= rules.medium_at else "LOW"


def tier(probability: float, rules: Policy) -> str:
    """A, B, C or D, by the probability of progression alone; what it means is said by `tier_meaning`."""
    at = rules.tiers
    return "A" if probability >= at.a else "B" if probability >= at.b else "C" if probability >= at.c else "D"


def tier_meaning(letter: str, rules: Policy, horizon_days: float | None) -> str:
    """What a tier says, with the days within which the outcome is meant (a version's `horizon_days`).

    >>> rules = Policy(voice_ai_weight=0.3, ae_handoff_at=60, nurture_at=30, high_voice_ai_at=70, high_at=70,
    ...                medium_at=45, alert_at=80)
    >>> tier_meaning("B", rules, 21.4)
    'tier B: 40 % to 60 % likely to progress within 21 days'
    """
    at = rules.tiers
    low, high = {"A": (at.a, 1.0), "B": (at.b, at.a), "C": (at.c, at.b), "D": (0.0, at.c)}[letter]
    within = "" if horizon_days is None else f" within {horizon_days:.0f} days"
    return f"tier {letter}: {100 * low:g} % to {100 * high:g} % likely to progress{within}"
