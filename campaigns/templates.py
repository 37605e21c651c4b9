"""Words of mails as templates: what may stand in them is checked when a file is read, so that sending never fails.

A template is text with `{{ field }}`, `{{ field | default('…') }}`, `{% if field %}…{% endif %}` and
`{{ link('https://…', 'words') }}`: no loops, no attributes, no arithmetic. A field that may not be known needs a
default, or stands where it was asked for. Values are cleaned: no control characters, no letters that turn the direction
of the text, of bounded length.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from campaigns.playbook import nearest

MAY_BE_UNKNOWN = ("first_name", "last_name", "company", "industry", "job_title", "country", "reason")
ALWAYS_KNOWN = ("owner_name", "owner_email")
FIELDS = (*MAY_BE_UNKNOWN, *ALWAYS_KNOWN)
LINK = "link"
FILTERS = ("default", "title", "upper", "lower", "capitalize", "trim")
LONGEST_VALUE = 80
LONGEST_SOURCE = 20_000
VALUES_REMEMBERED = 5_000
JOINERS = "\u200c\u200d"
"""Unseen as well, but words of some scripts need them."""
NO_LETTERS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of what nobody sees: controls, what turns the direction of a text, what is no character."""
PLAIN_HOSTS = frozenset({"localhost", "127.0.0.1"})
"""Only there may a link be without TLS."""
ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr, nodes.And, nodes.Or,
    nodes.Not, nodes.Compare, nodes.Operand,
)  # fmt: skip
CALLED = {
    nodes.For: "a loop", nodes.Getattr: "an attribute", nodes.Getitem: "an item of a value",
    nodes.Assign: "an assignment", nodes.Macro: "a macro", nodes.Include: "an include", nodes.Import: "an import",
    nodes.FromImport: "an import", nodes.Extends: "an extension", nodes.Block: "a block",
}  # fmt: skip
Fields = Mapping[str, str | None]
MakeLink = Callable[[str, str], str]
"""An address and words to what stands in the mail."""
Found = tuple[int, str]
"""Line of the template, and what is wrong there."""


def mistakes_in(source: str, may_link: bool) -> list[Found]:
    """What keeps a template from being rendered for each and every lead, by line."""
    if len(source) > LONGEST_SOURCE:
        return [(1, f"is longer than {LONGEST_SOURCE:,} letters")]
    try:
        parsed = _environment(is_html=False).parse(source)
    except TemplateError as failure:
        return [(getattr(failure, "lineno", None) or 1, f"is no template: {failure.message}")]
    found = sorted(set(_wrong(parsed, frozenset(), may_link, in_output=False)))
    return found or [(1, f"does not render: {why}") for why in _failures(source)]


def render(source: str, fields: Fields, link: MakeLink | None = None) -> str:
    """A template that has no mistakes as text."""
    return _template(source, is_html=False).render(_context(fields, link))


def render_html(source: str, fields: Fields, link: MakeLink) -> Markup:
    """The same as HTML, values escaped; the template's own words are taken as HTML."""

    def linked(url: str, words: str) -> Markup:
        return Markup(f'<a href="{escape(link(url, words))}">{escape(words)}</a>')  # noqa: S704  (escaped right here)

    made = _template(source, is_html=True).render(_context(fields, linked))
    return Markup(made)  # noqa: S704  (escaped by the template)


def in_paragraphs(source: str, fields: Fields, link: MakeLink) -> Markup:
    """A template of plain text as HTML: blank lines part paragraphs, and its own words are escaped too."""
    text = str(render_html(_escaped(source), fields, link)).strip()
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return Markup("\n".join(f"<p>{part}</p>" for part in paragraphs))  # noqa: S704  (escaped above)


def clean(value: object) -> str | None:
    """A value from data as it may stand in a mail; None where nothing is left.

    >>> clean("  Ana\\u202e \\n Smith "), clean("see https://evil.example"), clean(" ")
    ('Ana Smith', None, None)
    """
    return _cleaned(value) if isinstance(value, str) else None


@lru_cache(maxsize=VALUES_REMEMBERED)
def _cleaned(value: str) -> str | None:
    """The same of a text; a mail says each value several times, and many mails say the same."""
    value = value[: 20 * LONGEST_VALUE]
    text = " ".join((value if value.isascii() and value.isprintable() else _seen(value)).split())
    if not text.strip(JOINERS + " ") or "://" in text or "www." in text.lower():
        return None
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1].rstrip() + "…"


def _seen(value: str) -> str:
    """What of a text can be seen, with plain blanks."""
    return "".join(
        " " if letter.isspace() else letter for letter in value
        if letter.isspace() or letter in JOINERS or unicodedata.category(letter) not in NO_LETTERS
    )  # fmt: skip


def wrong_link(url: object) -> str | None:
    """Why an address cannot be linked to; None where it can."""
    if not isinstance(url, str):
        return "links to something that is no text; write the address itself, in quotes"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return f"links to {url!r}, which is no web address"
    if parts.scheme not in ("https", "http") or not host:
        return f"links to {url!r}; write an absolute address that begins with https://"
    if parts.scheme == "http" and host not in PLAIN_HOSTS:
        return f"links to {url!r}; only https:// is taken"
    if parts.username or not re.fullmatch(r"[!-;=?-~]+", url):
        return f"links to {url!r}, which has letters that an address cannot have"
    return None


def _context(fields: Fields, link: MakeLink | None) -> dict[str, object]:
    cleaned = {name: clean(fields.get(name)) for name in FIELDS}
    return cleaned | {name: cleaned[name] or "" for name in ALWAYS_KNOWN} | ({LINK: _link(link)} if link else {})


def _link(link: MakeLink) -> Callable[..., str]:
    return lambda url, words=None: link(url, str(words or url))


def _default(value: object, otherwise: object = "") -> object:
    return value if value else otherwise


@lru_cache(maxsize=2)
def _environment(is_html: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=is_html, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    known = dict(environment.filters)
    environment.filters = {name: known[name] for name in FILTERS} | {"default": _default}
    environment.tests = {}
    environment.globals = {}
    return environment


@lru_cache(maxsize=512)
def _escaped(source: str) -> str:
    """A template of plain text as one of HTML."""
    parts = re.split(r"({[{%#].*?[}%#]})", source, flags=re.DOTALL)
    return "".join(part if number % 2 else str(Markup.escape(part)) for number, part in enumerate(parts))


@lru_cache(maxsize=512)
def _template(source: str, is_html: bool) -> Template:
    return _environment(is_html).from_string(source)


def _wrong(node: nodes.Node, asked: frozenset[str], may_link: bool, in_output: bool) -> Iterator[Found]:
    """What of a node, and below it, is not allowed; `asked` are the fields that are known to be there."""
    if isinstance(node, nodes.Name):
        yield from _wrong_name(node, asked)
    elif isinstance(node, nodes.Filter):
        yield from _wrong_filter(node, asked, may_link)
    elif isinstance(node, nodes.Call):
        yield from _wrong_call(node, asked, may_link, in_output)
    elif isinstance(node, nodes.If | nodes.CondExpr):
        yield from _wrong_choice(node, asked, may_link, in_output)
    elif isinstance(node, nodes.Operand) and node.op not in ("eq", "ne"):
        yield node.lineno, "compares by size; only == and != are taken"
    elif not isinstance(node, ALLOWED):
        what = CALLED.get(type(node), f"{type(node).__name__.lower()}")
        yield node.lineno, f"has {what}, which a template may not have; it may have fields, default, if and link"
    else:
        for child in node.iter_child_nodes():
            yield from _wrong(child, asked, may_link, isinstance(node, nodes.Output))


def _wrong_name(node: nodes.Name, asked: frozenset[str]) -> Iterator[Found]:
    if node.name == LINK:
        yield node.lineno, "names link without an address; write link('https://…', 'words')"
    elif node.name not in FIELDS:
        yield node.lineno, f"{node.name!r} is no field{nearest(node.name, FIELDS)}"
    elif node.name in MAY_BE_UNKNOWN and node.name not in asked:
        way = f"{{{{ {node.name} | default('…') }}}}"
        yield node.lineno, f"{node.name!r} may not be known; write {way} or ask {{% if {node.name} %}}"


def _wrong_filter(node: nodes.Filter, asked: frozenset[str], may_link: bool) -> Iterator[Found]:
    if node.name not in FILTERS:
        yield node.lineno, f"{node.name!r} is no filter{nearest(node.name, FILTERS)}"
    if node.node is None or isinstance(node.node, nodes.Call):
        yield node.lineno, "filters something that is no field"
        yield from _wrong(node.node, asked, may_link, in_output=True) if node.node is not None else ()
        return
    given = [*node.args, *node.kwargs]
    if node.kwargs or len(given) != (1 if node.name == "default" else 0):
        yield node.lineno, f"the filter {node.name!r} takes {'one word' if node.name == 'default' else 'no words'}"
    is_covered = node.name == "default" and isinstance(node.node, nodes.Name)
    inside = asked | {node.node.name} if is_covered and isinstance(node.node, nodes.Name) else asked
    yield from _wrong(node.node, inside, may_link, in_output=False)
    for one in node.args:
        yield from _wrong(one, asked, may_link, in_output=False)


def _wrong_call(node: nodes.Call, asked: frozenset[str], may_link: bool, in_output: bool) -> Iterator[Found]:
    if not isinstance(node.node, nodes.Name) or node.node.name != LINK:
        called = node.node.name if isinstance(node.node, nodes.Name) else "this"
        yield node.lineno, f"{called!r} cannot be called{nearest(called, [LINK])}"
        return
    if not may_link:
        yield node.lineno, "links, which a subject cannot"
    if not in_output:
        yield node.lineno, "link stands inside something else; it must stand alone"
    if not 1 <= len(node.args) <= 2 or node.kwargs or node.dyn_args or node.dyn_kwargs:
        yield node.lineno, "link takes an address and words: link('https://…', 'words')"
        return
    url = node.args[0]
    if why := wrong_link(url.value if isinstance(url, nodes.Const) else None):
        yield node.lineno, why
    for one in node.args[1:]:
        yield from _wrong(one, asked, may_link, in_output=False)


def _wrong_choice(
    node: nodes.If | nodes.CondExpr, asked: frozenset[str], may_link: bool, in_output: bool
) -> Iterator[Found]:
    """A field that is asked for is there in the first branch; in the test itself it may be missing."""
    named = {one.name for one in [node.test, *node.test.find_all(nodes.Name)] if isinstance(one, nodes.Name)}
    yield from _wrong(node.test, asked | (named & set(FIELDS)), may_link, in_output=False)
    inside = asked | set(_sure(node.test))
    if isinstance(node, nodes.CondExpr):
        yield from _wrong(node.expr1, inside, may_link, in_output)
        if node.expr2 is None:
            yield node.lineno, "has an if without else; write {{ a if b else c }}"
        else:
            yield from _wrong(node.expr2, asked, may_link, in_output)
        return
    for child in node.body:
        yield from _wrong(child, inside, may_link, in_output)
    for child in [*node.elif_, *node.else_]:
        yield from _wrong(child, asked, may_link, in_output)


def _sure(test: nodes.Node) -> Iterator[str]:
    """Fields that are there where a test holds."""
    if isinstance(test, nodes.Name):
        yield test.name
    elif isinstance(test, nodes.And):
        yield from _sure(test.left)
        yield from _sure(test.right)


def _failures(source: str) -> Iterator[str]:
    """Why a template fails with all that is known, with nothing known, or with odd values."""
    for value in ("Ana", None, "{{ x }} <b>\u202e" * 200):
        try:
            render(source, dict.fromkeys(FIELDS, value), lambda url, words: f"{words}: {url}")
            render_html(source, dict.fromkeys(FIELDS, value), lambda url, words: url)
            in_paragraphs(source, dict.fromkeys(FIELDS, value), lambda url, words: url)
        except Exception as failure:
            yield f"{type(failure).__name__}: {failure}"
            return
