"""A sender in a process of its own, to be killed: its arguments are name, port, sequence file, seconds of lease.

Those whose name ends in an even number send over two connections at once, every other of them by two processes.
"""

import sys
from datetime import timedelta
from pathlib import Path
from time import sleep

from campaigns import deliver
from campaigns.nurture import write_due
from campaigns.sequences import read_sequence
from database import outbox, sending
from ringback.clock import now
from tests.campaigns.mailing import a_post, an_office
from vendors.mail import Smtp

SOON = timedelta(minutes=10)
sending.FIRST_RETRY_AFTER = timedelta(seconds=0.2)  # here, so that the process beside has it, too


def main(name: str, port: int, file: Path, lease_seconds: float) -> None:
    """Write and send until nothing is left that could be sent today."""
    sequence = read_sequence(file)
    smtp = Smtp("127.0.0.1", port, "none", "Ringback <hello@ours.example>", timeout_seconds=1.0)
    number = int(name.rpartition("-")[2])
    at_most = 200 if number % 2 else None
    deliver.MANY, deliver.VERY_MANY = 1, 50 if number % 4 == 0 else sys.maxsize
    post = a_post(sequence, smtp, lease=timedelta(seconds=lease_seconds))
    print("ready", flush=True)
    sys.stdin.readline()  # all begin at the same moment
    while is_anything_left(wrote := write_due(an_office(sequence), now(), at_most=200).written):
        done = deliver.deliver_all(post, now(), name, at_most)
        if not done.accepted and not wrote:
            sleep(0.05)


def is_anything_left(written: int) -> bool:
    """Whether a mail is under way, or waits and is due soon."""
    if written or outbox.counts().get("sending"):
        return True
    return any(one.due_at < now() + SOON for one in outbox.messages("waiting", at_most=1_000))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
