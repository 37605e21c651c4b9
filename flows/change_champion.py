"""Asked for on the page of models: another version is tried, then decides; or the one before does again."""

from typing import Literal

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from database.promotions import champion_as_of
from flows.deciding import EVER, before_present, check, make_champion, mend_aliases
from flows.environment import prepare_stores
from ringback.clock import now
from ringback.errors import WrongUsage
from ringback.records import Target
from training.registry import Version, version_of
from training.standing import history_as_of


@flow(name="change-champion", flow_run_name="{kind} of {target}")
def change_champion(
    target: Target, because: str, by: str, kind: Literal["promotion", "rollback"] = "promotion",
    version: str | None = None,
) -> str:  # fmt: skip
    """Try the version, then let it decide; the ledger keeps who asked, why, and this run.

    Raises WrongUsage where it must not take over. Asked for twice, the second changes nothing.
    """
    prepare_stores()
    wanted = chosen(target, version, kind, because)
    champion = champion_as_of(target, EVER)
    if champion and champion.version == wanted.version:
        mend_aliases(target)
        return f"version {wanted.version} of {target} decides already"
    moment = now()
    checked = check(wanted, history_as_of(moment))
    for line in checked.said():
        get_run_logger().info("%s", line)
    make_champion(checked, kind, because, by, moment, flow_run.get_id())
    return f"version {wanted.version} of {target} decides from now on"


def chosen(target: Target, version: str | None, kind: str, because: str) -> Version:
    """The version that is asked for: for a rollback the champion before."""
    if kind == "rollback":
        back = version or before_present(target, because)
        if back is None:  # this very rollback has been done
            present = champion_as_of(target, EVER)
            back = present.version if present else None
    else:
        back = version
    if back is None:
        raise WrongUsage("name the version that is to decide")
    return version_of(target, back)
