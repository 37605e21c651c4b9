"""Checks of an installation's configuration: each fault with the way to mend it, and no secret in what is said."""

import difflib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from flows.answers import answers
from flows.ports import listens
from flows.supervising import ANSWER_WITHIN_SECONDS, supervisor_of
from ringback.clock import is_zone
from ringback.errors import RingbackError, WrongUsage
from ringback.settings import CHECKOUT, DATA_KEYS, Settings

Level = Literal["good", "notice", "fault"]
LEAST_FREE_BYTES = 2 * 2**30
STORE_FILES = ("database.sqlite", "warehouse.duckdb", "warehouse.gate", "warehouse.lock", "mlflow.db")
SECRET_FILES = ("tracking.secret", "session.secret")
URLS = ("database_url", "mlflow_url", "mlflow_public_url", "prefect_url", "prefect_public_url", "prefect_database_url",
        "public_url", "crm_leads_url", "crm_outcomes_url",
        *(f"{vendor}_url" for vendor in ("fellow", *DATA_KEYS)))  # fmt: skip
SIGNING = ("fellow_webhook_secret", "leads_webhook_secret", "resend_webhook_secret")
FILES: Mapping[str, str] = {
    "policy": "what a score means", "prices": "what signals cost", "money": "what things are worth",
    "crm_leads_mapping": "what the CRM's columns mean", "crm_outcomes_mapping": "what the CRM's columns mean",
}  # fmt: skip
PORTS = ("prefect_port", "mlflow_port", "api_port", "sandbox_port")
ANSWERS = {"prefect_port": "/api/health", "mlflow_port": "/health", "api_port": "/health",
           "sandbox_port": "/_sandbox/state"}  # fmt: skip
"""What each of ours answers at."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What was looked at, how it is, and what to do where it is not well."""

    about: str
    level: Level
    words: str


Look = Callable[[Settings], Iterator[Advice]]


def names_are_known(_settings: Settings) -> Iterator[Advice]:
    """A name that nobody reads is mostly a slip of the pen."""
    known = {f"RINGBACK_{name.upper()}" for name in Settings.model_fields}
    said = {name.upper() for name in os.environ if name.upper().startswith("RINGBACK_")} | _names_in(CHECKOUT / ".env")
    for name in sorted(said - known):
        near = difflib.get_close_matches(name, known, 1)
        meant = f"; did you mean {near[0]}?" if near else "; '.env.example' lists those there are"
        yield Advice(name, "fault", f"nobody reads {name}{meant}")


def home_is_ours_alone(settings: Settings) -> Iterator[Advice]:
    """State is written there, and secrets lie in it."""
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        free = os.statvfs(home).f_bavail * os.statvfs(home).f_frsize
    except OSError as failure:
        yield Advice("home", "fault", f"{home} cannot be used ({failure.strerror}); RINGBACK_HOME chooses another")
        return
    if not os.access(home, os.W_OK | os.X_OK):
        yield Advice("home", "fault", f"{home} cannot be written to; 'chown' it, or choose another by RINGBACK_HOME")
    elif free < LEAST_FREE_BYTES:
        yield Advice("home", "fault", f"{free / 2**30:.1f} GiB are free under {home}, 2 are needed; make room")
    else:
        yield Advice("home", "good", f"{home}, {free / 2**30:.0f} GiB free")
    for file in (home / name for name in STORE_FILES):
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            yield Advice(file.name, "fault", f"{file} cannot be read and written; 'chown' it, or 'chmod u+rw {file}'")
    for file in (CHECKOUT / ".env", *(home / name for name in SECRET_FILES)):
        if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Advice(file.name, "fault", f"others can read {file}; 'chmod 600 {file}' keeps it to you")


def addresses_are_whole(settings: Settings) -> Iterator[Advice]:
    """An address without its beginning goes nowhere."""
    for name in URLS:
        text = getattr(settings, name)
        if text is not None and not _is_whole(text):
            yield _fault(name, "is no whole address; one is https://host or postgresql://user@host/name")
    if settings.slack_url is not None and not settings.slack_url.get_secret_value().startswith("https://"):
        yield _fault("slack_url", "is no address; an incoming webhook's begins with https://")
    if settings.public_url and settings.public_url.startswith("http://") and "localhost" not in settings.public_url:
        yield Advice("public_url", "notice", "links in mails and sessions go over http; use https in the open")


def files_can_be_read(settings: Settings) -> Iterator[Advice]:
    """Files that people write."""
    for name, words in FILES.items():
        if not getattr(settings, name).is_file():
            yield _fault(name, f"there is no file {getattr(settings, name)} ({words}); leave it out for the usual one")
    for about, read in _readers(settings).items():
        try:
            read()
            yield Advice(about, "good", "can be read")
        except (RingbackError, OSError) as failure:
            yield Advice(about, "fault", str(failure))
    if not is_zone(settings.zone):
        yield _fault("zone", f"{settings.zone!r} is no time zone; one is America/Chicago")


def stores_answer(settings: Settings) -> Iterator[Advice]:
    """Both stores and MLflow's are there and in this version's shape."""
    if not (settings.home.is_dir() and os.access(settings.home, os.W_OK | os.X_OK)):
        yield Advice("stores", "notice", "are not looked at: opening one writes beside it, and home takes nothing")
        return
    for about, ask in {"database": _ask_database, "warehouse": _ask_warehouse, "MLflow's store": _ask_mlflow}.items():
        try:
            yield Advice(about, "good", ask(settings))
        except Exception as failure:  # whatever it is: it cannot be used
            said = str(failure).splitlines()[0] if str(failure) else "no reason told"
            if not isinstance(failure, RingbackError):
                said = f"{type(failure).__name__}: {said}; 'ringback migrate' makes one, 'ringback restore' mends one"
            yield Advice(about, "fault", _masked(said, settings))


def vendors_are_set(settings: Settings) -> Iterator[Advice]:
    """Keys by vendor; which ones the sandbox stands in for."""
    if settings.uses_sandbox:
        yield Advice("fellow", "notice", "no key: calls come from the sandbox, and all results are called synthetic")
    if settings.has_vendor_keys:
        for vendor, key in DATA_KEYS.items():
            if getattr(settings, key) is None and getattr(settings, f"{vendor}_url") is None:
                yield Advice(vendor, "notice", f"no key (RINGBACK_{key.upper()}): it is not asked")
    else:
        yield Advice("lead data", "notice", "no vendor has a key: the sandbox stands in for all of them")
    if settings.clearbit_enabled and settings.clearbit_key is None and settings.has_vendor_keys:
        yield _fault("clearbit_key", "is missing, though clearbit_enabled is set; set it, or switch it off")


def mail_can_go_out(settings: Settings) -> Iterator[Advice]:
    """A mail server with all that it asks for, or none."""
    if settings.smtp_host is None:
        yield Advice("mail", "notice", "no RINGBACK_SMTP_HOST: mails are written to a folder and go nowhere")
    elif (settings.smtp_user is None) != (settings.smtp_password is None):
        yield _fault("smtp_user", "and smtp_password belong together; set both or neither")
    elif settings.smtp_security == "none" and settings.smtp_password is not None:
        yield _fault("smtp_security", "is none: the password would go in clear; use starttls or tls")
    if settings.smtp_host and not settings.postal_address:
        yield _fault("postal_address", "is missing; laws ask for the sender's address under each mail of a campaign")
    if settings.smtp_host and not settings.public_url:
        yield _fault("public_url", "is missing: links in mails would lead to this machine only")


def secrets_are_whole(settings: Settings) -> Iterator[Advice]:
    """Signing secrets that can be read."""
    from vendors.svix import is_secret

    for name in SIGNING:
        secret = getattr(settings, name)
        if secret is not None and not is_secret(secret):
            yield _fault(name, "cannot be read; it is whsec_ and base64, as the sender's page shows it")
    if settings.postmark_webhook_user and settings.postmark_webhook_password is None:
        yield _fault("postmark_webhook_password", "is missing beside postmark_webhook_user")


def ports_are_free(settings: Settings) -> Iterator[Advice]:
    """Each port once, and not another program's."""
    if supervisor_of(settings.home) is not None:
        yield Advice("ports", "good", "'ringback up' runs and has them")
        return
    ports = {name: getattr(settings, name) for name in PORTS}
    for name, port in ports.items():
        twins = [other for other, its in ports.items() if its == port and other < name]
        if twins:
            yield _fault(name, f"is {port}, as is {twins[0]}; choose another")
        is_taken = listens(port)
        if is_taken and answers(f"http://127.0.0.1:{port}{ANSWERS[name]}", ANSWER_WITHIN_SECONDS):
            yield Advice(name, "good", f"{port} answers as ours does: it runs by itself, or for another home")
        elif is_taken:
            yield _fault(name, f"{port} is taken by another program; choose another")


CHECKS: tuple[Look, ...] = (
    names_are_known, home_is_ours_alone, addresses_are_whole, files_can_be_read, stores_answer, vendors_are_set,
    mail_can_go_out, secrets_are_whole, ports_are_free,
)  # fmt: skip


def examine(settings: Settings) -> list[Advice]:
    """All that there is to say of a configuration."""
    return [advice for look in CHECKS for advice in look(settings)]


def shown(settings: Settings) -> dict[str, str]:
    """Every setting as it counts, secrets masked, also those inside addresses."""
    return {
        f"RINGBACK_{name.upper()}": _masked(str(getattr(settings, name)), settings) for name in Settings.model_fields
    }


def _fault(name: str, words: str) -> Advice:
    return Advice(name, "fault", f"RINGBACK_{name.upper()} {words}")


def _masked(text: str, settings: Settings) -> str:
    """A text without the secrets of addresses that are in it."""
    for name in URLS:
        address = getattr(settings, name) or ""
        for secret in _secrets_in(address):
            text = text.replace(secret, "**********")
    return text


def _is_whole(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or address.startswith("sqlite")))


def _secrets_in(address: str) -> Iterator[str]:
    """What may be secret in an address: its password, and what its query says."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    if parts.password:
        yield parts.password
    yield from (value for _, _, value in (pair.partition("=") for pair in parts.query.split("&")) if value)


def _names_in(file: Path) -> set[str]:
    from dotenv import dotenv_values

    names = {name.upper() for name in dotenv_values(file)} if file.is_file() else set()
    return {name for name in names if name.startswith("RINGBACK_")}


def _readers(settings: Settings) -> Mapping[str, Callable[[], object]]:
    from campaigns.conduct import Conduct
    from campaigns.rules import FOLDER, read_rules, rules_file
    from campaigns.team import team
    from enrichment.prices import load_prices
    from improvement.roi import load_money
    from monitoring.health_limits import load_rules
    from monitoring.measure import load_measures
    from scoring.policy import policy

    usual = rules_file(settings.playbook, Conduct().rules)
    rules = sorted({usual, *(settings.playbook / FOLDER).glob("*.yaml")})
    return {
        "policy": partial(policy, settings.policy), "prices": partial(load_prices, settings.prices),
        "money": partial(load_money, settings.money), "health": partial(load_rules, settings.health),
        "measures": load_measures,
        "team": partial(team, settings.playbook), "sequences": partial(_sequences, settings.playbook),
        **{f"rules {file.stem}": partial(read_rules, file) for file in rules},
    }  # fmt: skip


def _sequences(playbook: Path) -> None:
    from campaigns.sequences import FOLDER, refuse_strange_territories, sequences_in
    from campaigns.team import team

    known = sequences_in(playbook / FOLDER)
    if not known:
        raise WrongUsage(f"there is none in {playbook / FOLDER}: nobody is written to")
    refuse_strange_territories(known, list(team(playbook)[0].territories))


def _ask_database(settings: Settings) -> str:
    from database.migrate import waiting

    missing = waiting(settings.database)
    if missing:
        raise WrongUsage(f"lacks {len(missing)} migrations; 'ringback migrate' applies them")
    return f"{urlsplit(settings.database).scheme}, in this version's shape"


def _ask_warehouse(settings: Settings) -> str:
    from warehouse.connect import reading

    with reading(settings.warehouse) as connection:
        connection.execute("SELECT 1")
    return "opens"


def _ask_mlflow(settings: Settings) -> str:
    from ringback.records import TARGETS
    from training import registry

    versions: dict[str, Any] = {target: registry.versions(target) for target in TARGETS}
    return ", ".join(f"{len(found)} versions of {target}" for target, found in versions.items())
