"""Score members of campaigns that nobody has scored yet: leads without a call, by what is stored about them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from database.campaigns import borders_unscored, unscored_members
from database.company_calls import calls_before
from database.known import Known, known_leads
from database.prediction_log import Logged, keep_features
from database.predictions import keep_predictions
from ringback.records import AnsweredBy, Prediction, Value
from ringback.side_by_side import Part, in_parts
from scoring.judging import Champions
from scoring.lead import LeadRequest, Stored, features_of_lead
from scoring.policy import policy
from scoring.scorer import Subject, answer_rows, prediction_of
from scoring.stored import present_rates, stored_of_known
from warehouse.connect import writing
from warehouse.landing import land_predictions

AT_ONCE = 5_000


def score_members(campaign_id: str, champions: Champions, moment: datetime) -> int:
    """Score the members of a campaign that have no score; gives how many. What is kept is kept, however it ends."""
    return sum(in_parts(partial(_score_part, campaign_id, champions, moment), partial(borders_unscored, campaign_id)))


def _score_part(campaign_id: str, champions: Champions, moment: datetime, part: Part) -> int:
    scored, after = 0, part.after
    while some := unscored_members(campaign_id, after, AT_ONCE, part.until):
        scored += len(answer_members(some, champions, moment))
        after = some[-1]
    return scored


def answer_members(lead_ids: Sequence[str], champions: Champions, moment: datetime) -> list[Prediction]:
    """Score these leads and keep the answers, with the features that they were made from.

    The database comes last: whom it knows as scored nobody scores again, so the warehouse must have the answer by then.
    """
    known = known_leads([(lead_id, None) for lead_id in lead_ids])
    leads = [known[lead_id, None] for lead_id in lead_ids if (lead_id, None) in known]
    rows = list(features_of(leads, moment))
    subjects = [_subject(lead, row) for lead, row in zip(leads, rows, strict=True)]
    by: AnsweredBy = "rules" if champions.progression is None else "champion"
    rules = policy()
    predictions = [
        prediction_of(subject, answer, champions.versions, rules, moment, answered_by=by)
        for subject, answer in zip(subjects, answer_rows(rows, champions, rules), strict=True)
    ]
    with writing() as warehouse:
        land_predictions(warehouse, predictions)
    keep_features(Logged(prediction, row) for prediction, row in zip(predictions, rows, strict=True))
    keep_predictions(predictions)
    return predictions


def features_of(leads: Iterable[Known], moment: datetime) -> Iterator[dict[str, Value]]:
    """The features of known leads, each as one request about it would have them."""
    listed, rates, blank = list(leads), present_rates(), LeadRequest.model_construct(company_name="")
    before = calls_before([(lead.company_id, None) for lead in listed if lead.company_id])
    for lead in listed:
        stored: Stored = stored_of_known(lead, before.get((lead.company_id or "", None)), rates)
        asked = blank.model_copy(update={"company_name": lead.company_name, "lead_id": lead.lead_id})
        yield features_of_lead(asked, stored, moment)


def _subject(lead: Known, row: dict[str, Value]) -> Subject:
    return Subject(row, lead.lead_id, lead.company_name, None, f"member:{lead.lead_id}")
