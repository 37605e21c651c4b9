"""Importing a file: read it through its mapping, keep what is new, leave rejected rows where a person finds them."""

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from intake import store
from intake.files import Read, file_fingerprint, read_file, rejects_csv
from intake.mapping import Mapping
from intake.restated import known_since_first_said
from intake.tables import table_of
from ringback.records import Call, Outcome, Rejected
from ringback.settings import settings
from warehouse import landing
from warehouse.connect import reading, rows, writing
from warehouse.landing import Landed
from warehouse.migrate import migrate

MOST_REASONS = 5
FILES = "lead_files"
"""The source of files of leads that came over HTTP, as the inbox names it; each has its mapping as a header."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of a file: read = new + same + rejected."""

    kind: str
    source: str
    read: int
    new: int
    same: int
    rejected: int
    outcomes: int
    """Outcomes that were new."""
    rejects: Path | None = None
    duplicates: int = 0
    """Rows about a lead or a call that stands in the file before."""
    left_out: int = 0
    """Rows that were kept without some of their values."""
    later: int = 0
    """Rows that say they are known only later, and are left for a later import; they count as same."""
    later_outcomes: int = 0
    """Outcomes of rows that were kept which are known only later, and are left for a later import."""
    ended_before: int = 0
    """Outcomes that are dated before the day of their call."""
    footer_lines: int = 0
    """Lines below the rows that are none."""
    reasons: tuple[str, ...] = ()
    """The most frequent reasons why rows were rejected, each with how often."""
    reasons_left_out: tuple[str, ...] = ()
    """The same of values that were left out of rows that were kept."""


def import_text(
    text: str,
    mapping: Mapping,
    name: str,
    as_of: datetime,
    rejects_folder: Path | None = None,
    present: datetime | None = None,
) -> Imported:
    """Import a CSV text as of a moment; what is stated to be known only later is left for a later import.

    What is stated to have happened after `present`, if given, cannot be (`read_file`).
    """
    table = table_of(text)
    read = read_file(table, mapping, as_of, present)
    known = known_since_first_said(_known_by(read, as_of), mapping.source, as_of)
    landed, outcomes = _keep(known, mapping, as_of)
    rejects = _write_rejects(read, rejects_folder, name)
    imported = _counted(read, known, mapping, landed, outcomes, table.footer_lines, rejects)
    _note(imported, text, name, as_of)
    return imported


def rehearse(text: str, mapping: Mapping, as_of: datetime) -> tuple[Imported, Read]:
    """Say what an import would do, with the records as they would be read; nothing is changed.

    It is done in earnest on a copy of the warehouse in a temporary folder, so that its counts are those of the import.
    """
    table = table_of(text)
    read = read_file(table, mapping, as_of, present=as_of)
    with TemporaryDirectory(prefix="ringback-rehearsal-") as folder:
        copy = _copy_of_warehouse(Path(folder))
        known = known_since_first_said(_known_by(read, as_of), mapping.source, as_of, copy)
        calls = _edited_now(known.calls, as_of, copy)
        with writing(copy) as warehouse:
            landed = landing.land_calls(warehouse, calls) + landing.land_lead_facts(warehouse, known.leads)
            by_target = [
                landing.land_outcomes(warehouse, [o for o in known.outcomes if o.target == target])
                for target in mapping.outcomes
            ]
    if mapping.kind == "outcomes":
        landed = max(by_target, key=lambda one: one.new, default=Landed(0, 0))
    return _counted(read, known, mapping, landed, sum(by_target, Landed(0, 0)), table.footer_lines), read


def _copy_of_warehouse(folder: Path) -> Path:
    copy, original = folder / settings().warehouse.name, settings().warehouse
    if original.exists():
        with reading():
            for file in original.parent.glob(f"{original.name}*"):  # a write-ahead log may lie beside it
                shutil.copy(file, folder / file.name)
    migrate(copy)
    return copy


def _counted(
    read: Read,
    known: Read,
    mapping: Mapping,
    landed: Landed,
    outcomes: Landed,
    footer_lines: int,
    rejects: Path | None = None,
) -> Imported:
    waiting = {call.call_id for call in read.calls} - {call.call_id for call in known.calls}
    of_kept, known_now = (sum(one.call_id not in waiting for one in some.outcomes) for some in (read, known))
    return Imported(
        kind=mapping.kind,
        source=mapping.source,
        read=read.rows,
        new=landed.new,
        same=read.rows - landed.new - len(read.rejected),
        rejected=len(read.rejected),
        outcomes=outcomes.new,
        rejects=rejects,
        duplicates=read.duplicates,
        left_out=len(read.left_out),
        later=len(read.calls) + len(read.leads) - len(known.calls) - len(known.leads),
        later_outcomes=of_kept - known_now,
        ended_before=len(read.ended_before),
        footer_lines=footer_lines,
        reasons=_most_frequent(read.rejected),
        reasons_left_out=_most_frequent(read.left_out),
    )


def _most_frequent(records: Iterable[Rejected]) -> tuple[str, ...]:
    """The most frequent reasons, each with how often."""
    reasons = Counter(": ".join(filter(None, (record.field, record.reason))) for record in records)
    return tuple(f"{times:,} × {why}" for why, times in reasons.most_common(MOST_REASONS))


def _keep(read: Read, mapping: Mapping, as_of: datetime) -> tuple[Landed, Landed]:
    """What was new among the rows, and among the outcomes they state."""
    if mapping.kind == "calls":
        calls = _edited_now(read.calls, as_of)
        facts = [
            replace(read.facts_by_call[call.call_id], known_at=call.known_at)
            for call in calls
            if call.call_id in read.facts_by_call
        ]
        landed, _ = store.take_calls(calls, [*read.rejected, *read.left_out], facts)
        return landed, store.take_outcomes(_corrected_now(read.outcomes, as_of))
    with writing() as warehouse:
        landing.land_rejected(warehouse, [*read.rejected, *read.left_out])
    if mapping.kind == "leads":
        landed = store.take_leads(read.leads, read.facts)
        return landed, Landed(0, 0)
    outcomes = _corrected_now(read.outcomes, as_of)
    by_target = [store.take_outcomes([o for o in outcomes if o.target == target]) for target in mapping.outcomes]
    rows_with_news = max(by_target, key=lambda landed: landed.new, default=Landed(0, 0))
    return rows_with_news, sum(by_target, Landed(0, 0))


def _known_by(read: Read, as_of: datetime) -> Read:
    return replace(
        read,
        calls=[call for call in read.calls if call.known_at <= as_of],
        leads=[lead for lead in read.leads if lead.known_at <= as_of],
        facts=[facts for facts in read.facts if facts.known_at <= as_of],
        outcomes=[outcome for outcome in read.outcomes if outcome.known_at <= as_of],
    )


def _edited_now(calls: list[Call], as_of: datetime, path: Path | None = None) -> list[Call]:
    """A call that was imported before with other content became known in its new form only now.

    One that the warehouse has in this form keeps the moment at which it had it: the database, which takes what became
    known later, may still lack it after a kill.
    """
    if not calls:
        return []
    with reading(path) as warehouse:
        before = {
            row["call_id"]: (row["content_hash"], row["known_at"])
            for row in rows(
                warehouse,
                "SELECT call_id, content_hash, known_at FROM current_calls WHERE source = $source",
                {"source": calls[0].source},
            )
        }
    edited = []
    for call in calls:
        content, known_at = before.get(call.call_id, (call.content_hash, call.known_at))
        since = known_at if content == call.content_hash else as_of
        edited.append(replace(call, known_at=max(call.known_at, since)))
    return edited


def _corrected_now(outcomes: list[Outcome], as_of: datetime) -> list[Outcome]:
    """An outcome that was stated otherwise for the same moment before became known as it is only now."""
    if not outcomes:
        return []
    with reading() as warehouse:
        before = {
            (row["call_id"], row["target"], row["known_at"]): row["happened"]
            for row in rows(warehouse, "SELECT call_id, target, known_at, happened FROM outcomes")
        }
    return [
        replace(one, known_at=max(one.known_at, as_of), matures_at=max(one.matures_at, as_of))
        if before.get((one.call_id, one.target, one.known_at), one.happened) != one.happened
        else one
        for one in outcomes
    ]


def _write_rejects(read: Read, folder: Path | None, name: str) -> Path | None:
    if folder is None or not (read.rejected or read.left_out):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{Path(name).name.split('.')[0]}.rejects.csv"
    path.write_text(rejects_csv(read.rejected, read.left_out), encoding="utf-8", newline="")
    return path


def _note(imported: Imported, text: str, name: str, as_of: datetime) -> None:
    fingerprint = file_fingerprint(text)
    with writing() as warehouse:
        landing.land_import(
            warehouse,
            import_id=f"{imported.source}:{imported.kind}:{fingerprint[:24]}",
            kind=imported.kind,
            source=imported.source,
            file_name=Path(name).name,
            file_sha256=fingerprint,
            known_at=as_of,
            read_rows=imported.read,
            new_rows=imported.new,
            same_rows=imported.same,
            rejected=imported.rejected,
        )
