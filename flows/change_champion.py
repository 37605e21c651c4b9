"""Asked for on the page of models: another version is tried, then decides; or the one before does again."""

from typing import Literal

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows.deciding import back_to, pinned_instead, take_over
from flows.environment import prepare_stores
from ringback.errors import WrongUsage
from ringback.records import Target
from training.registry import version_of


@flow(name="change-champion", flow_run_name="{kind} of {target}")
def change_champion(
    target: Target, because: str, by: str, kind: Literal["promotion", "rollback"] = "promotion",
    version: str | None = None,
) -> str:  # fmt: skip
    """Try the version, then let it decide; the ledger keeps who asked, why, and this run.

    Raises WrongUsage where it must not take over. Asked for twice, the second changes nothing.
    """
    prepare_stores()
    if kind == "rollback":
        version = back_to(target, because, version)
    if version is None:
        raise WrongUsage("name the version that is to decide")
    is_new = take_over(version_of(target, version), kind, because, by, get_run_logger().info, flow_run.get_id())
    said = f"version {version} of {target} decides {'from now on' if is_new else 'already'}"
    pinned = pinned_instead(target, version)
    return f"{said}, {pinned}" if pinned else said
