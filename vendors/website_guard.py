"""Which addresses of strangers may be called: public ones, written plainly, and nothing of our own network.

A company's domain is typed by people and its pages redirect where they like, so every URL is hostile: it may name this
machine, the cloud's metadata service or a printer. A URL passes only when it is plain (`place`) and when every address
its host has is public (`public_addresses`); the caller then connects to an address from that answer and to no other, so
a name that changes its address in between (DNS rebinding) gains nothing.
"""

import re
import socket
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

from ringback.errors import AddressRefused

Resolve = Callable[[str], Sequence[str]]
PORT_OF = {"http": 80, "https": 443}
PORTS = frozenset(PORT_OF.values())
LONGEST_URL = 2000
LONGEST_HOST = 253
LONGEST_SAID = 160
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
INSIDE_NAMES = frozenset(
    {"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion"}
)
NOT_PUBLIC: tuple[tuple[str, IPv4Network | IPv6Network], ...] = tuple(
    (reason, ip_network(network))
    for reason, networks in {
        "unspecified": ("0.0.0.0/8", "::/128"),
        "loopback": ("127.0.0.0/8", "::1/128"),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
        "shared by a carrier (CGNAT)": ("100.64.0.0/10",),
        "link-local": ("169.254.0.0/16", "fe80::/10"),
        "multicast": ("224.0.0.0/4", "ff00::/8"),
        "reserved": ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", "100::/64", "5f00::/16"),
        "for documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
        "IPv4 in IPv6 (mapped)": ("::ffff:0:0/96",),
        "IPv4 in IPv6 (6to4)": ("2002::/16",),
        "IPv4 in IPv6 (Teredo)": ("2001::/32",),
        "IPv4 in IPv6 (NAT64)": ("64:ff9b::/96", "64:ff9b:1::/48"),
        "reserved for protocols": ("2001::/23",),
    }.items()
    for network in networks
)
"""IANA's special-purpose registries for IPv4 and IPv6, our own words; the first that fits names the refusal."""
PUBLIC_IPV6 = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Place:
    """A URL that is plain enough to be looked up: `host` in ASCII, `target` as it is asked for."""

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        return said(self.url)[1:-1]

    @property
    def authority(self) -> str:
        """Host and port as a browser writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT_OF[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        return self.origin + self.target


def place(url: str, further_ports: frozenset[int] = frozenset()) -> Place:
    """What a URL asks for, in its one plain form; raises AddressRefused, naming what is wrong with it.

    >>> place("HTTPS://Acme.test").url
    'https://acme.test/'
    >>> place("http://2130706433/")
    Traceback (most recent call last):
    ringback.errors.AddressRefused: '2130706433' is a number dressed as a host
    """
    parts = _parts(url)
    if parts.scheme not in PORT_OF:
        raise AddressRefused(f"the scheme {said(parts.scheme)} is refused: only http and https are read")
    if "@" in parts.netloc:
        raise AddressRefused(f"{said(url)} carries a user name or password")
    port = _port(parts)
    if port not in PORTS | further_ports:
        raise AddressRefused(f"port {port} is refused: only 80 and 443 are read")
    target = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*[]-._")
    query = quote(parts.query, safe="/?%:=&~+!$,;'@()*[]-._")
    return Place(parts.scheme, _host(parts), port, target + (f"?{query}" if query else ""))


def public_addresses(host: str, resolve: Resolve, exempt: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The addresses of a host, all public or expressly exempt; raises AddressRefused, naming one that is not."""
    addresses = (host,) if _is_address(host) else tuple(resolve(host))
    if not addresses:
        raise AddressRefused(f"{said(host)} has no address")
    return tuple(_public(address, host, exempt) for address in addresses)


def why_not_public(address: IPv4Address | IPv6Address) -> str | None:
    """The reason why an address is not one of the public internet; None where it is."""
    for reason, network in NOT_PUBLIC:
        if address in network:
            return reason
    if isinstance(address, IPv6Address) and address not in PUBLIC_IPV6:
        return "reserved"
    return None if address.is_global else "reserved"


def look_up(host: str) -> tuple[str, ...]:
    """All addresses of a host, as this machine's resolver gives them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _parts(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise AddressRefused(f"a URL of {len(url)} characters is refused: {LONGEST_URL} are the most")
    if "\\" in url or any(character.isspace() or unicodedata.category(character) in {"Cc", "Cf"} for character in url):
        raise AddressRefused(f"{said(url)} holds a space, a backslash or an invisible character")
    try:
        return urlsplit(url)
    except ValueError as failure:
        raise AddressRefused(f"{said(url)} is not a URL: {failure}") from failure


def _port(parts: SplitResult) -> int:
    try:
        return PORT_OF[parts.scheme] if parts.port is None else parts.port
    except ValueError as failure:
        raise AddressRefused(f"{said(parts.netloc)} has a port that is no port") from failure


def _host(parts: SplitResult) -> str:
    host = parts.hostname
    if not host:
        raise AddressRefused("a URL without a host is refused")
    if "[" in parts.netloc:
        return _bracketed(host)
    if host.endswith("."):
        raise AddressRefused(f"{said(host)} ends in a dot")
    if _is_address(host):
        return host
    if NUMBER.fullmatch(host.rpartition(".")[2]):
        raise AddressRefused(f"{said(host)} is a number dressed as a host")
    return _name(host)


def _bracketed(host: str) -> str:
    if _is_address(host) and ":" in host and "%" not in host:
        return str(IPv6Address(host))
    raise AddressRefused(f"{said(host)} is not an IPv6 address")


def _name(host: str) -> str:
    if host != host.lower() or unicodedata.normalize("NFKC", host) != host:
        raise AddressRefused(f"{said(host)} has letters that stand for others")
    labels = [_label(label, host) for label in host.split(".")]
    if labels[-1] in INSIDE_NAMES:
        raise AddressRefused(f"{said(host)} is a name of an inside network ({labels[-1]})")
    if len(labels) < 2:
        raise AddressRefused(f"{said(host)} is a name without a domain")
    name = ".".join(labels)
    if len(name) > LONGEST_HOST:
        raise AddressRefused(f"a host of {len(name)} characters is refused: {LONGEST_HOST} are the most")
    return name


def _label(label: str, host: str) -> str:
    """One part of a host name in ASCII.

    Letters are encoded without the mappings of IDNA 2003, which turn some letters and dots into others: what would be
    mapped was refused before.
    """
    if not all(character in "-_" or unicodedata.category(character)[0] in "LMN" for character in label):
        raise AddressRefused(f"{said(host)} has characters that no host name has")
    ascii_label = label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
    if not LABEL.fullmatch(ascii_label):
        raise AddressRefused(f"{said(host)} is not a host name")
    return ascii_label


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _public(text: str, host: str, exempt: frozenset[str]) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError as failure:
        raise AddressRefused(f"{said(host)} has {said(text)} for an address") from failure
    reason = why_not_public(address)
    if reason is None or str(address) in exempt:
        return str(address)
    leads = "" if text == host else f"{said(host)} leads to "
    raise AddressRefused(f"{leads}{address}, which is not a public address: {reason}")


def said(text: str) -> str:
    """A stranger's text, short and with nothing in it that could act on a log or a terminal."""
    return ascii(text if len(text) <= LONGEST_SAID else text[:LONGEST_SAID] + "...")
