-- Which lead each record of a provider was on a day, by what was known then.
select
    records.provider,
    records.provider_key,
    history.lead_id,
    history.valid_from,
    history.valid_to,
    history.change
from {{ ref('int_lead_map_history') }} as history
inner join {{ ref('int_records_current') }} as records using (org_id, record_id)
where
    history.org_id = 'default'
    and history.kind = 'business'
    and records.provider = 'openbrewerydb'
    -- in force at the end of the day
    and history.valid_from < timestamptz '2026-12-31'
    and coalesce(history.valid_to, 'infinity') >= timestamptz '2026-12-31'
order by records.provider_key
