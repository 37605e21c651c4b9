"""The flow `run-campaigns` in a process of its own, again and again, to be killed; without Prefect's bookkeeping.

That takes seconds more a run, and is not what is tried here. Its argument is the lease of mails in seconds; when its
standard input ends no more leads come.
"""

import logging
import os
import select
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import sleep
from typing import Any


def as_it_is(function: Any = None, **_options: object) -> Any:
    """In the place of Prefect's decorators: the function itself."""
    return function if callable(function) else lambda decorated: decorated


def bare(lease: timedelta) -> Callable[[], Any]:
    """The flow's function, with nothing of Prefect around it or its tasks."""
    import prefect

    prefect.flow = prefect.task = as_it_is
    prefect.get_run_logger = lambda: logging.getLogger("run-campaigns")
    from campaigns.deliver import Post
    from database import sending
    from flows import campaign_steps
    from flows.run_campaigns import run_campaigns

    campaign_steps.whole = lambda value: value
    sending.FIRST_RETRY_AFTER = timedelta(seconds=0.2)
    campaign_steps.Post = partial(Post, lease=lease)  # type: ignore[assignment,misc]
    return run_campaigns


def main(lease_seconds: float) -> None:
    """Run until no more leads come and nothing is left that could be done today."""
    from database import outbox
    from flows.environment import switch_tools
    from ringback.errors import RingbackError

    switch_tools()
    run = bare(timedelta(seconds=lease_seconds))
    print("ready", flush=True)
    are_more_to_come = True
    while True:
        if are_more_to_come and select.select([sys.stdin], [], [], 0)[0]:
            are_more_to_come = False
        try:
            done = run()
        except RingbackError as failure:  # what the flow's retry is for: another process holds the warehouse
            print(f"again: {failure}", file=sys.stderr, flush=True)
            continue
        counts = outbox.counts()
        is_idle = not done.written.written and not done.delivered.looked_at
        if is_idle and not are_more_to_come and not counts.get("sending") and not counts.get("waiting"):
            return
        if is_idle:
            sleep(0.05)


if __name__ == "__main__":
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    main(float(sys.argv[1]))
