"""What fails outside of ringback - a file, a disk, the database - as the one sentence that a person is told."""

from urllib.parse import urlsplit


def said_of(failure: BaseException) -> str | None:
    """What failed and the way out; None for a failure of ringback's own, whose traceback somebody needs."""
    from database.away import is_of_database

    if isinstance(failure, OSError) and failure.filename and failure.strerror:
        return f"{failure.filename} cannot be used: {failure.strerror}; 'ringback doctor' looks what else is wrong"
    if is_of_database(failure):
        words = " ".join(str(getattr(failure, "orig", None) or failure).split())
        return f"the database {_database()} cannot be used: {words}; 'ringback doctor' looks into it"
    return None


def _database() -> str:
    """Where the database is, without who asks it and by which password."""
    from ringback.settings import settings

    address = urlsplit(settings().database)
    return address.path[1:] if address.scheme == "sqlite" else f"{address.hostname}{address.path}"
