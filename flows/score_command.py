"""`ringback score FILE` and `ringback score --lead ID`: the service's engine, from the command line."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from ringback.clock import now
from ringback.errors import WrongUsage
from ringback.records import TARGETS, Target

if TYPE_CHECKING:
    import pyarrow as pa

    from scoring.bulk_work import Order
    from scoring.engine import Engine
    from scoring.judging import Champions
    from scoring.sink import Sink
    from scoring.tables import Source

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
END_WITHIN_SECONDS = 5.0
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""
ALSO_LOGGED = ("company_name", "domain", "email", "lead_id")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a file."""

    scored: int
    rejected: int
    output: str
    rejects: str | None
    misshapen: str | None
    log: str
    progression_version: str
    voice_ai_version: str
    pinned: tuple[Target, ...]
    """Whose version was chosen by hand for the service."""
    seconds: float


def add_to(app: typer.Typer) -> None:
    """Add the command to `ringback`."""
    app.command("score")(score)


def score(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="Leads as CSV, Parquet or JSON lines.")
    ] = None,
    lead: Annotated[str | None, typer.Option(help="A lead that ringback knows, by its id or address.")] = None,
    output: Annotated[Path | None, typer.Option(help="Where to; default FILE.scored beside the file.")] = None,
    reasons: Annotated[bool, typer.Option(help="Say why; takes several times as long.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default RINGBACK_TRAINING_JOBS.")] = None,
    json: Json = False,
) -> None:
    """Score the leads of a file, or one lead with its reasons."""
    from flows.environment import as_json
    from ringback.settings import settings

    if (file is None) == (lead is None):
        raise WrongUsage("score a FILE, or one lead with --lead ID")
    if file is not None:
        with _ended_as_by_ctrl_c():
            done = score_file(file, output, reasons, jobs or settings().training_jobs, quiet=json)
        typer.echo(as_json(done) if json else "\n".join(said(done)))
    elif lead is not None:
        from flows.score_doubts import doubts_about_lead

        told = score_lead(lead)
        for doubt in doubts_about_lead(told["lead_id"], now()):
            typer.echo(doubt, err=True)
        typer.echo(as_json(told) if json else "\n".join(said_of_lead(told)))


def score_file(path: Path, output: Path | None, explain: bool, jobs: int, quiet: bool = False) -> Done:
    """Score all leads of a file, part by part, in `jobs` processes; in the order of the file.

    Raises WrongUsage and BadMapping where the file cannot be read as leads, or the policy not at all.
    """
    from time import monotonic

    from flows.environment import prepare_stores
    from flows.score_doubts import doubts_about
    from ringback.settings import settings
    from scoring.bulk_pool import parts_of
    from scoring.policy import policy
    from scoring.sink import remove_left
    from scoring.tables import source_of, stem_of

    prepare_stores()
    began = monotonic()
    source = source_of(path)
    policy()  # the processes that score read it too, where nobody hears what is wrong with it
    who, pinned = who_answers()
    for doubt in doubts_about(source, who):
        print(doubt, file=sys.stderr)
    order = _order(who, explain, source)
    stem = stem_of(path)
    output = output or path.with_name(f"{stem}.scored.{source.kind}")
    rejects = output.with_name(f"{stem}.rejects.{'jsonl' if source.kind == 'jsonl' else 'csv'}")
    torn = output.with_name(f"{stem}.misshapen.txt")
    log = settings().home / "landing" / "bulk_scores" / f"{order.at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.parquet"
    if output.resolve() == path.resolve():
        raise WrongUsage(f"{output} is the file itself; choose another with --output")
    if output.name.lower() in (rejects.name.lower(), torn.name.lower()):
        raise WrongUsage(f"{output} is where rows that cannot be scored are written; choose another with --output")
    remove_left(log.parent, ".*.part")
    scored = rejected = 0
    with ExitStack() as stack:
        parts = stack.enter_context(parts_of(source, order, jobs))  # first: its processes are left after all files are
        answers, refused, scores = sinks = [stack.enter_context(sink_of(one)) for one in (log, rejects, output)]
        advance = stack.enter_context(_progress(source, quiet))
        for part in parts:
            table = _table(part.scored)
            scores.write(table)
            answers.write(_logged(table, source, _given(table, order)))
            if part.rejected:
                refused.write(_table(part.rejected))
            scored, rejected = scored + part.rows, rejected + part.refused
            advance(part.rows + part.refused)
        for sink in sinks:  # all are written before the first gets its name; the log of answers, entered first, is last
            sink.close()
        misshapen = _keep_misshapen(source, torn)
    return Done(
        scored, rejected + len(source.misshapen), str(output), str(rejects) if rejected else None, misshapen, str(log),
        *who.versions, tuple(sorted(pinned)), round(monotonic() - began, 2),
    )  # fmt: skip


def score_lead(lead_id: str) -> dict[str, Any]:
    """Score a lead that ringback knows, by its id or address, and keep the answer; raises WrongUsage for others."""
    from database.known import known_lead
    from flows.environment import prepare_stores
    from scoring.judging import Champions
    from scoring.log import PredictionLog, bring_in, line_of
    from scoring.policy import policy
    from scoring.service import Service
    from scoring.stored import present_rates, request_about, stored_about

    prepare_stores()
    known = known_lead(lead_id, lead_id if "@" in lead_id else None)
    if known is None:
        raise WrongUsage(f"no lead is known by {lead_id!r}; 'ringback import leads' brings leads in")
    asked = request_about(known)
    who, pinned = who_answers()
    service = Service(who, Champions(None, None), policy(), pinned=pinned)
    scored = service.score(asked, stored_about(asked, present_rates(), known), now(), source="cli")
    written = PredictionLog()
    written.append(line_of(scored, {"request_id": None, "key_id": None}))
    written.close()
    bring_in()
    return service.told(scored)


def who_answers() -> "tuple[Champions, frozenset[Target]]":
    """The versions by which the service answers at this moment, and the targets whose version is pinned for it.

    As in the service, an earlier champion answers in the place of a version that cannot be loaded, which is said.
    """
    from database.serving import wanted
    from scoring.judging import Champions

    asked = wanted(now())
    engines = {target: _engine(target, asked.champions.get(target)) for target in TARGETS}
    pinned = {
        target for target in asked.pinned
        if (engine := engines[target]) and engine.version == asked.champions[target]
    }  # fmt: skip
    return Champions(engines["progression"], engines["voice_ai"]), frozenset(pinned)


def _order(who: "Champions", explain: bool, source: "Source") -> "Order":
    from scoring.bulk_work import Order

    progression, voice_ai = (engine.version if engine else None for engine in (who.progression, who.voice_ai))
    return Order(progression, voice_ai, now(), explain, dict(source.fields), source.numbers)


def _engine(target: Target, version: str | None) -> "Engine | None":
    """The engine of a version, else of the last champion before that can be loaded."""
    from database.promotions import ledger
    from flows.engines import engine_of_version
    from ringback.errors import NoModel, UnknownModel

    if version is None:
        return None
    for one in dict.fromkeys((version, *(promotion.version for promotion in ledger(target, now())))):
        try:
            return engine_of_version(target, one)
        except (NoModel, UnknownModel) as failure:
            print(f"{failure}; it is left out", file=sys.stderr)
    return None


def _given(table: "pa.Table", order: "Order") -> Sequence[str]:
    """The columns of the file itself, which stand before the results."""
    from scoring.bulk_work import RESULTS

    results = len(RESULTS) - (not order.explain)
    return list(table.column_names[: len(table.column_names) - results])


def _logged(table: "pa.Table", source: "Source", given: Sequence[str]) -> "pa.Table":
    """What is kept of every answer: who was asked about, what was said and by which versions.

    `given` names the columns that the file itself has.
    """
    import pyarrow as pa

    from scoring.bulk_work import RESULTS, names_of_results
    from scoring.sink import as_text

    kept = {"file": pa.repeat(pa.scalar(source.path.name), len(table))}
    by_field = {field: column for column, field in source.fields.items()}
    for field in ALSO_LOGGED:
        column = by_field.get(field)
        is_there = column is not None and column in table.column_names
        kept[field] = as_text(table.column(column)) if is_there else pa.nulls(len(table), pa.string())
    called = names_of_results(given)
    return pa.table(kept | {result: table.column(called[result]) for result in RESULTS if result != "reasons"})


def _keep_misshapen(source: "Source", path: Path) -> str | None:
    """The file with the lines that are no rows; none of an earlier run stays where there are none."""
    from scoring.sink import written_in_words

    with written_in_words(path):
        if not source.misshapen:
            path.unlink(missing_ok=True)
            return None
        try:
            path.write_text("".join(f"line {number}: {text}\n" for number, text in source.misshapen), encoding="utf-8")
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return str(path)


def _table(stream: bytes) -> "pa.Table":
    import pyarrow as pa

    return pa.ipc.open_stream(stream).read_all()


@contextmanager
def sink_of(path: Path) -> "Iterator[Sink]":
    """A file that appears whole when all went well, and not at all otherwise."""
    from scoring.sink import Sink

    sink = Sink(path)
    try:
        yield sink
        sink.finish()
    except BaseException:
        sink.give_up()
        raise


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Have a plain kill (SIGTERM) clean up as Ctrl-C does; after either, be gone soon.

    Python waits at its end for the parts at work: for ever, where the signal killed one of their processes amid an
    answer.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        soon = Timer(END_WITHIN_SECONDS, os._exit, (INTERRUPTED,))
        soon.daemon = True
        soon.start()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(source: "Source", quiet: bool) -> "Iterator[Callable[[int], None]]":
    """Tells how many rows are done, where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda rows: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("scoring", total=source.rows())
        yield lambda rows: bar.advance(task, rows)


def said(done: Done) -> list[str]:
    """What came of it, in words."""
    pace = f"{done.scored / done.seconds:,.0f} a second" if done.seconds else "at once"
    versions: dict[Target, str] = {"progression": done.progression_version, "voice_ai": done.voice_ai_version}
    by = [f"{target} {version}{' (pinned)' if target in done.pinned else ''}" for target, version in versions.items()]
    lines = [f"{done.scored:,} leads scored in {done.seconds:,.1f} s ({pace}), by {' and '.join(by)}: {done.output}"]
    if done.rejects:
        lines.append(f"rows that could not be scored, with the reason: {done.rejects}")
    if done.misshapen:
        lines.append(f"lines that are no rows: {done.misshapen}")
    return lines


def said_of_lead(told: dict[str, Any]) -> list[str]:
    """A lead's score in words."""
    fit = "not known" if told["voice_ai_fit"] is None else told["voice_ai_fit"]
    return [
        f"{told['company_name']} ({told['lead_id']}): {told['qualification_score']} of 100, {told['recommendation']}, "
        f"priority {told['priority']}",
        f"progression {100 * told['progression_probability']:.0f} % (tier {told['tier']}), Voice-AI fit {fit}, "
        f"confidence {100 * told['confidence']:.0f} %, by {told['answered_by']} {told['models']['progression']}",
        *(f"  {one['points']:+5.1f}  {one['reason']}" for one in told["contributions"]),
    ]
