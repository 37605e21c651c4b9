"""Links of our mails: people are led on and counted, machines are told apart, and leaving takes one click."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from campaigns import deliver
from campaigns.letters import Letterhead, letterhead
from campaigns.nurture import Office, write_due
from campaigns.sequences import MailSequence
from campaigns.tracking import Tokens, Tracked
from database import outbox, suppressions
from database.engagement import Engagement, events_of
from database.outbox import Message
from ringback.clock import now
from ringback.settings import settings
from tests.campaigns.mailing import Kept, a_sequence, enrol
from tests.campaigns.test_killed_senders import ALWAYS_OPEN

ANA = "ana@acme.com"
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0"}
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = (
    '--xx\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xx--\r\n'
)  # fmt: skip
Url = Callable[..., str]


@pytest.fixture
def head(home: Path) -> Letterhead:
    return letterhead(settings())


@pytest.fixture
def mail(home: Path, head: Letterhead) -> Message:
    """A mail that Ana was sent an hour ago."""
    sequence: MailSequence = a_sequence(home, ALWAYS_OPEN)
    ago = now() - timedelta(hours=1)
    enrol(["ana"], ago)
    write_due(Office({"test": sequence}, head), ago)
    deliver.deliver_all(deliver.Post(Kept(), {"test": sequence}, head), now() - timedelta(minutes=50), "w")
    (sent,) = outbox.messages("sent")
    return sent


@pytest.fixture
def url(mail: Message, head: Letterhead) -> Url:
    """The path of a link of that mail."""
    return lambda kind, number=0: head.url(kind, mail.message_id, number).removeprefix(head.links)


def kinds() -> list[str]:
    return [one.kind for one in events_of(ANA)]


def test_a_pixel_says_that_a_mail_was_opened(client: TestClient, url: Url, mail: Message) -> None:
    answer = client.get(url("o"), headers=FIREFOX)
    assert (answer.status_code, answer.headers["content-type"], answer.content[:6]) == (200, "image/gif", b"GIF89a")
    assert answer.headers["cache-control"] == "no-store"
    (event,) = events_of(ANA)
    assert (event.kind, event.provider, event.message_id) == ("opened", "ringback", mail.message_id)


def test_a_link_leads_on_to_where_the_mail_says(client: TestClient, url: Url) -> None:
    answer = client.get(url("c"), headers=FIREFOX, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://ours.example/voice")
    (event,) = events_of(ANA)
    assert (event.kind, event.detail["url"]) == ("clicked", "https://ours.example/voice")


@pytest.mark.parametrize("kind", ["o", "c"])
def test_asking_again_at_once_counts_once(
    kind: str, client: TestClient, url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = now()
    monkeypatch.setattr("api.routers.tracking.now", lambda: moment)
    for _ in range(3):
        client.get(url(kind), headers=FIREFOX, follow_redirects=False)
    assert len(kinds()) == 1


@pytest.mark.parametrize(
    ("method", "agent", "because"),
    [("HEAD", FIREFOX["User-Agent"], "the request was HEAD"), ("GET", "Mimecast", "the user agent is of Mimecast"),
     ("GET", "", "there is no user agent")],
)  # fmt: skip
def test_machines_do_not_count(method: str, agent: str, because: str, client: TestClient, url: Url) -> None:
    client.request(method, url("c"), headers={"User-Agent": agent}, follow_redirects=False)
    client.request(method, url("o"), headers={"User-Agent": agent})
    assert {(one.kind, one.detail["because"]) for one in events_of(ANA)} == {
        ("clicked_by_machine", because), ("opened_by_machine", because)
    }  # fmt: skip


def test_looking_at_the_page_to_leave_changes_nothing(client: TestClient, url: Url) -> None:
    for method in ("GET", "HEAD"):
        answer = client.request(method, url("u"))
        assert (answer.status_code, kinds(), suppressions.all_suppressed()) == (200, [], [])
    page = client.get(url("u")).text
    assert "an…@acme.com" in page
    assert ANA not in page
    assert 'method="post"' in page


@pytest.mark.parametrize(
    ("body", "headers"),
    [(ONE_CLICK, FORM), (ONE_CLICK, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}),
     (MULTIPART, {"Content-Type": "multipart/form-data; boundary=xx"}),
     (MULTIPART, {"Content-Type": 'multipart/form-data; boundary="xx"'})],
)  # fmt: skip
def test_one_click_ends_all_mails(body: str, headers: dict[str, str], client: TestClient, url: Url) -> None:
    for _ in range(2):
        answer = client.post(url("u"), content=body, headers=headers, follow_redirects=False)
        assert answer.status_code == 200
    assert [(one.address, one.reason, one.source) for one in suppressions.all_suppressed()] == [
        (ANA, "unsubscribed", "ringback")
    ]  # fmt: skip
    assert kinds() == ["unsubscribed"]


def test_who_leaves_again_after_being_freed_is_left_alone_again(client: TestClient, url: Url) -> None:
    for _ in range(2):
        client.post(url("u"), content=ONE_CLICK, headers=FORM)
        assert list(suppressions.suppressed([ANA])) == [ANA]
        suppressions.lift(ANA)


@pytest.mark.parametrize(
    ("body", "headers"),
    [("", FORM), ("List-Unsubscribe=Maybe", FORM), ("list=One-Click", FORM),
     (ONE_CLICK, {"Content-Type": "text/plain"}),
     (ONE_CLICK, {}), (ONE_CLICK + "&" + "x" * 5_000, FORM), (f"{ONE_CLICK}&{ONE_CLICK}", FORM),
     (MULTIPART.replace("One-Click", "No"), {"Content-Type": "multipart/form-data; boundary=xx"}),
     (MULTIPART, {"Content-Type": "multipart/form-data"}),
     ("\x00\xff", {"Content-Type": "multipart/form-data; boundary=x"})],
)  # fmt: skip
def test_another_body_changes_nothing(body: str, headers: dict[str, str], client: TestClient, url: Url) -> None:
    answer = client.post(url("u"), content=body.encode("latin-1"), headers=headers)
    assert (answer.status_code, suppressions.all_suppressed()) == (400, [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_token_that_nobody_signed_leads_nowhere(method: str, client: TestClient, url: Url, head: Letterhead) -> None:
    unknown = head.tokens.make(Tracked("nobody@ours.example", "u"))
    forged = Tokens(b"a guess").make(Tracked("nobody@ours.example", "u"))
    wrong_kind = url("c").rpartition("/")[2]
    for token in (unknown, forged, wrong_kind, "x", "%00", "ü", "a" * 3_000):
        answer = client.request(method, f"/t/u/{token}", content=ONE_CLICK, headers=FORM)
        assert answer.status_code == 404, token
    assert suppressions.all_suppressed() == []


def test_a_link_that_the_mail_does_not_have_leads_nowhere(client: TestClient, url: Url) -> None:
    assert [client.get(url("c", number), follow_redirects=False).status_code for number in (7, -1)] == [404, 404]
    assert client.get(url("o").replace("/o/", "/c/"), follow_redirects=False).status_code == 404
    assert kinds() == []


def test_no_key_is_asked_for_and_none_is_of_use(client: TestClient, url: Url) -> None:
    assert client.put(url("c")).status_code == 405


def test_a_hostile_user_agent_is_kept_short(client: TestClient, url: Url) -> None:
    client.get(url("o"), headers={"User-Agent": "Mozilla/5.0 " + "x" * 5_000})
    (event,) = events_of(ANA)
    assert isinstance(event, Engagement)
    assert len(event.detail["user_agent"]) == 300


@pytest.mark.parametrize("path", ["/t/u/cut-off", "/t/c/cut-off"])
def test_who_follows_a_link_that_was_cut_off_sees_a_page_of_ours_and_no_way_further_in(
    path: str, client: TestClient
) -> None:
    seen = client.get(path, headers={"accept": "text/html,*/*;q=0.8"})
    assert (seen.status_code, seen.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "This link leads nowhere" in seen.text
    assert "<a" not in seen.text
    assert client.get(path, headers={"accept": "image/*"}).json()["error"]["code"] == "not_found"
