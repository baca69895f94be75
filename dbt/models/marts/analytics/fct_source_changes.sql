{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

with changes as (

    select * from {{ ref('stg_lake__source_changes') }}

),

leads as (

    select org_id, record_id, lead_id
    from {{ ref('int_lead_map_current') }}
    where kind = 'business'

),

contacts as (

    select
        lead_map.org_id,
        lead_map.record_id,
        lead_map.lead_id as contact_id,
        people.lead_id
    from {{ ref('int_lead_map_current') }} as lead_map
    inner join {{ ref('int_contact_lead') }} as people
        on lead_map.org_id = people.org_id and lead_map.lead_id = people.contact_id
    where lead_map.kind = 'person'

),

joined as (

    select
        org_id,
        record_id,
        changes.source,
        changes.partition_date,
        changes.payload_hash,
        changes.field,
        changes.previous_hash,
        changes.provider,
        changes.provider_key,
        case when strpos(changes.source, '.') > 0 then split_part(changes.source, '.', 1) end as campaign_id,
        coalesce(leads.lead_id, contacts.lead_id) as lead_id,
        contacts.contact_id,
        changes.change_type,
        changes.old_value,
        changes.new_value,
        changes.changed_at
    from changes
    left join leads using (org_id, record_id)
    left join contacts using (org_id, record_id)

)

select * from joined
