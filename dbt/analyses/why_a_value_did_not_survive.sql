-- What else the records of a lead say, where it came from, and why another value survived.
select
    leads.name,
    lost.field,
    lost.value,
    lost.provider,
    lost.confidence,
    lost.fetched_at,
    lost.surviving_value,
    lost.surviving_provider,
    lost.surviving_confidence,
    lost.reason
from {{ ref('fct_lost_values') }} as lost
inner join {{ ref('dim_lead') }} as leads using (org_id, lead_id)
where lost.org_id = 'default' and lost.entity = 'company' and leads.domain = 'example.com'
order by lost.lead_id, lost.field, lost.confidence desc
