"""API keys: who may ask the service for what, and how often.

A key reads `rbk_<key_id>_<secret>`; the secret is 32 random bytes and only its SHA-256 is kept. A slow hash with salt
protects secrets that can be guessed; nobody guesses 256 random bits, and a quick one costs a request nothing.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from secrets import token_hex, token_urlsafe

from sqlalchemy import delete, func, select, update

from database import models
from database.session import insert_new, reading, writing
from ringback.errors import WrongUsage

ROLES = ("score", "read", "write", "admin")
INCLUDES = {"score": {"score"}, "read": {"read"}, "write": {"write", "read"}, "admin": set(ROLES)}
PREFIX = "rbk"
ID_BYTES, SECRET_BYTES = 8, 32
NO_HASH = sha256(b"").hexdigest()
"""What the secret of an unknown key is compared with, so that it takes as long as that of a known one."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is kept."""

    key_id: str
    name: str
    roles: tuple[str, ...]
    """As they were given; `may` says what they include."""
    per_minute: int
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    secret_hash: str = field(repr=False)
    may: frozenset[str] = frozenset()

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether it was neither revoked nor has expired."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)


@dataclass(frozen=True, slots=True)
class Share:
    """What a process got of a minute's budget, and what is left of it for all."""

    granted: int
    left: int


def create(
    name: str, roles: Collection[str], at: datetime, by: str, per_minute: int = 600, expires_at: datetime | None = None
) -> str:
    """Make a key; gives its text, which nobody can be told again.

    Raises WrongUsage for roles that do not exist, for none, and for a budget below one.
    """
    if unknown := sorted(set(roles) - set(ROLES)):
        raise WrongUsage(f"there is no role {unknown[0]!r}; there are {', '.join(ROLES)}")
    if not roles or per_minute < 1:
        raise WrongUsage("a key needs a role, and at least one request a minute")
    key_id, secret = token_hex(ID_BYTES), token_urlsafe(SECRET_BYTES)
    row = {
        "key_id": key_id, "name": name, "secret_hash": hash_of(secret), "per_minute": per_minute,
        "roles": [role for role in ROLES if role in roles], "created_at": at, "created_by": by,
        "expires_at": expires_at, "revoked_at": None,
    }  # fmt: skip
    with writing() as connection:
        insert_new(connection, models.ApiKey, [row])
    return f"{PREFIX}_{key_id}_{secret}"


def keys() -> list[Key]:
    """All keys, the oldest first."""
    asked = select(models.ApiKey).order_by(models.ApiKey.created_at, models.ApiKey.key_id)
    with reading() as connection:
        return [
            Key(
                r.key_id, r.name, tuple(r.roles), r.per_minute, r.created_at, r.created_by, r.expires_at, r.revoked_at,
                r.secret_hash, frozenset().union(*(INCLUDES.get(role, ()) for role in r.roles)),
            )
            for r in connection.execute(asked)
        ]  # fmt: skip


def state() -> tuple[object, ...]:
    """Changes whenever a key is made, revoked or deleted; costs a fiftieth of reading all keys."""
    k = models.ApiKey
    counted = (func.count(), func.max(k.created_at), func.count(k.revoked_at), func.max(k.revoked_at))
    with reading() as connection:
        return tuple(connection.execute(select(*counted).select_from(k)).one())


def revoke(key_id: str, at: datetime) -> bool:
    """Let a key be valid no longer; False where it was not."""
    mine = update(models.ApiKey).where(models.ApiKey.key_id == key_id, models.ApiKey.revoked_at.is_(None))
    with writing() as connection:
        return connection.execute(mine.values(revoked_at=at)).rowcount > 0


def parts_of(text: str) -> tuple[str, str] | None:
    """The id and the secret in a key's text; None where it is none.

    >>> parts_of("rbk_ab12_se_cret"), parts_of("secret")
    (('ab12', 'se_cret'), None)
    """
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if prefix == PREFIX and key_id and secret else None


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode("utf-8", errors="surrogateescape")).hexdigest()


def fits(secret: str, key: Key | None) -> bool:
    """Whether a secret is this key's; for no key it takes as long to say no."""
    return hmac.compare_digest(hash_of(secret), key.secret_hash if key else NO_HASH) and key is not None


def take_share(key_id: str, minute: datetime, wanted: int, per_minute: int, at_least: int = 1) -> Share:
    """Take some of a minute's budget of a key for one process; over all processes never more than `per_minute`.

    Where fewer than `at_least` are left nothing is taken, so that they stay for others.
    """
    mine = (models.KeyUsage.key_id == key_id) & (models.KeyUsage.minute == minute)
    with writing() as connection:
        insert_new(connection, models.KeyUsage, [{"key_id": key_id, "minute": minute, "used": 0}])
        used = connection.scalar(select(models.KeyUsage.used).where(mine).with_for_update()) or 0
        granted = max(0, min(wanted, per_minute - used))
        granted = granted if granted >= at_least else 0
        if granted:
            connection.execute(update(models.KeyUsage).where(mine).values(used=used + granted))
        return Share(granted, max(0, per_minute - used - granted))


def forget_usage(before: datetime) -> int:
    """Delete what was used in minutes long past; gives how many rows."""
    with writing() as connection:
        return connection.execute(delete(models.KeyUsage).where(models.KeyUsage.minute < before)).rowcount
