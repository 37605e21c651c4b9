"""Enriching one lead now: queued for good, and worked off at once by a thread of this process.

A process that is killed meanwhile leaves the lead in the queue, where the `enrich` flow finds it; what was ordered of a
vendor is fetched by whoever comes next, not bought again (`enrichment/worker.py`).
"""

import logging
import os
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import lru_cache

from database import queue
from database.queue import Waiting
from ringback.clock import now
from ringback.settings import settings

log = logging.getLogger("ringback.enrichment")
PRIORITY = 100
"""Somebody waits for it: before all else."""
AT_ONCE = 2
"""Leads that one process works on at the same time; further ones wait their turn."""
PATIENCE = timedelta(seconds=5)


def enrich_now(lead_id: str, company_id: str | None, at: datetime) -> "Future[None]":
    """Queue a lead with its company and begin to buy what is missing, within the spending ceilings."""
    batch = f"api {lead_id} {at.isoformat(timespec='milliseconds')} {os.getpid()}"
    wanted = [Waiting(lead_id, PRIORITY, "asked for through the API", "lead")]
    if company_id and ":" not in company_id:
        wanted.append(Waiting(company_id, PRIORITY, "asked for through the API", "company"))
    queue.enqueue(wanted, at, batch)
    return _threads().submit(_work, batch)


def is_under_way(lead_id: str) -> bool:
    """Whether the lead still waits for what is bought about it."""
    return queue.is_open(lead_id)


def _work(batch: str) -> None:
    from enrichment.worker import Pace, work

    try:
        worker = f"{socket.gethostname()}:{os.getpid()}:{batch}"
        work(settings(), worker, now, batch, Pace(patience=PATIENCE, subjects_at_once=2, chunks_at_once=2))
    except Exception:  # the lead is still in the queue, and the next run of `enrich` takes it up
        log.exception("enriching a lead through the API failed")


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ringback-enrich")
