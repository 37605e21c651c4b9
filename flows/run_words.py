"""What `ringback run` says of a flow: its result in words, and of a failure one sentence instead of its traceback."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from flows.outside import said_of
from ringback.errors import RingbackError
from ringback.names import spoken


def told(flow: str, result: Any) -> str:
    """What a flow came to, a line for each thing that it says."""
    if flow == "train":
        return "\n".join(
            f"{v.target}: version {v.version} ({v.candidate}) "
            f"{'is champion' if 'champion' in v.aliases else 'is not champion'}: {v.reason}"
            for v in result
        )
    if is_dataclass(result) and not isinstance(result, type):
        return "\n".join(f"{spoken(f.name)}: {in_words(getattr(result, f.name))}" for f in fields(result))
    return in_words(result)


def in_words(value: Any) -> str:
    """A value of a result, as people say it.

    >>> in_words({"replied": 2, "finished": 3}), in_words(()), in_words(None)
    ('replied 2, finished 3', 'none', 'none')
    """
    if value is None:
        return "none"
    if is_dataclass(value) and not isinstance(value, type):
        known = {f.name: getattr(value, f.name) for f in fields(value)}
        return ", ".join(f"{spoken(name)} {_within(one)}" for name, one in known.items() if one is not None)
    if isinstance(value, Mapping):
        return ", ".join(f"{spoken(name)} {_within(one)}" for name, one in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        return "; ".join(map(in_words, value)) or "none"
    return str(value)


@contextmanager
def failure_in_one_sentence() -> Iterator[None]:
    """Keep tracebacks of what ends in one sentence off the screen; Prefect's log keeps them."""
    import prefect.main  # noqa: F401  (it brings the handlers)

    handlers = logging.getLogger().handlers[:]
    for handler in handlers:
        handler.addFilter(_needs_its_traceback)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_needs_its_traceback)


def _needs_its_traceback(record: logging.LogRecord) -> bool:
    failure = record.exc_info[1] if record.exc_info else None
    return failure is None or not (isinstance(failure, RingbackError) or said_of(failure))


def _within(value: Any) -> str:
    """A value within another: in brackets where it has parts itself."""
    has_parts = isinstance(value, Mapping) or (is_dataclass(value) and not isinstance(value, type))
    return f"({in_words(value)})" if has_parts and in_words(value) != "none" else in_words(value)
