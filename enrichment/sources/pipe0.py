"""Six signals by pipe0, ordered as a run of pipes and fetched when it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from database.wanted import Wanted
from enrichment.sources.base import Answer, Run, Source
from enrichment.subjects import Subject
from ringback.errors import OutOfCredit, VendorError, VendorRefused
from ringback.settings import Settings
from vendors import pipe0
from vendors.pipe0 import PIPES, Pipe

LACKS = {"company_website_url": "no company domain is known", "profile_url": "no LinkedIn profile is known"}


class Pipe0(Source):
    """The pipes that are switched on."""

    name: ClassVar[str] = pipe0.SOURCE
    batch = pipe0.MOST_INPUTS
    runs_at_once = 48

    def __init__(self, settings: Settings) -> None:
        """Connect, with the job postings pipe where its id is known."""
        self._client = pipe0.connect(settings)
        jobs = settings.pipe0_job_postings_pipe
        listed = [*PIPES, *([Pipe("job_postings", jobs, "company_website_url", ("job_postings",))] if jobs else [])]
        self._pipes = {pipe.signal: pipe for pipe in listed if pipe.signal in settings.signals}
        self.signals = tuple(self._pipes)
        self.at_once = settings.pipe0_requests_at_once
        self.poll_seconds = settings.pipe0_poll_seconds

    def start(self) -> list[str]:
        """Ask whether the pipes still exist under these ids; one that does not is left out."""
        try:
            pipe0.validate(self._client, list(self._pipes.values()))
        except VendorRefused as refusal:
            if refusal.status in (401, 403):
                return [str(refusal)]
            return [said for pipe in list(self._pipes.values()) if (said := self._left_out(pipe))]
        except VendorError as failure:
            return [f"the pipes could not be checked: {failure}"]
        return []

    def _left_out(self, pipe: Pipe) -> str | None:
        try:
            pipe0.validate(self._client, [pipe])
        except VendorError as refusal:
            if not isinstance(refusal, VendorRefused):
                return None
            del self._pipes[pipe.signal]
            self.signals = tuple(self._pipes)
            return f"the pipe {pipe.pipe_id} is left out: {refusal}"
        return None

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """A company's pipes need its domain, a person's the profile."""
        pipe = self._pipes[signal]
        return None if _inputs(subject).get(pipe.needs) else LACKS[pipe.needs]

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run | list[Answer]:
        """One run for up to 100 subjects."""
        pipes = [self._pipes[signal] for signal in signals]
        needed = sorted({pipe.needs for pipe in pipes})
        inputs: list[dict[str, str | None]] = [
            {"id": one.subject_id, **{name: _inputs(one).get(name) for name in needed}} for one in subjects
        ]
        try:
            return Run(pipe0.order(self._client, pipes, inputs))
        except VendorRefused as refusal:
            if refusal.status == 402 or "credit" in refusal.said.lower() or "balance" in refusal.said.lower():
                raise OutOfCredit(str(refusal), refusal.status, refusal.said) from refusal
            raise

    def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
        """The answers of a run that is over; what was not done when the money ran out may be asked again."""
        pipes = [self._pipes[signal] for signal in sorted({one.signal for one in wanted}) if signal in self._pipes]
        said = pipe0.check(self._client, run.run_id, pipes)
        if not said.is_over:
            return None
        broke = said.is_out_of_credit
        by_wanted = {Wanted(a.input_id, a.signal): _answer(a, is_final=not broke) for a in said.answers}
        unsaid = "pipe0's run ended without a word on it"
        return [
            replace(found, wanted=one)
            if (found := by_wanted.get(one)) is not None
            else Answer(one, None, unsaid, final=not broke)
            for one in wanted
        ]

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()


def _inputs(subject: Subject) -> Mapping[str, str | None]:
    return {"company_website_url": subject.website, "profile_url": subject.linkedin_url}


def _answer(answer: pipe0.Answer, is_final: bool) -> Answer:
    wanted = Wanted(answer.input_id, answer.signal)
    if answer.value is None:
        return Answer(wanted, None, answer.reason, final=is_final)
    return Answer(wanted, _in_our_words(answer.signal, answer.value))


def _in_our_words(signal: str, value: Mapping[str, Any]) -> dict[str, Any]:
    match signal:
        case "company_overview":
            return {
                "description": value.get("company_description"),
                "industry": value.get("company_industry"),
                "country": value.get("company_region"),
                "employees": value.get("headcount"),
                "annual_revenue": value.get("estimated_revenue"),
                "founded_year": value.get("founded_year"),
            }
        case "tech_stack":
            return {"technologies": value.get("technology_stack") or value.get("technology_list")}
        case "funding":
            rounds = value.get("funding_history")
            listed = [one for one in rounds if isinstance(one, dict)] if isinstance(rounds, list) else None
            latest = max(listed or [], key=lambda one: str(one.get("date") or ""), default={})
            return {
                "total_usd": value.get("funding_total_usd"),
                "rounds": listed,
                "stage": latest.get("round") or latest.get("stage") or latest.get("type"),
            }
        case "news_summary":
            return {"summary": value.get("company_news_summary")}
        case "linkedin_posts":
            posts = value.get("crustdata_post_list")
            texts = [one.get("text") for one in posts if isinstance(one, dict)] if isinstance(posts, list) else None
            return {"posts": texts or value.get("post_list_string")}
        case _:
            return _postings(value.get("job_postings"))


def _postings(sent: Any) -> dict[str, Any]:
    """Job postings as a pipe that we do not know yet may send them: a list of objects or texts."""
    if not isinstance(sent, list):
        return {"open_jobs": sent}
    titles = [one.get("title") if isinstance(one, dict) else one for one in sent]
    return {"open_jobs": len(sent), "titles": [title for title in titles if isinstance(title, str)]}
