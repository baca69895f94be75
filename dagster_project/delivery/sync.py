"""What a sync is: which lead fields go where, read from `data/syncs/NAME.yaml`.

Only the declaration lives here. What has to be sent is decided in `diff.py`, how it is sent in the module of the
destination. URLs and secrets are never in the YAML: it names the environment variables that hold them.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dagster_project import user_yaml
from dagster_project.user_yaml import Strict, nearest

KEY = "lead_id"

# The public fields of `marts.sync_leads` as people read them; a sync sends all of them unless it lists fewer.
FIELDS = (
    *("name", "vertical", "website", "domain", "email", "phone"),
    *("address_line1", "city", "region", "postal", "country"),
    *("employees_range", "rating", "review_count"),
    *("lead_score", "grade", "priority_tier", "score_reasons"),
    *("contact_name", "contact_title", "contact_email", "contact_phone"),
    *("source_count", "provenance", "updated_at"),
)

# A webhook record carries these beside the fields, so no field may be renamed to one of them.
RESERVED = {KEY, "idempotency_key", "revision"}


class CsvDestination(Strict):
    """A file `exports/ORG/SYNC.csv` holding every lead."""

    type: Literal["csv"]
    bom: bool = Field(True, description="Start the file with a byte order mark; Excel reads UTF-8 only with one.")
    # Each batch rewrites the whole file: 100,000 rows of 26 columns take some 250 MB while they are merged.
    batch_size: int = Field(100_000, ge=1)

    def variables(self) -> list[str]:
        return []


class WebhookDestination(Strict):
    """An HTTPS endpoint that takes signed JSON."""

    type: Literal["webhook"]
    url_env: str = Field("LEADHOUSE_WEBHOOK_URL", description="Environment variable that holds the URL.")
    secret_env: str = Field("LEADHOUSE_WEBHOOK_SECRET", description="Environment variable that holds the signing key.")
    timeout_seconds: float = Field(10, gt=0, le=120)
    batch_size: int = Field(100, ge=1, le=1_000)

    def variables(self) -> list[str]:
        return [self.url_env, self.secret_env]


class Sync(Strict):
    """One destination and the lead fields it receives. The file's name is the sync's name and its key in the ledger."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]{0,62}$")
    description: str
    destination: Annotated[CsvDestination | WebhookDestination, Field(discriminator="type")]
    source: Literal["sync_leads"] = "sync_leads"
    mode: Literal["upsert"] = "upsert"
    natural_key: Literal["lead_id"] = KEY
    fields: tuple[str, ...] = Field(FIELDS, min_length=1)
    rename: dict[str, str] = Field({}, description="Field to the name the destination knows it by.")
    max_attempts: int = Field(8, ge=1, le=100)

    @model_validator(mode="after")
    def _names_are_known_and_unique(self) -> "Sync":
        for name in self.fields:
            if name not in FIELDS:
                raise ValueError(f'fields: "{name}" is not a field of a lead{nearest(name, FIELDS)}')
        for name in self.rename:
            if name not in self.fields:
                raise ValueError(f'rename: "{name}" is not among the fields{nearest(name, self.fields)}')
        sent = list(self.columns.values())
        if repeated := sorted({n for n in sent if sent.count(n) > 1} | RESERVED.intersection(sent)):
            raise ValueError(f"fields: sent twice, or a reserved name: {', '.join(repeated)}")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Field to the name it is sent under, in sending order; the key is sent beside them."""
        return {name: self.rename.get(name, name) for name in self.fields}

    @property
    def shape(self) -> str:
        """Short hash of what is sent under which name; part of every fingerprint, so a new column is sent for all."""
        text = "\x1f".join(f"{field}\x1e{name}" for field, name in sorted(self.columns.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def unconfigured(self, environ: Mapping[str, str]) -> str | None:
        """Why this sync cannot run yet, naming the variables to set; None when it can."""
        missing = [name for name in self.destination.variables() if not environ.get(name)]
        return f"not configured: {' and '.join(missing)} not set" if missing else None


def load_syncs(folders: Iterable[Path]) -> dict[str, Sync]:
    """All syncs by name, in order of name. Raises `YamlMistake` for the first file that cannot be used."""
    return {name: user_yaml.load(Sync, path) for name, path in user_yaml.available(folders).items()}
