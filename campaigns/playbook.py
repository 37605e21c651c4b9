"""Playbook files: rules, sequences, the team and holidays as YAML that people write, each mistake told with its line.

Read as YAML 1.2 says, so that `no` is a word, `09:30` a time of day in letters and `2026-03-01` a date in letters; a
key that stands twice is a mistake. What is allowed in a file models say that derive from `Part`: their errors are told
with the line of the value, and with the nearest name that would be right.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from ringback.errors import BadPlaybook
from ringback.forms import NOT_THE_FORM

Model = TypeVar("Model", bound=BaseModel)
Where = tuple[str | int, ...]
"""How to come to a value: keys and places in lists."""
OUR_KINDS = frozenset({"unknown_key", NOT_THE_FORM})
"""Errors that are not of pydantic's own kinds."""
MOST_MISTAKES = 20
LARGEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a file that cannot be followed."""

    line: int
    key: str
    """`steps[2].wait`; empty where the whole file is meant."""
    said: str
    """What is wrong, and the way out."""

    def told(self, file: str) -> str:
        """The mistake as a line: `file:line: key: what is wrong`."""
        key = f"{self.key}: " if self.key else ""
        return f"{file}:{self.line}: {key}{self.said}"


class Part(BaseModel):
    """What a model of a playbook file, or of a piece of one, derives from: unknown keys are told with the nearest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _knows_its_keys(cls, given: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        if not isinstance(given, dict):
            return handler(given)
        allowed = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = [key for key in given if key not in allowed]
        if not unknown:
            return handler(given)
        free = [name for name in allowed if name not in given]
        told = [
            InitErrorDetails(
                type=PydanticCustomError(
                    "unknown_key", f"is not known here{nearest(str(key), free)}".replace("{", "{{")
                ),
                loc=(key,),
                input=given[key],
            )
            for key in unknown
        ]
        try:
            handler({key: value for key, value in given.items() if key in allowed})
        except ValidationError as failure:
            told += [_again(error) for error in failure.errors()]
        raise ValidationError.from_exception_data(cls.__name__, told)


class Mistaken(ValueError):
    """Raised by a model's validator where the mistake is not at the value that it looked at, but below it."""

    def __init__(self, said: str, *below: str | int) -> None:
        super().__init__(said)
        self.below = below


@dataclass(frozen=True, slots=True)
class Text:
    """A playbook file as it stands: plain values, and the line of each."""

    file: Path
    values: Any
    lines: Mapping[Where, int] = field(repr=False)
    hash: str
    """Of its bytes: what was decided by it names it."""

    def line_of(self, where: Sequence[str | int]) -> int:
        """The line of a value, or of the nearest thing around it that is there."""
        at = tuple(where)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def refuse(self, mistakes: Sequence[Mistake]) -> BadPlaybook:
        """The error that tells these mistakes, by line."""
        ordered = sorted(set(mistakes), key=lambda one: (one.line, one.key, one.said))
        told = [one.told(self.file.name) for one in ordered[:MOST_MISTAKES]]
        if len(ordered) > MOST_MISTAKES:
            told.append(f"{self.file.name}: and {len(ordered) - MOST_MISTAKES} further mistakes")
        return BadPlaybook("\n".join(told))

    def mistake(self, where: Sequence[str | int], said: str) -> Mistake:
        """A mistake at a place."""
        return Mistake(self.line_of(where), key_of(where), said)


def read(file: Path, model: type[Model]) -> tuple[Model, Text]:
    """A playbook file as its model, and as it stands.

    Raises BadPlaybook with all mistakes of the file, each with its line.
    """
    text = as_it_stands(file)
    try:
        return model.model_validate(text.values), text
    except ValidationError as failure:
        raise text.refuse(list(_mistakes(text, failure))) from None


def as_it_stands(file: Path) -> Text:
    """The values of a file with their lines; raises BadPlaybook where it is not YAML, or has what no playbook has."""
    try:
        content = file.read_bytes()
    except OSError as failure:
        raise BadPlaybook(f"{file.name}: cannot be read: {failure.strerror}") from None
    if len(content) > LARGEST_BYTES:
        raise BadPlaybook(f"{file.name}: is larger than {LARGEST_BYTES:,} bytes; split it")
    return _parsed(file, content)


def key_of(where: Sequence[str | int]) -> str:
    """A place as people write it.

    >>> key_of(("steps", 2, "wait"))
    'steps[2].wait'
    """
    key = ""
    for part in where:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    return key


def nearest(word: str, allowed: Sequence[str]) -> str:
    """`; did you mean 'x'?`, or which there are where none is near.

    >>> nearest("sequenc", ["sequence", "owner"])
    "; did you mean 'sequence'?"
    >>> nearest("colour", ["sequence", "owner"])
    '; there are owner, sequence'
    """
    near = get_close_matches(word, allowed, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    listed = sorted(allowed)
    return f"; there are {', '.join(listed[:12])}{' …' if len(listed) > 12 else ''}" if listed else ""


@lru_cache(maxsize=64)
def _parsed(file: Path, content: bytes) -> Text:
    lines: dict[Where, int] = {}
    mistakes: list[Mistake] = []
    try:
        node = yaml.compose(content.decode("utf-8"), Loader=_Plain)
        values = _value(node, (), lines, mistakes) if node is not None else None
    except UnicodeDecodeError as failure:
        line = content[: failure.start].count(b"\n") + 1
        raise BadPlaybook(f"{file.name}:{line}: is not UTF-8; save it as UTF-8") from None
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        said = " ".join(part for part in (failure.context, failure.problem) if part)
        hint = "; indent with blanks" if "\\t" in said else ""
        raise BadPlaybook(f"{file.name}:{mark.line + 1 if mark else 1}: is not YAML: {said}{hint}") from None
    except (yaml.YAMLError, RecursionError) as failure:
        raise BadPlaybook(f"{file.name}:1: is not YAML: {failure}") from None
    text = Text(file, values, lines, blake2b(content, digest_size=6).hexdigest())
    if mistakes:
        raise text.refuse(mistakes)
    if not isinstance(values, dict):
        raise text.refuse([Mistake(1, "", "is empty or a list; it needs keys, as in `name: …`")])
    return text


class _Plain(yaml.SafeLoader):
    """Words, numbers, true and false, null, as in YAML 1.2's core schema; no aliases, which can grow without end."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # its stub lacks it
            raise yaml.composer.ComposerError(None, None, "has an alias; write what it stands for", mark)
        composed: yaml.Node | None = super().compose_node(parent, index)
        return composed


_Plain.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
):
    _Plain.add_implicit_resolver(_tag, re.compile(_pattern), list(_first) + ([""] if _first.endswith("\0") else []))


def _value(node: yaml.Node, where: Where, lines: dict[Where, int], mistakes: list[Mistake], depth: int = 0) -> Any:
    """A node as plain values; what it says twice, or says by tags, is a mistake."""
    line = node.start_mark.line + 1
    lines[where] = line
    if depth > 40:
        mistakes.append(Mistake(line, key_of(where), "is nested too deeply"))
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*where, at), lines, mistakes, depth + 1) for at, one in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, where, lines, mistakes, depth)
    return _scalar(node, where, mistakes)


def _mapping(
    node: yaml.MappingNode, where: Where, lines: dict[Where, int], mistakes: list[Mistake], depth: int
) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            mistakes.append(Mistake(line, key_of(where), "has a key that is no word"))
            continue
        key = str(key_node.value)
        if key in found:
            mistakes.append(Mistake(line, key_of((*where, key)), "stands twice; only one can count"))
        found[key] = _value(value_node, (*where, key), lines, mistakes, depth + 1)
        lines[(*where, key)] = line
    return found


def _scalar(node: yaml.Node, where: Where, mistakes: list[Mistake]) -> Any:
    text, tag = str(node.value), node.tag.rpartition(":")[2]
    if tag == "int":
        return int(text)
    if tag == "float":
        return float(text)
    if tag == "bool":
        return text.lower() == "true"
    if tag == "null":
        return None
    if tag != "str":
        mistakes.append(Mistake(node.start_mark.line + 1, key_of(where), f"has the tag {node.tag}; leave it out"))
    return text


def _again(error: Any) -> InitErrorDetails:
    """A pydantic error as it has to be given to be raised once more."""
    ctx = error.get("ctx", {})
    kind = PydanticCustomError(error["type"], error["msg"]) if error["type"] in OUR_KINDS else error["type"]
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"], ctx=ctx)


def _mistakes(text: Text, failure: ValidationError) -> Iterator[Mistake]:
    """What pydantic found, at the places of the file."""
    for error in failure.errors():
        where = _place(text, error["loc"])
        raised = error.get("ctx", {}).get("error")
        if isinstance(raised, Mistaken):
            where = (*where, *raised.below)
        yield text.mistake(where, _said(error, raised))


def _place(text: Text, loc: Sequence[str | int]) -> Where:
    """The part of a pydantic location that is in the file: it names kinds of a union besides."""
    at: Where = ()
    loc = [part for part in loc if part != "[key]"]
    for number, part in enumerate(loc):
        if (*at, part) in text.lines or (number == len(loc) - 1 and isinstance(part, str)):
            at = (*at, part)
    return at


def _said(error: Any, raised: object) -> str:
    kind, ctx, given = error["type"], error.get("ctx", {}), error.get("input")
    if kind == "unknown_key":
        return str(error["msg"])
    if kind == "missing":
        return "is missing"
    if isinstance(raised, Exception):
        return str(raised)
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", str(ctx.get("expected", "")))
        return f"{given!r} is not known{nearest(str(given), allowed)}"
    message = str(error["msg"])
    shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) or given is None else ""
    return f"{message[:1].lower()}{message[1:]}{shown}"
