"""A mail says the lead's own words, leads back to us by signed links, and can be left with one click."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import SecretStr

from campaigns.letters import Letterhead, letterhead, message_id_of, name_of, write
from campaigns.tracking import SECRET_FILE, Tokens, Tracked, tokens
from ringback.settings import Settings
from tests.campaigns.mailing import LETTERHEAD, SEQUENCE, a_sequence
from vendors.mail import Mail, message_of

KNOWN = {"first_name": "Ana", "company": "Acme & Sons", "owner_name": "Jo"}


class Links(HTMLParser):
    """The addresses that a page leads to, and its pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


def test_text_and_html_say_the_same_and_share_their_links(tmp_path: Path) -> None:
    letter = write(a_sequence(tmp_path), "first", "lead", "m1@ours.example", KNOWN, LETTERHEAD)
    voice, prices = (LETTERHEAD.url("c", "m1@ours.example", number) for number in (0, 1))
    leave, pixel = LETTERHEAD.url("u", "m1@ours.example"), LETTERHEAD.url("o", "m1@ours.example")
    assert letter.subject == "A question about Acme & Sons"
    assert letter.text == (
        f"Hi Ana,\n\nHow it works: {voice}\nWhat it costs: {prices}\n\n"
        f"--\n1 Road\nUnsubscribe, and we write no more: {leave}\n"
    )
    assert Links(letter.html).found == [voice, prices, leave, pixel]
    assert "<title>A question about Acme &amp; Sons</title>" in letter.html
    assert letter.links == ("https://ours.example/voice", "https://ours.example/prices")


def test_what_is_not_known_is_said_otherwise(tmp_path: Path) -> None:
    letter = write(a_sequence(tmp_path), "first", "lead", "m1@ours.example", {}, LETTERHEAD)
    assert (letter.subject, letter.text[:9]) == ("A question about your company", "Hi there,")


def test_html_of_its_own_is_taken_as_it_is_with_values_escaped(tmp_path: Path) -> None:
    text = SEQUENCE.replace(
        '    subject: "Once more"\n',
        '    subject: "Once more"\n'
        "    html: \"<h1>{{ first_name | default('you') }}</h1>{{ link('https://a.example') }}\"\n",
    )
    letter = write(a_sequence(tmp_path, text), "second", "lead", "m1@ours.example", {"first_name": "<b>"}, LETTERHEAD)
    assert "<h1>&lt;b&gt;</h1><a href=" in letter.html
    assert letter.links == ("https://ours.example/voice", "https://a.example")


def test_the_variant_is_the_leads_own(tmp_path: Path) -> None:
    text = SEQUENCE + (
        "experiments:\n  greeting:\n    mail: second\n    field: text\n    variants: {a: 'Hello A', b: 'Hello B'}\n"
        "    shares: {a: 0.5, b: 0.5}\n    goal: clicked\n    smallest_effect: 0.2\n    baseline: 0.1\n"
    )
    sequence = a_sequence(tmp_path, text)
    seen = {}
    for number in range(20):
        letter = write(sequence, "second", f"lead-{number}", "m1@ours.example", {}, LETTERHEAD)
        seen[letter.variants["test/greeting"]] = letter.text.partition("\n")[0]
    assert seen == {"a": "Hello A", "b": "Hello B"}


def test_a_step_has_one_message_id(tmp_path: Path) -> None:
    ids = [message_id_of("e1", step, LETTERHEAD) for step in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@ours.example")


def test_the_headers_of_leaving_can_stand_in_a_mail(tmp_path: Path) -> None:
    from datetime import datetime

    message_id = message_id_of("e1", 0, LETTERHEAD)
    mail = Mail(
        "ana@acme.com", "Hi", "Hi", f"<{message_id}>", datetime(2026, 3, 2), reply_to="jo@ours.example",
        list_unsubscribe_url=LETTERHEAD.url("u", message_id),
        list_unsubscribe_mailto=LETTERHEAD.leave_by_mail(message_id),
    )  # fmt: skip
    message = message_of(mail, LETTERHEAD.mail_from)
    assert str(message["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert str(message["List-Unsubscribe"]).startswith("<https://t.example/t/u/")
    assert str(message["Reply-To"]) == "jo@ours.example"


@pytest.mark.parametrize(("owner", "name"), [("jo.van-dyk@ours.example", "Jo Van Dyk"), ("sam@ours.example", "Sam B.")])
def test_an_owner_without_a_name_is_called_by_the_address(owner: str, name: str) -> None:
    assert name_of(owner, {"sam@ours.example": "Sam B."}) == name


def test_the_letterhead_is_as_the_settings_say(tmp_path: Path) -> None:
    known = Settings(
        home=tmp_path, public_url="https://go.example/", tracking_secret=SecretStr("x"), mail_from="A <a@b.example>",
        postal_address="2 Road",
    )  # fmt: skip
    assert letterhead(known) == Letterhead("https://go.example", Tokens(b"x"), "A <a@b.example>", "2 Road")


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first, again = tokens(Settings(home=tmp_path / "a")), tokens(Settings(home=tmp_path / "a"))
    other = tokens(Settings(home=tmp_path / "b"))
    assert first == again != other
    assert (tmp_path / "a" / SECRET_FILE).stat().st_mode & 0o777 == 0o600
    assert len(first.secret) == 32


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:-1], lambda t: "A" + t[1:], lambda t: t + "A", lambda t: "", lambda t: "ü", lambda t: "a" * 5_000,
     lambda t: t[:30] + "…", lambda t: t.swapcase()],
)  # fmt: skip
def test_a_token_that_was_changed_names_nothing(change: Callable[[str], str]) -> None:
    made = LETTERHEAD.tokens.make(Tracked("m1@ours.example", "c", 3))
    assert LETTERHEAD.tokens.read(made) == Tracked("m1@ours.example", "c", 3)
    assert LETTERHEAD.tokens.read(change(made)) is None
    assert Tokens(b"another").read(made) is None
