"""Whether a mail that is due may go now: suppression, its enrolment, the cap over all campaigns, the hours."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from campaigns.sequences import Cap, Hours, MailSequence
from campaigns.timing import Window, holidays_of, opening
from database.outbox import Candidate, Judge, Judgement

USUAL_CAP = Cap.model_validate({})
USUAL_WINDOW = Hours.model_validate({}).window()
LOOK_AGAIN_AFTER = timedelta(hours=1)
"""At a campaign that is paused."""
STALE_AFTER = timedelta(days=45)
"""A mail that waited so long says nothing any more that fits."""


def judge_at(at: datetime, sequences: Mapping[str, MailSequence], own_holidays: frozenset[date] = frozenset()) -> Judge:
    """What becomes of a mail that is due at a moment."""

    def judge(candidate: Candidate) -> Judgement:
        sequence = sequences.get(candidate.message.sequence)
        cap = sequence.file.cap if sequence else USUAL_CAP
        window = sequence.window if sequence else USUAL_WINDOW
        return judged(candidate, at, cap, window, own_holidays)

    return judge


def judged(
    candidate: Candidate, at: datetime, cap: Cap, window: Window, own_holidays: frozenset[date] = frozenset()
) -> Judgement:
    """What becomes of one mail, by the first that holds."""
    mail = candidate.message
    if candidate.suppressed_as is not None:
        return Judgement("suppressed", f"nothing is sent to this address: {candidate.suppressed_as}")
    if candidate.ended_as is not None:
        return Judgement("canceled", f"the enrolment ended: {candidate.ended_as}")
    if candidate.campaign == "archived":
        return Judgement("canceled", "the campaign is archived")
    if at - mail.due_at > STALE_AFTER or at - mail.written_at > 2 * STALE_AFTER:
        return Judgement("skipped", f"it waited for more than {(at - mail.written_at).days} days")
    if candidate.campaign == "paused":
        return Judgement("waiting", "the campaign is paused", at + LOOK_AGAIN_AFTER)
    free_from = _free_from(candidate.earlier, cap, at)
    if free_from > at:
        because = f"this person had {cap.mails} mails within {cap.per_days} days"
        return _later(candidate, free_from, because, window, own_holidays)
    opens, closes = opening(at, window, candidate.zone, holidays_of(mail.mail.get("country"), own_holidays))
    if opens > at:
        return Judgement("waiting", "its hours were over", opens, closes)
    return Judgement()


def _free_from(earlier: tuple[datetime, ...], cap: Cap, at: datetime) -> datetime:
    """From when on one more mail keeps to the cap."""
    span = timedelta(days=cap.per_days)
    counted = sorted(moment for moment in earlier if moment > at - span)
    return at if len(counted) < cap.mails else counted[-cap.mails] + span


def _later(
    candidate: Candidate, earliest: datetime, because: str, window: Window, own_holidays: frozenset[date]
) -> Judgement:
    country = candidate.message.mail.get("country")
    opens, closes = opening(earliest, window, candidate.zone, holidays_of(country, own_holidays))
    return Judgement("waiting", because, opens, closes)
