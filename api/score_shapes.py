"""What a score looks like on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from scoring.lead import LeadRequest

MOST_LEADS = 100


class Contribution(BaseModel):
    """What one feature did to the score."""

    feature: str | None = Field(description="None for all the rest together.")
    value: str | float | None
    points: float = Field(description="Of the score; above zero it raised it.")
    reason: str


class ScoreReply(BaseModel):
    """A score with its reasons."""

    prediction_id: str = Field(description="By which the answer is kept; a reply from the cache repeats it.")
    lead_id: str
    company_name: str | None
    qualification_score: int = Field(ge=0, le=100)
    voice_ai_fit: int | None = Field(ge=0, le=100, description="None where no model of it answers.")
    progression_probability: float = Field(ge=0, le=1)
    recommendation: Literal["AE_HANDOFF", "NURTURE_TRACK", "SELF_SERVICE"]
    priority: Literal["HIGH_VOICE_AI", "HIGH", "MEDIUM", "LOW"]
    confidence: float = Field(
        ge=0,
        le=1,
        description="How likely the call ends on the side of one half that the probability says; 0.5 by rules, of "
        "which nobody knows.",
    )
    tier: str = Field(description="By fixed probabilities of progression, which do not move with the data.")
    tier_means: str
    horizon_days: float | None = Field(description="Within so many days the progression is meant, where that is known.")
    reasons: list[str]
    points: float = Field(description="The score before it is rounded.")
    base_points: float | None = Field(
        description="Where it starts; with the contributions' points it is `points`. None where nobody asked why."
    )
    contributions: list[Contribution]
    missing: list[str] = Field(description="What the models learned from and nobody said.")
    unused: list[str] = Field(description="Fields of the request that no model knows.")
    answered_by: Literal["champion", "challenger", "pinned", "rules"]
    models: dict[str, str] = Field(description="Version by target; `rules` or `none` where no model answered.")
    predicted_at: datetime
    cached: bool = Field(description="Whether this very answer was given before.")


class ScoreBatch(BaseModel):
    """Leads to score together."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"leads": [{"company_name": "Acme Corp"}, {"company_name": "Globex"}]}]}
    )

    leads: Annotated[list[LeadRequest], Field(min_length=1, max_length=MOST_LEADS)]


class Scores(BaseModel):
    """Scores, in the order of the leads."""

    results: list[ScoreReply]


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """How OpenAPI describes a body that a route reads by itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
