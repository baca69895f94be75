-- The fields of a lead and its contacts: what proves each, and how fresh it is.
with ids as (

    select lead_id as entity_id from {{ ref('dim_lead') }}
    where org_id = 'default' and domain = 'example.com'
    union all
    select contact_id
    from {{ ref('dim_contact') }}
    inner join {{ ref('dim_lead') }} as leads using (org_id, lead_id)
    where org_id = 'default' and leads.domain = 'example.com'

)

select
    entity,
    entity_id,
    field,
    evidence,
    confidence,
    fetched_at,
    score
from {{ ref('int_data_quality_fields') }}
inner join ids using (entity_id)
where org_id = 'default'
order by entity desc, entity_id, score
