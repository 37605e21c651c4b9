"""A lead's score is what was said of it by what is known, or of a call; what-ifs over the REST API change none."""

import pytest

from database.lead_pages import last_prediction, page_of_leads
from database.people import publish_leads
from database.predictions import keep_predictions
from tests.factories import HOUR, NOON, a_lead, a_prediction

pytestmark = pytest.mark.usefixtures("home")


def shown() -> tuple[int | None, int | None]:
    """The score in the list and the one on the lead's own page."""
    (listed,) = page_of_leads("", "score", True, 9, 0).leads
    return listed.qualification_score, (last_prediction("ana@acme.com") or {}).get("qualification_score")


def test_a_lead_shows_the_last_score_that_is_no_mere_question() -> None:
    publish_leads([a_lead("ana@acme.com")])
    seen = [shown()]
    for hours, probability, source, call_id in (
        (1, 0.99, "api", "request:1"), (2, 0.4, "flow", "fellow:1"), (3, 0.98, "api", "request:2"),
        (4, 0.45, "cli", "request:3"), (5, 0.5, "webhook", "request:4"), (6, 0.6, "api", "fellow:1"),
        (5, 0.1, "flow", "fellow:2"), (7, 0.7, "page", "request:5"),
    ):  # fmt: skip
        at = NOON + hours * HOUR
        facts = {"lead_id": "ana@acme.com", "source": source, "call_id": call_id, "content_hash": str(hours)}
        keep_predictions([a_prediction(f"{source} {call_id}", probability, at, **facts)])
        seen.append(shown())
    assert seen == [(None, None), (None, None), (40, 40), (40, 40), (45, 45), (50, 50), (60, 60), (60, 60), (70, 70)]
