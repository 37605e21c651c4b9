"""What stands on a page: its texts, links, forms and the resources it loads. Parsed, never executed.

>>> page = parse("https://acme.test/", "<title>Acme</title><a href='/pricing'>Pricing</a>")
>>> [(text.place, text.words) for text in page.texts], page.links
([('title', 'Acme'), ('link', 'Pricing')], (Link(url='https://acme.test/pricing', words='Pricing'),))
"""

from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urljoin

TextPlace = Literal["title", "description", "heading", "link", "button", "prose"]
Attributes = list[tuple[str, str | None]]

UNSEEN = frozenset({"script", "style", "template", "noscript", "svg"})
HEADINGS = frozenset({"h1", "h2", "h3"})
INLINE = frozenset({"b", "i", "em", "strong", "span", "small", "mark", "u", "sup", "sub", "br", "abbr", "font", "wbr"})
LOADING = {"script": "src", "iframe": "src", "embed": "src"}
LOADING_LINKS = frozenset({"stylesheet", "preconnect", "dns-prefetch", "preload", "modulepreload"})
MOST_PARTS = 20_000
"""Of each kind: a page of 1 MiB of tiny links is not worth more."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words that a visitor reads, and where they stand."""

    place: TextPlace
    words: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where a visitor can go."""

    url: str
    words: str


@dataclass(frozen=True, slots=True)
class Form:
    """What a form asks for: the types and autofill names of its fields, and where it is sent."""

    action: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resource:
    """What the browser would load: `kind` is the tag."""

    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page, taken apart."""

    url: str
    texts: tuple[Text, ...] = ()
    links: tuple[Link, ...] = ()
    forms: tuple[Form, ...] = ()
    resources: tuple[Resource, ...] = ()
    inline_scripts: tuple[str, ...] = ()
    generator: str | None = None


def parse(url: str, html: str) -> WebPage:
    """Take a page apart; what is not HTML gives a page of as much as was understood."""
    reader = _Reader(url)
    with suppress(AssertionError):  # html.parser of Python 3.11 asserts on some broken declarations ("<![x[")
        # Fed once and not closed: for a broken end the parser would search again and again (quadratic time).
        reader.feed(html)
    return reader.page()


@dataclass(slots=True)
class _OpenForm:
    action: str
    fields: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.texts: list[Text] = []
        self.links: list[Link] = []
        self.forms: list[_OpenForm] = []
        self.resources: list[Resource] = []
        self.inline_scripts: list[str] = []
        self.generator: str | None = None
        self._place: TextPlace = "prose"
        self._link: str | None = None
        self._form: _OpenForm | None = None
        self._unseen: str | None = None
        self._words: list[str] = []

    def page(self) -> WebPage:
        self._end_text()
        return WebPage(
            self.url,
            tuple(self.texts),
            tuple(self.links),
            tuple(Form(form.action, frozenset(form.fields)) for form in self.forms),
            tuple(self.resources),
            tuple(self.inline_scripts),
            self.generator,
        )

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        of = {name: value or "" for name, value in attrs}
        self._note_resource(tag, of)
        if tag in UNSEEN:
            self._unseen = self._unseen or tag
        if self._unseen or tag in INLINE:
            return
        self._end_text()
        match tag:
            case "title" | "button":
                self._place = tag
            case "a":
                self._place, self._link = "link", self._absolute(of.get("href", ""))
            case "meta":
                self._note_meta(of)
            case "form":
                self._form = self._open_form(of.get("action", ""))
            case "input" | "textarea" | "select":
                self._form = self._form or self._open_form("")  # fields without a form are one, sent by a script
                self._note_field(tag, of, self._form)
            case _ if tag in HEADINGS:
                self._place = "heading"

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)
        if tag in UNSEEN:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = None
            return
        if self._unseen or tag in INLINE:
            return
        self._end_text()
        if tag == "form":
            self._form = None
        if tag == "a":
            self._link = None
        if tag in {"a", "title", "button"} or tag in HEADINGS:
            self._place = "prose"

    def handle_data(self, data: str) -> None:
        if self._unseen is None:
            self._words.append(data)
        elif self._unseen == "script" and data.strip() and len(self.inline_scripts) < MOST_PARTS:
            self.inline_scripts.append(data)

    def _end_text(self) -> None:
        words = " ".join("".join(self._words).split())
        self._words.clear()
        if not words or len(self.texts) >= MOST_PARTS:
            return
        self.texts.append(Text(self._place, words))
        if self._link is not None:
            self.links.append(Link(self._link, words))

    def _open_form(self, action: str) -> _OpenForm:
        form = _OpenForm(self._absolute(action))
        if len(self.forms) < MOST_PARTS:
            self.forms.append(form)
        return form

    def _note_resource(self, tag: str, of: dict[str, str]) -> None:
        address = of.get(LOADING.get(tag, ""), "")
        if tag == "link" and LOADING_LINKS & set(of.get("rel", "").lower().split()):
            address = of.get("href", "")
        if address and len(self.resources) < MOST_PARTS:
            self.resources.append(Resource(tag, self._absolute(address)))

    def _note_meta(self, of: dict[str, str]) -> None:
        content = " ".join(of.get("content", "").split())
        match (of.get("name") or of.get("property", "")).lower():
            case "generator":
                self.generator = content or None
            case "description" | "og:description" if content:
                self.texts.append(Text("description", content))

    def _note_field(self, tag: str, of: dict[str, str], form: _OpenForm) -> None:
        kind = of.get("type", "text").lower() if tag == "input" else tag
        form.fields |= {kind, *of.get("autocomplete", "").lower().split()}

    def _absolute(self, address: str) -> str:
        try:
            return urljoin(self.url, address.strip())
        except ValueError:
            return ""
