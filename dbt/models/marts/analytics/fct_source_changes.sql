{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

with changes as (

    select * from {{ ref('stg_lake__source_changes') }}

),

leads as (

    select org_id, record_id, lead_id
    from {{ ref('int_record_leads') }}
    where kind = 'business'

),

contacts as (

    select
        record_leads.org_id,
        record_leads.record_id,
        record_leads.lead_id as contact_id,
        people.lead_id
    from {{ ref('int_record_leads') }} as record_leads
    inner join {{ ref('int_contact_lead') }} as people
        on record_leads.org_id = people.org_id and record_leads.lead_id = people.contact_id
    where record_leads.kind = 'person'

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
        case
            when strpos(changes.source, '.') > 0 and not {{ is_enrichment('changes.source') }}
                then split_part(changes.source, '.', 1)
        end as campaign_id,
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
