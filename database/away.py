"""Whether the database can be asked at all."""

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_away(failure: BaseException) -> bool:
    """Whether a failure says that the database cannot be reached, or is held by others for too long just now."""
    return isinstance(failure, OperationalError | InterfaceError | PoolTimeout)
