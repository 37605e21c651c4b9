"""What a page says about its company: technologies, functions for its customers, and AI; each with its evidence.

Confidence says how directly a thing was seen, by our judgement and not from data: what works on the page (a form with a
password field, a script that is loaded) over what is offered (a link "Log in") over what is talked about (a sentence).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from vendors.website_page import Form, TextPlace, WebPage

SignalName = Literal["technology", "authentication", "transactions", "communication", "ai", "voice_ai"]
LONGEST_EVIDENCE = 120

LOADED = 0.95
STATED_BY_GENERATOR = 0.9
NAMED_IN_SCRIPT = 0.7
WORKING_FORM = 0.95
LIKELY_FORM = 0.85
OFFERED = 0.75
STANDS_AS: dict[TextPlace, float] = {
    "title": 0.8, "heading": 0.75, "description": 0.7, "button": 0.6, "link": 0.55, "prose": 0.3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """The short text in which something was found, and the page."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing a web site says about its company; confidence from 0 to 1."""

    name: SignalName
    value: str
    confidence: float
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Technology:
    """A product, the hosts (or host and path) it is loaded from, and the function that its presence proves."""

    name: str
    hosts: tuple[str, ...] = ()
    generator: str | None = None
    proves: SignalName | None = None


TECHNOLOGIES = (
    # Sites and shops
    Technology("WordPress", ("s.w.org", "stats.wp.com", "c0.wp.com"), "wordpress"),
    Technology("Drupal", (), "drupal"),
    Technology("Joomla", (), "joomla"),
    Technology("Ghost", (), "ghost"),
    Technology("Hugo", (), "hugo"),
    Technology("Wix", ("static.parastorage.com", "static.wixstatic.com"), "wix.com"),
    Technology("Squarespace", ("static1.squarespace.com", "assets.squarespace.com"), "squarespace"),
    Technology("Webflow", ("assets.website-files.com", "cdn.prod.website-files.com"), "webflow"),
    Technology("Framer", ("framerusercontent.com",), "framer"),
    Technology("Shopify", ("cdn.shopify.com",), "shopify", "transactions"),
    Technology("WooCommerce", (), "woocommerce", "transactions"),
    Technology("BigCommerce", ("cdn11.bigcommerce.com",), None, "transactions"),
    # Measuring and selling
    Technology("Google Analytics", ("google-analytics.com", "www.googletagmanager.com/gtag")),
    Technology("Google Tag Manager", ("www.googletagmanager.com/gtm",)),
    Technology("Segment", ("cdn.segment.com",)),
    Technology("Mixpanel", ("cdn.mxpnl.com",)),
    Technology("Amplitude", ("cdn.amplitude.com",)),
    Technology("Hotjar", ("static.hotjar.com",)),
    Technology("FullStory", ("edge.fullstory.com", "fullstory.com/s/fs.js")),
    Technology("HubSpot", ("js.hs-scripts.com", "js.hsforms.net", "js.hs-analytics.net"), "hubspot"),
    Technology("Marketo", ("munchkin.marketo.net", "marketo.com")),
    Technology("Salesforce Pardot", ("pi.pardot.com",)),
    Technology("6sense", ("j.6sc.co",)),
    Technology("Cloudflare", ("cdnjs.cloudflare.com", "static.cloudflareinsights.com")),
    # Signing in
    Technology("Auth0", ("cdn.auth0.com", "auth0.com"), None, "authentication"),
    Technology("Okta", ("oktacdn.com", "okta.com"), None, "authentication"),
    Technology("Clerk", ("clerk.accounts.dev", "clerk.com"), None, "authentication"),
    Technology("Firebase Authentication", ("www.gstatic.com/firebasejs", "firebaseapp.com"), None, "authentication"),
    Technology("Google Sign-In", ("accounts.google.com/gsi",), None, "authentication"),
    Technology("reCAPTCHA", ("www.google.com/recaptcha", "www.recaptcha.net")),
    # Paying
    Technology("Stripe", ("js.stripe.com", "checkout.stripe.com"), None, "transactions"),
    Technology("PayPal", ("www.paypal.com/sdk", "www.paypalobjects.com"), None, "transactions"),
    Technology("Braintree", ("js.braintreegateway.com",), None, "transactions"),
    Technology("Square", ("web.squarecdn.com", "js.squareup.com"), None, "transactions"),
    Technology("Chargebee", ("js.chargebee.com",), None, "transactions"),
    Technology("Paddle", ("cdn.paddle.com",), None, "transactions"),
    # Talking with customers
    Technology("Intercom", ("widget.intercom.io", "js.intercomcdn.com"), None, "communication"),
    Technology("Drift", ("js.driftt.com",), None, "communication"),
    Technology("Zendesk", ("static.zdassets.com",), None, "communication"),
    Technology("Freshchat", ("wchat.freshchat.com", "fw-cdn.com"), None, "communication"),
    Technology("LiveChat", ("cdn.livechatinc.com",), None, "communication"),
    Technology("Crisp", ("client.crisp.chat",), None, "communication"),
    Technology("Tawk.to", ("embed.tawk.to",), None, "communication"),
    Technology("Twilio", ("media.twiliocdn.com", "sdk.twilio.com", "flex.twilio.com"), None, "communication"),
    Technology("Calendly", ("assets.calendly.com", "calendly.com"), None, "communication"),
    Technology("CallRail", ("cdn.callrail.com",), None, "communication"),
    # AI
    Technology("Ada", ("static.ada.support",), None, "ai"),
    Technology("Voiceflow", ("cdn.voiceflow.com",), None, "ai"),
    Technology("Botpress", ("cdn.botpress.cloud",), None, "ai"),
    Technology("Dialogflow", ("www.gstatic.com/dialogflow-console",), None, "ai"),
    Technology("ElevenLabs", ("elevenlabs.io", "unpkg.com/@elevenlabs"), None, "voice_ai"),
    Technology("Vapi", ("vapi.ai", "unpkg.com/@vapi-ai", "cdn.jsdelivr.net/npm/@vapi-ai"), None, "voice_ai"),
    Technology("Retell", ("retellai.com",), None, "voice_ai"),
    Technology("PolyAI", ("poly.ai",), None, "voice_ai"),
)
"""What is recognised, by where it is loaded from (its vendors' installation snippets) or the generator it states."""


def _phrases(phrases: str) -> re.Pattern[str]:
    """Any of these phrases as whole words; AI counts in capitals only (French has "j'ai")."""
    return re.compile(rf"(?<!\w)(?:{phrases.replace('AI', '(?-i:AI)')})(?!\w)", re.IGNORECASE)


PHRASES: tuple[tuple[SignalName, str, re.Pattern[str]], ...] = (
    ("authentication", "login", _phrases("log[ -]?in|sign[ -]?in|my account|(?:customer|client|patient) portal")),
    ("authentication", "sign-up", _phrases("sign[ -]?up|create (?:an |your )?account|register (?:now|here|today)")),
    ("authentication", "single sign-on", _phrases("single sign-on|SSO|SAML")),
    ("authentication", "verification", _phrases("two-factor|2FA|MFA|multi-factor|one-time (?:code|password)s?")),
    ("transactions", "pricing", _phrases("pricing|(?:plans|prices) and (?:plans|prices)|per (?:seat|user)")),
    ("transactions", "shop", _phrases("add to (?:cart|basket)|check ?out|buy now|shopping cart|order online")),
    ("transactions", "payments", _phrases("online payments?|pay (?:online|your bill|now)|billing portal")),
    ("transactions", "booking", _phrases("book (?:now|online|an appointment)|schedule an appointment")),
    ("communication", "contact", _phrases("contact (?:us|sales)|get in touch|call us|talk to sales")),
    ("communication", "chat", _phrases("live chat|chat with us")),
    ("communication", "messaging", _phrases("text messag(?:e|es|ing)|SMS|WhatsApp|appointment reminders?")),
    ("communication", "call centre", _phrases("call cent(?:er|re)s?|contact cent(?:er|re)s?|IVR|phone support")),
    ("ai", "artificial intelligence", _phrases("artificial intelligence|AI")),
    ("ai", "machine learning", _phrases("machine learning|deep learning|neural networks?")),
    ("ai", "language models", _phrases("generative AI|GenAI|LLMs?|large language models?|GPT-\\d\\w*")),
    ("ai", "chatbot", _phrases("chat ?bots?|AI (?:assistants?|agents?)|virtual assistants?")),
    ("voice_ai", "voice agent", _phrases("voice ?bots?|voice (?:AI|agents?|assistants?)|AI (?:phone|voice) agents?")),
    ("voice_ai", "AI receptionist", _phrases("AI (?:receptionists?|answering service|call(?:er|ing)s?)")),
    ("voice_ai", "conversational IVR", _phrases("conversational (?:IVR|AI)|speech recognition|text[- ]to[- ]speech")),
)
"""Phrases that speak of a thing; where they stand says how much that is worth (`STANDS_AS`)."""


def signals_of(page: WebPage) -> Iterator[Signal]:
    """All that one page says, in no order and with repetitions."""
    yield from _technologies(page)
    yield from _forms(page)
    yield from _contacts(page)
    yield from _offers(page)
    yield from _mentions(page)


def strongest(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """The most confident signal for each name and value, the most confident first."""
    best: dict[tuple[str, str], Signal] = {}
    for signal in signals:
        key = (signal.name, signal.value)
        if key not in best or signal.confidence > best[key].confidence:
            best[key] = signal
    return tuple(sorted(best.values(), key=lambda signal: (-signal.confidence, signal.name, signal.value)))


def _technologies(page: WebPage) -> Iterator[Signal]:
    loaded = [(resource, _host_and_path(resource.url)) for resource in page.resources]
    for technology in TECHNOLOGIES:
        if page.generator and technology.generator and technology.generator in page.generator.lower():
            yield from _proofs(technology, STATED_BY_GENERATOR, page, f"generator: {page.generator}")
        for host in technology.hosts:
            for resource, address in loaded:
                if _is_at(address, host):
                    yield from _proofs(technology, LOADED, page, f"<{resource.kind}> {resource.url}")
            for script in page.inline_scripts:
                if (at := script.find(f"//{host}")) >= 0:
                    yield from _proofs(technology, NAMED_IN_SCRIPT, page, _around(script, at, at + len(host) + 2))


def _proofs(technology: Technology, confidence: float, page: WebPage, text: str) -> Iterator[Signal]:
    yield _signal("technology", technology.name, confidence, page, text)
    if technology.proves:
        yield _signal(technology.proves, technology.name, confidence, page, text)


def _forms(page: WebPage) -> Iterator[Signal]:
    for form in page.forms:
        text = f"<form> to {form.action or page.url} with {', '.join(sorted(form.fields))}"
        for name, value, confidence in _purposes(form):
            yield _signal(name, value, confidence, page, text)


def _purposes(form: Form) -> Iterator[tuple[SignalName, str, float]]:
    if "password" in form.fields:
        signs_up = "new-password" in form.fields
        yield "authentication", "sign-up form" if signs_up else "login form", WORKING_FORM
    if "one-time-code" in form.fields:
        yield "authentication", "verification form", WORKING_FORM
    if form.fields & {"cc-number", "cc-csc", "cc-exp"}:
        yield "transactions", "payment form", WORKING_FORM
    if "textarea" in form.fields and form.fields & {"email", "tel"}:
        yield "communication", "contact form", WORKING_FORM
    elif "tel" in form.fields:
        yield "communication", "call-back form", LIKELY_FORM


def _contacts(page: WebPage) -> Iterator[Signal]:
    for link in page.links:
        scheme = link.url.partition(":")[0].lower()
        if scheme in {"tel", "sms", "mailto"}:
            value = {"tel": "phone number", "sms": "text number", "mailto": "e-mail address"}[scheme]
            yield _signal("communication", value, OFFERED, page, f"{link.words}: {link.url}")


def _offers(page: WebPage) -> Iterator[Signal]:
    """A short link or button that is the thing itself ("Log in"), unlike a headline that speaks of it."""
    for text in page.texts:
        if text.place not in {"link", "button"} or len(text.words) > 30:
            continue
        for name, value, phrases in PHRASES:
            if name in {"authentication", "transactions", "communication"} and phrases.match(text.words):
                yield _signal(name, value, OFFERED, page, f"{text.place}: {text.words}")


def _mentions(page: WebPage) -> Iterator[Signal]:
    for text in page.texts:
        for name, value, phrases in PHRASES:
            if found := phrases.search(text.words):
                words = _around(text.words, *found.span())
                yield _signal(name, value, STANDS_AS[text.place], page, words)


def _signal(name: SignalName, value: str, confidence: float, page: WebPage, text: str) -> Signal:
    return Signal(name, value, confidence, Evidence(_short(text), page.url))


def _around(text: str, start: int, end: int) -> str:
    """The words around a finding."""
    room = (LONGEST_EVIDENCE - (end - start)) // 2 - 1
    begin, stop = max(0, start - room), min(len(text), end + room)
    return ("…" if begin else "") + text[begin:stop] + ("…" if stop < len(text) else "")


def _short(text: str) -> str:
    """On one line, without characters that a terminal would obey, and no longer than evidence is."""
    plain = "".join(character if character.isprintable() else " " for character in text[: 4 * LONGEST_EVIDENCE])
    words = " ".join(plain.split())
    return words if len(words) <= LONGEST_EVIDENCE else words[: LONGEST_EVIDENCE - 1] + "…"


def _host_and_path(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}{parts.path}"
    except ValueError:
        return ""


def _is_at(address: str, host: str) -> bool:
    """Whether an address is at a host or below it: `host` may end in the beginning of a path."""
    name, slash, path = host.partition("/")
    at, _, at_path = address.partition("/")
    return (at == name or at.endswith(f".{name}")) and (not slash or at_path.startswith(path))
