"""The pages of a simulated company's site: plain HTML with what its record says, and nothing that it does not say.

Tools without a trace in a browser (Kubernetes, SAP) leave none here. What hints at Voice AI is what anybody can see:
a contact-center tool, or a description that speaks of telephone calls; the hidden wish itself is not told.
"""

from collections.abc import Callable
from html import escape

from sandbox.directory import dice_for
from sandbox.industries import CONTACT_CENTER_TOOLS, INDUSTRIES
from sandbox.records import Company

SCRIPTS = {
    "Auth0": "https://cdn.auth0.com/js/auth0/9.24/auth0.min.js",
    "Google Analytics": "https://www.googletagmanager.com/gtag/js?id=G-SANDBOX01",
    "HubSpot": "https://js.hs-scripts.com/4815162.js",
    "Intercom": "https://widget.intercom.io/widget/sandbox1",
    "Okta": "https://global.oktacdn.com/okta-signin-widget/7.18.0/js/okta-sign-in.min.js",
    "Salesforce": "https://pi.pardot.com/pd.js",
    "Shopify": "https://cdn.shopify.com/s/trekkie.storefront.min.js",
    "Stripe": "https://js.stripe.com/v3/",
    "Twilio": "https://media.twiliocdn.com/sdk/js/client/v1.14/twilio.min.js",
    "WordPress": "https://stats.wp.com/e-202604.js",
    "Zendesk": "https://static.zdassets.com/ekr/snippet.js?key=sandbox",
}
"""Where the tools that show in a browser are loaded from, as their installation guides have it."""
ON_THE_PHONE = ("contact center", "phone line", "by phone")
CURIOUS_RATE = 0.06
"""So many sites without any hint talk of AI all the same."""


def page_of(company: Company, name: str) -> str | None:
    """The page with this name (empty for the front page); None where the site has none."""
    if name not in pages_of(company):
        return None
    title, body = PAGES[name](company)
    return whole(company, title, body)


def pages_of(company: Company) -> list[str]:
    """The names of the site's pages: the front page, and two or three more."""
    offered = {
        "pricing": "transactions" in company.web_functions,
        "login": "authentication" in company.web_functions,
        "contact": "communication" in company.web_functions,
    }
    own = [name for name, is_there in offered.items() if is_there]
    others = {0: ("product", "about"), 1: ("product",), 2: ("product",)}
    return ["", *others.get(len(own), ()), *own]


def whole(company: Company, title: str, body: list[str]) -> str:
    """A page with head, menu and foot."""
    name = escape(company.name)
    menu = " ".join(f'<a href="{one}">{MENU[one]}</a>' for one in pages_of(company) if one)
    scripts = [f'<script async src="{SCRIPTS[one]}"></script>' for one in company.technologies if one in SCRIPTS]
    generator = ['<meta name="generator" content="WordPress 6.7">'] if "WordPress" in company.technologies else []
    return "\n".join(
        [
            "<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
            f"<title>{escape(title)}</title>",
            f'<meta name="description" content="{escape(company.description)}">',
            *generator, *scripts,
            f'</head><body><header><a href="./">{name}</a> <nav>{menu}</nav></header><main>',
            *body,
            f"</main><footer><p>{name}, {escape(company.country)}, since {company.founded_year}</p></footer>",
            "</body></html>",
        ]
    )  # fmt: skip


def front(company: Company) -> tuple[str, list[str]]:
    """The front page."""
    lines = [f"<h1>{escape(company.name)}</h1>", f"<p>{escape(company.description)}</p>"]
    if is_on_the_phone(company):
        lines.append("<h2>Voice AI that answers every call</h2>")
        lines.append("<p>Our voice agents take calls day and night and hand over to a person where it matters.</p>")
    elif speaks_of_ai(company):
        lines.append("<p>We use machine learning to serve you faster.</p>")
    if "transactions" in company.web_functions:
        lines.append('<p><a href="pricing">Pricing</a></p>')
    return company.name, lines


def product(company: Company) -> tuple[str, list[str]]:
    """What the company offers."""
    customers = next(one.customers for one in INDUSTRIES if one.name == company.industry)
    lines = ["<h1>What we do</h1>", f"<p>{escape(company.description)}</p>"]
    lines.append(f"<p>Built for {escape(customers)}.</p>")
    if company.open_jobs:
        lines.append(f"<p>We are growing: {company.open_jobs} open positions.</p>")
    if speaks_of_ai(company):
        lines.append("<h2>Powered by artificial intelligence</h2>")
    return f"Product | {company.name}", lines


def pricing(company: Company) -> tuple[str, list[str]]:
    """Plans with a way to pay."""
    monthly = 9 + dice_for("web price", company.domain).integer(0, 90)
    return f"Pricing | {company.name}", [
        "<h1>Pricing</h1>",
        f"<p>From ${monthly} a month.</p>",
        '<form action="checkout" method="post">',
        '<input name="card" autocomplete="cc-number"><input name="expiry" autocomplete="cc-exp">',
        "<button>Buy now</button></form>",
    ]


def login(company: Company) -> tuple[str, list[str]]:
    """Where customers sign in."""
    return f"Log in | {company.name}", [
        "<h1>Log in</h1>",
        '<form action="session" method="post"><input type="email" name="email" autocomplete="username">',
        '<input type="password" name="password" autocomplete="current-password">',
        "<button>Log in</button></form>",
    ]


def contact(company: Company) -> tuple[str, list[str]]:
    """How to reach the company; the number is one that nobody has."""
    return f"Contact | {company.name}", [
        "<h1>Contact us</h1>",
        '<form action="message" method="post"><input type="email" name="email"><textarea name="message"></textarea>',
        "<button>Send</button></form>",
        '<p><a href="tel:+15555550100">+1 555 555 0100</a></p>',
    ]


def about(company: Company) -> tuple[str, list[str]]:
    """The company's story."""
    return f"About | {company.name}", [
        f"<h1>About {escape(company.name)}</h1>",
        f"<p>Founded in {company.founded_year}, in {escape(company.industry.lower())}.</p>",
    ]


def is_on_the_phone(company: Company) -> bool:
    """Anybody can see that the company takes many calls."""
    tools = any(tool in company.technologies for tool in CONTACT_CENTER_TOOLS)
    return tools or any(words in company.description for words in ON_THE_PHONE)


def speaks_of_ai(company: Company) -> bool:
    """The site speaks of AI: for a reason that shows, or because it is in fashion."""
    return is_on_the_phone(company) or dice_for("web ai", company.domain).chance(CURIOUS_RATE)


Page = Callable[[Company], tuple[str, list[str]]]
PAGES: dict[str, Page] = {
    "": front, "product": product, "pricing": pricing, "login": login, "contact": contact, "about": about,
}  # fmt: skip
MENU = {"product": "Product", "pricing": "Pricing", "login": "Log in", "contact": "Contact", "about": "About"}
