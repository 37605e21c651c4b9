"""What an import says of columns that give the outcome away, before anything learns from them."""

from collections.abc import Iterator

from features.custom import PREFIX, custom_fields
from intake.files import Read
from intake.mapping import Mapping
from ringback.records import TARGETS, Call, Snapshot, Target, Value
from training.leakage import Leak, leaks_in

LEAST_DECIDED = 100
"""With fewer outcomes a file says too little of its columns."""


def leaks_of(read: Read) -> dict[Target, list[Leak]]:
    """The suspicious columns of a file's calls, by the target that they give away."""
    import numpy as np

    calls = sorted(read.calls, key=lambda call: call.called_at)
    found: dict[Target, list[Leak]] = {}
    for target in TARGETS:
        happened = {one.call_id: one.happened for one in read.outcomes if one.target == target}
        decided = [call for call in calls if call.call_id in happened]
        if len(decided) < LEAST_DECIDED:
            continue
        still_open = [_row(call) for call in calls if call.call_id not in happened]
        y = np.array([happened[call.call_id] for call in decided], dtype=bool)
        found[target] = leaks_in([_row(call) for call in decided], y, still_open)
    return {target: leaks for target, leaks in found.items() if leaks}


def warnings(leaks: dict[Target, list[Leak]], mapping: Mapping) -> Iterator[str]:
    """Each suspicious column by the file's own name for it, with the evidence and the way out."""
    for target, found in leaks.items():
        said = {column_of(leak.feature, mapping): leak for leak in reversed(found)}
        for column, leak in reversed(said.items()):
            if not leak.is_certain:
                yield f"LOOK TWICE: {column!r}, for {target.replace('_', ' ')}: {leak.evidence}"
                yield "  it is learned from; put it under [exclude] in a mapping if it is not known while a call lasts"
                continue
            yield f"ATTENTION: {column!r} gives {target.replace('_', ' ')} away: {leak.evidence}"
            yield (
                "  training leaves it out; name it under [exclude] in a mapping to keep it out of everything, or in "
                "RINGBACK_TRUSTED_COLUMNS if it is known when a call is judged"
            )


def column_of(feature: str, mapping: Mapping) -> str:
    """The column of the file that a feature is made of: `custom.closed (month)` comes from `closed`."""
    if not feature.startswith(PREFIX):
        return mapping.columns.get(feature, feature)
    name = feature.removeprefix(PREFIX)
    return next((column for column in mapping.custom if name == column or name.startswith(f"{column} (")), name)


def _row(call: Call) -> dict[str, Value]:
    snapshot = Snapshot(
        call_id=call.call_id,
        content_hash=call.content_hash,
        lead_id=call.lead_id,
        judged_at=call.known_at,
        called_at=call.called_at,
        custom=call.custom,
    )
    return {"minutes": call.minutes, **custom_fields(snapshot)}
