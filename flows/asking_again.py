"""Which failures of a task may be over by the time it is run again."""

from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from ringback.errors import AddressRefused, VendorRefused, WrongUsage


def may_help(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether to run a task again, as Prefect asks: a refusal that is final stays one, however long is waited."""
    try:
        state.result()
    except (AddressRefused, VendorRefused, WrongUsage):
        return False
    except Exception:
        return True
    return False
