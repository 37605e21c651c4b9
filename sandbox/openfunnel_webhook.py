"""OpenFunnel's webhook: new insights sent to an address of ours, signed, with the vendor's retries."""

import asyncio

from ringback.clock import now as real_now
from sandbox.deliveries import Delivery, address_of, openfunnel_headers, signature_of, written
from sandbox.fellow_records import JsonObject, iso
from sandbox.openfunnel_records import Discovered, account_id, discovered, insight
from sandbox.records import Company

RETRIES = (1, 2, 4)
"""How long the vendor waits before each further try, in units of the setting `retry_seconds`."""
TIMEOUT_SECONDS = 10.0
ACCOUNTS_TOLD = 3


async def tell(body: JsonObject, workspace: list[Company], retry_seconds: float) -> JsonObject:
    """Send `insights.new` to `{"url", "secret", "domains", "signature"}`; the last two are optional.

    Without `domains` it tells of the first three accounts with insights. `signature` is `right`, `wrong` or `stale`
    (an hour old); a replay is the same request sent twice by the test. The vendor tries again one, two and four
    seconds after a 5xx or no answer, never after a 4xx (vendors.md says both "3 tries" and three waits: we take
    three tries, so the last wait is never waited). Gives `{"attempts": [status, ...]}`; null is no answer.
    """
    url, signature, secret = address_of(body), signature_of(body), body.get("secret")
    if not isinstance(secret, str) or not secret:
        raise ValueError("secret must be a text")
    domains = body.get("domains")
    told = [one for one in workspace if one.domain in domains] if isinstance(domains, list) else workspace
    with_insights = [(one, found) for one in told if (found := discovered(one))]
    content = written(announcement(with_insights[:ACCOUNTS_TOLD] if domains is None else with_insights))
    attempts: list[int | None] = []
    for wait in RETRIES:
        headers = openfunnel_headers(secret, content, signature)
        status, _ = await Delivery(url, content, headers, TIMEOUT_SECONDS).send()
        attempts.append(status)
        if (status is not None and status < 500) or len(attempts) == len(RETRIES):
            break
        await asyncio.sleep(wait * retry_seconds)
    return {"attempts": attempts}


def announcement(told: list[tuple[Company, list[Discovered]]]) -> JsonObject:
    """The body of `insights.new`."""
    wanted = ("alert_text", "alert_type", "alert_date", "sentiment", "discovered_signal_id")
    return {
        "event_type": "insights.new",
        "event_timestamp": iso(real_now()),
        "view": {"id": "1", "name": "All accounts"},
        "summary": {"total_insights": sum(len(found) for _, found in told), "total_accounts": len(told)},
        "accounts": [
            {
                "account_id": account_id(company.domain),
                "account_name": company.name,
                "account_domain": company.domain,
                "insights": [{name: insight(company, one)[name] for name in wanted} for one in found],
            }
            for company, found in told
        ],
    }
