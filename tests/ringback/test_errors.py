"""The tree drawn in `ringback/errors.py` is the tree there is."""

import inspect

from ringback import errors
from ringback.errors import RingbackError


def drawn() -> dict[str, str]:
    """The parent of each error, by the drawing: a level is four characters deep."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if not line.startswith(("RingbackError", "├", "└", "│", "    ")) or not line.strip():
            continue
        name = line.lstrip("├└│─ ").split()[0]
        depth = line.index(name) // 4
        above = [*above[:depth], name]
        if depth:
            parents[name] = above[depth - 1]
    return parents


def test_the_drawing_equals_the_classes() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__]
    assert {c.__name__: c.__bases__[0].__name__ for c in classes if c is not RingbackError} == drawn()


def test_every_error_says_what_it_is_for() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, RingbackError)]
    assert [c.__name__ for c in classes if not c.__doc__] == []
