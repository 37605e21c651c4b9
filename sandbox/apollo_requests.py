"""What requests to Apollo's stand-in ask for, and the answers to those that cannot be meant."""

from collections.abc import Sequence
from typing import TypeVar

from fastapi import Request

from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.records import Company
from sandbox.vendor import body_or_none

MOST_IN_BULK, MOST_PER_PAGE, MOST_PAGES = 10, 100, 500
T = TypeVar("T")


async def wanted(request: Request) -> JsonObject:
    """The filters of a request: its body, and its query with bracketed names for lists."""
    body = await body_or_none(request)
    if body is None:
        raise invalid()
    query = request.query_params
    return body | {name.removesuffix("[]"): query.getlist(name) for name in query if name.endswith("[]")}


def bulk(asked: object) -> list[JsonObject]:
    """What a bulk request lists; raises Answered with 400 for none or more than ten."""
    if not isinstance(asked, list) or not asked:
        raise rejected("INVALID_REQUEST", "details is required")
    if len(asked) > MOST_IN_BULK:
        raise rejected("RECORD_LIMIT_EXCEEDED", f"At most {MOST_IN_BULK} records are allowed")
    return asked


def rejected(code: str, message: str) -> Answered:
    """400 in the shape of bulk requests."""
    return Answered(answer({"status": "failed", "error_code": code, "error_message": message}, 400))


def invalid() -> Answered:
    """422 for parameters of the wrong kind."""
    return Answered(answer({"error": "Invalid parameters"}, 422))


def texts(asked: JsonObject, name: str) -> list[str]:
    """A list filter in small letters; raises Answered with 422 for something else."""
    value = asked.get(name) or []
    if not isinstance(value, list):
        raise invalid()
    return [str(one).lower() for one in value]


def within(company: Company, asked: JsonObject) -> bool:
    """The company has as many employees as one of the asked ranges, such as `51,200`."""
    ranges = [one.partition(",") for one in texts(asked, "organization_num_employees_ranges")]
    if not all(low.isdecimal() and (high.isdecimal() or not high) for low, _, high in ranges):
        raise invalid()
    return not ranges or any(int(low) <= company.employees <= int(high or 10**9) for low, _, high in ranges)


def page_of(found: Sequence[T], asked: JsonObject) -> tuple[Sequence[T], int, int]:
    """The asked page with its number and size; raises Answered with 422 past page 500 or 100 a page."""
    page, size = asked.get("page", 1), asked.get("per_page", 25)
    if not isinstance(page, int) or not isinstance(size, int):
        raise invalid()
    if not (1 <= page <= MOST_PAGES and 1 <= size <= MOST_PER_PAGE):
        raise invalid()
    return found[(page - 1) * size : page * size], page, size
