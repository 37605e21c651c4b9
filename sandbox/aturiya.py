"""Aturiya's stand-in: campaigns and their leads (vendors.md, section 7; only a third party's client is known).

Errors are guessed: 401 and 404 with `detail`. An agent other than ours has no campaigns and no leads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from zlib import crc32

from fastapi import Request, Response

from sandbox.directory import gaps, profile_url
from sandbox.fellow_records import JsonObject, iso
from sandbox.fellow_requests import answer
from sandbox.records import Person
from sandbox.vendor import Handler, Settings, Vendor
from sandbox.world import World

TOKEN = "sandbox-aturiya-token"  # noqa: S105  # opens nothing but this sandbox
USER_ID, AGENT_ID = "usr_sandbox", "agt_sandbox"
CAMPAIGNS = {"cmp_1": "Contact centers", "cmp_2": "Messaging at scale", "cmp_3": "New funding"}
MOST_PER_PAGE = 100
LEAD_FACTS = ("email", "designation", "linkedin_url", "website", "organization")


@dataclass(frozen=True, slots=True)
class AturiyaSettings(Settings):
    """How Aturiya behaves."""

    requests_until_expired: float = 0
    """The bearer token is refused after so many requests; 0 for never."""


class Aturiya(Vendor[AturiyaSettings]):
    """The stand-in's state: how often its token was used."""

    name = "aturiya"

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Know `world` as of `now()`."""
        super().__init__(world, now, AturiyaSettings())

    def begin(self) -> None:
        """The token is new."""
        self.token_uses = 0

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        agent = "/users/{user_id}/agents/sdr/{agent_id}"
        return [
            ("GET", "/users/auth/me", self.me),
            ("GET", f"{agent}/campaigns", self.campaigns),
            ("GET", f"{agent}/leads", self.leads),
        ]

    def authenticate(self, request: Request) -> None:
        """The bearer token, until it expires."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise self.refused("unauthorized", answer({"detail": "Not authenticated"}, 401))
        self.token_uses += 1
        if 0 < self.settings.requests_until_expired < self.token_uses:
            raise self.refused("expired", answer({"detail": "Token has expired"}, 401))

    async def me(self) -> Response:
        """Whose token this is."""
        return answer({"id": USER_ID, "full_name": "Maya Brooks", "email": "maya@ringback-customer.example"})

    async def campaigns(self, user_id: str, agent_id: str) -> Response:
        """The agent's campaigns."""
        if user_id != USER_ID:
            return self.not_found()
        own = CAMPAIGNS if agent_id == AGENT_ID else {}
        return answer({"data": [{"id": key, "name": name, "status": "active"} for key, name in own.items()]})

    async def leads(
        self, user_id: str, agent_id: str, campaign_id: str = "", page: int = 1, per_page: int = 50
    ) -> Response:
        """A page of leads, in the order in which they became known, so that new ones come last."""
        if user_id != USER_ID:
            return self.not_found()
        if page < 1 or not 1 <= per_page <= MOST_PER_PAGE:
            return answer({"detail": "page or per_page is out of range"}, 422)
        known = sorted(self.directory.people(), key=lambda one: (one.created_at, one.person_id))
        own = [one for one in known if agent_id == AGENT_ID and campaign_id in ("", campaign_of(one))]
        pages = ceil(len(own) / per_page)
        shown = own[(page - 1) * per_page : page * per_page]
        paging = {"page": page, "per_page": per_page, "total_pages": pages, "has_next_page": page < pages}
        return answer({"data": [lead(person) for person in shown], "pagination": paging})


def campaign_of(person: Person) -> str:
    """The campaign the person belongs to."""
    return list(CAMPAIGNS)[crc32(person.person_id.encode()) % len(CAMPAIGNS)]


def lead(person: Person) -> JsonObject:
    """A person as a lead; what Aturiya does not know is null, and `enrichment_score` nobody has documented."""
    company, campaign_id = person.company, campaign_of(person)
    facts: JsonObject = {
        "email": person.email,
        "designation": person.title,
        "linkedin_url": profile_url(person),
        "website": f"https://{company.domain}",
        "organization": company.name,
    }
    missing = gaps("aturiya", person.email, LEAD_FACTS)
    return {
        "lead_id": f"lead_{person.person_id}",
        "agent_id": AGENT_ID,
        "campaign_id": campaign_id,
        "campaign_name": CAMPAIGNS[campaign_id],
        "name": person.full_name,
        **{name: None if name in missing else value for name, value in facts.items()},
        "task_id": None,
        "task_status": None,
        "phone": None,
        "status": "new",
        "type": "outbound",
        "created_at": iso(person.created_at),
        "enrichment_score": 0.5,
    }
