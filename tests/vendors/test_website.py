"""A company's site is read as a polite and careful visitor would; what it says comes with evidence."""

import gzip
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic, process_time, sleep

import pytest

from ringback.errors import VendorUnavailable
from vendors.website import Signal, WebsiteSignals, read_website
from vendors.website_fetch import Answer, Guarded
from vendors.website_page import parse
from vendors.website_signals import TECHNOLOGIES, signals_of, strongest

KIB = 1024
HTML = {"content-type": "text/html; charset=utf-8"}
FRONT = """<!doctype html><html><head><title>Acme: an AI receptionist for dentists</title>
<meta name="generator" content="WordPress 6.7.1">
<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
<script src="https://js.stripe.com/v3/"></script>
<script>(function(){var s="https://widget.intercom.io/widget/abc"; login();})();</script></head>
<body><nav><a href="/pricing">Pricing</a> <a href="/portal/login">Log in</a> <a href="/contact#form">Contact us</a>
<a href="/privacy">Privacy of our platform</a> <a href="https://elsewhere.test/product">Partner product</a></nav>
<h1>Never miss a call</h1><p>Our <b>machine learning</b> answers text messages.</p>
<a href="tel:+13125550100">312 555 0100</a></body></html>"""
LOGIN = '<form action="/session"><input name=u autocomplete=username><input type=password></form>'
CONTACT = '<form action="/lead"><input type=email><textarea name=m></textarea></form>'
PRICING = "<title>Pricing</title><h2>Plans</h2><button>Buy now</button>"


@dataclass(slots=True)
class Site:
    """A server with these pages: bytes, or a list of pieces sent slowly."""

    port: int
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    looked_up: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://acme.test:{self.port}/"

    def resolve(self, host: str) -> tuple[str, ...]:
        self.looked_up.append(host)
        return {"private.test": ("10.0.0.1",), "mixed.test": ("127.0.0.1", "192.168.0.1")}.get(host, ("127.0.0.1",))

    def guarded(self, most_body_bytes: int = 64 * KIB) -> Guarded:
        return Guarded(self.resolve, frozenset({self.port}), frozenset({"127.0.0.1"}), most_body_bytes)

    def read(self, path: str = "", seconds: float = 3.0) -> WebsiteSignals:
        return read_website(self.url + path, self.guarded().get, seconds)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server sends for a path."""

    body: bytes | str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: HTML)
    pause_seconds: float = 0.0
    length: int | None = None


@contextmanager
def a_site(pages: Mapping[str, Sent | str]) -> Iterator[Site]:
    """A real local server; `{port}` in a header is its port."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.agents.add(self.headers["user-agent"])
            page = pages.get(self.path, Sent("gone", 404))
            sent = Sent(page) if isinstance(page, str) else page
            body = sent.body.encode() if isinstance(sent.body, str) else sent.body
            self.send_response(sent.status)
            for name, value in sent.headers.items():
                self.send_header(name, value.replace("{port}", str(site.port)))
            if sent.length is not None:
                self.send_header("content-length", str(sent.length))
            self.end_headers()
            try:
                self._send(body, sent.pause_seconds)
            except OSError:
                return  # the visitor left

        def _send(self, body: bytes, pause_seconds: float) -> None:
            if not pause_seconds:
                self.wfile.write(body)
                return
            for byte in body:
                self.wfile.write(bytes([byte]))
                sleep(pause_seconds)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    site = Site(server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def to(location: str, status: int = 302) -> Sent:
    return Sent("", status, {"location": location})


def found(site: WebsiteSignals) -> dict[tuple[str, str], Signal]:
    return {(signal.name, signal.value): signal for signal in site.signals}


def test_a_realistic_site_is_read_with_evidence() -> None:
    with a_site({"/": FRONT, "/pricing": PRICING, "/portal/login": LOGIN, "/contact": CONTACT}) as site:
        read = site.read()
        assert read.failed_because is None
        assert read.pages == tuple(site.url + path for path in ("", "pricing", "portal/login", "contact"))
        assert site.asked == ["/robots.txt", "/", "/pricing", "/portal/login", "/contact"]
        assert site.agents == {"ringback/0.1"}
        told = {
            (name, value, signal.confidence, signal.evidence.text, signal.evidence.url.removeprefix(site.url))
            for (name, value), signal in found(read).items()
        }
    assert told >= {
        ("technology", "WordPress", 0.9, "generator: WordPress 6.7.1", ""),
        ("technology", "Google Analytics", 0.95, "<script> https://www.googletagmanager.com/gtag/js?id=G-1", ""),
        ("technology", "Stripe", 0.95, "<script> https://js.stripe.com/v3/", ""),
        ("transactions", "Stripe", 0.95, "<script> https://js.stripe.com/v3/", ""),
        ("transactions", "shop", 0.75, "button: Buy now", "pricing"),
        ("authentication", "login", 0.75, "link: Log in", ""),
        ("voice_ai", "AI receptionist", 0.8, "Acme: an AI receptionist for dentists", ""),
        ("ai", "machine learning", 0.3, "Our machine learning answers text messages.", ""),
        ("communication", "messaging", 0.3, "Our machine learning answers text messages.", ""),
        ("communication", "phone number", 0.75, "312 555 0100: tel:+13125550100", ""),
    }
    assert found(read)["authentication", "login form"].confidence == 0.95
    assert found(read)["authentication", "login form"].evidence.url == site.url + "portal/login"
    assert found(read)["communication", "contact form"].evidence.url == site.url + "contact"
    assert found(read)["communication", "Intercom"].confidence == 0.7
    assert (best := read.best("authentication")) is not None
    assert best.value == "login form"


def test_a_login_form_is_stronger_evidence_than_a_link_and_a_link_than_a_sentence() -> None:
    def confidence(html: str) -> float:
        return strongest(signals_of(parse("https://acme.test/", html)))[0].confidence

    sentence = confidence("<p>Last week the login of another company was stolen, we read.</p>")
    link = confidence('<a href="/x">Log in</a>')
    assert sentence < link < confidence(LOGIN)
    assert (sentence, link) == (0.3, 0.75)


@pytest.mark.parametrize(
    "html",
    [
        "<p>J'ai deux amis, dit-il.</p>", "<!-- Log in -->", "<script>'Log in'</script>", "<style>login{}</style>",
        "<p>blogin</p>", "<a href='https://stripe.com'>a story</a>", "<script src='https://js.stripe.com.evil.test'></script>",
        "<script src='https://evil.test/js.stripe.com'></script>", "",
    ],
)  # fmt: skip
def test_what_is_not_said_is_not_heard(html: str) -> None:
    assert list(signals_of(parse("https://acme.test/", html))) == []


def test_every_technology_is_recognised_where_it_is_loaded_from() -> None:
    for technology in TECHNOLOGIES:
        assert technology.hosts or technology.generator
        tags = [f'<script src="https://{host}/x.js"></script>' for host in technology.hosts]
        tags += [f'<meta name=generator content="{technology.generator} 1">'] if technology.generator else []
        for tag in tags:
            names = {signal.value for signal in signals_of(parse("https://acme.test/", tag))}
            assert technology.name in names
    assert len(TECHNOLOGIES) >= 40


def test_evidence_is_short_and_obeyed_by_no_terminal() -> None:
    html = f"<h1>\x1b[31mVoice AI\u202e {'x' * 500}</h1>"
    evidence = [signal.evidence.text for signal in signals_of(parse("https://acme.test/", html))]
    assert evidence
    assert all(len(text) <= 120 and text.isprintable() for text in evidence)


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "<a ", "<a a='", "<![x[", "<script>", "</", "<form><input type=password>", "<a href=x>AI</a>"],
)
def test_a_hostile_page_is_parsed_in_passing(piece: str) -> None:
    began = process_time()  # what others do on this machine is none of it
    strongest(signals_of(parse("https://acme.test/", piece * (128 * KIB // len(piece)))))
    assert process_time() - began < 2


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/", "127.0.0.2, which is not a public address: loopback"),
        ("http://169.254.169.254/latest/", "link-local"),
        ("http://private.test/", "'private.test' leads to 10.0.0.1"),
        ("http://mixed.test/", "'mixed.test' leads to 192.168.0.1"),
        ("http://localhost:{port}/", "inside network"),
        ("http://2130706433:{port}/", "number dressed"),
        ("http://[::ffff:7f00:1]:{port}/", "mapped"),
        ("//user@acme.test:{port}/", "user name or password"),
        ("http://acme.test:1/", "port 1 is refused"),
        ("file:///etc/passwd", "scheme 'file' is refused"),
        ("http://[/", "not a URL"),
        ("", "without saying where"),
        ("/", "more than 5 redirects"),
    ],
)
def test_a_redirect_is_checked_like_a_first_address(location: str, reason: str) -> None:
    with a_site({"/": to(location)}) as site:
        read = site.read()
    assert reason in (read.failed_because or "")
    assert read.pages == read.signals == ()


def test_five_redirects_are_followed_and_the_last_page_counts() -> None:
    hops = {f"/{hop}": to(f"/{hop + 1}", 301) for hop in range(1, 5)}
    with a_site({"/": to("/1"), **hops, "/5": LOGIN}) as site:
        assert site.read().pages == (site.url + "5",)


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    with a_site({"/": LOGIN}) as site:
        guarded = site.guarded()
        assert guarded.get(site.url).status == 200
        assert site.looked_up == ["acme.test"]


def test_a_name_that_changes_its_address_gains_nothing() -> None:
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    with a_site({"/": LOGIN}) as site:
        changing = Guarded(lambda _: next(answers), frozenset({site.port}), frozenset({"127.0.0.1"}))
        assert "leads to 10.0.0.1" in (read_website(site.url, changing.get).failed_because or "")
    assert site.asked == ["/robots.txt"]


def test_a_site_is_public_unless_a_test_says_otherwise() -> None:
    with a_site({"/": LOGIN}) as site:
        assert "port" in (read_website(site.url, Guarded(site.resolve).get).failed_because or "")
        only_port = Guarded(site.resolve, frozenset({site.port}))
        assert "loopback" in (read_website(site.url, only_port.get).failed_because or "")
    assert site.asked == []


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (Sent("x" * 65 * KIB), "is larger than 65536 bytes"),
        (Sent("x" * 100, length=10**12), "broke off"),
        (
            Sent(gzip.compress(b"x" * 20_000 * KIB), headers={**HTML, "content-encoding": "gzip"}),
            "unpacks to more than",
        ),
        (Sent(gzip.compress(b"x" * 999)[:-9], headers={**HTML, "content-encoding": "gzip"}), "broke off within"),
        (Sent("not gzip", headers={**HTML, "content-encoding": "gzip"}), "without sense"),
        (Sent("x", headers={**HTML, "content-encoding": "br"}), "is encoded as 'br'"),
        (Sent("x", headers={**HTML, "content-encoding": "gzip, gzip"}), "is encoded as 'gzip, gzip'"),
        (Sent("x", headers={"content-type": "application/pdf"}), "has content type 'application/pdf'"),
        (Sent("x", headers={}), "has content type 'none'"),
        (Sent("x" * 300, pause_seconds=0.02), "took longer than"),
        (Sent(LOGIN, status=404), "answered 404"),
        (Sent(LOGIN, status=503), "answered 503"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_body_that_asks_too_much_is_refused(sent: Sent, reason: str) -> None:
    began = monotonic()
    with a_site({"/": sent}) as site:
        read = site.read(seconds=0.4 if sent.pause_seconds else 3.0)
    assert reason in (read.failed_because or "")
    assert monotonic() - began < 1.5


def test_a_server_without_a_certificate_is_not_read() -> None:
    with a_site({"/": LOGIN}) as site:
        read = read_website(f"https://acme.test:{site.port}/", site.guarded().get, 2)
    assert "cannot be reached: SSLError" in (read.failed_because or "")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_says_nothing_is_cut(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        guarded = Guarded(lambda _: ("127.0.0.1",), frozenset({port}), frozenset({"127.0.0.1"}))
        began = monotonic()
        read = read_website(f"{scheme}://acme.test:{port}/", guarded.get, 0.2)
    assert "took longer than 0.2 s" in (read.failed_because or "")
    assert monotonic() - began < 1


def test_a_next_address_is_tried_where_the_first_does_not_answer() -> None:
    with a_site({"/": LOGIN}) as site:
        both = Guarded(
            lambda _: ("127.0.0.3", "127.0.0.1"), frozenset({site.port}), frozenset({"127.0.0.1", "127.0.0.3"})
        )
        assert both.get(site.url).status == 200


def test_a_look_up_that_hangs_is_cut() -> None:
    def never(_: str) -> tuple[str, ...]:
        sleep(0.5)
        return ("127.0.0.1",)

    assert "was not found in 0.0" in (read_website("http://acme.test", Guarded(never).get, 0.05).failed_because or "")


def test_a_name_that_nobody_knows_is_said() -> None:
    def unknown(_: str) -> tuple[str, ...]:
        raise OSError

    read = read_website("acme.test", Guarded(unknown).get)
    assert read == WebsiteSignals("acme.test", failed_because="acme.test has no address: OSError")


def test_compressed_and_oddly_encoded_pages_are_read() -> None:
    latin = {"content-type": "text/html; charset=ISO-8859-1", "content-encoding": "gzip"}
    with a_site(
        {"/": Sent(gzip.compress("<h1>Ärzte mit Voice AI".encode("latin-1") + b"</h1>"), headers=latin)}
    ) as site:
        assert found(site.read())["voice_ai", "voice agent"].evidence.text == "Ärzte mit Voice AI"


@pytest.mark.parametrize(
    ("robots", "reason"),
    [
        (Sent("User-agent: *\nDisallow: /", headers={"content-type": "text/plain"}), "robots.txt asks not to read"),
        (Sent("User-agent: ringback\nDisallow: /", headers={"content-type": "text/plain"}), "asks not to read"),
        (Sent("", status=500), "robots.txt' answered 500"),
        (Sent("User-agent: *\nDisallow: //[x", headers={"content-type": "text/plain"}), "makes no sense"),
        (to("http://10.0.0.1/"), "private"),
        (to("/robots.txt"), "more than 5 redirects"),
    ],
)
def test_a_site_that_asks_not_to_be_read_is_not_read(robots: Sent, reason: str) -> None:
    with a_site({"/robots.txt": robots, "/": LOGIN}) as site:
        assert reason in (site.read().failed_because or "")
    assert set(site.asked) == {"/robots.txt"}


def test_a_page_that_robots_txt_closes_stands_in_unread() -> None:
    robots = Sent("User-agent: *\nDisallow: /portal", headers={"content-type": "text/plain"})
    with a_site({"/robots.txt": robots, "/": FRONT, "/pricing": PRICING, "/contact": CONTACT}) as site:
        read = site.read()
    assert [page.removeprefix(site.url) for page in read.pages] == ["", "pricing", "contact"]
    assert read.unread == (f"robots.txt asks not to read '{site.url}portal/login'",)


def test_a_site_that_asks_for_patience_is_read_at_its_front_only() -> None:
    robots = Sent("User-agent: *\nCrawl-delay: 10", headers={"content-type": "text/plain"})
    with a_site({"/robots.txt": robots, "/": FRONT}) as site:
        assert site.read().pages == (site.url,)


def test_a_further_page_that_fails_loses_nothing_else() -> None:
    with a_site({"/": FRONT, "/pricing": to("http://10.0.0.1/"), "/portal/login": LOGIN}) as site:
        read = site.read()
    assert ("authentication", "login form") in found(read)
    assert [reason.split(" ")[0] for reason in read.unread] == ["10.0.0.1,", f"'{site.url}contact'"]


def scripted(answers: Mapping[str, Answer], url: str, seconds: float) -> Answer:
    if url in answers:
        return answers[url]
    if url.endswith("/robots.txt"):
        return Answer(url, 404)
    raise VendorUnavailable(f"{url} cannot be reached")


def test_http_is_asked_where_https_does_not_answer() -> None:
    answers = {
        "http://acme.test": Answer("http://acme.test/", 200, LOGIN),
        "https://acme.test/robots.txt": Answer("", 404),
    }
    assert read_website(" acme.test ", partial(scripted, answers)).pages == ("http://acme.test/",)


def test_a_domain_that_leads_to_a_social_network_has_no_site_of_its_own() -> None:
    answers = {
        "https://acme.test": Answer("https://acme.test/", 302, leads_to="https://www.facebook.com/acme"),
        "https://www.facebook.com/acme": Answer("https://www.facebook.com/acme", 200, LOGIN),
    }
    read = read_website("acme.test", partial(scripted, answers))
    assert read.failed_because == "'acme.test' leads to 'www.facebook.com', which is not the company's own site"


@pytest.mark.parametrize(
    "domain",
    [
        "", " ", "localhost", "127.0.0.1", "127.1", "file:///etc/passwd", "data:text/html,x", "http://[", "a b.test",
        "acme.test:22", "user:pass@acme.test", "http://a℀b.test/", "http://[::1]/", "javascript:alert(1)", "\x00",
        "https://", "acme.test/\r\nx: y", "http://[x]/", "::1", "//acme.test", "http://x[.test/", "\ud800.test",
    ],
)  # fmt: skip
def test_whatever_is_typed_as_a_domain_is_answered_and_nothing_is_called(domain: str) -> None:
    def resolve(host: str) -> tuple[str, ...]:
        return ("127.0.0.1",)

    assert read_website(domain, Guarded(resolve).get, 0.5).failed_because


def test_a_mistake_of_ours_is_not_hidden() -> None:
    def broken(url: str, seconds: float) -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_website("acme.test", broken)
