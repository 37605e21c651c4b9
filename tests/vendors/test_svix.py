"""Only a delivery that was signed with our secret just now is acted on."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from traceback import format_exception

import pytest
from pydantic import SecretStr

from ringback.errors import VendorRefused
from vendors.svix import verify

KEY = b"a key of twenty-four byt"
SECRET = SecretStr("whsec_" + base64.b64encode(KEY).decode())
BODY = b'{"event_type": "ai_note.generated", "id": "rec_1"}'
NOW = datetime(2026, 3, 2, 12)
STAMP = str(int(NOW.replace(tzinfo=UTC).timestamp()))


def signature(body: bytes = BODY, key: bytes = KEY, stamp: str = STAMP, delivery: str = "msg_1") -> str:
    signed = f"{delivery}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()


def headers(signed: str | None = None, stamp: str = STAMP, delivery: str = "msg_1") -> dict[str, str]:
    own = signature(stamp=stamp, delivery=delivery) if signed is None else signed
    return {"svix-id": delivery, "svix-timestamp": stamp, "svix-signature": own}


def test_a_delivery_signed_with_our_secret_is_known_by_its_id() -> None:
    assert verify(headers(), BODY, SECRET, NOW) == "msg_1"


def test_a_signature_made_elsewhere_is_right() -> None:
    """Made with `printf 'msg_1.1772452800.{}' | openssl dgst -sha256 -hmac 'a key of twenty-four byt'`."""
    assert verify(headers("v1,ojS8RZYWbw85uoyr0T90f/KMfgZ2+PXbWx0z8FpeVX0="), b"{}", SECRET, NOW) == "msg_1"


def test_headers_may_be_spelled_in_any_case() -> None:
    assert verify({name.title(): value for name, value in headers().items()}, BODY, SECRET, NOW) == "msg_1"


@pytest.mark.parametrize("prefix", ["", "whsec_", " whsec_"])
def test_the_secret_may_come_without_its_prefix(prefix: str) -> None:
    bare = base64.b64encode(KEY).decode()
    assert verify(headers(), BODY, SecretStr(prefix + bare), NOW) == "msg_1"


@pytest.mark.parametrize(
    "others", ["v1,AAAA {}", "{} v1,AAAA", "v2,AAAA {}", "v1,%% {}", "v1 {}", f"{signature(key=b'old')} {{}}"]
)
def test_one_right_signature_of_several_is_enough(others: str) -> None:
    assert verify(headers(others.format(signature())), BODY, SECRET, NOW) == "msg_1"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_early_or_late_is_in_time(seconds: int) -> None:
    assert verify(headers(), BODY, SECRET, NOW + timedelta(seconds=seconds)) == "msg_1"


@pytest.mark.parametrize(
    ("seconds", "when"),
    [(-301, "301 seconds in the future"), (301, "301 seconds ago"), (86_400, "86400 seconds ago")],
)
def test_an_old_or_early_delivery_is_refused(seconds: int, when: str) -> None:
    with pytest.raises(VendorRefused, match=f"was signed {when}"):
        verify(headers(), BODY, SECRET, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (headers(), BODY + b" "), (headers(), b""), (headers(signature(key=b"another")), BODY),
        (headers(signature(delivery="msg_2")), BODY), (headers(signature(stamp="1")), BODY),
        (headers("v1," + signature()[3:11]), BODY), (headers("v1," + signature()[3:].swapcase()), BODY),
    ],
    ids=["body", "no body", "key", "id", "moment", "cut", "case"],
)  # fmt: skip
def test_what_was_not_signed_so_is_refused(sent: dict[str, str], body: bytes) -> None:
    with pytest.raises(VendorRefused, match="msg_1 is not signed with our secret"):
        verify(sent, body, SECRET, NOW)


@pytest.mark.parametrize("name", ["svix-id", "svix-timestamp", "svix-signature"])
def test_a_header_that_is_missing_or_empty_is_named(name: str) -> None:
    for sent in ({**headers(), name: ""}, {key: value for key, value in headers().items() if key != name}):
        with pytest.raises(VendorRefused, match=f"lacks the header {name}"):
            verify(sent, BODY, SECRET, NOW)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (headers(stamp="soon"), "unix seconds"), (headers(stamp="-5"), "unix seconds"),
        (headers(stamp="1" * 40), "unix seconds"), (headers(stamp="١٧٧"), "unix seconds"),
        (headers(delivery="msg.1"), "svix-id"), (headers(delivery="msg 1"), "svix-id"),
        (headers("%%%"), "no readable v1"), (headers("v2,AAAA"), "no readable v1"), (headers("v1,a"), "no readable v1"),
        (headers("v1,é"), "no readable v1"), (headers("v1,"), "no readable v1"),
    ],
)  # fmt: skip
def test_headers_that_cannot_be_read_are_named(sent: dict[str, str], says: str) -> None:
    with pytest.raises(VendorRefused, match=says):
        verify(sent, BODY, SECRET, NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "whsec_not base64!"])
def test_nobody_can_sign_with_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(VendorRefused, match="not base64"):
        verify(headers(signature(key=b"")), BODY, SecretStr(secret), NOW)


def test_the_secret_is_never_said() -> None:
    with pytest.raises(VendorRefused) as raised:
        verify(headers(signature(key=b"another")), BODY, SECRET, NOW)
    assert SECRET.get_secret_value().removeprefix("whsec_") not in "".join(format_exception(raised.value))
