"""`python -m flows.answers URL`: whether an address answers well, for the health checks of containers.

It needs nothing but Python, so that one image can ask its own processes without carrying another program.
"""

import sys
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE_SECONDS = 5


def answers(url: str, patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether an address answers, and with a status that says that all is well."""
    try:
        with urlopen(url, timeout=patience_seconds) as answer:  # noqa: S310  (an address of our own)
            return bool(answer.status < 400)
    except (URLError, HTTPException, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if all(map(answers, sys.argv[1:])) and sys.argv[1:] else 1)
