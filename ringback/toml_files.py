"""TOML files that people write, read so that whatever is wrong with one is told in a sentence."""

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ringback.errors import BadMapping

Place = tuple[int | str, ...]


def read_toml(file: Path) -> dict[str, Any]:
    """What a file says; raises BadMapping that names the file and what is wrong with it.

    A file that is not there stays a FileNotFoundError: the caller knows which option or setting names it.
    """
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise
    except OSError as failure:
        raise BadMapping(f"{file} cannot be read: {failure.strerror}") from None
    except UnicodeDecodeError:
        raise BadMapping(f"{file} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as failure:
        raise BadMapping(f"{file} is not TOML: {failure}") from None


def mistakes_of(failure: ValidationError) -> str:
    """Everything that a file says wrong, each with its key; a slip of the pen with what was meant."""
    told = failure.errors()
    missing = [one["loc"] for one in told if one["type"] == "missing"]
    return "; ".join(f"{_key(one['loc'])}: {_said(one['type'], one['loc'], one['msg'], missing)}" for one in told)


def _said(kind: str, at: Place, words: str, missing: Sequence[Place]) -> str:
    if kind != "extra_forbidden":
        return words.removeprefix("Value error, ")
    beside = [str(one[-1]) for one in missing if one[:-1] == at[:-1]]
    near = get_close_matches(str(at[-1]), beside, n=1)
    return f"is not known here; did you mean {near[0]!r}?" if near else "is not known here"


def _key(at: Place) -> str:
    return ".".join(map(str, at)) or "the file"
