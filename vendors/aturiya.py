"""Aturiya: campaigns of an SDR agent and their leads. EXPERIMENTAL.

No documentation of Aturiya's is public: paths, fields and the base URL come from one public client of another company
and may be wrong. Errors, limits and how long a token lives are not known. Read only; check it against your own account
before you rely on it, and set RINGBACK_ATURIYA_URL where the address is another one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from vendors.http import Client, Params
from vendors.tolerant import Flag, Identity, Moment, Record, Text, Whole, ending, in_path, listed, record_in

SOURCE = "aturiya"
SANDBOX_TOKEN = "sandbox-aturiya-token"  # noqa: S105 - the sandbox takes it from anybody
PAGE_SIZE = 50


class AturiyaRecord(Record):
    """Anything of Aturiya's."""

    vendor = "Aturiya"


class Me(AturiyaRecord):
    """Whose token it is."""

    full_name: Text = None
    email: Text = None


class Campaign(AturiyaRecord):
    """A campaign of the agent."""

    id: Identity
    name: Text = None


class Lead(AturiyaRecord):
    """Somebody whom the agent is to reach."""

    lead_id: Identity
    agent_id: Text = None
    campaign_id: Text = None
    name: Text = None
    task_id: Text = None
    task_status: Text = None
    campaign_name: Text = None
    email: Text = None
    phone: Text = None
    organization: Text = None
    designation: Text = None
    linkedin_url: Text = None
    website: Text = None
    status: Text = None
    type: Text = None
    created_at: Moment = None


class _Pagination(AturiyaRecord):
    total_pages: Whole = None
    has_next_page: Flag = None


@dataclass(frozen=True, slots=True)
class Agent:
    """The SDR agent whose campaigns are read, and the user it belongs to."""

    user_id: str
    agent_id: str

    @property
    def path(self) -> str:
        """Where it lives."""
        return f"/users/{in_path(self.user_id)}/agents/sdr/{in_path(self.agent_id)}"


def connect(settings: Settings) -> Client:
    """A client with the configured token, or for the sandbox where none is set."""
    token = settings.aturiya_token.get_secret_value() if settings.aturiya_token else SANDBOX_TOKEN
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}/aturiya"
    return Client(
        vendor="Aturiya",
        base_url=settings.aturiya_url or ("https://api.aturiya.ai" if settings.aturiya_token else sandbox),
        headers={"Authorization": f"Bearer {token}"},
    )


def agent_of(settings: Settings) -> Agent:
    """The configured agent."""
    return Agent(settings.aturiya_user_id, settings.aturiya_agent_id)


def me(client: Client) -> Me:
    """Whose token it is: asks whether Aturiya can be reached and takes the token."""
    return Me.read(_get(client, "/users/auth/me"))


def campaigns(client: Client, agent: Agent) -> list[dict[str, Any]]:
    """The agent's campaigns as sent, perhaps none; read them with `Campaign.read`."""
    return listed(_get(client, f"{agent.path}/campaigns"), "data", "Aturiya's campaigns")


def leads(client: Client, agent: Agent, campaign_id: str) -> Iterator[list[dict[str, Any]]]:
    """Pages of at most 50 leads of a campaign as sent; read them with `Lead.read`.

    Raises VendorRefused that names the setting where the token has expired, which can be between two pages: the pages
    before it stay good.
    """
    return ending(_leads(client, agent, campaign_id), "Aturiya's leads", lambda lead: lead.get("lead_id"))


def _leads(client: Client, agent: Agent, campaign_id: str) -> Iterator[list[dict[str, Any]]]:
    page = 1
    while True:
        body = _get(client, f"{agent.path}/leads", {"campaign_id": campaign_id, "page": page, "per_page": PAGE_SIZE})
        page_of_leads = listed(body, "data", "Aturiya's leads")
        if page_of_leads:
            yield page_of_leads
        if not _has_next(body, page, len(page_of_leads)):
            return
        page += 1


def _has_next(body: Mapping[str, Any], page: int, length: int) -> bool:
    """Whether more follows: as said, else by the number of pages, else because the page is full."""
    said = _Pagination.read(record_in(body.get("pagination")))
    if said.has_next_page and not length:
        raise VendorUnreadable("Aturiya says that the list of leads goes on, and sent an empty page of it")
    if said.has_next_page is not None:
        return said.has_next_page
    return page < said.total_pages if said.total_pages is not None else length >= PAGE_SIZE


def _get(client: Client, path: str, params: Params | None = None) -> dict[str, Any]:
    try:
        return client.get_json(path, params)
    except VendorRefused as refusal:
        if refusal.status == 401:
            raise VendorRefused(
                f"Aturiya no longer takes the token: put a new one into RINGBACK_ATURIYA_TOKEN ({refusal.said})",
                refusal.status,
                refusal.said,
            ) from refusal
        raise
