"""Keys are kept as hashes, roles include each other, and a minute's budget is handed out in shares."""

from pathlib import Path

import pytest

from database.keys import create, forget_usage, keys, parts_of, revoke, take_share
from ringback.errors import WrongUsage
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.sqlite
def test_the_secret_of_a_key_is_nowhere_in_the_database(home: Path) -> None:
    key_id, secret = parts_of(create("crm", ["score"], NOON, "ana")) or ("", "")
    assert len(secret) >= 43  # 32 bytes in base64
    stored = b"".join(file.read_bytes() for file in home.glob("database.sqlite*"))
    assert key_id.encode() in stored
    assert secret.encode() not in stored


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        (["score"], {"score"}),
        (["write"], {"read", "write"}),
        (["read", "score"], {"read", "score"}),
        (["admin"], {"score", "read", "write", "admin"}),
    ],
)
def test_roles_include_what_they_stand_for(roles: list[str], may: set[str]) -> None:
    create("crm", roles, NOON, "ana")
    assert keys()[0].may == may


def test_a_role_that_does_not_exist_is_wrong_usage_and_so_is_none() -> None:
    with pytest.raises(WrongUsage, match="no role 'root'; there are score, read, write, admin"):
        create("crm", ["root"], NOON, "ana")
    with pytest.raises(WrongUsage, match="needs a role"):
        create("crm", [], NOON, "ana")


def test_a_key_is_revoked_once() -> None:
    key_id, _ = parts_of(create("crm", ["score"], NOON, "ana")) or ("", "")
    assert (revoke(key_id, NOON), revoke(key_id, NOON + DAY), revoke("none", NOON)) == (True, False, False)
    assert (keys()[0].revoked_at, keys()[0].is_valid_at(NOON)) == (NOON, False)


def test_shares_add_up_to_the_budget_and_no_further() -> None:
    taken = [take_share("a", NOON, 4, 10) for _ in range(4)]
    assert [(one.granted, one.left) for one in taken] == [(4, 6), (4, 2), (2, 0), (0, 0)]
    assert take_share("b", NOON, 4, 10).granted == 4
    assert forget_usage(NOON + DAY) == 2
