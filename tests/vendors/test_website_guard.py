"""Nothing but the public web is read, whatever a URL looks like and whatever its name resolves to."""

import pytest

from ringback.errors import AddressRefused
from vendors.website_guard import place, public_addresses

PUBLIC = "93.184.215.14"
OUR_OWN_PORT = 8124


def refusal(url: str, *addresses: str) -> str:
    """What is said when this URL is refused, its name having these addresses; no look-up leaves the machine."""
    with pytest.raises(AddressRefused) as refused:
        public_addresses(place(url).host, lambda _: addresses or (PUBLIC,))
    return str(refused.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        # Other doors than http
        ("file:///etc/passwd", "scheme 'file' is refused"),
        ("ftp://acme.test/", "scheme 'ftp' is refused"),
        ("data:text/html,<h1>x", "scheme 'data' is refused"),
        ("gopher://acme.test:70/_", "scheme 'gopher' is refused"),
        ("javascript:alert(1)", "scheme 'javascript' is refused"),
        ("//acme.test/", "scheme '' is refused"),
        ("http:///path", "without a host"),
        # Other ports
        ("http://acme.test:22/", "port 22 is refused"),
        ("http://acme.test:8080/", "port 8080 is refused"),
        ("http://acme.test:0/", "port 0 is refused"),
        ("http://acme.test:99999/", "port that is no port"),
        # Private addresses, plainly
        ("http://127.0.0.1/", "127.0.0.1, which is not a public address: loopback"),
        ("http://127.8.9.1/", "loopback"),
        ("http://0.0.0.0/", "unspecified"),
        ("http://10.0.0.5/", "private"),
        ("http://172.16.0.1/", "private"),
        ("http://172.31.255.255/", "private"),
        ("http://192.168.1.1/", "private"),
        ("http://100.64.0.1/", "CGNAT"),
        ("http://169.254.169.254/latest/meta-data/", "link-local"),
        ("http://224.0.0.1/", "multicast"),
        ("http://240.0.0.1/", "reserved"),
        ("http://255.255.255.255/", "reserved"),
        ("http://198.18.0.1/", "reserved"),
        ("http://192.0.2.1/", "documentation"),
        ("http://[::1]/", "::1, which is not a public address: loopback"),
        ("http://[::]/", "unspecified"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[fd00:ec2::254]/", "private"),
        ("http://[fec0::1]/", "private"),
        ("http://[ff02::1]/", "multicast"),
        ("http://[2001:db8::1]/", "documentation"),
        ("http://[4000::1]/", "reserved"),
        # IPv4 within IPv6
        ("http://[::ffff:127.0.0.1]/", "mapped"),
        ("http://[::ffff:7f00:1]/", "mapped"),
        ("http://[::127.0.0.1]/", "reserved"),
        ("http://[2002:7f00:1::]/", "6to4"),
        ("http://[64:ff9b::10.0.0.1]/", "NAT64"),
        ("http://[64:ff9b:1::a00:1]/", "NAT64"),
        ("http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "Teredo"),
        ("http://[fe80::1%25eth0]/", "is not an IPv6 address"),
        ("http://[127.0.0.1]/", "is not a"),
        # Numbers dressed as hosts
        ("http://2130706433/", "number dressed as a host"),
        ("http://0177.0.0.1/", "number dressed as a host"),
        ("http://0x7f.1/", "number dressed as a host"),
        ("http://0x7f000001/", "number dressed as a host"),
        ("http://127.1/", "number dressed as a host"),
        ("http://017700000001/", "number dressed as a host"),
        ("http://127.0.0.1.0/", "number dressed as a host"),
        ("http://acme.0x/", "number dressed as a host"),
        # Names of the inside
        ("http://localhost/", "inside network (localhost)"),
        ("http://LOCALHOST/", "inside network (localhost)"),
        ("http://app.localhost/", "inside network (localhost)"),
        ("http://metadata.google.internal/", "inside network (internal)"),
        ("http://printer.local/", "inside network (local)"),
        ("http://intranet/", "inside network (intranet)"),
        ("http://wiki/", "without a domain"),
        ("http://localhost./", "ends in a dot"),
        ("http://acme.test./", "ends in a dot"),
        ("http://127.0.0.1./", "ends in a dot"),
        # Tricks of writing
        ("http://user:pass@acme.test/", "user name or password"),
        ("http://acme.test@127.0.0.1/", "user name or password"),
        ("http://acme.test\\@127.0.0.1/", "backslash"),
        ("http://127.0.0.1\t/", "invisible character"),
        ("http://acme.test/\r\nHost: 127.0.0.1", "invisible character"),
        ("http://acme\u200b.test/", "invisible character"),
        ("http://ⓛocalhost/", "letters that stand for others"),
        ("http://１２７.0.0.1/", "number dressed as a host"),
        ("http://ａcme.test/", "letters that stand for others"),
        ("http://127。0。0。1/", "characters that no host name has"),
        ("http://acme.test%2f@127.0.0.1/", "user name or password"),
        ("http://127.0.0.1%00.acme.test/", "characters that no host name has"),
        ("http://loc%61lhost/", "characters that no host name has"),
        ("http://acme..test/", "not a host name"),
        ("http://-acme.test/", "not a host name"),
        ("http://a℀b.test/", "not a URL"),
        ("http://[::1/", "not a URL"),
        (f"http://{'a' * 64}.test/", "not a host name"),
        (f"http://{'a.' * 130}test/", "a host of 264 characters"),
        (f"http://acme.test/{'a' * 3000}", "a URL of 3017 characters"),
    ],
)  # fmt: skip
def test_a_hostile_url_is_refused_with_its_reason(url: str, reason: str) -> None:
    assert reason in refusal(url)


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (["127.0.0.1"], "'acme.test' leads to 127.0.0.1, which is not a public address: loopback"),
        ([PUBLIC, "10.0.0.1"], "'acme.test' leads to 10.0.0.1, which is not a public address: private"),
        ([PUBLIC, "fe80::1%2"], "'acme.test' leads to fe80::1, which is not a public address: link-local"),
        (["::ffff:169.254.169.254"], "mapped"),
        (["nonsense"], "'acme.test' has 'nonsense' for an address"),
    ],
)
def test_every_address_of_a_name_must_be_public(addresses: list[str], reason: str) -> None:
    assert reason in refusal("http://acme.test/", *addresses)


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(AddressRefused, match=r"'acme\.test' has no address"):
        public_addresses("acme.test", lambda _: ())


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::6810:84e5", "172.32.0.1", "100.128.0.1"])
def test_public_addresses_pass(address: str) -> None:
    assert public_addresses("acme.test", lambda _: (address,)) == (address,)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("HTTP://Acme.TEST", "http://acme.test/"),
        ("https://acme.test:443/a?b=c#d", "https://acme.test/a?b=c"),
        ("http://acme.test:443/", "http://acme.test:443/"),
        ("https://bücher.test/straße?q=ü", "https://xn--bcher-kva.test/stra%C3%9Fe?q=%C3%BC"),
        ("https://[2606:4700::1]/", "https://[2606:4700::1]/"),
        ("https://acme.test/a%20b", "https://acme.test/a%20b"),
    ],
)
def test_a_url_has_one_plain_form(url: str, plain: str) -> None:
    assert place(url).url == plain


def test_a_port_and_an_address_may_be_exempt_by_name_alone() -> None:
    assert place(f"http://acme.test:{OUR_OWN_PORT}/", frozenset({OUR_OWN_PORT})).port == OUR_OWN_PORT
    assert public_addresses("acme.test", lambda _: ("127.0.0.1",), frozenset({"127.0.0.1"})) == ("127.0.0.1",)
    with pytest.raises(AddressRefused):
        public_addresses("acme.test", lambda _: ("127.0.0.2",), frozenset({"127.0.0.1"}))
