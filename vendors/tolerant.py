"""Reading what data vendors send: anything may be missing, null, of an odd type, or more than was promised.

A value of a type that makes no sense is None, not an error: one odd number must not cost a company that was paid for.
Only what gives a thing its name (`Identity`) has to be there. What was sent stays beside what was read (`body`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from math import isfinite
from typing import Annotated, Any, ClassVar, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, ValidationError

from ringback.clock import parse_time
from ringback.errors import VendorUnreadable

Item = TypeVar("Item")


def text(sent: object) -> str | None:
    """A text without blanks around it, also of a number; None where there is none."""
    if isinstance(sent, bool) or not isinstance(sent, str | int | float):
        return None
    return str(sent).strip() or None


def _number(sent: object) -> float | None:
    if isinstance(sent, bool) or not isinstance(sent, str | int | float):
        return None
    with suppress(ValueError, OverflowError):
        number = float(sent.replace(",", "") if isinstance(sent, str) else sent)
        return number if isfinite(number) else None
    return None


def whole(sent: object) -> int | None:
    """A whole number, also of a text such as `1,200`; None where there is none."""
    number = _number(sent)
    return None if number is None else round(number)


def _exact(sent: object) -> int | None:
    """A number that names something: one that came as a float has lost digits."""
    if isinstance(sent, int) and not isinstance(sent, bool):
        return sent
    with suppress(ValueError):
        return int(sent) if isinstance(sent, str) else None
    return None


def _flag(sent: object) -> bool | None:
    said = str(sent).strip().lower()
    return True if said in {"true", "yes", "1"} else False if said in {"false", "no", "0"} else None


def _moment(sent: object) -> datetime | None:
    if isinstance(sent, str):
        with suppress(ValueError, OverflowError):
            return parse_time(sent)
    return None


def _texts(sent: object) -> tuple[str, ...]:
    several = sent if isinstance(sent, list | tuple) else [sent]
    return tuple(one for one in map(text, several) if one)


def records_in(sent: object) -> list[dict[str, Any]]:
    """The objects of a list; nulls and whatever else is in it are left out, and what is no list is an empty one."""
    return [one for one in sent if isinstance(one, dict)] if isinstance(sent, list | tuple) else []


def record_in(sent: object) -> dict[str, Any]:
    """The object itself, or an empty one for null and whatever else came."""
    return sent if isinstance(sent, dict) else {}


Text = Annotated[str | None, BeforeValidator(text)]
Whole = Annotated[int | None, BeforeValidator(whole)]
Exact = Annotated[int | None, BeforeValidator(_exact)]
Number = Annotated[float | None, BeforeValidator(_number)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""UTC without zone; a time that says no zone is taken to be UTC."""
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Identity = Annotated[str, BeforeValidator(text)]
"""What a thing is called by; without it the record is unreadable."""

Several = BeforeValidator(records_in)
"""For a tuple of records."""
Part = BeforeValidator(record_in)
"""For a record within a record."""


class Record(BaseModel):
    """What a vendor says of one thing."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)
    vendor: ClassVar[str] = "the vendor"
    _body: dict[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def body(self) -> Mapping[str, Any]:
        """What was sent, as it was sent; empty for a part of another record."""
        return self._body

    @classmethod
    def read(cls, body: object) -> Self:
        """Read what was sent; raises VendorUnreadable, naming fields but no values, where the thing has no name."""
        try:
            record = cls.model_validate(body)
        except ValidationError as failure:
            fields = sorted({".".join(map(str, error["loc"])) or "itself" for error in failure.errors()})
            raise VendorUnreadable(f"{cls.vendor} sent a {cls.__name__} without {', '.join(fields)}") from None
        record._body = record_in(body)
        return record


def ending(pages: Iterator[list[Item]], what: str, name: Callable[[Item], object]) -> Iterator[list[Item]]:
    """Pass on pages until one comes a second time, judged by the names of what is on it: it would never end.

    Raises VendorUnreadable then.
    """
    seen: set[str] = set()
    for page in pages:
        mark = json.dumps([name(one) for one in page], default=str)
        if mark in seen:
            raise VendorUnreadable(f"{what} gave the same page twice: it would never end")
        seen.add(mark)
        yield page


def listed(body: Mapping[str, Any], key: str, what: str) -> list[dict[str, Any]]:
    """The objects of a reply's list; raises VendorUnreadable where the reply has no such list."""
    if not isinstance(body.get(key), list):
        raise VendorUnreadable(f"{what} answered without a list of {key}")
    return records_in(body[key])


def in_path(name: object) -> str:
    """A name as one segment of a path.

    >>> in_path("a/../b?c")
    'a%2F..%2Fb%3Fc'
    """
    return quote(str(name), safe="")


def domain_of(said: str | None) -> str | None:
    """The bare domain of a domain, web address or e-mail address.

    >>> domain_of("https://www.Acme.test/about"), domain_of("ana@acme.test"), domain_of(" ")
    ('acme.test', 'acme.test', None)
    """
    after_scheme = (said or "").strip().lower().rpartition("://")[2]
    host = after_scheme.split("/")[0].split("?")[0].rpartition("@")[2].split(":")[0].removeprefix("www.")
    return host.strip(".") or None
