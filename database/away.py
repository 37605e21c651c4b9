"""Whether the database can be asked at all."""

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_away(failure: BaseException) -> bool:
    """Whether a failure says that the database cannot be reached, or is held by others for too long just now."""
    return isinstance(failure, OperationalError | InterfaceError | PoolTimeout)


def is_of_database(failure: BaseException) -> bool:
    """Whether it is the database that failed: away, held, broken or full."""
    return isinstance(failure, DBAPIError | PoolTimeout | sqlite3.Error)
