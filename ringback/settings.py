"""All configuration, in one place: environment variables with the prefix RINGBACK_, or a `.env` file.

Everything relative hangs on the place of this file, not on the working directory, because workers start elsewhere.
Without any vendor key the product speaks to its own sandbox.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from ringback.errors import WrongUsage

CHECKOUT = Path(__file__).resolve().parent.parent

DATA_KEYS = {
    "aturiya": "aturiya_token", "apollo": "apollo_key", "dropcontact": "dropcontact_token",
    "openfunnel": "openfunnel_key", "clearbit": "clearbit_key", "pipe0": "pipe0_key",
}  # fmt: skip
"""Vendors of lead data, and the setting that holds the key."""


class Settings(BaseSettings):
    """What an installation may decide; `.env.example` lists every name."""

    model_config = SettingsConfigDict(
        env_prefix="RINGBACK_", env_file=CHECKOUT / ".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(CHECKOUT / "var", description="Folder of all state: stores, models, reports, logs.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; default a SQLite file under home.")
    mlflow_url: str | None = Field(None, description="MLflow tracking URI; default a SQLite file under home.")
    zone: str = Field("America/Chicago", description="The customer's time zone, in which times are shown.")

    own_domains: tuple[str, ...] = Field(
        ("ringback-customer.example",), description="The seller's own e-mail domains, as a JSON list."
    )

    fellow_subdomain: str = Field("sandbox", description="Workspace name in https://NAME.fellow.app.")
    fellow_key: SecretStr | None = Field(None, description="Fellow API key; without it the sandbox is used.")
    fellow_url: str | None = Field(None, description="Base URL of the Fellow API, where it is not Fellow's own.")
    fellow_requests_per_second: float = Field(3.0, gt=0, description="Fellow's documented limit is 3.")

    fellow_webhook_secret: SecretStr | None = Field(None, description="Signing secret (whsec_…) of Fellow's webhook.")

    aturiya_token: SecretStr | None = Field(None, description="Aturiya bearer token; without it the sandbox is used.")
    aturiya_user_id: str = Field("usr_sandbox", description="Aturiya user whose campaigns are read.")
    aturiya_agent_id: str = Field("agt_sandbox", description="Aturiya SDR agent whose campaigns are read.")
    aturiya_url: str | None = Field(None, description="Base URL of Aturiya, where it is not Aturiya's own.")

    apollo_key: SecretStr | None = Field(None, description="Apollo API key; without it the sandbox is used.")
    apollo_url: str | None = Field(None, description="Base URL of the Apollo API, where it is not Apollo's own.")
    apollo_requests_per_minute: int = Field(200, gt=0, description="Of your Apollo plan.")
    apollo_requests_per_hour: int = Field(600, gt=0, description="Of your Apollo plan.")

    dropcontact_token: SecretStr | None = Field(None, description="Dropcontact token; without it the sandbox is used.")
    dropcontact_url: str | None = Field(None, description="Base URL of Dropcontact, where it is not its own.")

    openfunnel_key: SecretStr | None = Field(None, description="OpenFunnel key; without it the sandbox is used.")
    openfunnel_user: str = Field("sandbox@ringback-customer.example", description="E-mail of the OpenFunnel user.")
    openfunnel_url: str | None = Field(None, description="Base URL of OpenFunnel, where it is not its own.")

    clearbit_enabled: bool = Field(False, description="Clearbit takes no new customers: on only for an existing key.")
    clearbit_key: SecretStr | None = Field(None, description="Clearbit key; without it the sandbox is used.")
    clearbit_url: str | None = Field(None, description="Base URL of Clearbit, where it is not its own.")
    clearbit_requests_per_hour: int = Field(600, gt=0, description="Clearbit calls of all processes together.")

    slack_url: SecretStr | None = Field(None, description="Slack incoming webhook; the URL itself is the secret.")

    playbook: Path = Field(
        CHECKOUT / "campaigns/playbook", description="Folder of qualification rules, sequences, team and holidays."
    )

    smtp_host: str | None = Field(None, description="Mail server; without it mails are only written to a folder.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the line is secured.")
    smtp_user: str | None = Field(None, description="User at the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password at the mail server.")
    mail_from: str = Field("ringback <ringback@localhost>", description="Sender of our mails.")

    public_url: str | None = Field(
        None, description="Base address of links in our mails, as people reach the API; default its own address."
    )
    tracking_secret: SecretStr | None = Field(
        None, description="Signs the links in our mails; default a file under home that is made once."
    )
    postal_address: str | None = Field(
        None, description="The sender's postal address, which stands under each mail of a campaign; laws ask for it."
    )

    report_to: tuple[str, ...] = Field(
        ("executives@ringback-customer.example",), description="Who is mailed the reports, as a JSON list."
    )

    health: Path = Field(CHECKOUT / "monitoring/health.toml", description="When what counts as how well; quiet hours.")
    alert_to: tuple[str, ...] = Field(
        ("operations@ringback-customer.example",), description="Who is mailed incidents, as a JSON list."
    )
    backups: Path = Field(Path("backups"), description="Folder of the backups; a relative one is under home.")
    keep_backups_days: int = Field(14, ge=1, description="How long a nightly backup is kept.")
    keep_records_days: int = Field(90, ge=7, description="How long records of work that is done are kept.")

    vendor_timeout_seconds: float = Field(30.0, gt=0, description="How long one answer of a vendor is waited for.")

    pipe0_key: SecretStr | None = Field(None, description="pipe0 API key; without it the sandbox is used.")
    pipe0_url: str | None = Field(None, description="Base URL of pipe0, where it is not pipe0's own.")

    pipe0_requests_at_once: int = Field(8, ge=1, description="Requests to pipe0 under way at the same time.")
    pipe0_poll_seconds: float = Field(2.0, gt=0, description="Between two questions whether a run is done.")
    pipe0_job_postings_pipe: str | None = Field(
        None, description="pipe0's id of its job postings pipe, if it has one by now; else Apollo is asked for them."
    )

    signals: tuple[str, ...] = Field(
        ("company_overview", "tech_stack", "funding", "news_summary", "linkedin_posts", "job_postings",
         "web_functions", "contact", "work_email"),
        description="Signals that enrichment looks for, as a JSON list; leave out what you will not pay for.",
    )  # fmt: skip
    prices: Path = Field(CHECKOUT / "enrichment/prices.toml", description="What each source asks for each signal.")
    money: Path = Field(CHECKOUT / "improvement/money.toml", description="What one of something is worth, in USD.")
    spend_per_lead_usd: float = Field(2.0, ge=0, description="Never more for one lead and its company, in 30 days.")
    spend_per_campaign_usd: float = Field(500.0, ge=0, description="Never more for one campaign.")
    spend_per_day_usd: float = Field(200.0, ge=0, description="Never more in one day (UTC) in all.")

    crm_leads_url: str | None = Field(None, description="URL of the CRM's scheduled CSV export of leads.")
    crm_outcomes_url: str | None = Field(None, description="URL of the CRM's scheduled CSV export of outcomes.")
    crm_leads_mapping: Path = Field(CHECKOUT / "docs/examples/crm_leads.toml", description="Mapping of that export.")
    crm_outcomes_mapping: Path = Field(CHECKOUT / "docs/examples/crm_outcomes.toml", description="As above.")
    crm_token: SecretStr | None = Field(None, description="Bearer token of the CRM's exports.")

    sandbox_port: int = Field(4780, ge=1024, le=65535, description="Port of the sandbox on 127.0.0.1.")
    prefect_port: int = Field(4200, ge=1024, le=65535, description="Port of the Prefect server on 127.0.0.1.")
    mlflow_port: int = Field(5000, ge=1024, le=65535, description="Port of the MLflow server on 127.0.0.1.")
    prefect_database_url: str | None = Field(
        None, description="Where Prefect keeps its state (postgresql+asyncpg://…); default a SQLite file under home."
    )
    prefect_public_url: str | None = Field(
        None, description="Where people's browsers reach Prefect, where that is another address than ours."
    )
    mlflow_public_url: str | None = Field(
        None, description="Where people's browsers reach MLflow, where that is another address than ours."
    )
    prefect_url: str | None = Field(None, description="URL of the Prefect server, where it is not on this machine.")
    api_port: int = Field(8000, ge=1024, le=65535, description="Port of the REST API.")
    api_host: str = Field("127.0.0.1", description="Address on which the REST API listens.")
    api_workers: int = Field(2, ge=1, description="Processes of the REST API.")
    api_max_body_bytes: int = Field(1_048_576, ge=1024, description="Larger bodies of requests are refused.")
    policy: Path = Field(CHECKOUT / "scoring/policy.toml", description="What a score means: thresholds and weights.")
    challenger_share: float = Field(0.0, ge=0, le=1, description="Share of leads whom the challenger answers.")
    score_cache_seconds: float = Field(300.0, ge=0, description="How long the same question gets the same answer.")

    leads_webhook_secret: SecretStr | None = Field(
        None, description="Signing secret (whsec_ and base64) of those who send leads to /webhooks/leads."
    )
    resend_webhook_secret: SecretStr | None = Field(None, description="Signing secret (whsec_…) of Resend's webhook.")
    sendgrid_webhook_key: str | None = Field(None, description="Public key of SendGrid's signed event webhook.")
    postmark_webhook_user: str | None = Field(None, description="User in the address of Postmark's webhook.")
    postmark_webhook_password: SecretStr | None = Field(None, description="Password in that address.")

    min_training_labels: int = Field(200, ge=10, description="Fewer labelled calls than this train no model.")
    drift_false_alarms_per_year: float = Field(
        2.0, gt=0, le=26, description="False alarms of drift that the whole data set may raise in a year."
    )
    training_jobs: int = Field(2, ge=1, description="Processor cores that a fit may use.")
    training_seconds: float = Field(300.0, gt=0, description="After this long no more variations of a model are tried.")
    trusted_columns: tuple[str, ...] = Field(
        (), description="Columns to learn from though they seem to give the outcome away, as a JSON list."
    )

    @field_validator(
        "home", "playbook", "policy", "crm_leads_mapping", "crm_outcomes_mapping", "prices", "money", "health"
    )
    @classmethod
    def _hangs_on_the_checkout(cls, path: Path) -> Path:
        return CHECKOUT / path

    @field_validator("database_url")
    @classmethod
    def _is_of_an_engine_we_speak_to(cls, url: str | None) -> str | None:
        if url and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.home / 'database.sqlite'}"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.home / "warehouse.duckdb"

    @property
    def prefect(self) -> str:
        """URL of the Prefect server, also where the one of its API was set, as Prefect's own setting has it."""
        return (self.prefect_url or f"http://127.0.0.1:{self.prefect_port}").rstrip("/").removesuffix("/api")

    @property
    def prefect_page(self) -> str:
        """Where people see Prefect."""
        return (self.prefect_public_url or self.prefect).rstrip("/")

    @property
    def mlflow_page(self) -> str:
        """Where people see MLflow."""
        known = self.mlflow_public_url or self.mlflow_url or ""
        return known.rstrip("/") if known.startswith("http") else f"http://127.0.0.1:{self.mlflow_port}"

    @property
    def mlflow(self) -> str:
        """MLflow tracking URI."""
        return self.mlflow_url or f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def has_mlflow_elsewhere(self) -> bool:
        """Whether MLflow is a server that others run."""
        return self.mlflow.startswith(("http://", "https://"))

    @property
    def links(self) -> str:
        """Base address of links in our mails."""
        return (self.public_url or f"http://127.0.0.1:{self.api_port}").rstrip("/")

    @property
    def reports(self) -> Path:
        """Folder of the reports people read."""
        return self.home / "reports"

    @property
    def backup_folder(self) -> Path:
        """Folder of the backups."""
        return self.home / self.backups

    @property
    def uses_sandbox(self) -> bool:
        """Whether calls come from the simulated world: then every result must be called synthetic."""
        return self.fellow_key is None and self.fellow_url is None

    @property
    def has_vendor_keys(self) -> bool:
        """Whether any vendor of lead data is real: then none of the others is stood in for by the sandbox."""
        return any(getattr(self, name) is not None for name in DATA_KEYS.values())

    def asks(self, vendor: str) -> bool:
        """Whether a vendor of lead data is used: with its key or address, or all of them in the sandbox."""
        has_address = getattr(self, f"{vendor}_url") is not None
        return has_address or getattr(self, DATA_KEYS[vendor]) is not None or not self.has_vendor_keys


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The configuration of this process, read once; tests clear it with `settings.cache_clear()`.

    Raises WrongUsage naming the setting that cannot be.
    """
    try:
        return Settings()
    except ValidationError as failure:
        wrong = "; ".join(
            f"RINGBACK_{str(one['loc'][0]).upper()}: {one['msg'].removeprefix('Value error, ')}"
            for one in failure.errors()
        )
        raise WrongUsage(f"{wrong} ('.env.example' says what each setting is)") from None
    except SettingsError as failure:  # a list that is no JSON
        raise WrongUsage(f'{failure}; write lists as JSON: ["one", "two"]') from None
