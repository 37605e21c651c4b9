"""The client is patient with what passes, quick with what does not, and never says a key."""

import socket
from time import monotonic

import pytest

from ringback.errors import VendorError, VendorRefused, VendorUnavailable, VendorUnreadable
from tests.vendors.scripted import KEY, Answer, a_client, a_vendor
from vendors.http import TRIES
from vendors.limits import Limit

WELL = Answer(body='{"ok": true}')


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(500), Answer(502), Answer(503, "<html>down</html>", "text/html"), Answer(408),
        Answer(429), Answer(429, headers={"Retry-After": "0"}), Answer(429, headers={"Retry-After": "soon"}),
        Answer(429, headers={"Retry-After": "-5"}), Answer(200, ""), Answer(200, '{"ok": tr'),
        Answer(200, '{"ok": true}', headers={"content-length": "1000"}),
    ],
    ids=lambda answer: f"{answer.status} {answer.headers or answer.body!r}",
)  # fmt: skip
def test_what_passes_is_asked_again(trouble: Answer) -> None:
    with a_vendor(trouble, trouble, WELL) as client:
        assert client.post_json("/things", {}) == {"ok": True}
        assert client.requests_sent == 3


@pytest.mark.parametrize("stated", ["0", "Wed, 01 Jan 2020 00:00:00 GMT"])
def test_the_moment_a_vendor_names_counts_and_not_our_own_patience(stated: str) -> None:
    with a_vendor(Answer(429, headers={"Retry-After": stated}), WELL) as client:
        client.first_wait_seconds = 60.0
        began = monotonic()
        client.post_json("/things", {})
        assert monotonic() - began < 5


def test_a_vendor_that_keeps_failing_is_unavailable() -> None:
    with a_vendor(Answer(500)) as client:
        with pytest.raises(VendorUnavailable, match=rf"Acme failed {TRIES} times at /things: status 500; try later"):
            client.post_json("/things", {})
        assert client.requests_sent == TRIES


def test_a_vendor_that_does_not_answer_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with a_client(f"http://127.0.0.1:{port}") as client, pytest.raises(VendorUnavailable, match="ConnectError"):
        client.post_json("/things", {})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_will_not_get_better_is_refused_at_once(status: int) -> None:
    with a_vendor(Answer(status, '{"detail": "no"}')) as client:
        with pytest.raises(VendorRefused, match=f"Acme refused /things: {status}"):
            client.post_json("/things", {})
        assert client.requests_sent == 1


@pytest.mark.parametrize(
    "answer", [Answer(401, "wrong key {key}"), Answer(500, "{key}"), Answer(200, "[]"), Answer(302)]
)
def test_the_key_never_reaches_a_message(answer: Answer) -> None:
    with a_vendor(answer) as client, pytest.raises(VendorError) as raised:
        client.post_json("/things", {})
    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_the_key_is_not_shown_with_the_client() -> None:
    with a_client("http://127.0.0.1:1") as client:
        assert KEY not in repr(client)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(200, "<html>Find your workspace</html>", "text/html; charset=utf-8"), "with a web page"),
        (Answer(200, "[]"), "with list, not an object"),
    ],
)
def test_a_success_that_is_no_object_is_unreadable(answer: Answer, says: str) -> None:
    with a_vendor(answer) as client:
        with pytest.raises(VendorUnreadable, match=says):
            client.post_json("/things", {})
        assert client.requests_sent == 1


def test_a_redirect_is_not_taken_for_an_answer() -> None:
    elsewhere = Answer(302, "", headers={"Location": "/login"})
    with a_vendor(elsewhere) as client, pytest.raises(VendorRefused, match="302"):
        client.get_text("/leads.csv")


def test_a_text_comes_as_it_is() -> None:
    with a_vendor(Answer(500), Answer(200, "id,name\n1,Zoë\n", "text/csv; charset=utf-8")) as client:
        assert client.get_text("/leads.csv") == "id,name\n1,Zoë\n"


def test_requests_keep_the_limit() -> None:
    with a_vendor(WELL) as client:
        client.limits = (Limit(0.1, 2),)
        began = monotonic()
        for _ in range(6):
            client.post_json("/things", {})
        assert monotonic() - began >= 0.2


def test_what_may_come_later_is_asked_again_where_it_came_broken() -> None:
    with a_vendor(Answer(body="{oops"), Answer(202, ""), Answer(body='{"name": "Acme"}')) as client:
        assert client.get_json_when_ready("/things") is None
        assert client.get_json_when_ready("/things") == {"name": "Acme"}
