"""What people change in Fellow beyond a meeting's own story: a title, attendees, or nothing that shows."""

from dataclasses import dataclass
from datetime import datetime

from sandbox.fellow_records import JsonObject, iso
from sandbox.fellow_requests import moment

ON_REQUEST = frozenset({"transcript", "ai_notes", "media_url", "event_attendees", "content_markdown"})
"""Fields that are null unless asked for: an edit changes them only where they are shown."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The fields of a record that somebody changed at a moment; none where only `updated_at` moved."""

    at: datetime
    fields: JsonObject


class Edits:
    """The edits of all recordings and notes, each in the order of their moments."""

    def __init__(self) -> None:
        """Nobody has edited anything."""
        self._by_record: dict[str, list[Edit]] = {}

    def __bool__(self) -> bool:
        """Whether anything was edited, or will be."""
        return bool(self._by_record)

    def make(self, body: JsonObject, now: datetime) -> JsonObject:
        """Edit a record: `{"id", "fields", "at"}`, the last two optional; `at` is an ISO moment, usually now.

        A later moment is a plan: nothing shows until the clock is there. Raises ValueError where no id or no object of
        fields is given.
        """
        record_id, fields = body.get("id"), body.get("fields") or {}
        if not isinstance(record_id, str) or not record_id:
            raise ValueError("id must name a recording or a note")
        if not isinstance(fields, dict):
            raise ValueError("fields must be an object of what changes")
        edits = self._by_record.setdefault(record_id, [])
        edits.append(Edit(moment(body, "at") or now, fields))
        edits.sort(key=lambda edit: edit.at)
        return {"ok": True}

    def changed_at(self, record_id: str, by_itself: datetime, now: datetime) -> datetime:
        """When a record last changed, that would have changed `by_itself` without edits."""
        return max([by_itself, *(edit.at for edit in self._made(record_id, now))])

    def shown(self, record: JsonObject, now: datetime) -> JsonObject:
        """The record as edited by now."""
        shown = dict(record)
        for edit in self._made(str(record["id"]), now):
            shown |= {name: to for name, to in edit.fields.items() if name not in ON_REQUEST or shown[name] is not None}
            shown["updated_at"] = max(str(shown["updated_at"]), iso(edit.at))
        return shown

    def _made(self, record_id: str, now: datetime) -> list[Edit]:
        return [edit for edit in self._by_record.get(record_id, []) if edit.at <= now]
