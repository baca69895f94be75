{{ config(indexes=[{'columns': ['org_id', 'attempted_at']}, {'columns': ['org_id', 'subject_id']}]) }}

with attempts as (

    select * from {{ ref('stg_lake__enrichment_attempts') }}

),

aliases as (

    select * from {{ ref('int_lead_aliases') }}

),

contacts as (

    select org_id, contact_id, lead_id from {{ ref('int_contact_lead') }}

),

-- Under the ids that subject and lead have now: either may have been merged, and a contact may have changed leads.
living as (

    select
        attempts.*,
        coalesce(subject_aliases.lead_id, attempts.subject_id) as living_subject_id,
        coalesce(lead_aliases.lead_id, attempts.lead_id) as living_lead_id
    from attempts
    left join aliases as subject_aliases
        on attempts.org_id = subject_aliases.org_id and attempts.subject_id = subject_aliases.alias_id
    left join aliases as lead_aliases
        on attempts.org_id = lead_aliases.org_id and attempts.lead_id = lead_aliases.alias_id

),

joined as (

    select
        living.org_id,
        living.job_id,
        living.field,
        living.attempt,
        living.request_id,
        living.living_subject_id as subject_id,
        coalesce(contacts.lead_id, living.living_lead_id) as lead_id,
        living.segment,
        living.provider,
        living.lookup,
        living.outcome,
        living.is_cached,
        living.is_called,
        living.is_failed,
        living.is_filled,
        living.confidence,
        living.cost_usd,
        living.latency_ms,
        living.reason,
        living.attempted_at,
        (living.attempted_at at time zone 'UTC')::date as attempted_on
    from living
    left join contacts on living.org_id = contacts.org_id and living.living_subject_id = contacts.contact_id

)

select * from joined
