"""What is known of enriched leads, as people and programs read it: with what is missing and why, and the cost."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from io import StringIO
from json import dumps
from pathlib import Path
from typing import Any, Literal

from database import signals, spending
from database.identities import kept_as
from database.people import KnownLead, companies_by_id, leads_by_id
from database.wanted import Known
from enrichment.catalogue import BY_NAME
from enrichment.quality import Quality, quality_of
from enrichment.subjects import Subject, wanted_of
from intake.tables import guarded

Format = Literal["json", "csv", "both"]


@dataclass(frozen=True, slots=True)
class EnrichedLead:
    """A lead with what its sources say, the signals found about it and its company, and how well it is known."""

    lead_id: str
    source: str
    lead: Mapping[str, Any]
    company_id: str | None
    company: Mapping[str, Any]
    signals: Mapping[str, Mapping[str, Any]]
    quality: Quality
    cost_usd: float
    """Its own purchases, and its share of those about its company: these are shared by the leads listed with it."""


@dataclass(frozen=True, slots=True)
class SignalSum:
    """One signal over all leads and companies of a summary."""

    signal: str
    wanted: int
    found: int
    cost_usd: float
    reasons: Mapping[str, int]
    """Why it is missing, and how often."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What enrichment came to."""

    leads: tuple[EnrichedLead, ...]
    by_signal: tuple[SignalSum, ...]
    cost_usd: float

    @property
    def mean_quality(self) -> float | None:
        """0 to 100; None without leads."""
        return sum(one.quality.score for one in self.leads) / len(self.leads) if self.leads else None

    @property
    def cost_per_lead(self) -> float | None:
        """US dollars; None without leads."""
        return self.cost_usd / len(self.leads) if self.leads else None


def summarise(lead_ids: Sequence[str], names: Sequence[str], at: datetime) -> Summary:
    """What is known of these leads now, also of those that were merged since under another id."""
    leads = leads_by_id(kept_as(lead_ids).values())
    company_ids = sorted({one.company_id for one in leads.values() if one.company_id})
    companies = companies_by_id(company_ids)
    entities = [*leads, *company_ids]
    known = signals.known(entities, at)
    by_entity: dict[str, list[Known]] = {}
    for one in known:
        by_entity.setdefault(one.wanted.entity_id, []).append(one)
    costs = spending.spent_on(entities)
    leads_of = Counter(one.company_id for one in leads.values() if one.company_id)
    enriched = []
    for lead_id, lead in sorted(leads.items()):
        mine = by_entity.get(lead_id, []) + by_entity.get(lead.company_id or "", [])
        company = companies.get(lead.company_id or "")
        share = costs.get(lead.company_id, 0.0) / leads_of[lead.company_id] if lead.company_id else 0.0
        enriched.append(
            EnrichedLead(
                lead_id=lead_id,
                source=lead.source,
                lead=lead.known,
                company_id=lead.company_id,
                company=company.known if company else {},
                signals={one.wanted.signal: one.value for one in mine if one.value is not None},
                quality=quality_of(_wanted(lead, mine, names), mine, _unasked(lead.company_id, names)),
                cost_usd=costs.get(lead_id, 0.0) + share,
            )
        )
    return Summary(tuple(enriched), _sums(names, leads, company_ids, by_entity), sum(costs.values()))


def write(summary: Summary, folder: Path, format: Format) -> list[Path]:
    """Write `enriched_leads.json` and/or `.csv` into a folder; gives the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, text_of in (("json", as_json), ("csv", as_csv)):
        if format in (kind, "both"):
            path = folder / f"enriched_leads.{kind}"
            path.write_text(text_of(summary), encoding="utf-8", newline="")
            written.append(path)
    return written


def as_json(summary: Summary) -> str:
    """A list of leads, each with its signals and `enrichment_metadata`."""
    return dumps([_plain(one) for one in summary.leads], default=str, indent=1, ensure_ascii=False) + "\n"


def as_csv(summary: Summary) -> str:
    """A row per lead; what a spreadsheet would take for a formula is guarded with an apostrophe."""
    flat = [_flat(one) for one in summary.leads]
    columns = list(dict.fromkeys(name for row in flat for name in row))
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([guarded(row.get(name, "")) for name in columns] for row in flat)
    return out.getvalue()


def _plain(one: EnrichedLead) -> dict[str, Any]:
    quality = one.quality
    return {
        "lead_id": one.lead_id,
        "source": one.source,
        **one.lead,
        "company_id": one.company_id,
        "company": one.company,
        "signals": one.signals,
        "enrichment_metadata": {
            "quality": quality.score,
            "signals_found": quality.found,
            "signals_missed": quality.missed,
            "cost_usd": round(one.cost_usd, 4),
            "signals": [asdict(note) for note in quality.notes],
        },
    }


def _flat(one: EnrichedLead) -> dict[str, str]:
    row: dict[str, Any] = {"lead_id": one.lead_id, "source": one.source, **one.lead, "company_id": one.company_id}
    row |= {f"company.{name}": value for name, value in one.company.items()}
    for signal in ("news_summary", "linkedin_posts", "job_postings", "funding"):
        row |= {f"{signal}.{name}": value for name, value in one.signals.get(signal, {}).items()}
    row |= {
        "quality": one.quality.score,
        "signals_found": one.quality.found,
        "signals_missed": "; ".join(f"{name}: {why}" for name, why in one.quality.missed.items()),
        "cost_usd": round(one.cost_usd, 4),
    }
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    return value if isinstance(value, str) else dumps(value, default=str, ensure_ascii=False)


def _wanted(lead: KnownLead, known: Sequence[Known], names: Sequence[str]) -> list[str]:
    """What is wanted of a lead and its company; also what was, and is known now."""
    subject = Subject(lead.lead_id, "lead", email=lead.known.get("email"), job_title=lead.known.get("job_title"))
    wanted = [*wanted_of(Subject("", "company"), names), *wanted_of(subject, names)]
    return [*wanted, *(one.wanted.signal for one in known if one.wanted.signal in names
                       and one.wanted.signal not in wanted)]  # fmt: skip


def _unasked(company_id: str | None, names: Sequence[str]) -> dict[str, str]:
    if company_id:
        return {}
    return {name: "the lead's company is not known" for name in names if BY_NAME[name].about == "company"}


def _sums(
    names: Sequence[str],
    leads: Mapping[str, KnownLead],
    company_ids: Sequence[str],
    by_entity: Mapping[str, Sequence[Known]],
) -> tuple[SignalSum, ...]:
    """Each wanted signal, and what was bought in order to ask for one (`apollo_record`)."""
    wanted_by = {lead_id: _wanted(lead, by_entity.get(lead_id, ()), names) for lead_id, lead in leads.items()}
    further = sorted({one.wanted.signal for some in by_entity.values() for one in some} - set(names))
    sums = []
    for name in (*names, *further):
        about: Sequence[str] = company_ids if BY_NAME[name].about == "company" else [*leads]
        asked = [one for one in about if one not in leads or name in wanted_by[one]]
        mine = [one for entity in asked for one in by_entity.get(entity, ()) if one.wanted.signal == name]
        reasons = Counter(one.reason or "not said" for one in mine if one.value is None)
        if name in names and len(asked) > len(mine):
            reasons["not looked for yet"] += len(asked) - len(mine)
        found = sum(one.value is not None for one in mine)
        wanted = len(asked) if name in names else len(mine)
        sums.append(SignalSum(name, wanted, found, sum(one.cost for one in mine), dict(reasons.most_common())))
    return tuple(sums)
