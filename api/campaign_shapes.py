"""What the campaign routes take and give."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.moments import Moment
from campaigns.conduct import Conduct, Cron
from campaigns.harvest import Plan
from database.campaigns import Planned
from ringback.forms import Form

NO_NUL = r"^[^\x00]*$"
CAMPAIGN = Form(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
    "up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first", "spring-2026",
)  # fmt: skip
CampaignId = Annotated[str, Path(), CAMPAIGN]
Source = Literal["apollo", "aturiya", "csv"]
State = Literal["active", "paused", "archived"]
ACTIVE: State = "active"
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
External = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
Ceiling = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
LeadId = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_NUL)]
Reason = Annotated[str, StringConstraints(min_length=3, max_length=1000, pattern=NO_NUL)]


class NewCampaign(BaseModel):
    """A campaign to be made."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: Annotated[str, CAMPAIGN]
    name: Title
    source: Source = Field(description="Where its leads are looked for.")
    external_id: External | None = None
    plan: Plan = Field(default_factory=Plan, description="What is looked for at Apollo; empty for other sources.")
    ceiling_usd: Ceiling | None = Field(None, description="Its own spending ceiling; none: the usual one.")
    conduct: Conduct = Field(default_factory=Conduct, description="How it is run; empty: the usual way.")


class CampaignChange(BaseModel):
    """What is to be changed of a campaign; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Title = Field(default_factory=str)
    external_id: External | None = Field(None, description="Null: it has none.")
    plan: Plan = Field(default_factory=Plan)
    ceiling_usd: Ceiling | None = Field(None, description="Null: the usual one.")
    conduct: Conduct = Field(default_factory=Conduct)
    state: State = Field(
        default_factory=lambda: ACTIVE,
        description="paused: nobody is enrolled and nothing is sent; archived: the same, and it is over.",
    )

    def changes(self) -> dict[str, Any]:
        """By column what changes; what stands above for a field that is left out is not looked at."""
        return self.model_dump(mode="json", exclude_unset=True)


class Campaign(BaseModel):
    """A campaign with the number of its leads."""

    campaign_id: str
    name: str
    source: str
    external_id: str | None
    plan: dict[str, Any]
    ceiling_usd: float | None
    state: State
    conduct: dict[str, Any]
    known_at: Moment
    changed_at: Moment | None
    leads: int


class CampaignPage(BaseModel):
    """Some campaigns, by name."""

    campaigns: list[Campaign]
    total: int
    limit: int
    offset: int


class Rate(BaseModel):
    """A stage of the funnel: how many came so far, and which share of the stage before, with its 95 % interval."""

    name: str = Field(
        description="harvested, scored, qualified (now, or enrolled once), routed, contacted, engaged, meeting, "
        "progressed."
    )
    count: int
    share_of_before: float | None
    low: float | None
    high: float | None


class TemplateFigures(BaseModel):
    """What came of the mails of a template; opens that machines made do not count."""

    sequence: str
    template: str
    sent: int
    opened: int
    clicked: int
    replied: int
    bounced: int
    unsubscribed: int


class CreditFigures(BaseModel):
    """What a template is credited with in calls that progressed; none of the rules says what a mail caused."""

    sequence: str
    template: str
    first_touch: float
    last_touch: float
    linear: float
    calls: int


class GoalFigures(BaseModel):
    """A goal, and how far it is reached."""

    goal: str
    wanted: int
    reached: int


class Performance(BaseModel):
    """How a campaign does."""

    campaign_id: str
    as_of: Moment
    funnel: list[Rate] = Field(description="Who ever came so far; not the outcomes of members as they are now.")
    goals: list[GoalFigures]
    templates: list[TemplateFigures]
    messages: dict[str, int] = Field(description="Mails by state of the outbox.")
    enrolments: dict[str, int] = Field(description="By how they ended.")
    open_tasks: int
    spent_usd: float = Field(description="US dollars, to the cent.")
    attribution: list[CreditFigures]


class TestArm(BaseModel):
    """A variant, with its answers so far and their 95 % interval."""

    variant: str
    n: int
    answered: int
    low: float
    high: float


class TestFigures(BaseModel):
    """How an A/B test stands."""

    name: str
    sequence: str
    mail: str
    field: str
    goal: str
    verdict: Literal["running", "better", "no_difference", "stopped"]
    winner: str | None
    decided_at: Moment | None
    planned: int
    said: str
    arms: list[TestArm]


class MemberList(BaseModel):
    """Leads that are to join."""

    model_config = ConfigDict(extra="forbid")

    lead_ids: list[LeadId] = Field(min_length=1, max_length=1000)


class Joined(BaseModel):
    """How many joined."""

    new: int


class RunAsked(BaseModel):
    """What is to be run."""

    model_config = ConfigDict(extra="forbid")

    what: Literal["harvest", "full"] = Field("full", description="full: score, qualify, route, nurture, send.")


class RunStarted(BaseModel):
    """A run that was asked for."""

    run_id: str
    what: str


class ScheduleAsked(BaseModel):
    """When a campaign runs by itself."""

    model_config = ConfigDict(extra="forbid")

    cron: Cron | None = Field(description="In the customer's zone; null: with all campaigns, hourly.")


class Job(BaseModel):
    """A run, as Prefect has it."""

    run_id: str
    name: str
    what: Literal["harvest", "full"]
    state: str
    expected_at: Moment | None
    started_at: Moment | None
    ended_at: Moment | None
    seconds: float
    attempts: int
    message: str


class Status(BaseModel):
    """How a campaign runs."""

    campaign_id: str
    state: State
    schedule: str
    jobs: list[Job]
    jobs_unknown_because: str | None = Field(None, description="Where Prefect does not answer.")


def shown(one: Planned) -> Campaign:
    """A campaign as a reply has it."""
    return Campaign(
        campaign_id=one.campaign_id, name=one.name, source=one.source, external_id=one.external_id,
        plan=dict(one.plan or {}), ceiling_usd=one.ceiling_usd, state=one.state, conduct=dict(one.conduct or {}),
        known_at=one.known_at, changed_at=one.changed_at, leads=one.leads,
    )  # fmt: skip
