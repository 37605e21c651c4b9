"""A campaign from nothing to sent mails: kept, scored, qualified, routed, written, delivered over a real mail server.

`python -m benchmarks.campaigns [LEADS …]` (100 and 100,000 where none is said). The champions are those of
RINGBACK_HOME where there are any (`make demo` leaves some), else the rules answer. The mail server is a process of its
own on the same machine, and what it takes of the time is part of the figure: Postfix's `smtp-sink` where it is
installed, which takes little, else the sandbox's, which takes more than we do. Where many mails go over two connections
at once it is said how long the first of them waited; the other works meanwhile. The old system took 73 s for 100 leads.
"""

import os
import resource
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

LEADS = (100, 100_000)
OLD_SYSTEM_SECONDS = 73.0
"""For 100 leads, as its owners told (harvest 30, score 10, qualify 5, route 8, nurture 20)."""
AT = datetime(2026, 3, 17, 16)
OWNERS, CAPACITY = 8, 100_000
SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SERVER = "smtp-sink" if SINK else "the sandbox's server"
STARTS_WITHIN_SECONDS = 10.0


def main(sizes: list[int]) -> None:
    """Each size in a process of its own, so that each peak of memory is its own."""
    for leads in sizes:
        subprocess.run([sys.executable, "-m", "benchmarks.campaigns", "--play", str(leads)], check=True)


def play(leads: int) -> None:
    """All steps in turn, with the time of each."""
    from database import outbox
    from ringback.beside import keeping_one
    from ringback.collecting import collecting_seldom
    from ringback.settings import settings

    before = settings().home
    with tempfile.TemporaryDirectory() as folder:
        champions = _champions(before, Path(folder))
        os.environ |= {"RINGBACK_HOME": folder, "RINGBACK_PLAYBOOK": str(_playbook(Path(folder)))}
        with _mail_server(Path(folder) / "mails.jsonl") as port:
            os.environ |= {
                "RINGBACK_SMTP_HOST": "127.0.0.1", "RINGBACK_SMTP_PORT": str(port), "RINGBACK_SMTP_SECURITY": "none",
            }  # fmt: skip
            settings.cache_clear()
            with collecting_seldom(), keeping_one(), _waiting() as waited:
                took = _steps(leads, champions)
            sent = outbox.counts("bench").get("sent", 0)
    whole = sum(took.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{leads:,} leads, answered by {'champions' if champions else 'rules'}; {sent:,} mails taken by {SERVER}")
    print("  " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in took.items()))
    print(
        f"  of it the first connection waited {waited[0]:.1f} s for the mail server, {whole - waited[0]:.1f} s without"
    )
    print(
        f"  in all {whole:.1f} s ({leads / whole:,.0f} leads a second), {OLD_SYSTEM_SECONDS / whole:.1f} times as fast "
        f"as the old system with 100 leads; at most {peak:,.0f} MiB in the main one of two processes",
        flush=True,
    )


def _steps(leads: int, has_champions: bool) -> dict[str, float]:
    from campaigns.conduct import Conduct
    from campaigns.deliver import Post, campaign_sender, deliver_all
    from campaigns.letters import letterhead
    from campaigns.nurture import Office
    from campaigns.routing import playing, route_members
    from flows.campaign_steps import open_playbook
    from flows.environment import prepare_stores
    from flows.mail_writing import write_all
    from flows.member_qualifying import qualify_members
    from flows.member_scoring import score_members
    from flows.score_leads import champions_as_of
    from ringback.clock import now
    from ringback.settings import settings
    from ringback.side_by_side import made_ahead
    from scoring.judging import Champions

    prepare_stores()
    champions = champions_as_of(now()) if has_champions else Champions(None, None)
    playbook, conduct = open_playbook(), Conduct()
    rules = settings().playbook / "qualification" / "standard.yaml"
    game = playing("bench", conduct, playbook.sequences, playbook.team, "America/Chicago")
    head = letterhead(settings())

    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("keep", lambda: _keep(leads)),
        ("score", lambda: score_members("bench", champions, AT)),
        ("qualify", lambda: qualify_members("bench", rules, conduct.thresholds, AT)),
        ("route", lambda: route_members(game, AT, made_ahead)),
        ("write", lambda: write_all(Office(playbook.sequences, head), AT)),
        ("deliver", lambda: deliver_all(Post(campaign_sender(settings()), playbook.sequences, head), AT, "bench")),
    )
    took = {}
    for name, step in steps:
        started = time.perf_counter()
        step()
        took[name] = time.perf_counter() - started
    return took


def _keep(leads: int) -> None:
    """What an import does with what a file says: kept, merged into what is known, joined to the campaign."""
    from benchmarks.qualifying import INDUSTRIES, TECHNOLOGIES, TITLES
    from campaigns.harvest import join
    from database.campaigns import Planned, save
    from intake.store import take_leads
    from ringback.records import CompanyFacts, Lead

    save([Planned("bench", "Bench", "csv", AT)])
    people = [
        Lead(
            f"lead{n}@company{n}.example", "csv", AT, name=f"Ann Lee {n}", first_name="Ann", last_name=f"Lee {n}",
            email=f"lead{n}@company{n}.example", job_title=TITLES[n % len(TITLES)],
            company_id=f"company{n}.example", company_name=f"Company {n}", country="United States",
        )
        for n in range(leads)
    ]  # fmt: skip
    companies = [
        CompanyFacts(
            f"company{n}.example", "csv", AT, name=f"Company {n}", domain=f"company{n}.example",
            industry=INDUSTRIES[n % 5], employees=60.0 + n % 4_000, annual_revenue=20e6 + n % 1_000 * 1e5,
            country="United States", technologies=(TECHNOLOGIES[n % 10], "Twilio"),
            web_functions=("communication",), description="Contact centre software with a voice platform",
        )
        for n in range(leads)
    ]  # fmt: skip
    take_leads(people, companies)
    join(people, "bench", AT)


def _champions(home: Path, into: Path) -> bool:
    """Bring the stores and compiled models of a home along, where it has champions."""
    if not (home / "serving").is_dir() or not (home / "database.sqlite").exists():
        return False
    shutil.copytree(home / "serving", into / "serving")
    for store in ("database.sqlite", "warehouse.duckdb"):
        shutil.copy(home / store, into / store)
    return True


def _playbook(folder: Path) -> Path:
    """The playbook of the checkout, with a team that has room for everybody."""
    from ringback.settings import CHECKOUT

    made = folder / "playbook"
    shutil.copytree(CHECKOUT / "campaigns/playbook", made)
    owners = "".join(
        f"  - {{email: owner{n}@ours.example, name: Owner {n}, capacity: {CAPACITY}}}\n" for n in range(OWNERS)
    )
    (made / "team.yaml").write_text(f"owners:\n{owners}escalate_to: owner0@ours.example\n")
    return made


@contextmanager
def _waiting() -> Iterator[list[float]]:
    """The seconds that the main thread spends on sending to the mail server and waiting for its answers.

    With several connections at once that includes waiting for the interpreter, which the others use meanwhile.
    """
    spent = [0.0]
    kept = {name: getattr(smtplib.SMTP, name) for name in ("send", "getreply")}

    def timed(call: Callable[..., object]) -> Callable[..., object]:
        def timing(*args: object, **more: object) -> object:
            started = time.perf_counter()
            try:
                return call(*args, **more)
            finally:
                if threading.current_thread() is threading.main_thread():
                    spent[0] += time.perf_counter() - started

        return timing

    for name, call in kept.items():
        setattr(smtplib.SMTP, name, timed(call))
    try:
        yield spent
    finally:
        for name, call in kept.items():
            setattr(smtplib.SMTP, name, call)


@contextmanager
def _mail_server(log: Path) -> Iterator[int]:
    from flows.ports import listens

    if SINK is None:
        command = [sys.executable, "-m", "sandbox.smtp", "--port", "0", "--log", str(log)]
        with _ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as server:
            assert server.stdout is not None
            yield int(server.stdout.readline().split()[-1].rpartition(":")[2])
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    as_whom = ["-u", "nobody"] if os.geteuid() == 0 else []
    with _ended(subprocess.Popen([SINK, *as_whom, f"127.0.0.1:{port}", "100"], text=True)):
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while not listens(port):
            if time.monotonic() > until:
                raise TimeoutError(f"{SINK} takes no mails on port {port}")
            time.sleep(0.05)
        yield port


@contextmanager
def _ended(server: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    try:
        yield server
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--play"]:
        play(int(sys.argv[2]))
    else:
        main([int(one) for one in sys.argv[1:]] or list(LEADS))
