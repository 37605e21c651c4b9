"""What of a sequence file cannot be followed although each of its values is allowed: each mistake with its line."""

from collections import Counter
from collections.abc import Iterator

from campaigns.playbook import Mistake, Text, Where, key_of, nearest
from campaigns.sequences import Experiment, File
from campaigns.templates import mistakes_in, render

SHARES_MAY_MISS = 1e-6
LONGEST_SUBJECT = 200


def mistakes_of(file: File, text: Text) -> list[Mistake]:
    """All of them, in no order."""
    return [mistake for check in CHECKS for mistake in check(file, text)]


def _steps(file: File, text: Text) -> Iterator[Mistake]:
    twice = {name for name, times in Counter(step.step for step in file.steps).items() if times > 1}
    seen: set[str] = set()
    for number, step in enumerate(file.steps):
        if step.step in twice & seen:
            yield text.mistake(("steps", number, "step"), f"{step.step!r} is the name of two steps; name each its own")
        seen.add(step.step)
        if step.mail not in file.mails:
            said = f"there is no mail {step.mail!r}{nearest(step.mail, list(file.mails))}"
            yield text.mistake(("steps", number, "mail"), said)
        if both := set(step.unless) & set(step.only_if):
            said = f"{min(both)!r} stands under unless too; the step could never be taken"
            yield text.mistake(("steps", number, "only_if"), said)
        if number == 0 and step.only_if:
            said = "nothing was sent before the first step, so it could never be taken; leave it out"
            yield text.mistake(("steps", 0, "only_if"), said)


def _mails(file: File, text: Text) -> Iterator[Mistake]:
    used = {step.mail for step in file.steps}
    for name, letter in file.mails.items():
        if name not in used:
            yield text.mistake(
                ("mails", name), f"no step sends this mail{nearest(name, sorted(used - set(file.mails)))}"
            )
        yield from _template(text, ("mails", name, "subject"), letter.subject, is_subject=True)
        yield from _template(text, ("mails", name, "text"), letter.text)
        if letter.html is not None:
            yield from _template(text, ("mails", name, "html"), letter.html)


def _experiments(file: File, text: Text) -> Iterator[Mistake]:
    seen: set[tuple[str, str]] = set()
    for name, plan in file.experiments.items():
        at: Where = ("experiments", name)
        if plan.mail not in file.mails:
            said = f"there is no mail {plan.mail!r}{nearest(plan.mail, list(file.mails))}"
            yield text.mistake((*at, "mail"), said)
        elif plan.field == "text" and file.mails[plan.mail].html is not None:
            said = f"the mail {plan.mail!r} has html of its own, which would stay the same; leave its html out"
            yield text.mistake((*at, "field"), said)
        if (plan.mail, plan.field) in seen:
            yield text.mistake((*at, "field"), f"another experiment tries the {plan.field} of {plan.mail!r} already")
        seen.add((plan.mail, plan.field))
        yield from _variants(plan, text, at)


def _variants(plan: Experiment, text: Text, at: Where) -> Iterator[Mistake]:
    if len(plan.variants) < 2:
        yield text.mistake((*at, "variants"), "needs at least two variants")
    for variant, source in plan.variants.items():
        yield from _template(text, (*at, "variants", variant), source, is_subject=plan.field == "subject")
    for odd in sorted(set(plan.shares) - set(plan.variants)):
        yield text.mistake((*at, "shares", odd), f"there is no variant {odd!r}{nearest(odd, list(plan.variants))}")
    for odd in sorted(set(plan.variants) - set(plan.shares)):
        yield text.mistake((*at, "shares"), f"the variant {odd!r} has no share")
    total = sum(plan.shares.values())
    if abs(total - 1) > SHARES_MAY_MISS:
        yield text.mistake((*at, "shares"), f"the shares add up to {total:g}, not to 1")


def _template(text: Text, at: Where, source: str, is_subject: bool = False) -> Iterator[Mistake]:
    first = text.line_of(at) + (1 if "\n" in source and not is_subject else 0)
    found = mistakes_in(source, may_link=not is_subject)
    for line, said in found:
        yield Mistake(first + line - 1, key_of(at), said)
    if is_subject and not found and len(render(source, {})) > LONGEST_SUBJECT:
        yield text.mistake(at, f"is longer than {LONGEST_SUBJECT} letters")


CHECKS = (_steps, _mails, _experiments)
