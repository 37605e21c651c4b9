"""What `ringback run` says: results in words, and of a failure of ours no traceback."""

import logging
from io import StringIO

from campaigns.deliver import Delivered
from campaigns.fold import Folded
from campaigns.nurture import Written
from campaigns.qualify import Qualified
from campaigns.routing import RoutedMembers
from flows.run_campaigns import Advanced, CampaignsRun
from flows.run_words import failure_in_one_sentence, told
from ringback.errors import WrongUsage


def test_a_run_of_campaigns_is_told_in_words() -> None:
    qualified = Qualified("demo", 3, 1, {"qualified": 2, "review": 1})
    advanced = Advanced("demo", 5, qualified, RoutedMembers("demo", 0, {}))
    run = CampaignsRun(Folded(6, ended={"replied": 1}), (advanced,), {}, Written(8), Delivered(3), ())
    assert told("run_campaigns", run).splitlines()[:3] == [
        "followed: looked at 6, corrected 0, ended (replied 1), answered late 0",
        "campaigns: campaign ID demo, scored 5, qualified (campaign ID demo, looked at 3, decided 1, outcomes "
        "(qualified 2, review 1)), routed (campaign ID demo, enrolled 0, not routed none)",
        "held up: none",
    ]
    assert "(" not in told("run_campaigns", run).splitlines()[3]


def test_a_failure_of_ours_leaves_no_traceback_on_the_screen_and_any_other_does() -> None:
    screen = StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(screen)
    root.addHandler(handler)
    try:
        for failure in (WrongUsage("there is no campaign"), ZeroDivisionError("a defect")):
            with failure_in_one_sentence():
                logging.getLogger("prefect.flow_runs").error("the run failed", exc_info=failure)
    finally:
        root.removeHandler(handler)
    assert ("no campaign" in screen.getvalue(), "ZeroDivisionError: a defect" in screen.getvalue()) == (False, True)
