"""How columns of JSON come to text and back: quicker than Python's own way, with the same result.

What orjson reads or writes differently goes Python's way: numbers that are none (it would write them as null), keys
that are no texts, halves of letters. Only a whole number beyond 64 bits is read otherwise, as a fractional one.
"""

import json
from typing import Any

import orjson

AS_PYTHON_DOES = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
"""What Python's way refuses is refused."""


def to_json(value: Any) -> str:
    """A value as it is written into a column; raises TypeError for what is no JSON."""
    try:
        text = orjson.dumps(value, option=AS_PYTHON_DOES)
    except TypeError:
        return json.dumps(value)
    return json.dumps(value) if b"null" in text else text.decode()


def from_json(text: str | bytes) -> Any:
    """What was written into a column."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
