"""pipe0: signals about companies and people, ordered as a run of pipes and fetched when they are done.

There are two ways. `order` and `check` are the usual one, for whatever is bought in bulk: an order answers at once
with a run id, which is kept before the result is waited for, so that a crash loses nothing that was paid for. `run_now`
is for fewer than ten inputs that somebody waits for: the result comes with the answer, but what a crash interrupts is
lost, since no run id came before it. After three minutes pipe0 answers 408 with the run id in words and works on: then
`run_now` gives a run that is not over, which is followed by `check` like any other, and never ordered again.
pipe0 knows no idempotency keys: an order whose answer never came is not repeated here, since it may have been billed.

What is doubtful is taken tolerantly: `technology_stack` may be called `technology_list`; numbers may be texts; a run
that is `completed` may still have fields that failed; being out of credit can look like a failed run or like nothing
found. There is no pipe for job postings in the last public catalogue: it is not in the list until its id is known.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import Settings
from vendors.http import Client
from vendors.limits import Limit
from vendors.tolerant import record_in

SOURCE = "pipe0"
SANDBOX_KEY = "sandbox-pipe0-key"
MOST_INPUTS = 100
MOST_INPUTS_NOW = 9
NOW_WITHIN_SECONDS = 200.0
"""pipe0 gives up after 180 and says so: waiting a little longer than that gets the run id."""
TOOK_TOO_LONG = 408
LIMIT = Limit(60.0, 2000)

Outcome = Literal["found", "missed", "failed"]
FINAL = frozenset({"completed", "failed", "canceled"})
FOUND_NOTHING = frozenset({"no_result", "skipped"})


@dataclass(frozen=True, slots=True)
class Pipe:
    """A signal: which pipe gives it, what it needs to know, and under which names the answer may come."""

    signal: str
    pipe_id: str
    needs: Literal["company_website_url", "profile_url"]
    gives: tuple[str, ...]


PIPES: tuple[Pipe, ...] = (
    Pipe(
        "company_overview",
        "company:overview@2",
        "company_website_url",
        (
            "company_description",
            "company_industry",
            "company_region",
            "headcount",
            "estimated_revenue",
            "founded_year",
        ),
    ),
    Pipe("tech_stack", "company:techstack:builtwith@1", "company_website_url", ("technology_stack", "technology_list")),
    Pipe("funding", "company:funding:leadmagic@1", "company_website_url", ("funding_total_usd", "funding_history")),
    Pipe("news_summary", "company:newssummary:website@1", "company_website_url", ("company_news_summary",)),
    Pipe("linkedin_posts", "people:posts:crustdata@1", "profile_url", ("crustdata_post_list", "post_list_string")),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says of one signal of one input."""

    input_id: str
    signal: str
    outcome: Outcome
    value: Mapping[str, Any] | None
    reason: str | None
    """Why nothing was found, in pipe0's words."""


@dataclass(frozen=True, slots=True)
class Run:
    """An order: still at work, done, or failed as a whole."""

    run_id: str
    status: str
    answers: tuple[Answer, ...]
    errors: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.status in FINAL

    @property
    def is_out_of_credit(self) -> bool:
        """Whether the run failed because it could not be paid."""
        return any("credit" in error.lower() or "balance" in error.lower() for error in self.errors)


def connect(settings: Settings) -> Client:
    """A client with the configured key, or for the sandbox where none is set."""
    key = settings.pipe0_key.get_secret_value() if settings.pipe0_key else SANDBOX_KEY
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}/pipe0"
    return Client(
        vendor="pipe0",
        base_url=settings.pipe0_url or ("https://api.pipe0.com" if settings.pipe0_key else sandbox),
        headers={"Authorization": f"Bearer {key}"},
        limits=(LIMIT,),
    )


def validate(client: Client, pipes: Sequence[Pipe]) -> None:
    """Ask whether the pipes still exist under these ids; raises VendorRefused with what pipe0 says of them."""
    sample = {"id": "1", "company_website_url": "https://example.com", "profile_url": "https://example.com/in/a"}
    answer = client.post_json("/v1/pipes/validate", _order(pipes, [sample]))
    if not answer.get("valid", False):
        raise VendorRefused(f"pipe0 does not take the pipes {', '.join(p.pipe_id for p in pipes)}: {answer}"[:300])


def order(client: Client, pipes: Sequence[Pipe], inputs: Sequence[Mapping[str, str | None]]) -> str:
    """Order signals for at most 100 inputs (each with `id` and what the pipes need); gives the run id.

    A field that an input lacks must be there as None. Never asked twice, since an order costs money.
    """
    if len(inputs) > MOST_INPUTS:
        raise VendorRefused(f"{len(inputs)} inputs in one pipe0 order, at most {MOST_INPUTS} are taken; order in parts")
    answer = client.post_json("/v1/pipes/run", _order(pipes, inputs), repeatable=False)
    if not isinstance(answer.get("id"), str):
        raise VendorUnreadable("pipe0 took an order and gave no run id")
    return str(answer["id"])


def run_now(client: Client, pipes: Sequence[Pipe], inputs: Sequence[Mapping[str, str | None]]) -> Run:
    """Order signals for at most nine inputs (as for `order`) and wait for the answers, up to 200 seconds.

    A run that takes pipe0 longer is given as it is, under way: `check` it until it is over. Never asked twice; raises
    VendorUnavailable that is in doubt where no answer came, or no run id with it.
    """
    if len(inputs) > MOST_INPUTS_NOW:
        raise VendorRefused(f"{len(inputs)} inputs to be run at once, at most {MOST_INPUTS_NOW} are; use an order")
    said = client.post_for_reply(
        "/v1/pipes/run/sync",
        _order(pipes, inputs),
        answers={TOOK_TOO_LONG},
        repeatable=False,
        timeout_seconds=NOW_WITHIN_SECONDS,
    )
    if said.status != TOOK_TOO_LONG:
        return _run(str(said.body.get("id") or ""), said.body, pipes)
    run_id = run_id_in(str(said.body.get("detail") or ""))
    if run_id is None:
        raise VendorUnavailable("pipe0 took too long for a run and did not say its id; try later", is_in_doubt=True)
    return Run(run_id, "processing", (), ())


def run_id_in(detail: str) -> str | None:
    """The run id in what pipe0 says of a run that takes too long; its words are not documented.

    Taken is what follows `/check/`, else what is called a run id or an id, else the only thing in quotes, else the only
    word of letters and digits that is long enough for one. None where there is none, or more than one.

    >>> run_id_in("Timed out. The run continues; poll /v1/pipes/check/xgv81b2c")
    'xgv81b2c'
    """
    for pattern in RUN_ID_PATTERNS:
        if found := set(pattern.findall(detail)):
            return found.pop() if len(found) == 1 else None
    return None


ID = r"[A-Za-z0-9][A-Za-z0-9_-]{5,}"
RUN_ID_PATTERNS = (
    re.compile(rf"/check/({ID})"),
    re.compile(rf"\b(?:run[ _-]?)?id[\"'`]?\s*(?:is\b|[:=])\s*[\"'`(]?({ID})", re.IGNORECASE),
    re.compile(rf"[\"'`(]({ID})[\"'`)]"),
    re.compile(
        r"(?<![\w-])(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])(?!\d+[a-z]+(?![\w-]))(?!\d{4}-\d\d-\d\d)([\w-]{8,})(?![\w-])",
        re.ASCII,
    ),
)
"""The last leaves out durations (`180000ms`) and times of day."""


def check(client: Client, run_id: str, pipes: Sequence[Pipe]) -> Run:
    """How far an order is, with the answers that are there."""
    return _run(run_id, client.get_json(f"/v1/pipes/check/{run_id}"), pipes)


def _run(run_id: str, body: Mapping[str, Any], pipes: Sequence[Pipe]) -> Run:
    records = body.get("records")
    status = body.get("status")
    if not run_id or not isinstance(records, dict) or not isinstance(status, str):
        raise VendorUnreadable(f"pipe0 answered the run {run_id or '(no id)'} without records or status")
    return Run(
        run_id=run_id,
        status=status,
        answers=tuple(
            _answer(str(input_id), pipe, record_in(record_in(record).get("fields")))
            for input_id, record in records.items()
            for pipe in pipes
        ),
        errors=tuple(_error_text(error) for error in _errors(body.get("errors"))),
    )


def _errors(sent: Any) -> list[Any]:
    return sent if isinstance(sent, list) else [sent] if sent else []


def _order(pipes: Sequence[Pipe], inputs: Sequence[Mapping[str, str | None]]) -> dict[str, Any]:
    return {
        "config": {"environment": "production"},
        "pipes": [{"pipe_id": pipe.pipe_id} for pipe in pipes],
        "input": [dict(one) for one in inputs],
    }


def _answer(input_id: str, pipe: Pipe, fields: Mapping[str, Any]) -> Answer:
    mine = {name: fields[name] for name in pipe.gives if isinstance(fields.get(name), dict)}
    value = {name: field.get("value") for name, field in mine.items() if str(field.get("status")) == "completed"}
    if value := {name: given for name, given in value.items() if given not in (None, "", [], {})}:
        return Answer(input_id, pipe.signal, "found", value, None)
    reasons = [_reason(field) for field in mine.values()]
    missed = all(str(field.get("status")) in FOUND_NOTHING | {"completed"} for field in mine.values())
    return Answer(
        input_id,
        pipe.signal,
        "missed" if missed and mine else "failed",
        None,
        next((reason for reason in reasons if reason), "pipe0 answered without a value"),
    )


def _reason(field: Mapping[str, Any]) -> str | None:
    reason = field.get("reason")
    if isinstance(reason, dict):
        return str(reason.get("message") or reason.get("summary") or reason.get("code"))
    return str(reason) if reason else None


def _error_text(error: Any) -> str:
    if isinstance(error, dict):
        return str(error.get("message") or error.get("detail") or error.get("title") or error)
    return str(error)
