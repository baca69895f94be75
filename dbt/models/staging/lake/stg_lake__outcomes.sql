with source as (

    select * from {{ source('lake', 'lead_outcomes') }}

),

renamed as (

    -- An outcome is received again when a file is: the first time counts.
    select distinct on (org_id, outcome_id)
        -- ids
        org_id,
        outcome_id,
        deal_id,
        source,
        partition_date,

        -- identity
        identity_email,
        identity_domain,
        identity_company_key,
        identity_lead_id,
        identity_crm_id,

        -- what came of it
        outcome,
        reason,

        -- timestamps
        occurred_at,
        received_at

    from source
    order by org_id, outcome_id, received_at, partition_date, source

)

select * from renamed
