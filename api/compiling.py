"""Compiling a registered version, in a process of its own: `python -m api.compiling progression 4`.

It takes the libraries that made the model, which a serving process never loads.
"""

import subprocess
import sys
from typing import cast

from ringback.errors import NoModel, RingbackError, UnknownModel
from ringback.records import Target
from ringback.settings import CHECKOUT
from scoring.engine import Engine, compiled, stored_engine

UNKNOWN, FAILED = 3, 4
"""Exit statuses: there is no such version; it cannot be loaded."""
WITHIN_SECONDS = 180


def engine_of_version(target: Target, version: str) -> Engine:
    """A version that can answer, compiled by another process where it has not been yet.

    Raises UnknownModel and NoModel. Takes milliseconds, or seconds the first time: not for the event loop.
    """
    found = stored_engine(target, version)
    if found is None:
        _compile_elsewhere(target, version)
        found = stored_engine(target, version)
    if found is None:
        raise NoModel(f"version {version} of {target} was compiled and cannot be read")
    return found


def _compile_elsewhere(target: Target, version: str) -> None:
    command = (sys.executable, "-m", "api.compiling", target, version)
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, timeout=WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        raise NoModel(f"version {version} of {target} could not be compiled within {WITHIN_SECONDS} s") from None
    said = done.stdout.strip() or f"version {version} of {target} cannot be loaded"
    if done.returncode == UNKNOWN:
        raise UnknownModel(said)
    if done.returncode:
        raise NoModel(said)


def main() -> None:
    """Make the file of a version; says what went wrong and exits with a status for it."""
    from training import registry

    try:
        compiled(registry.load(cast(Target, sys.argv[1]), sys.argv[2]))
    except UnknownModel as failure:
        _tell(failure, UNKNOWN)
    except RingbackError as failure:
        _tell(failure, FAILED)


def _tell(failure: RingbackError, status: int) -> None:
    print(failure)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
