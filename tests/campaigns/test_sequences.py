"""A sequence file is refused for whatever could go wrong later, with the line and the way out."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.letters import write
from campaigns.sequences import MailSequence, read_sequence, sequence_of, sequences_in, variant_of
from campaigns.templates import FIELDS
from campaigns.timing import Wait
from ringback.errors import BadPlaybook, WrongUsage
from ringback.settings import CHECKOUT
from tests.campaigns.mailing import LETTERHEAD, a_sequence

SHIPPED = sequences_in(CHECKOUT / "campaigns/playbook/sequences")
GOOD = """name: Good
for: {languages: [en]}
window: {days: [mon, tue], from: 09:00, to: 17:30}
cap: {mails: 3, per_days: 7}
graduate: {when: [clicked], opens: 3}
steps:
  - step: opener
    mail: opener
  - step: proof
    wait: 3 days
    unless: [replied]
    mail: proof
mails:
  opener:
    subject: "A question about {{ company | default('your company') }}"
    text: |
      Hi {{ first_name | default('there') }},
      {{ link('https://ours.example/voice', 'how it works') }}
  proof:
    subject: "Proof"
    text: |
      Hi, {% if industry %}{{ industry }}{% endif %}
    html: "<p>Hi</p>"
experiments:
  words:
    mail: opener
    field: subject
    variants: {plain: "Calls", question: "Calls?"}
    shares: {plain: 0.5, question: 0.5}
    goal: clicked
    smallest_effect: 0.2
    baseline: 0.12
"""
MISTAKES = [
    ("from: 09:00", "from: 18:00", "a.yaml:3: window.to: 17:30 is not after 18:00; the window would never be open"),
    ("from: 09:00", "from: 9am", "a.yaml:3: window.from: '9am' is no time of day; write it as 09:00"),
    ("[mon, tue]", "[mon, tus]", "a.yaml:3: window.days[1]: 'tus' is no day; did you mean 'tue'?"),
    ("[mon, tue]", "[]", "a.yaml:3: window.days: needs at least one day, each once"),
    ("{languages: [en]}", "{priorities: [HIGH, medium]}",
     "a.yaml:2: for.priorities[1]: 'medium' is not known; there are HIGH, HIGH_VOICE_AI, LOW, MEDIUM"),
    ("{languages: [en]}", "{products: [Voise AI]}",
     "a.yaml:2: for.products[0]: 'Voise AI' is no product that a lead is known to fit; did you mean 'voice ai'?"),
    ("mails: 3", "mails: 0", "a.yaml:4: cap.mails: input should be greater than or equal to 1 (it is 0)"),
    ("per_days", "per_day", "a.yaml:4: cap.per_day: is not known here; did you mean 'per_days'?"),
    ("[clicked]", "[click]", "a.yaml:5: graduate.when[0]: 'click' is not known; did you mean 'clicked'?"),
    ("step: proof", "step: opener", "a.yaml:9: steps[1].step: 'opener' is the name of two steps; name each its own"),
    ("3 days", "3 dys", "a.yaml:10: steps[1].wait: '3 dys' is no wait; write it as '4 hours', '3 days' or '2 working"),
    ("3 days", "400 days", "a.yaml:10: steps[1].wait: '400 days' is longer than 365 days"),
    ("mail: proof", "mail: prof", "a.yaml:12: steps[1].mail: there is no mail 'prof'; did you mean 'proof'?"),
    ("mail: proof", "mail: opener", "a.yaml:19: mails.proof: no step sends this mail"),
    ("unless: [replied]", "unless: [replied]\n    only_if: [replied]",
     "a.yaml:12: steps[1].only_if: 'replied' stands under unless too; the step could never be taken"),
    ("    mail: opener\n  - step", "    mail: opener\n    only_if: [opened]\n  - step",
     "a.yaml:9: steps[0].only_if: nothing was sent before the first step"),
    ("company |", "compny |", "a.yaml:15: mails.opener.subject: 'compny' is no field; did you mean 'company'?"),
    ("{{ first_name | default('there') }}", "{{ first_name }}",
     "a.yaml:17: mails.opener.text: 'first_name' may not be known; write {{ first_name | default('…') }} or ask"),
    ("{{ first_name | default('there') }}", "{{ first_name | }}", "a.yaml:17: mails.opener.text: is no template: "),
    ("default('there')", "defualt('there')",
     "a.yaml:17: mails.opener.text: 'defualt' is no filter; did you mean 'default'?"),
    ("first_name |", "first_name.title |", "a.yaml:17: mails.opener.text: has an attribute, which a template may"),
    ("https://ours", "http://ours", "a.yaml:18: mails.opener.text: links to 'http://ours.example/voice'; only http"),
    ("'https://ours.example/voice'", "'/voice'", "a.yaml:18: mails.opener.text: links to '/voice'; write an absolute"),
    ("'https://ours.example/voice'", "company", "a.yaml:18: mails.opener.text: links to something that is no text"),
    ("{{ link(", "{{ lnk(", "a.yaml:18: mails.opener.text: 'lnk' cannot be called; did you mean 'link'?"),
    ('subject: "Proof"', "subject: \"{{ link('https://a.example') }}\"",
     "a.yaml:20: mails.proof.subject: links, which a subject cannot"),
    ("{% if industry %}{{ industry }}{% endif %}", "{% for x in industry %}{% endfor %}",
     "a.yaml:22: mails.proof.text: has a loop, which a template may not have"),
    ("{% if industry %}{{ industry }}{% endif %}", "{% if industry %}{{ company }}{% endif %}",
     "a.yaml:22: mails.proof.text: 'company' may not be known"),
    ("mail: opener\n    field", "mail: openr\n    field",
     "a.yaml:26: experiments.words.mail: there is no mail 'openr'; did you mean 'opener'?"),
    ("field: subject", "field: html", "a.yaml:27: experiments.words.field: 'html' is not known; there are subject,"),
    ("mail: opener\n    field: subject", "mail: proof\n    field: text",
     "a.yaml:27: experiments.words.field: the mail 'proof' has html of its own, which would stay the same"),
    ('"Calls?"', '"{{ x }}"', "a.yaml:28: experiments.words.variants.question: 'x' is no field"),
    ("plain: 0.5", "plain: 0.6", "a.yaml:29: experiments.words.shares: the shares add up to 1.1, not to 1"),
    ("shares: {plain", "shares: {plan", "a.yaml:29: experiments.words.shares.plan: there is no variant 'plan'; did"),
    ("goal: clicked", "goal: bought", "a.yaml:30: experiments.words.goal: 'bought' is not known; there are clicked"),
    ("baseline: 0.12", "baseline: 12", "a.yaml:32: experiments.words.baseline: input should be less than 1 (it is 12)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("was", "becomes", "told"), MISTAKES, ids=[told.partition(": ")[2][:50] for *_, told in MISTAKES]
)
def test_a_mistake_is_told_with_its_line(was: str, becomes: str, told: str, tmp_path: Path) -> None:
    assert was in GOOD
    with pytest.raises(BadPlaybook) as raised:
        a_sequence(tmp_path, GOOD.replace(was, becomes, 1), "a")
    assert any(line.startswith(told) for line in str(raised.value).splitlines()), str(raised.value)


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.replace("3 days", "3 dys"))
    (tmp_path / "b.yaml").write_text(GOOD.replace("{{ first_name | default('there') }}", "{{ frst_name }} {{ nme }}"))
    with pytest.raises(BadPlaybook) as raised:
        sequences_in(tmp_path)
    assert [line.partition(": ")[0] for line in str(raised.value).splitlines()] == [
        "a.yaml:10",
        "b.yaml:17",
        "b.yaml:17",
    ]


def test_a_good_file_says_what_is_sent_when_and_to_whom(tmp_path: Path) -> None:
    sequence = a_sequence(tmp_path, GOOD, "good")
    assert (sequence.sequence_id, sequence.name, len(sequence.hash)) == ("good", "Good", 12)
    assert [(step.step, step.wait) for step in sequence.steps] == [
        ("opener", Wait(0, "hours")), ("proof", Wait(3, "days"))
    ]  # fmt: skip
    assert sequence.file.matches.languages == ("en",)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    before = a_sequence(tmp_path, GOOD, "a")
    after = a_sequence(tmp_path, GOOD.replace("name: Good", "name: Better"), "a")
    assert (before.name, after.name, before.hash == after.hash) == ("Good", "Better", False)


def test_an_unknown_sequence_is_told_with_the_nearest() -> None:
    with pytest.raises(WrongUsage, match="there is no sequence 'nurtur'; did you mean 'nurture'"):
        sequence_of(SHIPPED, "nurtur")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadPlaybook, match=r"a.yaml: cannot be read: No such file"):
        read_sequence(tmp_path / "a.yaml")


def test_a_lead_keeps_its_variant_and_variants_keep_their_shares(tmp_path: Path) -> None:
    text = GOOD.replace("plain: 0.5, question: 0.5", "plain: 0.2, question: 0.8")
    (trial,) = a_sequence(tmp_path, text, "a").trials["opener"]
    drawn = Counter(variant_of(trial, f"lead-{number}") for number in range(10_000))
    assert drawn["plain"] == pytest.approx(2_000, abs=150)
    assert [variant_of(trial, "ana@acme.com") for _ in range(3)] == [variant_of(trial, "ana@acme.com")] * 3


VALUES = st.one_of(
    st.none(), st.text(max_size=300), st.text("\x00\r\n\t\x1b\u202e\u2066\u200b {}%#'\"<>&", max_size=60),
    st.sampled_from(["", "{{ first_name }}", "{% for %}", "a" * 100_000, "\ud800", "Ana\r\nBcc: x@evil.example"]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES)), st.sampled_from(sorted(SHIPPED)))
def test_what_loaded_never_fails_and_holds_nothing_that_steers_a_mail(fields: dict[str, str | None], name: str) -> None:
    sequence: MailSequence = SHIPPED[name]
    for mail in sequence.file.mails:
        letter = write(sequence, mail, "lead", "m1@ours.example", fields, LETTERHEAD)
        assert letter.subject.replace("\u200c", "").replace("\u200d", "").isprintable()
        assert letter.subject
        assert not set("\x00\r\x1b\u202e\u2066") & set(letter.text + letter.html)
        assert set(re.findall(r"<(\w+)", letter.html)) <= {
            "html",
            "head",
            "meta",
            "title",
            "body",
            "p",
            "a",
            "br",
            "img",
        }
        assert len(letter.text) < 5_000
