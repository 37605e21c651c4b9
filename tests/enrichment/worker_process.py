"""A worker in a process of its own, to be killed: `python -m tests.enrichment.worker_process NAME LEASE_SECONDS`."""

import sys
from datetime import timedelta

from enrichment.worker import Pace, work
from ringback.clock import now
from ringback.settings import settings


def main(name: str, lease_seconds: float) -> None:
    """Work until everything in the queue is done, also what other workers leave behind."""
    lease = timedelta(seconds=lease_seconds)
    pace = Pace(lease=lease, patience=10 * lease, subjects_at_once=10, chunks_at_once=4)
    print("ready", flush=True)
    sys.stdin.readline()  # all begin at the same moment
    work(settings(), name, now, pace=pace)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
