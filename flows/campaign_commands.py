"""`ringback campaigns`: make, change, run, look at them; decide about their members."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from ringback.errors import WrongUsage
from ringback.toml_files import read_toml

if TYPE_CHECKING:
    from database.campaigns import Planned

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
CampaignId = Annotated[str, typer.Argument(help="The campaign's id; 'ringback campaigns list' shows it.")]
Lead = Annotated[str, typer.Argument(help="The lead's id or address.")]
Because = Annotated[str, typer.Option(help="Why; whoever looks at the lead reads it.")]
File = Annotated[Path | None, typer.Option(exists=True, dir_okay=False)]
Ceiling = Annotated[
    float | None, typer.Option(min=0, max=1_000_000_000, help="Spend at most so many US dollars on it.")
]
campaigns = typer.Typer(no_args_is_help=True, help="Campaigns: who is looked for, qualified, routed and written to.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to `ringback`."""
    app.add_typer(campaigns, name="campaigns")


@campaigns.command("list")
def list_(
    search: Annotated[str, typer.Option(help="Words in name or id.")] = "",
    state: Annotated[str | None, typer.Option(help="active, paused or archived.")] = None,
    json: Json = False,
) -> None:
    """All campaigns, and how many leads each has."""
    from database.campaigns import page_of_campaigns

    _prepare()
    if state not in (None, "active", "paused", "archived"):
        raise WrongUsage(f"{state!r} is no state; there are active, paused, archived")
    listed = page_of_campaigns(search, state, None, 10_000, 0).campaigns  # type: ignore[arg-type]  # checked above
    if json:
        _tell(listed)
        return
    for one in listed:
        ceiling = f", at most ${one.ceiling_usd:,.2f}" if one.ceiling_usd is not None else ""
        typer.echo(f"{one.campaign_id:32}{one.leads:>8,} leads  {one.state:9}from {one.source}{ceiling}  {one.name}")
    if not listed:
        typer.echo("no campaigns yet: 'ringback campaigns create NAME --plan FILE', or 'ringback run harvest_leads'")


@campaigns.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    plan: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Whom to look for (TOML).")] = None,
    conduct: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="How it is run (TOML).")] = None,
    ceiling: Ceiling = None,
) -> None:
    """Create a campaign whose leads are found at Apollo, or without a plan come from files."""
    from campaigns.conduct_files import conduct_in
    from campaigns.harvest import Plan
    from database.campaigns import Planned, save
    from ringback.clock import now

    _prepare()
    looked_for = Plan.read(read_toml(plan)).model_dump(mode="json") if plan else {}
    run_so = conduct_in(conduct) if conduct else None
    campaign_id = _id_of(name)
    source = "apollo" if plan else "csv"
    planned = Planned(campaign_id, name, source, now(), plan=looked_for, ceiling_usd=ceiling, conduct=run_so)
    if not save([planned]):
        raise WrongUsage(f"there is a campaign {campaign_id!r} already; choose another name")
    way = f"ringback run harvest_leads campaign_id={campaign_id}" if plan else "ringback import leads FILE --campaign"
    typer.echo(f"{campaign_id} is created; its leads come with: {way}{'' if plan else ' ' + campaign_id}")


@campaigns.command("change")
def change(
    campaign_id: CampaignId,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    plan: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Whom to look for (TOML).")] = None,
    conduct: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="How it is run (TOML).")] = None,
    ceiling: Ceiling = None,
) -> None:
    """Change a campaign; what is left out stays."""
    from campaigns.conduct_files import conduct_in
    from campaigns.harvest import Plan

    _known(campaign_id)
    changes: dict[str, Any] = {} if name is None else {"name": name}
    if name is not None:
        _id_of(name)  # raises WrongUsage where it is none
    if plan:
        changes["plan"] = Plan.read(read_toml(plan)).model_dump(mode="json")
    if conduct:
        changes["conduct"] = conduct_in(conduct)
    if ceiling is not None:
        changes["ceiling_usd"] = ceiling
    if not changes:
        raise WrongUsage("nothing is to be changed: say --name, --plan, --conduct or --ceiling")
    _change(campaign_id, changes)
    typer.echo(f"{campaign_id} is changed: {', '.join(changes)}")


@campaigns.command("pause")
def pause(campaign_id: CampaignId) -> None:
    """Enrol nobody more and send nothing more, at once; 'resume' goes on where it was."""
    _known(campaign_id)
    _change(campaign_id, {"state": "paused"})
    typer.echo(f"{campaign_id} is paused; 'ringback campaigns resume {campaign_id}' goes on")


@campaigns.command("resume")
def resume(campaign_id: CampaignId) -> None:
    """Let a paused or archived campaign go on."""
    _known(campaign_id)
    _change(campaign_id, {"state": "active"})
    typer.echo(f"{campaign_id} is active")


@campaigns.command("archive")
def archive(campaign_id: CampaignId) -> None:
    """Put a campaign away: nothing is done in it any more, and everything stays readable."""
    _known(campaign_id)
    _change(campaign_id, {"state": "archived"})
    typer.echo(f"{campaign_id} is archived")


@campaigns.command("performance")
def performance(campaign_id: CampaignId, json: Json = False) -> None:
    """The funnel with intervals, goals, mails, A/B tests, attribution and cost."""
    from campaigns.performance import performance as measured
    from ringback.clock import now

    told = measured(_known(campaign_id), now())
    if json:
        _tell(told)
        return
    typer.echo("\n".join(_performance_words(told)))


@campaigns.command("qualify")
def qualify(
    campaign_id: CampaignId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")] = False,
    rules: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Other rules (YAML).")] = None,
    examples: Annotated[int, typer.Option(min=0, max=100, help="Explain so many members of each move.")] = 3,
    json: Json = False,
) -> None:
    """Decide about the members of whom something changed; with --dry-run what changed rules would do to all."""
    from campaigns.conduct import Conduct
    from campaigns.dry_run import dry_run as tried
    from campaigns.qualify import qualify as decided
    from campaigns.rules import read_rules, rules_file
    from ringback.clock import now
    from ringback.settings import settings

    conduct = Conduct.read(_known(campaign_id).conduct)
    if rules is not None and not dry_run:
        raise WrongUsage("other rules can only be tried: --dry-run; those in force are in the playbook")
    book = read_rules(rules or rules_file(settings().playbook, conduct.rules))
    if dry_run:
        told = tried(campaign_id, book, conduct.thresholds, now(), examples)
        shown = {"before": told.before, "after": told.after, "members": told.members, "examples": told.examples,
                 "moves": [[*move, count] for move, count in told.moves.items()]}  # fmt: skip
        _tell(shown) if json else typer.echo("\n".join(_dry_run_words(told)))
        return
    done = decided(campaign_id, book, conduct.thresholds, now())
    _tell(done) if json else typer.echo(
        f"{done.looked_at:,} members looked at, {done.decided:,} decided anew: "
        + (", ".join(f"{count:,} {outcome}" for outcome, count in done.outcomes.items()) or "none")
    )


@campaigns.command("member")
def member(campaign_id: CampaignId, lead: Lead, json: Json = False) -> None:
    """One member: its card, what was decided about it and why, and what people decided."""
    from database.cards import card_of_member
    from database.decisions import decisions_about
    from database.lead_pages import kept_under
    from database.overrides import overrides_of

    _known(campaign_id)
    lead_id = kept_under(lead)
    card = card_of_member(campaign_id, lead_id)
    if card is None:
        raise WrongUsage(f"{lead!r} has no card in {campaign_id}: it is no member, or nobody has looked at it yet")
    decided, forced = decisions_about(lead_id, 20, campaign_id), overrides_of(campaign_id, lead_id, 20)
    if json:
        _tell({"card": card, "decisions": decided, "overrides": forced})
        return
    typer.echo(f"{lead_id}: {card.outcome}: {card.rule or 'no rule fits'}; score {card.score}")
    typer.echo("  " + ", ".join(f"{group} {points}" for group, points in card.groups.items()))
    for name, judged in sorted(card.dimensions.items()):
        points, _, why = judged
        typer.echo(f"    {name:28}{points:>4}  {why}")
    for one in decided:
        typer.echo(f"  {one.decided_at:%Y-%m-%d %H:%M}  {one.kind}: {one.outcome} ({one.decided_by})  "
                   f"{one.because.get('because') or one.because.get('why_not') or ''}")  # fmt: skip


@campaigns.command("override")
def override(
    campaign_id: CampaignId,
    lead: Lead,
    kind: Annotated[str, typer.Argument(help="qualification, owner or sequence.")],
    outcome: Annotated[str, typer.Argument(help="qualified, disqualified or review; an address; a sequence.")],
    because: Because,
    until: Annotated[str | None, typer.Option(help="A moment, ISO 8601; none: for good.")] = None,
) -> None:
    """Decide about a member as a person; it stands above rules and routing."""
    from campaigns.overriding import checked
    from database.overrides import Kind, make
    from flows.deciding import person
    from ringback.clock import now

    known, lead_id = _known(campaign_id), _member_of(campaign_id, lead)
    kinds: dict[str, Kind] = {one: one for one in get_args(Kind)}
    if kind not in kinds:
        raise WrongUsage(f"{kind!r} cannot be overridden; possible are: {', '.join(kinds)}")
    ends = _moment(until) if until else None
    decided = checked(known, kinds[kind], outcome)
    made = make(kinds[kind], campaign_id, lead_id, decided, because, person(), now(), ends)
    typer.echo(f"{made.override_id}: {lead} is {outcome} in {campaign_id}{f' until {ends} UTC' if ends else ''}")


@campaigns.command("withdraw")
def withdraw(override_id: Annotated[str, typer.Argument(help="As 'member' shows it.")]) -> None:
    """Let an override hold no longer."""
    from database.overrides import withdraw as withdrawn
    from flows.deciding import person
    from ringback.clock import now

    _prepare()
    told = withdrawn(override_id, person(), now())
    typer.echo(f"{told.lead_id} in {told.campaign_id}: {told.kind} is decided by rules again")


@campaigns.command("schedule")
def schedule(
    campaign_id: CampaignId,
    cron: Annotated[str | None, typer.Argument(help="As '0 9 * * 1-5', in the customer's zone; none: hourly.")] = None,
) -> None:
    """Let a campaign run by a schedule of its own at Prefect, or with the others again."""
    from campaigns import schedules
    from campaigns.conduct import Conduct

    known = _known(campaign_id)
    conduct = Conduct.read(dict(known.conduct or {}) | {"schedule": cron})
    schedules.put(known, cron)
    _change(campaign_id, {"conduct": conduct.model_dump(mode="json", exclude_defaults=True)})
    typer.echo(f"{campaign_id} runs {f'at {cron!r}' if cron else 'hourly, with the others'}")


def _performance_words(told: Any) -> list[str]:
    lines = [f"{told.campaign_id} as of {told.as_of:%Y-%m-%d %H:%M} UTC; ${told.spent_usd:,.2f} spent"]
    for stage in told.funnel:
        share = "" if stage.share_of_before is None else (
            f"{100 * stage.share_of_before:6.1f} % ({100 * stage.low:.1f} to {100 * stage.high:.1f} %)"
        )  # fmt: skip
        lines.append(f"  {stage.name:12}{stage.count:>9,}  {share}")
    lines.append("  (who ever came so far; 'qualified' are those who are so now, and those who were enrolled once)")
    lines += [f"  goal: {goal.goal} {goal.reached:,} of {goal.wanted:,}" for goal in told.goals]
    lines += [
        f"  {one.sequence}/{one.template}: {one.sent:,} sent, {one.opened:,} opened, {one.clicked:,} clicked, "
        f"{one.replied:,} answered, {one.bounced:,} came back, {one.unsubscribed:,} left"
        for one in told.templates
    ]
    lines.append("  outbox: " + (", ".join(f"{n:,} {state}" for state, n in told.messages.items()) or "empty"))
    lines.append("  enrolments: " + (", ".join(f"{n:,} {end}" for end, n in told.enrolments.items()) or "none"))
    if told.attribution:
        lines.append("  calls that progressed, credited by first, last and every mail before (says nothing of causes):")
        lines += [
            f"    {one.sequence}/{one.template}: {one.first_touch:.1f}, {one.last_touch:.1f}, {one.linear:.1f}"
            for one in told.attribution
        ]
    return lines


def _dry_run_words(told: Any) -> list[str]:
    def listed(counts: Any) -> str:
        return ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()) or "none"

    lines = [f"{told.members:,} members; nothing is changed", f"  now    {listed(told.before)}",
             f"  then   {listed(told.after)}"]  # fmt: skip
    lines += [f"  {count:,} from {old} to {new}" for (old, new), count in told.moves.items()]
    for one in told.examples:
        lines.append(f"  {one.lead_id} ({one.company or 'no company'}): {one.before} to {one.after}: "
                     f"{one.why_after.get('rule')}: {one.why_after.get('because')}")  # fmt: skip
    return lines


def _id_of(name: str) -> str:
    from intake.identity import company_id_of

    found = (company_id_of(None, name) or "").removeprefix("name:")
    if not found:
        raise WrongUsage(f"{name!r} is no name: it needs letters or digits")
    return found


def _known(campaign_id: str) -> "Planned":
    from database.campaigns import campaign

    _prepare()
    found = campaign(campaign_id)
    if found is None:
        raise WrongUsage(f"there is no campaign {campaign_id!r}; 'ringback campaigns list' shows them")
    return found


def _member_of(campaign_id: str, lead: str) -> str:
    """The id under which a member is kept; raises WrongUsage for a lead that is none."""
    from database.campaigns import campaigns_of
    from database.lead_pages import kept_under

    lead_id = kept_under(lead)
    if campaign_id not in {one.campaign_id for one in campaigns_of(lead_id)}:
        raise WrongUsage(f"{lead!r} is no member of {campaign_id}, be it as a lead's id or as its address")
    return lead_id


def _change(campaign_id: str, changes: dict[str, Any]) -> None:
    from campaigns import schedules
    from database import campaigns as stored
    from ringback.clock import now

    stored.change(campaign_id, changes, now())
    if "state" in changes:
        schedules.follow([_known(campaign_id)])


def _moment(text: str) -> datetime:
    from flows.environment import stated_moment

    return stated_moment(text)


def _prepare() -> None:
    from flows.environment import prepare_stores

    prepare_stores()


def _tell(facts: object) -> None:
    from flows.environment import as_json

    typer.echo(as_json(facts))
