"""A refusal that is final is not asked again; what may be over by then is."""

import pytest
from prefect import flow, task

from flows.asking_again import may_help
from ringback.errors import RingbackError, VendorRefused, VendorUnavailable, WarehouseBusy, WrongUsage


@pytest.mark.usefixtures("prefect")
@pytest.mark.parametrize(
    ("failure", "tries"),
    [(VendorRefused("404"), 1), (WrongUsage("no"), 1), (VendorUnavailable("503"), 3), (WarehouseBusy("held"), 3)],
)
def test_only_what_may_be_over_is_tried_again(failure: RingbackError, tries: int) -> None:
    tried = []

    @task(retries=2, retry_delay_seconds=0, retry_condition_fn=may_help)
    def ask() -> None:
        tried.append(1)
        raise failure

    @flow
    def once() -> None:
        ask()

    with pytest.raises(type(failure)):
        once()
    assert len(tried) == tries
