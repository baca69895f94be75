select sync.org_id, sync.lead_id, holds.reason
from {{ ref('sync_leads') }} as sync
inner join {{ ref('int_lead_holds') }} as holds using (org_id, lead_id)
