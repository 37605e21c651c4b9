"""Members of campaigns: cards, what was decided about them and why, what people decide; and tasks of executives."""

from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.campaign_shapes import NO_NUL, CampaignId, Reason
from api.errors import ApiError
from api.finding import known_campaign, looked_at_last
from api.moments import Moment
from api.security import require
from api.threads import LISTS, LOOK_UPS, WRITES
from campaigns.overriding import checked
from database import cards, decisions, overrides, tasks
from database.campaigns import Planned
from database.cards import KeptCard
from database.decisions import Decided
from database.lead_pages import kept_under
from database.overrides import Kind, Override
from ringback.clock import as_utc, now
from ringback.errors import BadMapping, BadPlaybook, WrongUsage
from ringback.forms import Form

router = APIRouter(tags=["campaigns"])
READ, WRITE = Depends(require("read")), Depends(require("write"))
LeadId = Annotated[str, Path(min_length=1, max_length=500, pattern=NO_NUL)]
OVERRIDE = Form(r"^[0-9a-f]{24}$", "the id of an override", "5f0c9a7e12d34b68a1c2e3f4")
TASK = Form(r"^[0-9a-f]{24}$", "the id of a task", "5f0c9a7e12d34b68a1c2e3f4")
Outcome = Literal["qualified", "disqualified", "review"]
Decidable = Literal["qualification", "owner", "sequence"]
Word = Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=NO_NUL)]
MOST_DECISIONS = 50


class Card(BaseModel):
    """A member: points of its groups, 0 to 100 (null: too little is known), and what was decided."""

    lead_id: str
    made_at: Moment
    score: int | None
    groups: dict[str, int | None]
    outcome: Outcome
    rule: str | None


class DimensionOf(BaseModel):
    """A dimension of a card."""

    name: str
    points: int
    value: Any
    why: str


class DecisionOf(BaseModel):
    """Something that was decided, and on what grounds."""

    kind: str
    outcome: str
    decided_at: Moment
    decided_by: str
    because: dict[str, Any]


class OverrideOf(BaseModel):
    """What a person decided."""

    override_id: str
    kind: Decidable
    outcome: str
    because: str
    made_by: str
    made_at: Moment
    until: Moment | None
    withdrawn_at: Moment | None
    withdrawn_by: str | None


class Member(BaseModel):
    """A member with its whole card and its history."""

    card: Card
    dimensions: list[DimensionOf]
    decisions: list[DecisionOf]
    overrides: list[OverrideOf]


class CardList(BaseModel):
    """Some members that were looked at, the highest score first, and how many there are."""

    members: list[Card]
    outcomes: dict[str, int] = Field(
        description="Members by their outcome now; the funnel of `/performance` counts who ever was qualified."
    )
    not_looked_at: int = Field(description="Members of whom no run has made a card yet: they have no outcome.")
    total: int = Field(description="All members, looked at or not.")


class OverrideAsked(BaseModel):
    """What a person decides about a member; it stands above rules and routing."""

    model_config = ConfigDict(extra="forbid")

    kind: Decidable
    outcome: Word
    because: Reason
    until: Moment | None = None


class TaskOf(BaseModel):
    """Something that an account executive is to do."""

    task_id: str
    kind: str
    campaign_id: str
    lead_id: str
    owner: str
    reason: str
    created_at: Moment
    due_at: Moment
    escalated_to: str | None
    done_at: Moment | None
    done_by: str | None
    outcome: str | None


class TaskDone(BaseModel):
    """What came of a task."""

    model_config = ConfigDict(extra="forbid")

    outcome: Reason


@router.get("/api/campaigns/{campaign_id}/members", response_model=CardList, dependencies=[READ])
async def members(
    campaign_id: CampaignId,
    outcome: Outcome | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=500, pattern=NO_NUL, description="The last lead of a page.")] = None,
) -> CardList:
    """Members that were looked at, the highest score first, and how many wait to be.

    A run of the campaign looks at those who wait, once they have a score.
    """

    def listed() -> CardList:
        joined = known_campaign(campaign_id).leads
        found = cards.cards_in(campaign_id, limit, outcome, "score", looked_at_last(campaign_id, after))
        outcomes = cards.outcomes_in(campaign_id)
        return CardList(
            members=[_card(one) for one in found], outcomes=dict(outcomes),
            not_looked_at=max(0, joined - outcomes.total()), total=max(joined, outcomes.total()),
        )  # fmt: skip

    return await to_thread.run_sync(listed, limiter=LISTS)


@router.get("/api/campaigns/{campaign_id}/members/{lead_id:path}", response_model=Member, dependencies=[READ])
async def member(campaign_id: CampaignId, lead_id: LeadId) -> Member:
    """One member: dimensions with their reasons, decisions with their grounds, overrides."""
    return await to_thread.run_sync(_member, campaign_id, lead_id, limiter=LOOK_UPS)


@router.post(
    "/api/campaigns/{campaign_id}/members/{lead_id:path}/overrides", status_code=201, response_model=OverrideOf,
    dependencies=[WRITE],
)  # fmt: skip
async def override(campaign_id: CampaignId, lead_id: LeadId, asked: OverrideAsked, request: Request) -> OverrideOf:
    """Decide about a member, with the reason, and until when; the key's name says who."""

    def made() -> Override:
        known = known_campaign(campaign_id)
        kept = _kept(campaign_id, lead_id)
        outcome = possible_outcome(known, asked.kind, asked.outcome, "outcome")
        until = as_utc(asked.until) if asked.until else None
        return overrides.make(asked.kind, campaign_id, kept, outcome, asked.because, _who(request), now(), until)

    return _override(await to_thread.run_sync(made, limiter=WRITES))


@router.delete("/api/campaigns/{campaign_id}/overrides/{override_id}", response_model=OverrideOf, dependencies=[WRITE])
async def withdraw(
    campaign_id: CampaignId, override_id: Annotated[str, Path(), OVERRIDE], request: Request
) -> OverrideOf:
    """Let an override hold no longer."""

    def withdrawn() -> Override:
        if not any(one.override_id == override_id for one in overrides.overrides_of(campaign_id)):
            raise ApiError(404, "There is no such override in this campaign.")
        return overrides.withdraw(override_id, _who(request), now())

    return _override(await to_thread.run_sync(withdrawn, limiter=WRITES))


@router.get("/api/tasks", response_model=list[TaskOf], dependencies=[READ])
async def listed_tasks(
    owner: Annotated[str | None, Query(max_length=320, pattern=NO_NUL, description="An address.")] = None,
    is_done: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[TaskOf]:
    """Tasks of account executives, what is due first before the rest."""
    asked = partial(tasks.tasks, owner, None, is_done, limit)
    found = await to_thread.run_sync(asked, limiter=LISTS)
    return [TaskOf.model_validate({name: getattr(one, name) for name in TaskOf.model_fields}) for one in found]


@router.post("/api/tasks/{task_id}/done", status_code=204, dependencies=[WRITE])
async def done(task_id: Annotated[str, Path(), TASK], told: TaskDone, request: Request) -> None:
    """Say that a task is done, and what came of it."""
    finish = partial(tasks.finish, task_id, _who(request), told.outcome, now())
    if not await to_thread.run_sync(finish, limiter=WRITES):
        raise ApiError(404, "There is no such task that is not done.")


def possible_outcome(campaign: Planned, kind: Kind, outcome: str, field: str) -> str:
    """What is decided as the playbook writes it; raises ApiError 422 naming the field where there is no such thing."""
    try:
        return checked(campaign, kind, outcome)
    except (BadMapping, BadPlaybook):
        raise
    except WrongUsage as failure:
        raise ApiError(422, f"{failure}.", field) from failure


def _member(campaign_id: str, lead_id: str) -> Member:
    known_campaign(campaign_id)
    kept = _kept(campaign_id, lead_id)
    card = cards.card_of_member(campaign_id, kept)
    assert card is not None  # noqa: S101  (_kept looked)
    return Member(
        card=_card(card),
        dimensions=[
            DimensionOf(name=name, points=points, value=value, why=why)
            for name, (points, value, why) in sorted(card.dimensions.items())
        ],
        decisions=[_decision(one) for one in decisions.decisions_about(kept, MOST_DECISIONS, campaign_id)],
        overrides=[_override(one) for one in overrides.overrides_of(campaign_id, kept)],
    )


def _kept(campaign_id: str, lead_id: str) -> str:
    kept = kept_under(lead_id)
    if cards.card_of_member(campaign_id, kept) is None:
        raise ApiError(404, "There is no such member, or nobody has looked at it yet.")
    return kept


def _who(request: Request) -> str:
    key = request.scope["state"]["key"]
    return f"key {key.name}"


def _card(one: KeptCard) -> Card:
    return Card.model_validate({name: getattr(one, name) for name in Card.model_fields})


def _decision(one: Decided) -> DecisionOf:
    return DecisionOf.model_validate({name: getattr(one, name) for name in DecisionOf.model_fields})


def _override(one: Override) -> OverrideOf:
    return OverrideOf.model_validate({name: getattr(one, name) for name in OverrideOf.model_fields})
