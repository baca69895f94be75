with source as (

    select * from {{ source('lake', 'activities') }}

),

renamed as (

    -- An activity is received again when a file is: the first time counts.
    select distinct on (org_id, activity_id)
        -- ids
        org_id,
        activity_id,
        deal_id,
        source,
        partition_date,

        -- identity
        identity_email,
        identity_domain,
        identity_company_key,
        identity_lead_id,
        identity_crm_id,

        -- what was done
        activity_type,
        result,
        owner,

        -- timestamps
        occurred_at,
        received_at

    from source
    order by org_id, activity_id, received_at, partition_date, source

)

select * from renamed
