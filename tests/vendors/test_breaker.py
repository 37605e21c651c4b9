"""A vendor that is down is left alone, by every process, until it answers again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest

from ringback.errors import VendorRefused, VendorUnavailable
from tests.vendors.scripted import Answer, a_vendor
from vendors import breaker
from vendors.breaker import FAILURES_IN_A_ROW, State, states

DOWN = [Answer(500)] * 40


def test_after_ten_failures_in_a_row_the_vendor_is_asked_no_more() -> None:
    with a_vendor(*DOWN) as client:
        for _ in range(4):
            with pytest.raises(VendorUnavailable):
                client.post_json("/things", {})
        assert client.requests_sent == FAILURES_IN_A_ROW
        assert [(s.vendor, s.state, s.failures) for s in states(client.state_folder)] == [("Acme", "open", 10)]


def test_another_process_sees_the_open_circuit() -> None:
    with a_vendor(*DOWN) as client:
        for _ in range(2):
            with pytest.raises(VendorUnavailable):
                client.post_json("/things", {})
        breaker._breaker.cache_clear()  # as a new process would start
        with pytest.raises(VendorUnavailable, match="left alone"):
            client.post_json("/things", {})


def test_after_a_while_one_request_may_try_and_closes_the_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "OPEN_FOR_SECONDS", 0.0)
    breaker._breaker.cache_clear()
    with a_vendor(*[Answer(500)] * FAILURES_IN_A_ROW, Answer(200, "{}")) as client:
        with pytest.raises(VendorUnavailable):
            client.post_json("/things", {})
        assert client.post_json("/things", {}) == {}
        assert [s.state for s in states(client.state_folder)] == ["closed"]


def test_an_order_that_opens_the_circuit_is_still_told_to_be_in_doubt() -> None:
    with a_vendor(*DOWN) as client:
        told = []
        for _ in range(FAILURES_IN_A_ROW + 1):
            with pytest.raises(VendorUnavailable) as failure:
                client.post_json("/orders", {}, repeatable=False)
            told.append(failure.value.is_in_doubt)
        assert told == [True] * FAILURES_IN_A_ROW + [False]


def test_many_may_ask_at_the_same_time() -> None:
    with a_vendor(Answer(body="{}", after_seconds=0.3)) as client, ThreadPoolExecutor(8) as pool:
        started = monotonic()
        list(pool.map(lambda _: client.get_json("/things"), range(8)))
        assert monotonic() - started < 8 * 0.3 / 2


def test_being_told_to_wait_is_no_failure() -> None:
    with a_vendor(*[Answer(429)] * 20) as client:
        for _ in range(3):
            with pytest.raises(VendorUnavailable, match="429"):
                client.post_json("/things", {})
        assert all(s.state == "closed" for s in states(client.state_folder))


def test_a_wrong_request_is_no_failure() -> None:
    with a_vendor(*[Answer(400)] * 20) as client:
        for _ in range(12):
            with pytest.raises(VendorRefused):
                client.post_json("/things", {})
        assert all(s.state == "closed" for s in states(client.state_folder))


def test_nothing_is_known_of_a_vendor_that_was_never_asked(tmp_path: Path) -> None:
    assert states(tmp_path) == []
    assert State("Acme").state == "closed"
