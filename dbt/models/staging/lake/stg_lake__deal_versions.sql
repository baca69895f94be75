with source as (

    select * from {{ source('lake', 'deals') }}

),

renamed as (

    select
        -- ids
        org_id,
        deal_id,
        source,
        partition_date,

        -- identity
        identity_email,
        identity_domain,
        identity_company_key,
        identity_lead_id,
        identity_crm_id,

        -- what it is
        name,
        stage,
        stage not in ('closed_won', 'closed_lost') as is_open,
        amount,
        currency,
        amount_usd,
        owner,

        -- timestamps
        created_at,
        expected_close_date,
        closed_at,
        received_at

    from source

)

select * from renamed
