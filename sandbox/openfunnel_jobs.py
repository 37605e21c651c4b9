"""OpenFunnel's jobs: carried out and billed when they are accepted, and shown step by step as they are asked for."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

from sandbox.fellow_records import JsonObject

OUT_OF_CREDITS = "Insufficient credits: the account's credits are used up"


@dataclass(slots=True)
class Job:
    """One job with its results, which are shown when their time has come.

    `results` are those carried out: where the credits did not last, fewer than `total`, and `error_message` says why.
    """

    kind: str
    total: int
    results: list[JsonObject]
    finished: JsonObject = field(default_factory=dict)
    """What the finished job tells beside its results, such as the credits used."""
    error_message: str | None = None
    job_id: str = field(default_factory=lambda: f"job_{uuid4().hex[:16]}")
    begun: float = field(default_factory=time.monotonic)
    checks: int = 0

    def status(self, checks_needed: float, seconds_needed: float) -> str:
        """By the checks made and by the real seconds passed, whichever is less far."""
        passed = time.monotonic() - self.begun
        done = min(self.checks / checks_needed if checks_needed else 1.0,
                   passed / seconds_needed if seconds_needed else 1.0)  # fmt: skip
        if done >= 1:
            return "failed" if self.error_message else "completed"
        return "pending" if done < 0.5 else "running"

    def shown(self, status: str) -> JsonObject:
        """The job as a poll shows it; a running one is half done, a failed one shows what was done before."""
        match status:
            case "pending":
                given = self.results[:0]
            case "running":
                given = self.results[: len(self.results) // 2]
            case _:
                given = self.results
        ended = status in ("completed", "failed")
        progress: JsonObject = {"total": self.total, "completed": len(given)}
        if self.kind == "accounts":
            progress["new_accounts"] = sum(one["status"] == "created" for one in given)
            progress["updated_accounts"] = sum(one["status"] == "updated" for one in given)
        return {
            "job_id": self.job_id,
            "status": status,
            "progress": progress,
            "result": given if ended else None,
            "error_message": self.error_message if status == "failed" else None,
            **(self.finished if ended else {}),
        }
