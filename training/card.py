"""The model card: what a version is, what it learned from, how well it does and what it is not for, in Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING

from ringback.settings import CHECKOUT

if TYPE_CHECKING:
    from training.promotion import Verdict
    from training.train import Trained

WHAT = {
    "progression": "whether the account executive moves the lead to the next stage after this call",
    "voice_ai": "whether the company turns out to be a fit for Voice AI",
}
SHOWN = 10


def model_card(trained: "Trained", verdict: "Verdict", because: str, is_synthetic: bool) -> str:
    """The card of a trained model, after Mitchell et al. 2019, "Model Cards for Model Reporting"."""
    m = trained.chosen.metrics
    first, last = (str(at.astype("datetime64[D]")) for at in (trained.test_judged_at[0], trained.test_judged_at[-1]))
    lines = [
        f"# {trained.target}, {trained.chosen.candidate.replace('_', ' ')}, as of {trained.as_of:%Y-%m-%d}",
        "",
        *(["**Learned from simulated calls: its figures say nothing about real ones.**", ""] if is_synthetic else []),
        f"Answers {WHAT[trained.target]}, as a probability. Trained because: {because}.",
        "",
        "## Made of",
        f"- {trained.chosen.described}",
        f"- {trained.rows:,} calls with mature outcomes from {trained.source}; {trained.duplicates:,} twins out",
        f"- a label counts {trained.maturity_days:.1f} days after its call was judged, by when nine tenths are known",
        f"- data fingerprint {trained.fingerprint}, code {git_commit() or 'not under version control'}",
        f"- calibrated by a sigmoid on {len(trained.judged_rows):,} answers about later calls",
        "",
        "## How well",
        f"On {len(trained.test_y):,} calls from {first} to {last}, answered before learned from; 95 % intervals.",
        "",
        "| | figure | from | to |",
        "|---|---|---|---|",
        *(
            f"| {name} | {m[f'test_{name}']:.4f} | {m[f'test_{name}_low']:.4f} | {m[f'test_{name}_high']:.4f} |"
            for name in ("roc_auc", "brier", "log_loss", "ece", "accuracy")
            if f"test_{name}" in m
        ),
        "",
        *_how_sure(trained),
        "## Leans on",
        *(f"- {name}: {weight:.3f}" for name, weight in list(trained.chosen.importances.items())[:SHOWN]),
        "",
        "(mean absolute contribution to the log-odds of the latest calls)",
        "",
        "## Left out",
        *(f"- {leak.feature}: {leak.evidence}{'' if leak.is_left_out else ' (kept)'}" for leak in trained.leaks),
        *(f"- {name}: it follows the calendar (only in sets of columns called all)" for name in trained.following),
        *([] if trained.leaks or trained.following else ["- nothing"]),
        "",
        "## To try it",
        f"`mlflow.pyfunc.load_model('models:/{trained.target}@champion').predict(frame)`, where the frame has a column "
        "of numbers for each of the model's, as its input example has; `encoding.json` says how a call becomes one.",
        "The first column of the answer is the probability that it ends otherwise, the second the one meant above.",
        "",
        "## Decision",
        f"{'Became champion' if verdict.promote else 'Did not become champion'}: {verdict.reason}",
        "",
        "## Not for",
        "- Decisions about people; it ranks sales calls, and an account executive decides.",
        "- Calls of another seller or market: what it knows is how calls like the ones above ended.",
        "- Proof of cause: a contribution says what the model leaned on, not what would happen if it were changed.",
    ]
    return "\n".join(lines) + "\n"


def _how_sure(trained: "Trained") -> list[str]:
    """How confidence is reckoned, and how right it is; versions without that figure say nothing of it."""
    m, line = trained.chosen.metrics, trained.confidence
    if "test_confidence_brier" not in m:
        return []
    made = (
        f"max(p, 1 - p): nothing better could be learned from {line.n:,} answers"
        if line.is_naive
        else f"learned from {line.n:,} answers: the log-odds of being right are {line.intercept:+.3f} and, of the "
        f"distance of the log-odds from 0, {line.certainty:.3f} {line.missing:+.3f} x share not known "
        f"{line.spread:+.3f} x spread of the members"
    )
    return [
        "## How sure",
        "Confidence is the probability that the call ends on the side of one half that the answer says.",
        f"- {made}",
        f"- on the {len(trained.test_y):,} calls above, each by what was learned before: Brier score of being right "
        f"{m['test_confidence_brier']:.4f} [{m['test_confidence_brier_low']:.4f}, "
        f"{m['test_confidence_brier_high']:.4f}], calibration error {m['test_confidence_ece']:.4f}; "
        f"of max(p, 1 - p) {m['test_confidence_naive_brier']:.4f} and {m['test_confidence_naive_ece']:.4f}",
        "",
    ]


def git_commit() -> str | None:
    """The commit of this checkout, or None outside of one."""
    head = CHECKOUT / ".git" / "HEAD"
    if not head.exists():
        return None
    said = head.read_text().strip()
    if not said.startswith("ref: "):
        return said
    return _commit_of(CHECKOUT / ".git", said.removeprefix("ref: "))


def _commit_of(folder: Path, ref: str) -> str | None:
    loose = folder / ref
    if loose.exists():
        return loose.read_text().strip()
    packed = folder / "packed-refs"
    lines = packed.read_text().splitlines() if packed.exists() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {ref}")), None)
