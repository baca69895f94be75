"""Alerts: what a person should look at, in the one table `ops.alerts`. Messages carry no personal data."""

from dagster_project.resources.warehouse import Warehouse

RAISE = """
insert into ops.alerts (org_id, alert_id, created_at, severity, alert_type, subject, message)
select %(org_id)s, gen_random_uuid(), now(), %(severity)s, %(alert_type)s, %(subject)s, %(message)s
where not exists (
    select from ops.alerts
    where org_id = %(org_id)s and alert_type = %(alert_type)s and subject = %(subject)s and acknowledged_at is null
)
"""


def raise_alert(warehouse: Warehouse, org_id: str, severity: str, alert_type: str, subject: str, message: str) -> bool:
    """Add an alert unless an open one says the same of the subject; returns whether it was added."""
    values = {"org_id": org_id, "severity": severity, "alert_type": alert_type, "subject": subject, "message": message}
    with warehouse.app(org_id) as connection:
        return connection.execute(RAISE, values).rowcount == 1
