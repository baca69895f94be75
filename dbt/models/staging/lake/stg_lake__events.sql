with source as (

    select * from {{ source('lake', 'events') }}

),

renamed as (

    select
        -- ids
        org_id,
        event_id,
        'received' as origin,
        source,
        partition_date,

        -- identity
        identity_email,
        identity_domain,
        identity_company_key,
        identity_lead_id,
        identity_crm_id,

        -- what happened
        event_type,
        properties,

        -- timestamps
        occurred_at,
        received_at

    from source

)

select * from renamed
