{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['org_id', 'visitor_id'], 'unique': true}, {'columns': ['loaded_at']}],
) }}

with events as (

    select * from {{ ref('int_events') }}
    {% if is_incremental() %}
    where loaded_at > (select coalesce(max(loaded_at), '-infinity') from {{ this }})
    {% endif %}

),

visitors as (

    select distinct on (org_id, visitor_id)
        org_id,
        visitor_id,
        identity_email,
        identity_domain,
        identity_company_key,
        identity_lead_id,
        identity_crm_id,
        loaded_at
    from events
    order by org_id, visitor_id, loaded_at

),

fresh as (

    select visitors.*
    from visitors
    {% if is_incremental() %}
    left join {{ this }} as known using (org_id, visitor_id)
    where known.visitor_id is null
    {% endif %}

)

select * from fresh
