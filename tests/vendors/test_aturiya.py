"""Aturiya: leads page by page, as far as the token lasts."""

from collections.abc import Iterator
from json import dumps

import httpx
import pytest

from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from tests.vendors.scripted import Answer, a_vendor
from vendors import aturiya
from vendors.aturiya import Agent, Campaign, Lead, campaigns, leads, me
from vendors.http import Client

AGENT = Agent("usr/1", "agt_1")


def page(*ids: str, **pagination: object) -> Answer:
    return Answer(body=dumps({"data": [{"lead_id": one} for one in ids], "pagination": pagination or None}))


def sent_by(client: Client) -> list[httpx.Request]:
    seen: list[httpx.Request] = []
    client._http.event_hooks = {"request": [seen.append]}
    return seen


def ids(pages: Iterator[list[dict[str, object]]]) -> list[list[object]]:
    return [[lead["lead_id"] for lead in one] for one in pages]


def test_leads_are_read_as_long_as_there_is_a_next_page() -> None:
    with a_vendor(page("a", "b", has_next_page=True), page("c", has_next_page=False)) as client:
        sent = sent_by(client)
        assert ids(leads(client, AGENT, "cmp 1")) == [["a", "b"], ["c"]]
    assert [request.url.raw_path for request in sent] == [
        b"/users/usr%2F1/agents/sdr/agt_1/leads?campaign_id=cmp+1&page=1&per_page=50",
        b"/users/usr%2F1/agents/sdr/agt_1/leads?campaign_id=cmp+1&page=2&per_page=50",
    ]


@pytest.mark.parametrize(
    "first", [page("a", total_pages="2"), page(*map(str, range(50)))], ids=["number of pages", "full page"]
)
def test_without_has_next_page_the_number_of_pages_or_a_full_page_decides(first: Answer) -> None:
    with a_vendor(first, page("z", total_pages=2)) as client:
        assert ids(leads(client, AGENT, "c"))[1:] == [["z"]]


def test_a_campaign_without_leads_has_no_pages() -> None:
    with a_vendor(page(has_next_page=False)) as client:
        assert ids(leads(client, AGENT, "c")) == []


@pytest.mark.parametrize("endless", [page("a", has_next_page=True), page(has_next_page=True)], ids=["same", "empty"])
def test_a_list_that_never_ends_is_unreadable(endless: Answer) -> None:
    with a_vendor(endless) as client, pytest.raises(VendorUnreadable, match=r"never end|goes on"):
        list(leads(client, AGENT, "c"))


def test_a_token_that_expires_between_two_pages_is_named_with_its_setting() -> None:
    with a_vendor(page("a", has_next_page=True), Answer(401, '{"detail":"expired"}')) as client:
        pages = leads(client, AGENT, "c")
        assert [lead["lead_id"] for lead in next(pages)] == ["a"]
        with pytest.raises(VendorRefused, match="RINGBACK_ATURIYA_TOKEN") as raised:
            next(pages)
    assert raised.value.status == 401


def test_a_refusal_of_another_kind_is_not_blamed_on_the_token() -> None:
    with a_vendor(Answer(404, "no such agent")) as client, pytest.raises(VendorRefused, match="404 no such agent"):
        campaigns(client, AGENT)


def test_no_campaigns_are_no_error() -> None:
    with a_vendor(Answer(body='{"data": []}')) as client:
        assert campaigns(client, AGENT) == []


def test_campaigns_without_a_list_are_unreadable() -> None:
    with a_vendor(Answer(body='{"campaigns": []}')) as client, pytest.raises(VendorUnreadable, match="list of data"):
        campaigns(client, AGENT)


def test_a_lead_may_lack_everything_but_its_id_and_say_more_than_we_know() -> None:
    sent = {**dict.fromkeys(Lead.model_fields), "lead_id": 7, "phone": 49301234, "created_at": "soon", "mood": "good"}
    lead = Lead.read(sent)
    assert lead.model_dump(exclude_none=True) == {"lead_id": "7", "phone": "49301234"}
    assert lead.body == sent


def test_who_i_am_and_which_campaigns_there_are() -> None:
    with a_vendor(
        Answer(body='{"full_name": "Ana Diaz", "email": null}'), Answer(body='{"data": [{"id": 3, "name": "Spring"}]}')
    ) as client:
        sent = sent_by(client)
        assert me(client).full_name == "Ana Diaz"
        assert [Campaign.read(one).name for one in campaigns(client, AGENT)] == ["Spring"]
    assert [request.url.raw_path for request in sent] == [
        b"/users/auth/me",
        b"/users/usr%2F1/agents/sdr/agt_1/campaigns",
    ]


@pytest.mark.parametrize(
    ("given", "url", "token"),
    [
        ({}, "http://127.0.0.1:4780/aturiya", "sandbox-aturiya-token"),
        ({"aturiya_token": "mine"}, "https://api.aturiya.ai", "mine"),
        ({"aturiya_token": "mine", "aturiya_url": "http://x.test"}, "http://x.test", "mine"),
    ],
)
def test_without_a_token_the_sandbox_is_spoken_to(given: dict[str, str], url: str, token: str) -> None:
    with aturiya.connect(Settings(sandbox_port=4780, **given)) as client:  # type: ignore[arg-type]
        assert (client.base_url, client.headers) == (url, {"Authorization": f"Bearer {token}"})
