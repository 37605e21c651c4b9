"""Keys at the command line: shown once, listed without secrets, revoked."""

from json import loads
from pathlib import Path

import pytest

from database.keys import keys
from tests.flows.test_command import ringback


@pytest.fixture
def said(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Said":
    """Runs the command; gives its exit status, what it said and what it complained of."""
    return Said(monkeypatch, capsys)


class Said:
    """What the command says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        status = ringback(self._monkeypatch, *arguments)
        told = self._capsys.readouterr()
        return status, told.out.strip(), told.err.strip()


def test_a_key_is_printed_alone_and_never_again(said: Said) -> None:
    status, text, told = said("keys", "create", "--name", "crm", "--role", "score", "--role", "read")
    assert (status, text[:4]) == (0, "rbk_")
    key_id, secret = text.split("_", 2)[1:]
    assert f"key {key_id} of 'crm' is valid until it is revoked" in told
    _, table, _ = said("keys", "list")
    _, listed, _ = said("keys", "list", "--json")
    assert (loads(listed)[0]["roles"], loads(listed)[0]["per_minute"]) == (["score", "read"], 600)
    assert key_id in table
    assert secret not in table + listed


def test_a_key_that_expires_is_revoked_before_that(said: Said) -> None:
    _, made, _ = said("keys", "create", "--name", "crm", "--role", "admin", "--expires-in", "90d", "--json")
    key = keys()[0]
    assert key.expires_at is not None
    assert (loads(made)["key_id"], (key.expires_at - key.created_at).days) == (key.key_id, 90)
    assert said("keys", "revoke", key.key_id)[0] == 0
    assert said("keys", "revoke", key.key_id)[0] == 2
    assert "revoked" in said("keys", "list")[1]


def test_what_cannot_be_meant_is_wrong_usage(said: Said) -> None:
    assert said("keys", "create", "--name", "crm", "--role", "root")[0] == 2
    status, _, told = said("keys", "create", "--name", "crm", "--role", "read", "--expires-in", "soon")
    assert (status, "write 90d, 12h or 30m" in told) == (2, True)
