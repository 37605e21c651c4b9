"""Deliveries that SendGrid signed or that know Postmark's password are told from all others."""

import base64
from datetime import UTC, datetime, timedelta
from json import dumps

import pytest
from pydantic import SecretStr

from ringback.errors import VendorRefused
from vendors.webhooks import SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, delivery_id_of, verify_basic, verify_sendgrid

# The public test vector of SendGrid's own library (sendgrid-python, test of its event webhook).
KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8e"
    "NEc6wEA3F+g=="
)
OTHER_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/"
    "R1NGe1OPzpA=="
)
HEADERS = {
    SENDGRID_SIGNATURE: (
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
    ),
    SENDGRID_TIMESTAMP: "1600112502",
}
EVENT = {
    "email": "hello@world.com", "event": "dropped", "reason": "Bounced Address",
    "sg_event_id": "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
    "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
    "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>", "timestamp": 1600112492,
}  # fmt: skip
BODY = f"{dumps([EVENT], sort_keys=True, separators=(',', ':'))}\r\n".encode()
SENT_AT = datetime.fromtimestamp(1600112502, UTC).replace(tzinfo=None)


def test_what_sendgrid_signed_is_taken_and_named_by_its_bytes() -> None:
    assert verify_sendgrid(HEADERS, BODY, KEY, SENT_AT + timedelta(seconds=300)) == delivery_id_of(BODY)


@pytest.mark.parametrize(
    ("headers", "body", "key", "late"),
    [
        (HEADERS, BODY.strip(), KEY, 0),
        (HEADERS, BODY, OTHER_KEY, 0),
        (HEADERS, BODY, KEY, 301),
        (HEADERS, BODY, KEY, -301),
        (HEADERS | {SENDGRID_TIMESTAMP: "1600112503"}, BODY, KEY, 0),
        (HEADERS | {SENDGRID_TIMESTAMP: "soon"}, BODY, KEY, 0),
        (HEADERS | {SENDGRID_SIGNATURE: "AAAA"}, BODY, KEY, 0),
        (HEADERS | {SENDGRID_SIGNATURE: "no base64!"}, BODY, KEY, 0),
        ({}, BODY, KEY, 0),
        (HEADERS, BODY, "AAAA", 0),
    ],
)
def test_any_other_delivery_is_refused(headers: dict[str, str], body: bytes, key: str, late: int) -> None:
    with pytest.raises(VendorRefused):
        verify_sendgrid(headers, body, key, SENT_AT + timedelta(seconds=late))


def basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_the_right_user_and_password_are_taken_and_nothing_else() -> None:
    password = SecretStr("pass:word")
    assert verify_basic(basic("me:pass:word"), b"{}", "me", password) == delivery_id_of(b"{}")
    for wrong in (basic("me:pass"), basic("you:pass:word"), basic(""), {"authorization": "Basic ###"}, {}):
        with pytest.raises(VendorRefused):
            verify_basic(wrong, b"{}", "me", password)
