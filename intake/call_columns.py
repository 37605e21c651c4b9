"""Which column of somebody's file of calls or deals is which, how they ended, and what would give the end away.

A column that is known only afterwards (a leak) is left out with the reason. Deals that are still open are no losses.
"""

import re
from collections.abc import Sequence

from intake import lead_columns
from intake.cells import FALSE, TRUE
from intake.columns import HALF, Column, DateOrder, moments_of, plain
from intake.mapping import COMPANY_FACTS, Given, OutcomeColumn
from intake.recognition import Guesses, Recognised, exporter_of, source_name
from ringback.errors import BadMapping

NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        "recordid", "recordiddeal", "recordidcall", "hsobjectid", "callid", "opportunityid", "dealid", "meetingid",
        "activityid", "taskid", "18digitid", "id",
    ),
    "called_at": (
        "calledat", "calldate", "callstarttime", "hstimestamp", "activitydate", "engagedate", "startedat", "startat",
        "timestamp", "createdate", "createddate", "hscreatedate", "createdat", "createat", "date",
    ),
    "title": (
        "calltitle", "hscalltitle", "meetingtitle", "title", "subject", "dealname", "opportunityname",
    ),
    "notes": ("callnotes", "hscallbody", "notes", "note", "description", "body", "comments", "comment"),
    "transcript": ("transcript",),
    "company": (
        "companyname", "company", "accountname", "companyaccount", "account", "associatedcompany",
        "primaryassociatedcompany", "organization", "organisation",
    ),
    "domain": ("companydomainname", "companydomain", "domain", "websiteurl", "website"),
    "contact_name": ("contactname", "primarycontact", "name", "fullname", "associatedcontact"),
    "contact_email": ("contactemail", "email", "emailaddress"),
}  # fmt: skip
OF_THE_DEAL = frozenset(("revenue", "umsatz", "chiffredaffaires", "annee"))
"""Names that mean the company in a file of contacts, and mostly the deal in one of deals."""
FACTS: dict[str, tuple[str, ...]] = {
    name: tuple(one for one in lead_columns.NAMES[name] if one not in OF_THE_DEAL) for name in sorted(COMPANY_FACTS)
}
"""What a file of calls or deals says of the company, by the names that files of leads have for it."""
OUTCOMES = frozenset((
    "y", "outcome", "result", "stage", "dealstage", "stagename", "status", "converted", "won", "iswon", "isclosedwon",
    "hsisclosedwon",
))  # fmt: skip
WON = frozenset(("iswon", "isclosedwon", "hsisclosedwon", "won"))
NOT_YET = frozenset(("iswon", "isclosedwon", "hsisclosedwon"))
"""Yes means won; no means lost or still open."""
LOST = frozenset(("isclosedlost", "hsisclosedlost", "lost"))
CLOSED = frozenset(("isclosed", "hsisclosed", "closed"))
POSITIVE = frozenset((
    "yes", "y", "true", "1", "won", "closedwon", "dealwon", "wondeal", "closedaswon", "opportunitywon", "converted",
    "progressed", "success", "successful", "gewonnen", "abgeschlossengewonnen", "gewonnenabgeschlossen", "gagne",
    "fermegagne", "ganado", "ganada", "cerradoganado", "vinto", "chiusovinto",
))  # fmt: skip
NEGATIVE = frozenset((
    "no", "n", "false", "0", "lost", "closedlost", "deallost", "lostdeal", "closedaslost", "opportunitylost",
    "losttocompetitor", "losttocompetition", "closedlosttocompetitor", "disqualified", "unqualified", "notqualified",
    "nodecision", "closednodecision", "notinterested", "failure", "failed", "unsuccessful", "rejected", "declined",
    "refused", "dead", "deaddeal", "abandoned", "cancelled", "canceled", "withdrawn", "verloren",
    "abgeschlossenverloren", "verlorenabgeschlossen", "abgelehnt", "abgesagt", "disqualifiziert", "perdu",
    "fermeperdu", "perdido", "perdida", "cerradoperdido", "perso", "chiusoperso",
))  # fmt: skip
"""What stages, results and flags of won and lost are called, as `columns.plain` writes them."""
OF_TELEPHONES = frozenset((
    "failed", "failure", "cancelled", "canceled", "declined", "refused", "rejected", "unsuccessful", "abgelehnt",
    "abgesagt",
))  # fmt: skip
"""Words for a loss that telephones and calendars use as well: without a win beside them they say nothing."""
DECIDED = re.compile(r"^(hs)?(closed?|decision|outcome|stage|won|converted|completed)(date|at|datetime)$")
AFTERWARDS = re.compile(
    r"^(duration|callduration.*|hscallduration|closed?(date|at|value)|amount.*|hsamount.*|hsclosedamount.*|"
    r"(closed)?(lost|won)(reason|date)|reason(lost|won)|probability.*|hsdealstageprobability|forecast.*|nextstep|"
    r"(hs)?lastmodified(date|at|by.*)?|notes?lastupdated|lastactivity(date|at)?|systemmodstamp|daystoclose|"
    r"dateentered.*|hsdateentered.*|calloutcome|calldisposition|hscalldisposition|hscallstatus|fiscal.*|"
    r"weightedamount.*|expectedrevenue)$"
)


def recognise_calls(
    columns: Sequence[Column],
    given: Given | None = None,
    source: str | None = None,
    order: DateOrder | None = None,
    file_name: str = "crm",
    is_draft: bool = False,
) -> Recognised:
    """Say what each column of a file of calls or deals is; what `given` says is left as it is.

    In a draft a name that every row needs may be left open, for a person to fill in.

    Raises BadMapping where no column can be the id or the time, where dates can be read in two ways, or where
    `given` does not fit the file.
    """
    given = given or Given(kind="calls")
    guesses = Guesses(given, columns, order, whole=lead_columns.whole_among(columns, given))
    exporter, signs = exporter_of(columns)
    _find_columns(guesses, f"{exporter}'s name for it" if signs else "by its name", is_draft)
    if not given.outcomes:
        _find_outcome(guesses)
    for column in guesses.free():
        if column.plain in OUTCOMES | WON | LOST | CLOSED and (guesses.outcomes or given.outcomes):
            guesses.exclude[column.name] = "says how it ended, as the outcome does"
        elif AFTERWARDS.match(column.plain):
            guesses.exclude[column.name] = "looks as if it were known only after the call: a leak"
    if any(guesses.has(name) for name in ("company", "domain", "contact_email")):
        for name in [one for one in FACTS if one not in given.columns]:
            lead_columns.find(guesses, name, FACTS[name], "a fact of the company, by its name")
    guesses.rest_is_custom()
    by_exporter = {"HubSpot": "hubspot", "Salesforce": "salesforce"}.get(exporter, file_name)
    name = source_name(source or given.source or by_exporter)
    return guesses.finished(name, exporter)


def _find_columns(guesses: Guesses, because: str, is_draft: bool) -> None:
    for name, names in NAMES.items():
        by_plain = {column.plain: column for column in reversed(guesses.free())}
        found = next((by_plain[one] for one in names if one in by_plain and _fits(name, by_plain[one])), None)
        if found and not guesses.has(name):
            guesses.take(name, found, because)
    rows = max((len(column.values) for column in guesses.columns), default=0)
    if not guesses.has("id"):
        unique = next((c for c in guesses.free() if len(c.values) == rows == len({*c.values})), None)
        if unique:
            guesses.take("id", unique, "its values are all different")
            guesses.doubts.append(f"{unique.name!r} is taken for the id because no two rows have the same")
    if not guesses.has("called_at"):
        timed = next((c for c in guesses.free() if moments_of(c, guesses.order) and not DECIDED.match(c.plain)), None)
        if timed:
            guesses.take("called_at", timed, "it holds moments")
            guesses.doubts.append(f"{timed.name!r} is taken for the time of the call because it holds moments")
    for needed in ("id", "called_at"):
        if not guesses.has(needed):
            has = ", ".join(column.name for column in guesses.columns)
            missing = (
                f"no column looks like {needed!r} among {has}{_but(guesses, needed)}; say it in a mapping: [columns] "
                f"{needed} = ..."
            )
            if not is_draft:
                raise BadMapping(f"{missing}; --suggest drafts one")
            guesses.left_open.append(needed)
            guesses.doubts.append(missing)
    timed_by = next((taken for taken in guesses.taken if taken.name == "called_at"), None)
    if timed_by and timed_by.name not in guesses.given.columns:
        guesses.moments("called_at", next(c for c in guesses.columns if c.name == timed_by.column))


def _but(guesses: Guesses, needed: str) -> str:
    """What is wrong with the values of a column that is named so."""
    named = next(
        (c for one in NAMES[needed] for c in guesses.columns if c.plain == one and needed == "called_at"), None
    )
    if named is None:
        return ""
    if not named.values:
        return f"; {named.name!r} is named so, but is empty"
    shown = ", ".join(map(repr, list(dict.fromkeys(named.sample))[:3]))
    return (
        f"; {named.name!r} is named so, but no one form of dates fits half of its values (such as {shown}): write them "
        "in one, or say it as [time] format"
    )


def _fits(name: str, column: Column) -> bool:
    return name != "called_at" or moments_of(column, share=HALF) is not None


def _find_outcome(guesses: Guesses) -> None:
    columns = guesses.free()
    chosen = _by_flags(columns) or _by_stage(columns)
    if chosen is None:
        guesses.doubts.append(
            "no column says how a call ended: nothing can be learned; [outcomes.progression] names it"
        )
        return
    if not chosen.positive:
        guesses.doubts.append(
            f"no value of {chosen.column!r} says that a call ended well: all that are decided are lost; in a mapping "
            "that is kept for other files, [outcomes.progression] positive has to name the wins"
        )
    if not chosen.negative:
        guesses.doubts.append(
            f"{chosen.column!r} tells wins but not losses from open cases: nothing can be learned before a column says "
            "which are lost"
        )
    decided = next((c for c in columns if DECIDED.match(c.plain) and moments_of(c, guesses.order, HALF)), None)
    if decided:
        guesses.moments("the time of the outcome", decided)
        guesses.outcomes["progression"] = chosen.model_copy(update={"known_at": decided.name})
        return
    guesses.doubts.append(
        "no column says when the outcome was known: one day after the call is a guess (known_after_days)"
    )
    guesses.outcomes["progression"] = chosen.model_copy(update={"known_after_days": 1.0})


def _by_flags(columns: Sequence[Column]) -> OutcomeColumn | None:
    """Won and lost, or won and closed, as yes and no: surer than the names of stages, which people change."""
    won, lost, closed = (
        next((c for c in columns if c.plain in names and _is_flag(c)), None) for names in (WON, LOST, CLOSED)
    )
    if won is None:
        return None
    yes = sorted({v for v in won.values if v.lower() in TRUE})
    if lost:
        said = sorted({v for v in lost.values if v.lower() in TRUE})
        return OutcomeColumn(column=won.name, positive=yes, negative=said, negative_column=lost.name)
    if closed:
        no = sorted({v for v in won.values if v.lower() in FALSE})
        return OutcomeColumn(column=won.name, positive=yes, negative=no, closed=closed.name)
    return None


def _by_stage(columns: Sequence[Column]) -> OutcomeColumn | None:
    """The first column named like an outcome with a good value, else with a bad one, as in a week without a win.

    That a deal is not won yet does not say it is lost.
    """
    named = sorted((c for c in columns if c.plain in OUTCOMES), key=lambda one: one.plain in NOT_YET)
    for column in named:
        if good := _called(column, POSITIVE):
            bad = [] if column.plain in NOT_YET else _called(column, NEGATIVE)
            return OutcomeColumn(column=column.name, positive=good, negative=bad)
    for column in named:
        if column.plain not in NOT_YET and _called(column, NEGATIVE - OF_TELEPHONES):
            return OutcomeColumn(column=column.name, positive=[], negative=_called(column, NEGATIVE))
    return None


def _called(column: Column, names: frozenset[str]) -> list[str]:
    return sorted(value for value in set(column.values) if plain(value) in names)


def _is_flag(column: Column) -> bool:
    return bool(column.values) and {value.lower() for value in column.values} <= TRUE | FALSE
