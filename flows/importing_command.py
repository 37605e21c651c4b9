"""What `ringback import` does with a file, and what it says: what the columns are, and what became of the rows."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import get_args

from flows.import_guard import leaks_of, warnings
from intake.columns import DateOrder
from intake.files import Read, read_file
from intake.importing import Imported, import_text, rehearse
from intake.mapping import Given, Kind, load_given
from intake.recognition import Recognised, mapping_text
from intake.suggest import recognise
from intake.tables import table_of, texts_of
from ringback.clock import now
from ringback.errors import WrongUsage
from ringback.records import Call, CompanyFacts, Lead, Target
from ringback.settings import settings
from training.leakage import Leak

MOST_SHOWN_REJECTS = 10
MOST_SHOWN_ROWS = 3
MOST_SHOWN_VALUES = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person says of a file beside its name."""

    kind: Kind
    given: Given | None = None
    source: str | None = None
    order: DateOrder | None = None
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An answer for a person, and the same for a program."""

    words: str
    facts: Mapping[str, object]


def asked(
    kind: str, mapping: Path | None, source: str | None, dates: str | None, campaign_id: str | None = None
) -> Asked:
    """Check what was asked.

    Raises WrongUsage for a mapping of another kind, dates that are neither order, or a campaign that is not there.
    """
    kinds: dict[str, Kind] = {one: one for one in get_args(Kind)}
    orders: dict[str, DateOrder] = {one: one for one in get_args(DateOrder)}
    if dates is not None and dates not in orders:
        raise WrongUsage(f"--dates {dates!r} is neither of {', '.join(orders)}")
    given = load_given(mapping) if mapping else None
    if given and given.kind != kind:
        raise WrongUsage(f"{mapping} maps {given.kind}; say 'ringback import {given.kind}'")
    if campaign_id is not None:
        _check_campaign(campaign_id)
    return Asked(kinds[kind], given, source, orders[dates] if dates else None, campaign_id)


def bring_in(file: Path, ask: Asked, dry_run: bool = False, suggest: bool = False) -> Iterator[Said]:
    """Import each text of a file, or say what an import would do, or which mapping would read it."""
    for name, text in texts_of(file).items():
        table = table_of(text)
        found = recognise(table, ask.kind, name, ask.given, ask.source, ask.order, is_draft=suggest)
        found = replace(found, doubts=(*table.notes, *found.doubts))
        if suggest:
            yield Said(mapping_text(found).removesuffix("\n"), {"mapping": mapping_text(found)})
        elif dry_run:
            done, read = rehearse(text, found.mapping, now())
            leaks = leaks_of(read)
            words = [*_what_was_found(name, found), *warnings(leaks, found.mapping), *_would_be(done, read)]
            yield Said("\n".join(words), _facts(done, found, leaks))
        else:
            from flows.environment import prepare_stores  # brings Prefect in, which only an import needs

            prepare_stores()
            at = now()
            done = import_text(text, found.mapping, name, at, settings().home / "rejects", present=at)
            joined = _join(ask.campaign_id, text, found) if ask.campaign_id else []
            leaks = leaks_of(read_file(text, found.mapping, at, present=at)) if found.mapping.outcomes else {}
            words = [*_what_was_found(name, found), *warnings(leaks, found.mapping), *_was(name, done), *joined]
            yield Said("\n".join(words), _facts(done, found, leaks))


def _check_campaign(campaign_id: str) -> None:
    from database.campaigns import campaigns
    from flows.environment import prepare_stores

    prepare_stores()
    state = {one.campaign_id: one.state for one in campaigns()}.get(campaign_id)
    if state is None:
        raise WrongUsage(f"there is no campaign {campaign_id!r}; 'ringback campaigns create NAME' makes one")
    if state == "archived":
        raise WrongUsage(
            f"{campaign_id!r} is archived, so nobody joins it; 'ringback campaigns resume {campaign_id}' opens it"
        )


def _join(campaign_id: str, text: str, found: Recognised) -> list[str]:
    """Let the leads of a file join a campaign and wait for enrichment."""
    from campaigns.harvest import join

    at = now()
    joined, waiting = join(read_file(text, found.mapping, at, present=at).leads, campaign_id, at)
    return [f"{joined:,} joined the campaign {campaign_id}; {waiting:,} leads and companies wait for enrichment"]


def _what_was_found(name: str, found: Recognised) -> Iterator[str]:
    mapping = found.mapping
    yield f"{name} looks like {_of(found.exporter)}; it is imported as {mapping.source!r}"
    width = max((len(one.name) for one in found.taken), default=0)
    yield from (f"  {one.name:{width}}  from {one.column!r}, {one.because}" for one in found.taken)
    for target, outcome in mapping.outcomes.items():
        lost = f"{outcome.negative_column!r} " if outcome.negative_column else ""
        yield (
            f"  {target}: {outcome.column!r} is good for {_listed(outcome.positive)}, bad for "
            f"{lost}{_listed(outcome.negative)}, open otherwise"
            + (f", and open while {outcome.closed!r} says no" if outcome.closed else "")
            + (f"; known at {outcome.known_at!r}" if outcome.known_at else "")
        )
    if mapping.custom:
        yield "  custom fields: " + ", ".join(f"{column} ({kind})" for column, kind in mapping.custom.items())
    yield from (f"  left out: {column!r}: {why}" for column, why in mapping.exclude.items())
    if found.empty:
        yield f"  without any value, left out: {', '.join(found.empty)}"
    yield from (f"  doubtful: {doubt}" for doubt in found.doubts)


def _was(name: str, done: Imported) -> Iterator[str]:
    yield (
        f"{done.read:,} rows of {name}: {done.new:,} new, {done.same:,} known already, "
        f"{done.rejected:,} rejected; {done.outcomes:,} new outcomes"
    )
    yield from _besides(done)
    yield from (f"  left out: {why}" for why in done.reasons_left_out)
    if done.rejected:
        yield f"ATTENTION: {done.rejected:,} of {done.read:,} rows were rejected and are not imported"
        yield from (f"  {why}" for why in done.reasons)
    if done.rejects:
        yield f"the rows to mend, each with its reason: {done.rejects}"


def _would_be(done: Imported, read: Read) -> Iterator[str]:
    readable = done.read - done.rejected
    yield f"{done.read:,} rows: {readable:,} can be read, {done.rejected:,} cannot; nothing was changed"
    yield f"an import would bring {done.new:,} new, {done.same:,} known already; {done.outcomes:,} new outcomes"
    yield from _besides(done)
    for record in [*read.rejected, *read.left_out][:MOST_SHOWN_REJECTS]:
        yield f"  {record.external_id}: {': '.join(filter(None, (record.field, record.reason)))}"
    if (more := len(read.rejected) + len(read.left_out) - MOST_SHOWN_REJECTS) > 0:
        yield f"  and {more:,} more"
    if read.leads or read.calls:
        yield "the first rows as they would be read:"
    for lead in read.leads[:MOST_SHOWN_ROWS]:
        facts = next((facts for facts in read.facts if facts.company_id == lead.company_id), None)
        yield f"  {_shown(lead)}" + (f"; {_shown(facts)}" if facts else "")
    yield from (f"  {_shown(call)}" for call in read.calls[:MOST_SHOWN_ROWS])


def _besides(done: Imported) -> Iterator[str]:
    if done.duplicates:
        yield f"rows about the same {done.kind.removesuffix('s')} as a row before them in the file: {done.duplicates:,}"
    if done.left_out:
        yield f"rows kept without some of their values: {done.left_out:,}"
    if done.later:
        yield f"rows that say they are known only later, left for a later import: {done.later:,}"
    if done.later_outcomes:
        yield f"outcomes that are known only later, left for a later import: {done.later_outcomes:,}"
    if done.ended_before:
        yield (
            f"doubtful: {done.ended_before:,} outcomes are dated before the day of their call; is it the right column? "
            "[columns] called_at and [outcomes.progression] known_at in a mapping say it"
        )
    if done.footer_lines:
        yield f"lines below the rows that are the report's footer, and no rows: {done.footer_lines}"


def _shown(record: Call | Lead | CompanyFacts) -> str:
    known = {
        name: said for name, said in asdict(record).items()
        if said not in (None, (), {}) and name not in ("content_hash", "source", "custom", "notes", "transcript")
    }  # fmt: skip
    words = [f"{name} {said}" for name, said in known.items()]
    if not isinstance(record, CompanyFacts):
        words += [f"{column}={said}" for column, said in record.custom.items()]
    return ", ".join(words)


def _facts(done: Imported, found: Recognised, leaks: Mapping[Target, list[Leak]]) -> dict[str, object]:
    return asdict(done) | {
        "exporter": found.exporter,
        "columns": found.mapping.columns,
        "custom": found.mapping.custom,
        "exclude": found.mapping.exclude,
        "doubts": found.doubts,
        "leaks": [{"target": target, **asdict(leak)} for target, some in leaks.items() for leak in some],
    }


def _of(exporter: str) -> str:
    return exporter if exporter.startswith("a ") else f"an export of {exporter}"


def _listed(values: list[str]) -> str:
    shown = ", ".join(values[:MOST_SHOWN_VALUES]) or "nothing"
    return shown if len(values) <= MOST_SHOWN_VALUES else f"{shown} and {len(values) - MOST_SHOWN_VALUES} more"
