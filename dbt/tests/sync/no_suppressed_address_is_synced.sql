-- Hashes every address that would leave the house, whichever way it came into the row.
with outgoing as (

    select sync.org_id, sync.lead_id, sent.scope, sent.value
    from {{ ref('sync_leads') }} as sync
    cross join lateral (values
        ('email', sync.email),
        ('email', sync.contact_email),
        ('phone', sync.phone),
        ('phone', sync.contact_phone),
        ('domain', sync.domain)
    ) as sent (scope, value)
    where sent.value is not null

)

select outgoing.org_id, outgoing.lead_id, outgoing.scope
from outgoing
inner join {{ ref('stg_lake__suppressions') }} as suppressions
    on outgoing.org_id = suppressions.org_id
    and outgoing.scope = suppressions.scope
    and {{ sha256_hex('outgoing.value') }} = suppressions.value_hash
