{{ config(indexes=[{'columns': ['org_id', 'subject_id'], 'unique': true}]) }}

with attempts as (

    select attempts.*, coalesce(aliases.lead_id, attempts.subject_id) as living_id
    from {{ ref('stg_lake__enrichment_attempts') }} as attempts
    left join {{ ref('int_lead_aliases') }} as aliases
        on attempts.org_id = aliases.org_id and attempts.subject_id = aliases.alias_id

),

answers as (

    select answers.org_id, coalesce(aliases.lead_id, answers.subject_id) as living_id, answers.answered_at
    from {{ ref('stg_lake__enrichment_answers') }} as answers
    left join {{ ref('int_lead_aliases') }} as aliases
        on answers.org_id = aliases.org_id and answers.subject_id = aliases.alias_id
    where answers.record_id is not null

),

-- A field is what its latest job made of it: filled, still promised by somebody, or given up.
fields as (

    select distinct on (org_id, living_id, field)
        org_id,
        living_id,
        bool_or(is_filled) over job as is_filled,
        bool_or(outcome = 'pending') over job as is_pending
    from attempts
    window job as (partition by org_id, living_id, field, job_id)
    order by org_id, living_id, field, attempted_at desc, job_id

),

statuses as (

    select
        org_id,
        living_id,
        case
            when bool_or(is_pending and not is_filled) then 'pending'
            when bool_and(is_filled) then 'enriched'
            when bool_or(is_filled) then 'partial'
            else 'exhausted'
        end as enrichment_status
    from fields
    group by org_id, living_id

),

answered as (

    select org_id, living_id, max(answered_at) as last_enriched_at
    from answers
    group by org_id, living_id

),

joined as (

    select
        org_id,
        living_id as subject_id,
        -- Asked and answered before any step was written down: the job still runs.
        coalesce(statuses.enrichment_status, 'pending') as enrichment_status,
        answered.last_enriched_at
    from statuses
    full join answered using (org_id, living_id)

)

select * from joined
