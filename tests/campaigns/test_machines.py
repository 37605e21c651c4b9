"""Machines open mails and follow links too; what they do is told apart, with the reason."""

from datetime import datetime, timedelta

import pytest

from campaigns.engagement import PROVIDERS_ID, belonging, corrected, engaged, under_our_names
from campaigns.machines import all_at_once, made_by_machine
from database.engagement import Engagement
from database.mails_to import Went
from database.outbox import Message
from tests.campaigns.events import ANA, a_message, an_event

SENT = datetime(2026, 3, 2, 12)
LATER = SENT + timedelta(hours=3)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246 Mozilla/5.0"
)


@pytest.mark.parametrize(
    ("kind", "agent", "why"),
    [
        ("clicked", FIREFOX, None), ("opened", FIREFOX, None), ("opened", GMAIL, None), ("clicked", None, None),
        ("clicked", "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/120", None),
        ("opened", GMAIL_AHEAD, "Gmail fetched the picture ahead"),
        ("opened", "Mozilla/5.0", "Apple Mail fetched the picture ahead"),
        ("clicked", "Mimecast URL Protect", "the user agent is of Mimecast"),
        ("clicked", "Mozilla/5.0 (compatible; Proofpoint URL Defense)", "the user agent is of Proofpoint"),
        ("clicked", "BarracudaCentral", "the user agent is of Barracuda"),
        ("clicked", "Microsoft Office SafeLinks scanner", "the user agent is of Microsoft SafeLinks"),
        ("clicked", "curl/8.5.0", "the user agent is of a program (curl)"),
        ("clicked", "Googlebot/2.1", "the user agent is of a program (bot)"),
        ("clicked", "", "there is no user agent"),
    ],
)  # fmt: skip
def test_a_user_agent_gives_a_machine_away(kind: str, agent: str | None, why: str | None) -> None:
    assert made_by_machine(kind, LATER, SENT, user_agent=agent) == why


@pytest.mark.parametrize(
    ("ip", "why"),
    [("40.94.1.2", "the address is of Microsoft's mail gateways"),
     ("67.231.150.9", "the address is of Proofpoint's mail gateways"), ("203.0.113.9", None),
     ("", None), ("no address", None), ("2001:db8::1", None)],
)  # fmt: skip
def test_an_address_gives_a_machine_away(ip: str, why: str | None) -> None:
    assert made_by_machine("clicked", LATER, SENT, user_agent=FIREFOX, ip=ip) == why


def test_nobody_reads_a_mail_before_it_is_there() -> None:
    soon = SENT + timedelta(seconds=3)
    assert made_by_machine("opened", soon, SENT, user_agent=GMAIL) == "it came 3 seconds after the mail was sent"
    assert made_by_machine("clicked", SENT + timedelta(seconds=20), SENT, user_agent=FIREFOX) is None


def test_only_machines_ask_with_head() -> None:
    assert made_by_machine("clicked", LATER, SENT, "HEAD", FIREFOX) == "the request was HEAD"


def test_apple_asks_from_its_own_network() -> None:
    assert made_by_machine("opened", LATER, SENT, user_agent=FIREFOX, ip="17.58.1.1") is not None
    assert made_by_machine("clicked", LATER, SENT, user_agent=FIREFOX, ip="17.58.1.1") is None


def test_several_links_at_once_are_a_machines() -> None:
    clicks = [("1", "m", "a", LATER), ("2", "m", "b", LATER + timedelta(seconds=4)),
              ("3", "m", "a", LATER + timedelta(1)), ("4", "other", "b", LATER)]  # fmt: skip
    assert dict(all_at_once(clicks)) == dict.fromkeys("12", "2 links of the mail were followed within 10 seconds")


def test_the_same_link_twice_is_a_person() -> None:
    assert dict(all_at_once([("1", "m", "a", LATER), ("2", "m", "a", LATER + timedelta(seconds=1))])) == {}


def test_clicks_of_one_mail_are_corrected_afterwards_also_of_a_provider() -> None:
    mail = a_message(sent_at=SENT)
    events = [
        an_event("1", "clicked", LATER, url="a", user_agent=FIREFOX),
        an_event("2", "clicked", LATER + timedelta(seconds=2), url="b", user_agent=FIREFOX),
        an_event("3", "opened", LATER, user_agent=GMAIL_AHEAD),
        an_event("4", "clicked", LATER + timedelta(days=1), url="a", user_agent=FIREFOX),
    ]
    assert {key: kind for key, (kind, _) in corrected(events, [mail]).items()} == {
        "1": "clicked_by_machine", "2": "clicked_by_machine", "3": "opened_by_machine",
    }  # fmt: skip


def test_what_is_corrected_stays_corrected() -> None:
    events = [an_event("1", "clicked_by_machine", LATER, url="a"), an_event("2", "clicked", LATER, url="b")]
    assert list(corrected(events, [a_message(sent_at=SENT)])) == ["2"]


def test_events_count_in_any_order_and_a_fresh_click_waits() -> None:
    events = [
        an_event("1", "opened", LATER),
        an_event("2", "clicked", LATER),
        an_event("3", "opened_by_machine", LATER),
    ]
    at = LATER + timedelta(minutes=5)
    assert engaged(events, at) == engaged(events[::-1], at)
    assert (engaged(events, at).opens, engaged(events, at).clicks) == (1, 1)
    assert engaged(events, LATER + timedelta(seconds=30)).clicks == 0


def test_an_event_of_a_provider_is_given_our_name_of_the_last_mail_that_had_gone_by_then() -> None:
    went = {ANA: [Went("m0@ours.example", SENT - timedelta(days=9)), Went("m1@ours.example", SENT)]}
    told = [
        an_event("1", "bounced", LATER, message_id="their-17"),
        an_event("2", "opened", SENT - timedelta(days=1), message_id=None),
        an_event("3", "delivered", LATER, message_id="sg-2", **{"smtp-id": "<m0@ours.example>"}),
        an_event("4", "clicked", LATER, message_id="m1@ours.example"),
        an_event("5", "clicked", LATER, message_id="of-another@system.example"),
        an_event("6", "opened", SENT - timedelta(days=10), message_id="before-any"),
    ]
    assert [(one.message_id, one.detail.get(PROVIDERS_ID)) for one in under_our_names(told, went)] == [
        ("m1@ours.example", "their-17"), ("m0@ours.example", None), ("m0@ours.example", "sg-2"),
        ("m1@ours.example", None), ("of-another@system.example", None), ("before-any", None),
    ]  # fmt: skip
    assert under_our_names(told, {}) == told


def test_an_event_belongs_to_the_mail_that_it_names_else_to_whom_was_written() -> None:
    mail: Message = a_message(sent_at=SENT)
    by_name = an_event("1", "clicked", LATER)
    others = an_event("2", "clicked", LATER, message_id="another@ours.example")
    of_provider = an_event("3", "delivered", LATER, message_id="sg-17")
    before = an_event("4", "delivered", SENT - timedelta(days=1), message_id="sg-1")
    by_smtp_id = an_event("5", "delivered", SENT, message_id="sg-2", **{"smtp-id": f"<{mail.message_id}>"})
    events: list[Engagement] = [by_name, others, of_provider, before, by_smtp_id]
    assert [one.event_id for one in belonging(events, [mail])] == ["1", "3", "5"]
