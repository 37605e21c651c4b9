"""A CRM's scheduled CSV exports, fetched from the URLs at which the CRM leaves them.

Every CRM of size can write a report to a URL or bucket on a schedule; what its columns mean is said in a mapping file
(`intake/mapping.py`). Without a configured URL the sandbox's CRM is read.
"""

from urllib.parse import urlsplit

from ringback.settings import Settings
from vendors.http import Client

SANDBOX_TOKEN = "sandbox-crm-key"  # noqa: S105  (the sandbox's own, no secret)


def leads_csv(settings: Settings) -> str | None:
    """The export of leads as CSV text; None where calls are real and no export is configured."""
    return _fetch(settings, settings.crm_leads_url, "leads.csv")


def outcomes_csv(settings: Settings) -> str | None:
    """The export of outcomes as CSV text; None where calls are real and no export is configured."""
    return _fetch(settings, settings.crm_outcomes_url, "outcomes.csv")


def _fetch(settings: Settings, url: str | None, sandbox_name: str) -> str | None:
    if url is None and not settings.uses_sandbox:
        return None
    url = url or f"http://127.0.0.1:{settings.sandbox_port}/crm/{sandbox_name}"
    token = settings.crm_token.get_secret_value() if settings.crm_token else SANDBOX_TOKEN
    parts = urlsplit(url)
    with Client(
        vendor="the CRM",
        base_url=f"{parts.scheme}://{parts.netloc}",
        headers={"Authorization": f"Bearer {token}"},
    ) as client:
        return client.get_text(parts.path + (f"?{parts.query}" if parts.query else ""))
