"""What is removed after its time; what was decided, spent, sent and learned stays."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from logging import getLogger
from pathlib import Path

from database import health, inbox, incidents, keys, retention
from features.batches import SPOOLED
from flows.check_health import prefect_url
from flows.kept_backups import forget_backups
from flows.rotating import KEPT as LOGS_KEPT
from flows.rotating import forget_logs
from ringback.errors import RingbackError
from ringback.settings import settings
from scoring.log import folder as answers_folder
from vendors.prefect_health import forget_runs
from warehouse.decisions import landing_folder

log = getLogger("ringback.maintenance")
DAY = timedelta(days=1)
USAGE_KEPT = 2 * DAY
RUNS_KEPT = 30 * DAY
LEFT_AFTER = DAY
"""So old, a folder that a process works in was left by one that was killed."""


class NotForgotten(RingbackError):
    """Some of what is too old could not be removed; the message says what and why, and what was removed."""


def forget(at: datetime, with_backups: bool = True) -> dict[str, int]:
    """Remove what is too old at a moment (UTC); gives how many of each. Backups stay unless `with_backups`.

    Raises NotForgotten where something could not be removed, after all the rest was.
    """
    before = at - settings().keep_records_days * DAY
    logs = settings().home / "logs"
    server, answers, decisions = prefect_url(), answers_folder(), landing_folder()
    steps: dict[str, Callable[[], int]] = {
        "webhook deliveries": lambda: inbox.forget_done(before),
        "minutes of key usage": lambda: keys.forget_usage(at - USAGE_KEPT),
        "findings of health": lambda: health.forget_history(at - health.KEPT),
        "incidents": lambda: incidents.forget_closed(before),
        "words of mails": lambda: retention.empty_mails(before),
        "files of answers": lambda: remove(_older((answers / "done").glob("*"), before)),
        "files of decisions": lambda: remove(_older((decisions / "done").glob("*"), before)),
        "marks of files": lambda: retention.forget_marks(before, {path.name for path in answers.rglob("*.jsonl")}),
        "rows of scored files": lambda: remove(_older((answers.parent / "bulk_scores").glob("*.parquet"), before)),
        "mails in the folder": lambda: remove(_older((settings().home / "outbox").glob("*.eml"), before)),
        "folders of snapshots": lambda: remove_folders(_older(settings().home.glob(f"{SPOOLED}*"), at - LEFT_AFTER)),
        "packed logs": lambda: forget_logs(logs, at - LOGS_KEPT),
        "runs in Prefect": lambda: forget_runs(server, at - RUNS_KEPT) if server else 0,
        "backups": lambda: len(forget_backups(settings().keep_backups_days)) if with_backups else 0,
    }  # fmt: skip
    gone: dict[str, int] = {}
    failed: list[str] = []
    for name, step in steps.items():
        try:
            gone[name] = step()
        except Exception as failure:
            log.exception("%s could not be removed", name)
            failed.append(f"{name}: {type(failure).__name__}: {failure}"[:200])
    removed = {name: count for name, count in gone.items() if count}
    if failed:
        raise NotForgotten(f"{'; '.join(failed)} (removed: {in_words(removed)})")
    return removed


def in_words(removed: Mapping[str, int]) -> str:
    """How many of each were removed."""
    return ", ".join(f"{count:,} {name}" for name, count in removed.items()) or "nothing was too old"


def remove(paths: Iterable[Path]) -> int:
    """Remove those that are files; gives how many."""
    files = [path for path in paths if path.is_file()]
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def remove_folders(paths: Iterable[Path]) -> int:
    """Remove folders with all that is in them; gives how many."""
    folders = list(paths)
    for folder in folders:
        shutil.rmtree(folder)
    return len(folders)


def _older(paths: Iterable[Path], before: datetime) -> list[Path]:
    bound = before.replace(tzinfo=UTC).timestamp()
    return [path for path in paths if os.stat(path).st_mtime < bound]
