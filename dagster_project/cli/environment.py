"""What every command needs before it can use Dagster: the database running and the environment naming it."""

import os
import sys
from pathlib import Path

from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import PROJECT_ROOT, Settings


def prepare(settings: Settings) -> Warehouse:
    """Start or reach PostgreSQL, bring its tables up to date, and point Dagster and dbt at it.

    Raises what `Warehouse.ensure` raises when the database cannot be reached.
    """
    warehouse = Warehouse(settings).ensure()
    dagster_dir = settings.data_dir / "dagster"
    dagster_dir.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "DAGSTER_HOME": str(PROJECT_ROOT),
            "DAGSTER_POSTGRES_URL": warehouse.dagster_url(),
            "LEADHOUSE_DAGSTER_DIR": str(dagster_dir),
            # the tenant that a command was told on its command line is the one that its runs act for
            "LEADHOUSE_ORG_ID": settings.org_id,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            # dagster-dbt looks for `dbt` on PATH, where a virtual environment that is not activated does not put it
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            **warehouse.dbt_env(),
        }
    )
    return warehouse
