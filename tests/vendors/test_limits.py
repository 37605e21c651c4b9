"""All processes together keep a vendor's limit."""

import subprocess
import sys
from pathlib import Path

from vendors.limits import Limit

ASKS = """
import sys, time
from pathlib import Path
from vendors.limits import Limit, wait_for_turn
for _ in range(6):
    wait_for_turn("Acme", (Limit(0.5, 4),), Path(sys.argv[1]))
    print(time.time(), flush=True)
"""


def test_three_processes_together_stay_within_the_limit_of_one(tmp_path: Path) -> None:
    limit = Limit(0.5, 4)
    command = [sys.executable, "-c", ASKS, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    moments = sorted(float(line) for process in running for line in process.communicate(timeout=60)[0].split())
    assert len(moments) == 18
    slack = 0.1  # a moment is printed some time after its turn was given
    for first, fifth in zip(moments, moments[limit.requests :], strict=False):
        assert fifth - first > limit.seconds - slack
