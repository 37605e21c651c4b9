"""The switchboard as tests use it: set a vendor, read its books, make it forget.

`verify=False` because the sandbox is plain HTTP, and loading the certificates takes 0.1 seconds a call.
"""

from typing import Any

import httpx

from sandbox.server import SandboxServer


def configure(sandbox: SandboxServer, vendor: str, **settings: object) -> None:
    """Change some settings of a vendor."""
    httpx.post(
        f"{sandbox.url}/_sandbox/settings", verify=False, params={"vendor": vendor}, json=settings
    ).raise_for_status()


def books(sandbox: SandboxServer, vendor: str) -> dict[str, Any]:
    """What the sandbox tells of a vendor."""
    state: dict[str, Any] = httpx.get(f"{sandbox.url}/_sandbox/state", verify=False).json()["vendors"][vendor]
    return state


def reset(sandbox: SandboxServer, vendor: str) -> None:
    """Let a vendor behave as usual and remember nothing."""
    httpx.post(f"{sandbox.url}/_sandbox/reset", verify=False, params={"vendor": vendor}).raise_for_status()
