"""Columns of JSON for rows that are written in bulk: what is put into them is the text already.

Making the text where a row is made lets go of its lists and dicts one row at a time; thousands of them waiting for a
transaction would keep Python's collector of garbage busy for longer than the writing takes.
"""

from typing import Any

from orjson import OPT_NON_STR_KEYS, dumps, loads
from sqlalchemy import BindParameter, ColumnElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from database.json_columns import sound

NUL = rb"\u0000"
"""As it stands in JSON; PostgreSQL finds nothing in a value that has one."""


class _AsJson(FunctionElement[str]):
    """A text that is JSON, as the database's columns of JSON take it."""

    inherit_cache = True


@compiles(_AsJson, "sqlite")
def _on_sqlite(element: _AsJson, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(_AsJson)
def _elsewhere(element: _AsJson, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS JSON)"


class ReadyJson(TypeDecorator[str]):
    """A column of JSON that is given its text."""

    impl = Text
    cache_ok = True

    def bind_expression(self, bindparam: BindParameter[str]) -> ColumnElement[str]:
        """How the text comes into the statement."""
        return _AsJson(bindparam)


def json_text(value: Any) -> str:
    """A value as JSON; a number that JSON does not know is null, and NUL characters are left out."""
    text = dumps(value, default=_plain, option=OPT_NON_STR_KEYS)
    return (dumps(sound(loads(text))) if NUL in text else text).decode()


def _plain(value: Any) -> Any:
    """What orjson leaves to us: tuples with names, sets of texts."""
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
