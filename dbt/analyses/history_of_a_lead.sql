-- How a lead came to have its records: every period of every record that was ever in it or in a lead merged into it.
with ids as (

    select lead_id from {{ ref('dim_lead') }}
    where org_id = 'default' and domain = 'example.com'
    union
    select aliases.alias_id
    from {{ ref('int_lead_aliases') }} as aliases
    inner join {{ ref('dim_lead') }} as leads using (org_id, lead_id)
    where org_id = 'default' and leads.domain = 'example.com'

)

select
    history.record_id,
    history.valid_from,
    history.change,
    history.previous_lead_id,
    history.lead_id,
    history.matched_by
from {{ ref('int_lead_map_history') }} as history
where
    history.org_id = 'default'
    and (history.lead_id in (select lead_id from ids) or history.previous_lead_id in (select lead_id from ids))
order by history.valid_from, history.record_id
