"""From probabilities to what to do: the thresholds are in `policy.toml`, this says what they mean."""

import tomllib
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ringback.errors import WrongUsage

FILE = Path(__file__).parent / "policy.toml"


class Policy(BaseModel):
    """Weights and thresholds, all on the scale 0 to 100 but the weight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    voice_ai_weight: float = Field(ge=0, le=1)
    ae_handoff_at: int = Field(ge=0, le=100)
    nurture_at: int = Field(ge=0, le=100)
    high_voice_ai_at: int = Field(ge=0, le=100)
    high_at: int = Field(ge=0, le=100)
    medium_at: int = Field(ge=0, le=100)
    alert_at: int = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> "Policy":
        if not self.nurture_at <= self.ae_handoff_at:
            raise ValueError("nurture_at must not be above ae_handoff_at")
        if not self.medium_at <= self.high_at:
            raise ValueError("medium_at must not be above high_at")
        return self


@lru_cache(maxsize=1)
def policy(path: Path = FILE) -> Policy:
    """The policy in force; raises WrongUsage naming the key that is wrong."""
    try:
        return Policy.model_validate(tomllib.loads(path.read_text()))
    except ValueError as failure:
        raise WrongUsage(f"{path}: {failure}") from None


def qualification_score(progression: float, voice_ai: float | None, rules: Policy) -> int:
    """0 to 100: progression, lifted by Voice-AI fit (whose deals earn most); progression alone where fit is not known.

    >>> rules = Policy(voice_ai_weight=0.3, ae_handoff_at=60, nurture_at=30, high_voice_ai_at=70, high_at=70,
    ...                medium_at=45, alert_at=80)
    >>> qualification_score(0.8, 0.5, rules), qualification_score(0.8, None, rules)
    (71, 80)
    """
    if voice_ai is None:
        return round(100 * progression)
    return round(100 * ((1 - rules.voice_ai_weight) * progression + rules.voice_ai_weight * voice_ai))


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
