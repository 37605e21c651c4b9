"""Senders that are killed at random moments, at a mail server that fails at random: no mail goes out twice.

RINGBACK_TEST_KILLS says how many are killed; what went out is counted in the server's own log.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from campaigns.letters import message_id_of
from campaigns.reconcile import Reconciled, read_lines, reconciled
from database import outbox
from database.outbox import Draft, Message
from database.suppressions import Suppressed, suppress
from ringback.clock import now
from ringback.settings import CHECKOUT
from sandbox.smtp import MailFaults, MailServer
from tests.campaigns.mailing import LETTERHEAD, a_sequence, enrol

KILLS = int(os.environ.get("RINGBACK_TEST_KILLS", "4"))
WORKERS = 3
LEADS = 200 * KILLS
CROWD, MAILS_EACH = 40, 6
"""People whom many campaigns write to: twice as often as the cap allows."""
LEASE_SECONDS = 6.0
FAULTS = MailFaults(
    refuse_recipient=0.02, defer_recipient=0.03, refuse_text=0.01, defer_text=0.02, hang_before=0.002,
    hang_after=0.002, drop_before=0.01, drop_after=0.01, hang_seconds=1.5, delay_seconds=0.02, seed=11,
)  # fmt: skip
ALWAYS_OPEN = """
name: Always open
window: {days: [mon, tue, wed, thu, fri, sat, sun], from: 00:00, to: 23:59, holidays: false}
cap: {mails: 3, per_days: 7}
steps:
  - step: first
    mail: first
mails:
  first:
    subject: "A question"
    text: |
      Hi {{ first_name | default('there') }}, {{ link('https://ours.example/voice', 'how it works') }}
"""


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_mail_is_sent_twice_or_lost_however_senders_are_killed(home: Path) -> None:
    sequence = a_sequence(home, ALWAYS_OPEN)
    left_alone = prepare()
    with MailServer(home / "server.jsonl", FAULTS) as server:
        running = [started(f"first-{n}", server.port, home) for n in range(WORKERS)]
        chance, at_work = random.Random(5), 0
        for number in range(KILLS):
            time.sleep(chance.uniform(0.2, 1.0))
            place = chance.randrange(WORKERS)
            at_work += running[place].poll() is None and is_under_way()
            running[place].send_signal(signal.SIGKILL)
            running[place].wait()
            running[place] = started(f"next-{number}", server.port, home)
        for worker in running:
            assert worker.wait(timeout=600) == 0
        taken, met = server.taken, dict(server.refusals)
    assert sequence.sequence_id == "test"
    mails = everything()
    told = reconciled(read_lines(home / "server.jsonl"))
    print(f"{at_work} of {KILLS} killed at work; {len(mails)} mails: {told.counts}; the server met {met}")
    print(Counter(one.kind for one in told.differences))
    assert at_work > KILLS / 3
    assert {message_id: times for message_id, times in taken.items() if times > 1} == {}
    assert len(mails) == LEADS + CROWD * MAILS_EACH
    assert unaccounted(mails, taken) == []
    assert {one.recipient for one in mails if one.message_id in taken} & left_alone == set()
    assert max(of_the_crowd(mails, taken).values()) <= 3
    assert unexplained(told, mails) == []


def prepare() -> set[str]:
    """Leads that are enrolled, people whom many campaigns write to, and some who left the list; gives those."""
    enrol((f"n{number}" for number in range(LEADS)), now())
    crowd = [f"crowd{number}" for number in range(CROWD)]
    for campaign in range(MAILS_EACH):
        names = [f"{name}-{campaign}" for name in crowd]
        enrol(names, now(), campaign_id=f"c{campaign}")
        outbox.write(
            [
                Draft(message_id_of(f"e-{name}", 0, LETTERHEAD), f"e-{name}", 0, f"c{campaign}", f"{name}@acme.com",
                      "test", "first", f"{name.partition('-')[0]}@acme.com", now(),
                      mail={"subject": "A question", "text": "Hi", "html": "<p>Hi</p>"})
                for name in names
            ],
            now(),
        )  # fmt: skip
    left_alone = {f"n{number}@acme.com" for number in range(0, LEADS, 10)}
    suppress(Suppressed(address, "unsubscribed", now(), "test") for address in left_alone)
    return left_alone


def started(name: str, port: int, home: Path) -> subprocess.Popen[str]:
    """A sender at work."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.campaigns.sender_process", name, str(port), str(home / "test.yaml"),
         str(LEASE_SECONDS)],
        cwd=CHECKOUT, env=os.environ | {"RINGBACK_HOME": str(home)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert worker.stdin
    assert worker.stdout
    assert worker.stdout.readline() == "ready\n"
    worker.stdin.write("go\n")
    worker.stdin.flush()
    return worker


def is_under_way() -> bool:
    """Whether there is something to send."""
    return outbox.counts().get("sending", 0) + outbox.counts().get("waiting", 0) > 0


def everything() -> list[Message]:
    """All mails."""
    found: list[Message] = []
    while page := outbox.messages(at_most=5_000, after=found[-1].message_id if found else ""):
        found += page
    return found


def unaccounted(mails: list[Message], taken: Counter[str]) -> list[str]:
    """Mails whose state does not fit to what the server took, or that are neither settled nor waiting."""
    fits = {"sent": (1,), "in_doubt": (0, 1), "failed": (0,), "suppressed": (0,), "canceled": (0,), "waiting": (0,)}
    return [
        f"{one.message_id} {one.state} {one.because}" for one in mails
        if taken[one.message_id] not in fits.get(one.state, ())
    ]  # fmt: skip


def of_the_crowd(mails: list[Message], taken: Counter[str]) -> Counter[str]:
    """How many mails each person got whom many wrote to."""
    return Counter(one.recipient for one in mails if one.message_id in taken and one.recipient.startswith("crowd"))


def unexplained(told: Reconciled, mails: list[Message]) -> list[str]:
    """Differences of other kinds than doubts, and doubts that no difference explains."""
    odd = [str(one) for one in told.differences if not one.kind.startswith("doubt_was_")]
    explained = {one.message_id for one in told.differences}
    return odd + [one.message_id for one in mails if one.state == "in_doubt" and one.message_id not in explained]
