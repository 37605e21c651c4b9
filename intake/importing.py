"""Importing a file: read it through its mapping, keep what is new, leave rejected rows where a person finds them."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from intake import store
from intake.files import Read, file_fingerprint, read_file, rejects_csv
from intake.mapping import Mapping
from ringback.records import Call
from warehouse import landing
from warehouse.connect import reading, rows, writing
from warehouse.landing import Landed


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


def import_text(
    text: str, mapping: Mapping, name: str, as_of: datetime, rejects_folder: Path | None = None
) -> Imported:
    """Import a CSV text as of a moment; what is stated to be known only later is left for a later import."""
    read = read_file(text, mapping, as_of)
    landed, outcomes = _keep(_known_by(read, as_of), mapping, as_of)
    imported = Imported(
        kind=mapping.kind,
        source=mapping.source,
        read=read.rows,
        new=landed.new,
        same=read.rows - landed.new - len(read.rejected),
        rejected=len(read.rejected),
        outcomes=outcomes.new,
        rejects=_write_rejects(read, rejects_folder, name),
    )
    _note(imported, text, name, as_of)
    return imported


def _keep(read: Read, mapping: Mapping, as_of: datetime) -> tuple[Landed, Landed]:
    """What was new among the rows, and among the outcomes they state."""
    if mapping.kind == "calls":
        landed, _ = store.take_calls(_edited_now(read.calls, as_of), read.rejected)
        return landed, store.take_outcomes(read.outcomes)
    with writing() as warehouse:
        landing.land_rejected(warehouse, read.rejected)
    if mapping.kind == "leads":
        landed = store.take_leads(read.leads, read.facts)
        return landed, Landed(0, 0)
    by_target = [store.take_outcomes([o for o in read.outcomes if o.target == target]) for target in mapping.outcomes]
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


def _edited_now(calls: list[Call], as_of: datetime) -> list[Call]:
    """A call that was imported before with other content became known in its new form only now."""
    if not calls:
        return []
    with reading() as warehouse:
        before = {
            row["call_id"]: row["content_hash"]
            for row in rows(
                warehouse,
                "SELECT call_id, content_hash FROM current_calls WHERE source = $source",
                {"source": calls[0].source},
            )
        }
    return [
        replace(call, known_at=max(call.known_at, as_of))
        if before.get(call.call_id, call.content_hash) != call.content_hash
        else call
        for call in calls
    ]


def _write_rejects(read: Read, folder: Path | None, name: str) -> Path | None:
    if folder is None or not read.rejected:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{Path(name).name.split('.')[0]}.rejects.csv"
    path.write_text(rejects_csv(read.rejected), newline="")
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
