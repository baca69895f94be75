-- Which provider gave each surviving field of a lead, when, and how sure it was.
select
    leads.name,
    field.key as field,
    evidence ->> 'provider' as provider,
    field.value::numeric as confidence,
    (evidence ->> 'fetched_at')::timestamptz as fetched_at,
    (evidence ->> 'record_id')::uuid as record_id
from {{ ref('dim_lead') }} as leads
cross join lateral jsonb_array_elements(leads.provenance) as evidence
cross join lateral jsonb_each_text(evidence -> 'fields') as field
where leads.org_id = 'default' and leads.domain = 'example.com'
order by leads.lead_id, field.key, confidence desc
