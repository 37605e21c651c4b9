"""`run-campaigns` killed at random moments, two at once, at a mail server that fails at random: each lead once.

RINGBACK_TEST_KILLS says how many are killed; what went out is counted in the server's own log.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from campaigns.reconcile import read_lines, reconciled
from database import campaigns, cards, outbox
from database.campaign_performance import ends
from database.people import publish_companies, publish_leads
from database.session import count_rows
from database.suppressions import Suppressed, suppress
from ringback.clock import now
from ringback.settings import CHECKOUT, settings
from sandbox.smtp import MailServer
from tests.campaigns.enrolling import a_campaign
from tests.campaigns.test_killed_senders import ALWAYS_OPEN, FAULTS, everything, unaccounted, unexplained
from tests.factories import a_lead, company_facts

KILLS = int(os.environ.get("RINGBACK_TEST_KILLS", "2"))
WORKERS = 2
LEADS_A_KILL = 24
LEASE_SECONDS = 6.0
TEAM = """
owners:
  - {email: maya@ringback-customer.example, name: Maya Brooks, capacity: 60000}
  - {email: ethan@ringback-customer.example, name: Ethan Cole, capacity: 40000}
escalate_to: maya@ringback-customer.example
"""


@pytest.fixture
def playbook(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rules as they are, one sequence that is always open, and owners with room for everybody."""
    folder = home / "playbook"
    shutil.copytree(CHECKOUT / "campaigns/playbook/qualification", folder / "qualification")
    (folder / "sequences").mkdir()
    (folder / "sequences/open.yaml").write_text(ALWAYS_OPEN)
    (folder / "team.yaml").write_text(TEAM)
    monkeypatch.setenv("RINGBACK_PLAYBOOK", str(folder))
    monkeypatch.setenv("RINGBACK_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("RINGBACK_SMTP_SECURITY", "none")
    monkeypatch.setenv("RINGBACK_VENDOR_TIMEOUT_SECONDS", "1.0")
    settings.cache_clear()
    return folder


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_lead_is_written_to_once_however_runs_are_killed(
    home: Path, playbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_campaign(leads=())
    left_alone = {address(number) for number in range(0, KILLS * LEADS_A_KILL, 10)}
    suppress(Suppressed(one, "unsubscribed", now(), "test") for one in left_alone)
    with MailServer(home / "server.jsonl", FAULTS) as server:
        monkeypatch.setenv("RINGBACK_SMTP_PORT", str(server.port))
        settings.cache_clear()
        running = [started(home) for _ in range(WORKERS)]
        chance, at_work = random.Random(7), Counter[str]()
        for number in range(KILLS):
            arrive(number)
            time.sleep(chance.uniform(0.1, 1.6))
            at_work[step_under_way()] += 1
            place = chance.randrange(WORKERS)
            running[place].send_signal(signal.SIGKILL)
            running[place].wait()
            running[place] = started(home)
        for worker in running:
            assert worker.stdin
            worker.stdin.close()
            assert worker.wait(timeout=1800) == 0, (home / "workers.log").read_text()[-3000:]
        taken, met = server.taken, dict(server.refusals)
    leads = [address(number) for number in range(KILLS * LEADS_A_KILL)]
    mails, told = everything(), reconciled(read_lines(home / "server.jsonl"))
    print(f"{KILLS} killed at {dict(at_work)}; {len(mails)} mails: {told.counts}; the server met {met}")
    assert {message_id: times for message_id, times in taken.items() if times > 1} == {}
    assert {one.recipient for one in mails if one.message_id in taken} & left_alone == set()
    assert unaccounted(mails, taken) == []
    assert unexplained(told, mails) == []
    written = Counter(one.recipient for one in mails)
    assert cards.outcomes_in("spring").total() == len(leads)
    assert set(leads) - set(written) == left_alone
    assert max(written.values()) == 1
    assert sum(ends("spring").values()) == count_rows()["enrolments"] == len(mails)


def address(number: int) -> str:
    """Of a lead."""
    return f"lead{number}@company{number}.example"


def arrive(number: int) -> None:
    """Some leads of companies that fit are found."""
    those = range(number * LEADS_A_KILL, (number + 1) * LEADS_A_KILL)
    publish_companies([
        company_facts(f"company{one}.example", name=f"Company {one}", industry="Software", employees=300.0,
                      annual_revenue=60e6, country="United States", technologies=("Twilio", "AWS"),
                      web_functions=("communication",), description="A voice platform for contact centres")
        for one in those
    ])  # fmt: skip
    publish_leads([
        a_lead(address(one), company_id=f"company{one}.example", job_title="VP Operations", name="Ann Lee",
               first_name="Ann")
        for one in those
    ])  # fmt: skip
    campaigns.add_leads("spring", [address(one) for one in those], now())


def started(home: Path) -> subprocess.Popen[str]:
    """A process that runs the flow again and again; what it says on its error line is read away."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.campaign_process", str(LEASE_SECONDS)], cwd=CHECKOUT,
        env=os.environ | {"RINGBACK_HOME": str(home)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=(home / "workers.log").open("a"), text=True,
    )  # fmt: skip
    assert worker.stdout
    assert worker.stdout.readline() == "ready\n"
    threading.Thread(target=worker.stdout.read, daemon=True).start()
    return worker


def step_under_way() -> str:
    """The last step that has left something behind which the next has not taken up."""
    rows, counts = count_rows(), outbox.counts()
    if counts.get("sending"):
        return "sending"
    if counts.get("waiting"):
        return "written"
    if rows["enrolments"] > sum(counts.values()):
        return "routed"
    if rows["lead_cards"] > rows["enrolments"]:
        return "qualified"
    return "scored or idle" if rows["last_scores"] else "nothing yet"
