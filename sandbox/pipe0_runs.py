"""Runs of pipe0's stand-in: reading a request, doing it at once, and showing it step by step."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4
from zlib import crc32

from sandbox.directory import Directory
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.pipe0_pipes import PIPES, Pipe, mocked, outcome, reason

MOST_INPUTS = 100
KINDS: dict[type, str] = {str: "string", bool: "boolean", int: "number", float: "number", list: "json", dict: "json"}
"""What pipe0 calls the type of a value."""


def problem(status: int, kind: str, detail: str, headers: dict[str, str] | None = None) -> Answered:
    """An error in pipe0's envelope."""
    title = kind.replace("-", " ").capitalize()
    return Answered(answer({"type": kind, "title": title, "status": status, "detail": detail}, status, headers))


@dataclass(frozen=True, slots=True)
class Step:
    """One pipe of a request: which input field it reads, and under which names it writes."""

    pipe: Pipe
    reads: tuple[str, ...]
    writes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """A checked request: the steps in an order that works, and the inputs."""

    steps: tuple[Step, ...]
    inputs: tuple[JsonObject, ...]
    is_sandbox: bool

    @classmethod
    def read(cls, body: JsonObject | None) -> "Order":
        """Read a request body; raises Answered with 422 for a wrong form and 400 for a wrong meaning."""
        if body is None:
            raise problem(400, "invalid-json", "The body is not a JSON object")
        pipes, inputs, config = body.get("pipes"), body.get("input"), body.get("config")
        if not isinstance(pipes, list) or not pipes or not all(isinstance(one, dict) for one in pipes):
            raise problem(422, "validation-error", "pipes: expected a list with at least one pipe")
        if not isinstance(inputs, list) or not inputs or not all(isinstance(one, dict) for one in inputs):
            raise problem(422, "validation-error", "input: expected a list with at least one record")
        if len(inputs) > MOST_INPUTS:
            raise problem(400, "validation-error", f"input: {len(inputs)} records, at most {MOST_INPUTS} are allowed")
        named = tuple(record if "id" in record else {"id": str(uuid4()), **record} for record in inputs)
        twice = [key for key, count in Counter(str(record["id"]) for record in named).items() if count > 1]
        if twice:
            raise problem(400, "validation-error", f"input: ids must be unique, {', '.join(twice)} is not")
        environment = config.get("environment", "production") if isinstance(config, dict) else "production"
        if environment not in ("production", "sandbox"):
            raise problem(422, "validation-error", "config.environment: expected production or sandbox")
        given = {name for record in named for name in record if name != "id"}
        return cls(arranged([step(one) for one in pipes], given), named, environment == "sandbox")


def step(asked: JsonObject) -> Step:
    """One pipe as asked for; raises Answered for one that has no id or does not exist."""
    if not isinstance(asked.get("pipe_id"), str):
        raise problem(422, "validation-error", "pipes: pipe_id is required")
    pipe = PIPES.get(str(asked["pipe_id"]))
    if pipe is None:
        raise problem(400, "unknown-pipe", f"There is no pipe {asked['pipe_id']}")
    config = asked.get("config")
    chosen = config.get("output_fields") if isinstance(config, dict) else None
    wanted = chosen if isinstance(chosen, dict) else {}
    writes: dict[str, str] = {}
    for name in pipe.outputs:
        option = wanted.get(name)
        option = option if isinstance(option, dict) else {}
        if option.get("enabled") is not False:
            writes[name] = str(option.get("alias") or name)
    return Step(pipe, pipe.needs, writes)


def arranged(steps: list[Step], given: set[str]) -> tuple[Step, ...]:
    """The steps in an order in which each finds its input; raises Answered with 400 where there is none."""
    written = Counter(name for one in steps for name in one.writes.values())
    clash = sorted(name for name, count in written.items() if count > 1)
    if clash:
        raise problem(400, "validation-error", f"More than one pipe writes {', '.join(clash)}; use an alias")
    known, ordered, left = set(given), [], list(steps)
    while left:
        ready = [one for one in left if not known.isdisjoint(one.reads)]
        if not ready:
            needed = {name for one in left for name in one.reads}
            if needed & set(written):
                raise problem(400, "circular-pipes", "The pipes wait for each other's outputs")
            raise problem(400, "validation-error", f"No record has {' or '.join(left[0].reads)}")
        ordered.extend(ready)
        known.update(name for one in ready for name in one.writes.values())
        left = [one for one in left if one not in ready]
    return tuple(ordered)


def progress(checks: int, begun: float, checks_needed: float, seconds_needed: float, end: str) -> str:
    """How far something begun is, of `pending`, `processing` and `end`: by checks or real time, whichever is less."""
    passed = time.monotonic() - begun
    done = min(checks / checks_needed if checks_needed else 1.0, passed / seconds_needed if seconds_needed else 1.0)
    return end if done >= 1 else "pending" if done < 0.5 else "processing"


@dataclass(slots=True)
class Run:
    """A run whose results are known from the start and shown when their time has come."""

    order: Order
    created_at: datetime
    records: dict[str, dict[str, JsonObject]]
    bought: list[str]
    """What was billed: input value and pipe of each purchase."""
    out_of_credit: bool
    run_id: str = field(default_factory=lambda: f"run_{uuid4().hex[:16]}")
    begun: float = field(default_factory=time.monotonic)
    checks: int = 0
    canceled: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    """What was shown with each status: a run that is asked for often is written once."""

    def status(self, checks_needed: float, seconds_needed: float) -> str:
        """How far the run is: by the checks made, and by the real time passed, whichever is less far."""
        if self.canceled:
            return "canceled"
        end = "failed" if self.out_of_credit else "completed"
        return progress(self.checks, self.begun, checks_needed, seconds_needed, end)

    def text(self, status: str) -> str:
        """The run as JSON."""
        if status not in self.texts:
            self.texts[status] = json.dumps(self.shown(status), ensure_ascii=False, separators=(",", ":"))
        return self.texts[status]

    def shown(self, status: str) -> JsonObject:
        """The run in pipe0's envelope; while it runs only part of the fields have values."""
        ids = [record["id"] for record in self.order.inputs]
        errors = [{"code": "InsufficientCredits", "message": "The balance does not cover this run."}]
        return {
            "id": self.run_id,
            "status": status,
            "organization_id": "org_sandbox",
            "errors": errors if status == "failed" else [],
            "field_definitions": {},
            "order": ids,
            "records": {
                str(key): {"id": key, "fields": self.fields(str(key), status, place)} for place, key in enumerate(ids)
            },
        }

    def fields(self, key: str, status: str, place: int) -> JsonObject:
        """The fields of one record; while processing, every other record is done."""
        if status in ("completed", "failed") or (status == "processing" and place % 2 == 0):
            return dict(self.records[key])
        waiting = "pending" if status in ("pending", "canceled") else "queued"
        blank = {"value": None, "status": waiting, "reason": None, "resolved_by": None}
        return {name: one if one["claimed_by"] is None else {**one, **blank} for name, one in self.records[key].items()}


def carry_out(order: Order, directory: Directory, credits_left: float) -> Run:
    """Do all the order's steps, buying until the credits are used up."""
    names = sorted({name for record in order.inputs for name in record} - {"id"})
    records: dict[str, dict[str, JsonObject]] = {
        str(record["id"]): {
            name: a_field(tidied(name, record.get(name)), "completed", None, {"ref": "input"}) for name in names
        }
        for record in order.inputs
    }
    bought: list[str] = []
    broke = False
    for one in order.steps:
        known_by = config_hash(one)
        for fields in records.values():
            asked = next((fields[name]["value"] for name in one.reads if fields.get(name, {}).get("value")), None)
            drawn = results(one, order, directory, asked)
            pays = not order.is_sandbox and any(status == "completed" for _, status, _ in drawn.values())
            broke = broke or (pays and len(bought) + 1 > credits_left)
            if broke:
                unpaid = reason("InsufficientCredits", "The balance is used up")
                drawn = dict.fromkeys(one.pipe.outputs, (None, "failed", unpaid))
            elif pays:
                bought.append(f"{asked} {one.pipe.pipe_id}")
            made_by = resolved(one, known_by, asked, order)
            for name, alias in one.writes.items():
                fields[alias] = a_field(*drawn[name], made_by)
    return Run(order, directory.now(), records, bought, broke)


def tidied(name: str, value: object) -> object:
    """An input as the vendor corrects it: websites get their scheme, addresses small letters."""
    if not isinstance(value, str):
        return value
    if name.endswith("website_url") and value.strip():
        bare = value.strip().replace("wwww.", "www.")
        return bare if "://" in bare else f"https://{bare}"
    return value.lower() if "email" in name else value


def results(
    one: Step, order: Order, directory: Directory, asked: object
) -> dict[str, tuple[object, str, JsonObject | None]]:
    """What a step finds for one input."""
    if not asked:
        unmet = reason("RequirementUnmet", f"{' or '.join(one.reads)} is missing")
        return dict.fromkeys(one.pipe.outputs, (None, "skipped", unmet))
    if order.is_sandbox:
        return {name: (mocked(name), "completed", None) for name in one.pipe.outputs}
    return outcome(one.pipe, directory, asked)


def a_field(value: object, status: str, why: JsonObject | None, resolved_by: JsonObject) -> JsonObject:
    """A field in pipe0's shape."""
    kind = KINDS.get(type(value), "unknown")
    ref = resolved_by["ref"]
    return {
        "type": kind, "format": "text" if kind == "string" else None, "value": value, "status": status, "reason": why,
        "widgets": {},
        "claimed_by": None if ref == "input" else {"ref": ref, "config_hash": resolved_by["config_hash"]},
        "resolved_by": resolved_by,
    }  # fmt: skip


def config_hash(one: Step) -> str:
    """A few letters that belong to how a step is configured."""
    return f"{crc32(repr(sorted(one.writes.items())).encode()) % 4096:03x}"


def resolved(one: Step, known_by: str, asked: object, order: Order) -> JsonObject:
    """Who made a field's value, from what."""
    return {
        "ref": one.pipe.pipe_id,
        "config_hash": known_by,
        "input_hash": f"{crc32(str(asked).encode()):08x}",
        "environment": "sandbox" if order.is_sandbox else "production",
    }
